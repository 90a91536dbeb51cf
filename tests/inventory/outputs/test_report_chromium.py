"""The report in a real browser: no error, no request, nothing acts; keyboard, print, size."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from inventory.outputs.report.gather import Limits, gather
from inventory.outputs.report.page import Matrix, Node, Share
from inventory.outputs.report.render import render
from inventory.store import Store
from tests.inventory.making import SITE, START
from tests.inventory.outputs.sample import plant
from tests.support.patience import HUNG_SECONDS
from tests.support.peers import missing, need

pytestmark = pytest.mark.peer("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
expect.set_options(timeout=1_000 * HUNG_SECONDS)
"""What follows a click or a key may follow late: it is expected, and not looked at once."""


@dataclass
class Seen:
    """A page with everything that it asked for and complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = need("chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=path, args=FLAGS, timeout=1_000 * HUNG_SECONDS
        )
        yield found
        found.close()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    with Store.open(plant(folder, 20, hostile=True, twice=True), SITE) as store:
        (folder / "report.html").write_text(render(gather(store, START)), encoding="utf-8")
    return folder / "report.html"


def axe() -> str:
    """The source of axe-core; skips the test without it."""
    path = Path(".peers/node_modules/axe-core/axe.min.js")
    if not path.exists():
        missing("axe-core")
    return path.read_text("utf-8")


@contextmanager
def opened(browser: Browser, path: Path, **options: object) -> Iterator[Seen]:
    context = browser.new_context(**options)  # type: ignore[arg-type]
    context.set_default_timeout(1_000 * HUNG_SECONDS)
    seen = Seen(context.new_page())
    seen.page.on("request", lambda one: seen.requests.append(one.url))
    seen.page.on("console", lambda one: seen.complaints.append(one.text))
    seen.page.on("pageerror", lambda one: seen.complaints.append(str(one)))
    seen.page.goto(path.as_uri())
    yield seen
    context.close()


def test_no_console_message_and_no_request_beyond_the_file(browser: Browser, hostile: Path) -> None:
    with opened(browser, hostile, offline=True) as seen:
        assert seen.requests == [hostile.as_uri()]
        assert seen.complaints == []


def test_hostile_names_do_nothing(browser: Browser, hostile: Path) -> None:
    with opened(browser, hostile) as seen:
        assert seen.page.title() == f"Data report: {SITE}"
        assert seen.page.locator("img, iframe, object, embed, [onerror], [onload]").count() == 0
        assert seen.page.locator("script").count() == 1
        body = seen.page.inner_text("main")
        assert "\u202e" not in body and "\x00" not in body
        assert seen.page.locator("a:not([href^='#'])").count() == 0


def test_the_page_is_complete_without_script(browser: Browser, hostile: Path) -> None:
    with opened(browser, hostile, java_script_enabled=False) as seen:
        assert seen.page.locator(".gap").count() > 10
        assert seen.page.locator("form.filter").is_hidden()
        assert seen.page.locator("svg.tree").first.is_visible()
        first = seen.page.locator(".gap").first
        first.locator("summary").first.click()
        expect(first.locator(".in")).to_be_visible()


def test_the_answer_and_five_fixes_stand_on_the_first_screen(
    browser: Browser, hostile: Path
) -> None:
    with opened(browser, hostile, viewport={"width": 1366, "height": 900}) as seen:
        assert seen.page.locator(".figure").is_visible()
        fixes = seen.page.locator(".todo .fixes li")
        assert fixes.count() == 5
        last = fixes.last.locator("strong").bounding_box()
        assert last is not None and last["y"] + last["height"] <= 900


def test_a_gap_leads_to_what_its_kind_means(browser: Browser, hostile: Path) -> None:
    with opened(browser, hostile) as seen:
        gap = seen.page.locator(".gap").first
        gap.locator("summary").first.click()
        link = gap.locator("a[href^='#rule-']").first
        row = seen.page.locator(f"{link.get_attribute('href')} td").nth(1)
        assert row.is_hidden()
        link.click()
        expect(row).to_be_visible()
        assert row.inner_text()


SAYING = "(all, word) => all.filter(one => one.textContent.toLowerCase().includes(word)).length"


def test_the_filter_is_reached_and_used_by_keyboard(browser: Browser, hostile: Path) -> None:
    with opened(browser, hostile) as seen:
        page = seen.page
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        page.keyboard.press("Enter")
        page.wait_for_function("location.hash")
        page.keyboard.press("Tab")
        expect(page.locator("#f-text")).to_be_focused()
        whole = page.locator(".gap").count()
        fits = page.locator(".gap").evaluate_all(SAYING, "credentials")
        assert 0 < fits < whole
        page.keyboard.type("credentials")
        # On a busy machine the page filters by "cred" first: the count of the whole word counts.
        expect(page.locator("#f-count")).to_have_text(f"{fits} shown")
        assert page.locator(".gap:not([hidden])").count() == fits
        for _ in range(3):
            page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(page.locator("summary:focus")).to_have_count(1)
        page.keyboard.press("Enter")
        expect(page.locator(".gap[open] .in").first).to_be_visible()
        page.keyboard.press("Tab")
        page.wait_for_function("document.activeElement.closest('.gap') !== null")


def test_severity_category_and_order_work_together(browser: Browser, hostile: Path) -> None:
    with opened(browser, hostile) as seen:
        page = seen.page
        page.select_option("#f-sev", "high")
        shown = page.locator(".gap:not([hidden])")
        expect(shown).to_have_count(page.locator(".gap[data-s=high]").count())
        page.select_option("#f-sev", "")
        page.select_option("#f-sort", "s")
        rank = ["critical", "high", "medium", "low", "info"]
        for part in page.locator(".gaplist").all():
            order = part.locator(".gap").evaluate_all("all => all.map(one => one.dataset.s)")
            assert order and order == sorted(order, key=rank.index)
        page.fill("#f-text", "no gap says this")
        expect(page.locator("#f-count")).to_have_text("0 shown")
        assert not page.locator("#gaps > h3:visible").count()


def test_a_box_of_the_map_folds_by_keyboard(browser: Browser, hostile: Path) -> None:
    with opened(browser, hostile) as seen:
        page = seen.page
        button = page.locator("svg.tree .t").first
        tree = page.locator("svg.tree").first
        boxes = tree.locator("g.n:not([display=none])")
        before, high = boxes.count(), float(tree.get_attribute("height") or 0)
        button.focus()
        page.keyboard.press("Enter")
        expect(button).to_have_attribute("aria-expanded", "false")
        assert boxes.count() < before
        assert float(tree.get_attribute("height") or 0) <= high
        page.keyboard.press(" ")
        expect(button).to_have_attribute("aria-expanded", "true")
        assert boxes.count() == before
        assert float(tree.get_attribute("height") or 0) == high


def test_no_text_of_a_box_reaches_over_its_marks(browser: Browser, tmp_path: Path) -> None:
    """A drawing neither wraps nor clips, and a W is three times an i."""
    names = ("W" * 60, "i" * 60, "Überdruckbehälterkesselspeisewasserpumpe", "名前" * 30, "plc-1")
    nodes = tuple(
        Node(str(n), name, name, "device", "no", "2", 0, criticality="C3")
        for n, name in enumerate(names)
    )
    with Store.open(plant(tmp_path, 2), SITE) as store:
        page = gather(store, START)
    path = tmp_path / "wide.html"
    net = replace(page.nets[0], nodes=nodes)
    path.write_text(render(replace(page, nets=(net,))), encoding="utf-8")
    with opened(browser, path) as seen:
        gaps = seen.page.eval_on_selector_all(
            "svg.tree g.n",
            """all => all.map(one => {
                const boxes = [...one.querySelectorAll(':scope > text')]
                    .map(text => text.getBoundingClientRect());
                return Math.min(boxes[2].left - boxes[0].right, boxes[3].left - boxes[1].right);
            })""",
        )
    assert len(gaps) == len(names) and min(gaps) >= 0, gaps


def test_folding_and_unfolding_draws_what_was_printed(browser: Browser, hostile: Path) -> None:
    places = """all => all.map(one => one.getAttribute('transform') +
        (one.querySelector('path') || one).getAttribute('d'))"""
    with opened(browser, hostile) as seen:
        before = seen.page.eval_on_selector_all("svg.tree g.n", places)
        for button in seen.page.locator("svg.tree .t").all():
            button.press("Enter")
            expect(button).to_have_attribute("aria-expanded", "false")
            button.press("Enter")
            expect(button).to_have_attribute("aria-expanded", "true")
        assert seen.page.eval_on_selector_all("svg.tree g.n", places) == before


def test_a_table_sorts_by_its_header(browser: Browser, hostile: Path) -> None:
    with opened(browser, hostile) as seen:
        table = seen.page.locator("#changes table")
        button = table.locator("th button").nth(1)
        button.press("Enter")
        expect(table.locator("th[aria-sort=ascending]")).to_have_count(1)
        names = [one.strip() for one in table.locator("tbody th").all_inner_texts()]
        button.press("Enter")
        expect(table.locator("th[aria-sort=descending]")).to_have_count(1)
        turned = [one.strip() for one in table.locator("tbody th").all_inner_texts()]
        assert sorted(names) == sorted(turned)
        assert names[0] == turned[-1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(browser: Browser, hostile: Path, scheme: str) -> None:
    """Contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""
    with opened(browser, hostile, color_scheme=scheme) as seen:
        worst = seen.page.evaluate(CONTRAST)
        assert worst[0] >= 4.5, worst


CONTRAST = """() => {
  const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = rgb => {
    const [r, g, b] = rgb.slice(0, 3).map(v => {
      v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = one => {
    for (; one; one = one.parentElement) {
      const rgb = parse(getComputedStyle(one).backgroundColor);
      if (rgb.length === 3 || rgb[3] > 0) return rgb; }
    return [255, 255, 255]; };
  let worst = [99, ""];
  for (const one of document.querySelectorAll("main *:not(svg *), nav a, header *")) {
    if (!Array.from(one.childNodes).some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const a = light(parse(getComputedStyle(one).color)), b = light(ground(one));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst[0]) worst = [ratio, one.outerHTML.slice(0, 120)];
  }
  return worst;
}"""


@pytest.mark.peer("axe-core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_that_keeps_a_screen_reader_out(
    browser: Browser, hostile: Path, scheme: str
) -> None:
    """Every rule of axe-core for WCAG 2.2 A and AA and its best practices, everything unfolded."""
    with opened(browser, hostile, color_scheme=scheme) as seen:
        seen.page.evaluate("() => document.querySelectorAll('details').forEach(d => d.open = true)")
        seen.page.evaluate(axe())
        found = seen.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    told = [
        (one["id"], one["impact"], [node["target"] for node in one["nodes"]][:3])
        for one in found["violations"]
    ]
    assert told == []
    assert len(found["passes"]) > 20  # it has looked


def test_print_drops_the_controls_and_keeps_the_facts(browser: Browser, hostile: Path) -> None:
    with opened(browser, hostile) as seen:
        seen.page.emulate_media(media="print")
        expect(seen.page.locator("nav")).to_be_hidden()
        expect(seen.page.locator("form.filter")).to_be_hidden()
        assert seen.page.locator(".gap summary").first.is_visible()
        ground = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(255, 255, 255)"
        assert len(seen.page.pdf(format="A4")) > 10_000


def test_a_narrow_screen_does_not_scroll_sideways(browser: Browser, hostile: Path) -> None:
    with opened(browser, hostile, viewport={"width": 400, "height": 800}) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 400


WIDER = """parts => parts.filter(one => one.scrollWidth > one.clientWidth + 1)
    .map(one => one.getAttribute("aria-label") || one.getAttribute("aria-labelledby"))"""


def test_a_narrow_screen_cuts_no_question(browser: Browser, hostile: Path) -> None:
    """What is read, and not compared by column, stands below each other there."""
    with opened(browser, hostile, viewport={"width": 400, "height": 800}) as seen:
        cut = seen.page.eval_on_selector_all(".scroll:has(.asked, .cases, .numbers, .harm)", WIDER)
        assert cut == []


def test_print_cuts_no_column(browser: Browser, tmp_path: Path) -> None:
    """Paper does not scroll: the widest class of machines stands on an A4 page with its signals."""
    path = tmp_path / "r.html"
    states = ("yes", "no", "unknown") * 4
    signals = ("vibration", "discharge pressure", "differential pressure", "suction pressure",
               "flow", "power", "running", "bearing temperature", "speed", "oil pressure",
               "winding temperature", "humidity")  # fmt: skip
    wide = Matrix("Pump", signals, (("P-101 a name that is rather long", states),),
                  (Share(1, 2, 3),) * 12, 1)  # fmt: skip
    with Store.open(plant(tmp_path), SITE) as store:
        path.write_text(render(replace(gather(store), matrices=(wide,))), "utf-8")
    width = round((210 - 30) / 25.4 * 96)  # A4 without the margins that the style names
    with opened(browser, path, viewport={"width": width, "height": 1000}) as seen:
        seen.page.emulate_media(media="print")
        ends = seen.page.eval_on_selector_all(
            "main table", "all => all.map(one => one.getBoundingClientRect().right)"
        )
        assert max(ends) <= width


def test_five_thousand_gaps_are_usable(browser: Browser, tmp_path: Path) -> None:
    with Store.open(plant(tmp_path, 12), SITE) as store:
        page = gather(store, START, Limits(full=10_000))
    several = [
        replace(one, id=f"{n:08d}-{one.id[9:]}", asset=f"{one.asset} {n}", because=())
        for n in range(5_000 // len(page.gaps) + 1)
        for one in page.gaps
    ][:5_000]
    path = tmp_path / "many.html"
    many = replace(page, gaps=tuple(several), gap_count=5_000, gaps_shown=5_000)
    path.write_text(render(many), encoding="utf-8")
    with opened(browser, path) as seen:
        assert seen.page.locator(".gap").count() == 5_000
        started = time.monotonic()
        seen.page.fill("#f-text", "controller 0")
        expect(seen.page.locator("#f-count")).not_to_have_text("5000 shown")
        took = time.monotonic() - started
        assert seen.complaints == []
        assert 0 < seen.page.locator(".gap:not([hidden])").count() < 5_000
    print(f"filtering 5 000 gaps took {took:.2f} s")  # noqa: T201 - a figure for whoever asks with -s
