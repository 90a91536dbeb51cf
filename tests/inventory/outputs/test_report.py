"""The report as text: its parts, its order, its policy, and what must not be in it."""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from inventory.conclude import conclude
from inventory.model import Device, Effort, Kind, Level, OpenQuestion
from inventory.outputs import report
from inventory.outputs.report.gather import LIMITS, Limits, gather
from inventory.outputs.report.listing import asked
from inventory.outputs.report.page import Dark, Node, Page, Share
from inventory.outputs.report.redact import redacted
from inventory.outputs.report.render import SECTIONS, policy, render
from inventory.outputs.report.sitemap import Counting, networks, site_map
from inventory.outputs.report.svg import COLUMN, ROW, draw
from inventory.outputs.report.words import spoken
from inventory.outputs.xlsx import sheets
from inventory.store import Store
from inventory.store.reading import Asset
from protocols.contract import Outcome
from scanner.cli import untrap
from tests.inventory.making import SITE, START, stated
from tests.inventory.outputs.sample import CANARY, plant, scan
from tests.scanner.test_pilot import plant as plant_of_pilot
from tests.scanner.test_pilot import server

VOID = {"meta", "input", "br", "rect", "path", "circle", "img", "hr"}
OPTIONAL = {"td", "th", "li", "tr", "p"}


class Outline(HTMLParser):
    """Sections, headings, elements and attributes; complains about what does not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sections: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag == "section":
            self.sections.append(dict(attrs)["id"] or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.said += data

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open[-1] != tag and self.open[-1] in OPTIONAL:
            self.open.pop()
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    database = plant(tmp_path_factory.mktemp("report"), 20, hostile=True, twice=True)
    with Store.open(database, SITE) as store:
        return gather(store, START)


@pytest.fixture(scope="module")
def text(page: Page) -> str:
    return render(page)


def test_the_answer_comes_first_and_every_part_is_there(text: str) -> None:
    assert Outline(text).sections == list(SECTIONS)
    assert SECTIONS[0] == "answer"


def test_elements_nest(text: str) -> None:
    assert Outline(text).wrong == []


def test_nothing_is_loaded_and_no_style_or_handler_is_inline(text: str) -> None:
    for tag, name, value in Outline(text).attributes:
        assert name not in ("src", "srcset", "style", "action", "srcdoc"), (tag, name)
        assert not name.startswith("on"), (tag, name)
        if name in ("href", "xlink:href"):
            assert value.startswith("#"), value
        if "url(" in value:
            assert value == "url(#hatch)"


def test_the_policy_names_exactly_this_style_and_script(text: str) -> None:
    found = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert found is not None
    stated = found[1].replace("&#39;", "'")
    style = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(style) == len(script) == 1
    assert stated == policy(style[0], script[0])
    assert stated.startswith("default-src 'none';")
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in stated


def test_hostile_names_are_escaped_and_visible(text: str) -> None:
    assert "<img" not in text
    assert text.count("<script") == 1
    assert "&lt;img src=x onerror=" in text
    assert "49" not in re.findall(r"<b>([^<]*)</b>", text)  # {{ 7*7 }} stays as it was written
    assert "{{ 7*7 }}" in text
    for acting in ("\u202e", "\u200f", "\x00", "\x1b", "\u2028"):
        assert acting not in text
    assert "\\u202e" in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("opcua", "OPC UA"),
        ("temperature:discharge", "discharge temperature"),
        ("pressure:discharge|axial_flux", "discharge pressure or axial flux"),
        ("unit 4", "unit 4"),
        ("no_word_of:ours", "no word of:ours"),
        ("</script>", "</script>"),
    ],
)
def test_names_of_our_data_are_said_as_people_say_them(text: str, said: str) -> None:
    assert spoken(text) == said


def test_every_outcome_and_effort_has_words(text: str) -> None:
    part = text[text.index('id="how"') : text.index('id="about"')]
    for one in (*Outcome, *Effort):
        assert re.search(rf"<dt>{one.value.replace('_', ' ')}</dt><dd>[^<]+</dd>", part), one


def test_a_machine_is_called_by_its_tag_and_its_name(page: Page, text: str) -> None:
    assert page.names["P-2"] == "Machine 2"
    assert 'P-2 <span class="call">Machine 2</span>' in text


def test_a_critical_one_without_data_is_named_with_its_fix_however_late_that_pays(
    tmp_path: Path,
) -> None:
    """P-6 waits for a register map of its own, which pays less than five others."""
    with Store.open(plant(tmp_path, 20), SITE) as store:
        page = gather(store, START)
        shown = Outline(render(page))
        (own,) = [one for one in page.dark if "P-6" in one.names]
        hidden = redacted(store, page).dark
        rows = [row for row in sheets(store, START)[0].rows() if "without data" in str(row[0])]
    assert "P-6" not in {name for one in page.fixes for name, _ in one.machines}
    assert own.fix.startswith("Get the register map of Acme PLC 6") and own.place == 0
    assert own.at == ("Controller 6",) and own.effort == "E0"
    first = shown.said[: shown.said.index("In numbers")]
    part = first[first.index("Critical, and without data") :]
    assert "P-6" in part and own.fix in part
    assert sum(len(one.names) for one in page.dark) + page.dark_more == page.critical.not_ == 10
    assert [row[1] for row in rows if "P-6" in str(row[1])] and "Acme PLC 6" in str(rows)
    names = {*own.names, *own.at}
    assert not names & {name for one in hidden for name in (*one.names, *one.at)}


def test_a_critical_one_without_data_points_to_the_fix_that_opens_it(page: Page) -> None:
    dark = (Dark(("P-2",), 3, "Do it", "E0"), Dark(("P-4",), 0, "Do that", "E2"), Dark(("P-6",)))
    shown = render(replace(page, dark=dark, dark_more=7, unclear=("P-8",), unclear_more=2))
    assert shown.count('<a href="#fix-3">') == 1 and "Do it" not in shown
    assert "#fix-0" not in shown and "Do that" in shown and "no fix is known yet" in shown
    assert shown.count('id="fix-3"') == 1
    assert "and 7 more" in shown and re.search(r"not known yet: <b>P-8.*and 2 more", shown)


def test_what_frees_no_data_stands_apart_and_last(page: Page, text: str) -> None:
    assert {one.paper for one in page.gaps} == {True, False}
    assert text.index("Gaps that keep data from you") < text.index("Records and hardening")


def test_every_figure_that_is_not_known_is_an_interval(page: Page) -> None:
    unsure = replace(page, critical=replace(page.critical, lo=1, hi=3, whole=7))
    assert '<span class="figure">1 to 3 of 7</span>' in render(unsure)


def test_each_proof_is_shown_once_and_later_ones_point_to_it(page: Page, text: str) -> None:
    ids = re.findall(r'id="(o-[0-9a-f-]+)"', text)
    assert ids and len(ids) == len(set(ids))
    for link in re.findall(r'href="#(o-[0-9a-f-]+)"', text):
        assert link in ids
    assert "<pre" in text


def test_all_identifiers_differ(text: str) -> None:
    ids = [value for _, name, value in Outline(text).attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_severity_and_state_are_told_by_word_and_shape(text: str) -> None:
    for severity in re.findall(r'<b class="s (\w+)"><i aria-hidden="true">([^<]+)</i>(\w+)', text):
        assert severity[1].strip() and severity[2]


def test_what_was_not_looked_at_is_told(page: Page, text: str) -> None:
    assert dict(page.honest.not_asked) == {"no_credential": 1}
    assert page.honest.closed == {"closed": 3}
    assert page.honest.stopped == (("10.0.0.9", "distress"),)
    assert [name for name, _ in page.honest.unseen] == ["Lost meter"]
    for said in ("no credential was named for it", "10.0.0.200", "Lost meter", "only refused"):
        assert said in text


def test_what_changed_is_told(page: Page) -> None:
    assert {"firmware", "unknown"} <= {one.kind for one in page.changes.shown}
    assert sum(n for _, n in page.changes.counts) == len(page.changes.shown)


def test_the_no_harm_statement_has_the_numbers_of_the_last_scan(text: str) -> None:
    part = text[text.index('id="harm"') : text.index('id="changes"')]
    for number in ("600", "1,800", "Modbus read holding registers (3)", "It sent 0 writes"):
        assert number in part


def test_every_text_of_the_page_is_there(text: str) -> None:
    """A key that a template names and the texts lack would leave a hole."""
    import tomllib
    from importlib.resources import files

    folder = files("inventory.outputs.report")
    texts = tomllib.loads(folder.joinpath("texts.toml").read_text("utf-8"))
    for name in (*SECTIONS, "page", "macros"):
        template = folder.joinpath("templates", f"{name}.html").read_text("utf-8")
        assert set(re.findall(r"\bt\.(\w+)", template)) <= texts.keys(), name
    assert texts.keys() >= set(SECTIONS)


def test_a_large_site_is_added_up_per_network(tmp_path: Path) -> None:
    with Store.open(plant(tmp_path, 20), SITE) as store:
        small = Limits(assets=10, compared=10)
        text = render(gather(store, START, small))
    assert 'class="tree"' not in text
    assert "added up per network" in text
    assert Outline(text).wrong == []


def test_a_large_site_has_the_same_figures(tmp_path: Path) -> None:
    """What is added up as assets stream by is what the drawing of each would give."""
    with Store.open(plant(tmp_path, 30, twice=True), SITE) as store:
        page = gather(store, START)
        large = gather(store, START, Limits(assets=10, big_gaps=9, changes=9))
    assert large.aggregated and not page.aggregated
    for one in ("critical", "everything", "level4", "connectable", "index", "coverage", "unrated",
                "fixes", "paperwork", "dark", "dark_more", "unclear", "unclear_more",
                "questions", "question_count", "gap_count", "cases",
                "severities", "by_rule", "honest", "asset_count", "names"):  # fmt: skip
        assert getattr(large, one) == getattr(page, one), one
    assert large.nets == tuple(replace(net, nodes=()) for net in page.nets)
    assert large.changes.counts == page.changes.counts
    assert {one.kind for one in large.changes.shown} == {one for one, _ in page.changes.counts}
    assert large.changes.more == len(page.changes.shown) - len(large.changes.shown) > 0


def test_devices_that_stand_behind_each_other_are_counted_once_each() -> None:
    several = [asset("a", "b"), asset("b", "a"), asset("c", "a"), asset("d", "d"), asset("e", "f")]
    counting = Counting(networks([]), ())
    for one in several:
        counting.see(one)
    assert sum(net.size for net in counting.nets()) == 5


def test_a_spare_that_gives_no_data_is_named(tmp_path: Path) -> None:
    with Store.open(plant(tmp_path, 4), SITE) as store:
        said = {"subject_": "P-0", "statement": "redundant with", "value": "P-2"}
        store.declare([stated(Kind.ATTEST, "P-0 | redundant with", **said)])
        conclude(store, today=START)
        page = gather(store, START)
        ((spare, best),) = page.spares
        assert {spare, best} == {"P-0", "P-2"}
        assert f"when {best} stops, nobody sees the one that runs" in render(page)
        ((hidden, other),) = redacted(store, page).spares
        assert not {hidden, other} & {"P-0", "P-2", ""}
        rows = [
            row for row in sheets(store, START)[0].rows() if row[0] == "Spare that gives no data"
        ]
    assert [row[1] for row in rows] == [spare]


def test_many_gaps_are_grouped_by_kind_and_none_is_lost(tmp_path: Path) -> None:
    with Store.open(plant(tmp_path, 20), SITE) as store:
        page = gather(store, START, Limits(full=10, first=4))
    assert len(page.gaps) == 4
    assert 4 + sum(len(one.members) for one in page.groups) == page.gap_count == page.gaps_shown
    assert Outline(render(page)).wrong == []


def test_a_thousand_assets_stay_below_a_megabyte_and_a_half(tmp_path: Path) -> None:
    with Store.open(plant(tmp_path, 610), SITE) as store:
        page = gather(store, START)
    assert 1_000 <= page.asset_count <= 1_050
    assert len(render(page).encode()) < 1_500_000


def test_an_empty_inventory_never_looks_clean(tmp_path: Path) -> None:
    with Store.open(tmp_path / "empty.db", SITE) as store:
        text = render(gather(store, START))
    assert "Nothing is known of this site yet" in text
    assert text.count("so nothing could be judged") == 3  # map, gaps, questions
    assert "No gap was found" not in text and "No question is open" not in text
    assert Outline(text).wrong == []


def test_where_nothing_answered_the_page_says_so_and_draws_no_bar(tmp_path: Path) -> None:
    with Store.open(tmp_path / "dead.db", SITE) as store:
        store.begin_scan(scan("s-1", 0.0))
        store.finish_scan(scan("s-1", 0.0))
        text = render(gather(store, START))
    assert "asked 30 addresses and none gave an answer" in text
    assert 'class="bar"' not in text and "nothing to count" in text
    assert "No gap was found that" not in text


def test_where_no_gap_is_sure_the_questions_stand_first(page: Page) -> None:
    text = render(replace(page, fixes=()))
    part = text[text.index('id="answer"') : text.index('id="numbers"')]
    assert "The questions to settle first" in part
    assert "The fixes that free most" not in part
    assert Outline(text).wrong == []


def test_redaction_leaves_no_name_address_serial_or_scan(tmp_path: Path) -> None:
    with Store.open(plant(tmp_path, 12, twice=True), SITE) as store:
        report.write(store, tmp_path / "a.html", redact=True, now=START)
        report.write(store, tmp_path / "b.html", redact=True, now=START)
        ids = [one.id for one in store.findings()] + [one.key for one in store.devices()]
        ids += [one.id for one in store.observations()]
    text = (tmp_path / "a.html").read_text("utf-8")
    assert text == (tmp_path / "b.html").read_text("utf-8")
    for name in ("10.0.0.", "Controller 2", "plc-1", "SN0000", "P-2<", "11111111-0000", "Filling"):
        assert name not in text, name
    assert not any(one[:13] in text for one in ids)
    anchors = re.findall(r'id="(o-[0-9a-f-]+)"', text)
    links = re.findall(r'href="#(o-[0-9a-f-]+)"', text)
    assert links and set(links) <= set(anchors)
    assert "<pre" not in text
    assert re.search(r"asset-[0-9a-f]{8}", text)
    assert re.search(r"host-[0-9a-f]{8}", text)


def test_the_command_writes_the_file(tmp_path: Path) -> None:
    out = tmp_path / "r.html"
    words = ["--db", str(plant(tmp_path, 4)), "--site", SITE, "report", "-o", str(out)]
    done = CliRunner().invoke(untrap, words)
    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    assert "report of" in done.stderr and "next: untrap" in done.stderr
    assert out.read_text("utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("words", [("report",), ("export", "xlsx"), ("export", "json")])
def test_no_secret_of_the_site_file_is_in_an_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("UNTRAP_TEST_SECRET", CANARY)
    config, out = tmp_path / "site.toml", tmp_path / "out"
    credential = '[credentials.line]\ntype = "snmp-v2c"\nsecret = "env:UNTRAP_TEST_SECRET"\n'
    config.write_text(f'[site]\nname = "{SITE}"\n{credential}', encoding="utf-8")
    database = str(plant(tmp_path, 3))
    line = ["--db", database, "--config", str(config), *words, "-o", str(out)]
    done = CliRunner().invoke(untrap, line)
    assert done.exit_code == 0, done.output
    body = out.read_bytes()
    if words[-1] == "xlsx":
        with zipfile.ZipFile(out) as archive:
            body = b"".join(archive.read(name) for name in archive.namelist())
    for text in (body, done.output.encode()):
        assert CANARY.encode() not in text
        assert b"UNTRAP_TEST_SECRET" not in text


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    words = ["--db", str(plant(tmp_path, 2)), "--site", SITE, "report"]
    done = CliRunner().invoke(untrap, [*words, "-o", str(tmp_path / "no" / "r.html")])
    assert done.exit_code == 2
    assert "No such file" in done.stderr


# --- the drawing -------------------------------------------------------------------------------


def node(name: str, depth: int) -> Node:
    return Node(name, name, "", "device", "yes", "3", depth)


def test_a_first_child_stands_beside_and_the_others_below() -> None:
    drawn = draw([node("a", 0), node("b", 1), node("c", 2), node("d", 1), node("e", 0)])
    rows = {box.node.key: (box.x // COLUMN, box.y // ROW) for box in drawn.boxes}
    assert rows == {"a": (0, 0), "b": (1, 0), "c": (2, 0), "d": (1, 1), "e": (0, 2)}


def test_no_two_boxes_stand_in_one_place() -> None:
    deep = [node(str(n), n) for n in range(12)]
    boxes = draw([*deep, *deep]).boxes
    assert len({(box.x, box.y) for box in boxes}) == len(boxes)


def asset(key: str, parent: str = "") -> Asset:
    device = Device(key, SITE, addresses=("10.0.0.1",), parent=parent)
    return Asset(device, Level(3, 3), None, "covered")


def test_devices_that_name_each_other_as_parent_are_all_drawn() -> None:
    several = [asset("a", "b"), asset("b", "a"), asset("c", "a"), asset("d", "d"), asset("e")]
    nets = site_map(several, networks([]), {})
    assert sorted(one.key for net in nets for one in net.nodes) == ["a", "b", "c", "d", "e"]
    assert sum(net.size for net in nets) == 5


def test_networks_are_those_of_the_site_file_and_else_of_24_bits() -> None:
    zone = stated(Kind.ZONE, "cell", name="cell 7", addresses="10.0.0.0/28, nonsense")
    where = networks([zone])
    assert where.of("10.0.0.3") == ("10.0.0.0/28", "cell 7")
    assert where.of("10.0.0.99") == ("10.0.0.0/24", "")
    assert where.of("fd00::1") == ("fd00::/64", "")
    assert where.of("plc.example") == ("", "")


def test_one_is_told_in_the_singular(tmp_path: Path) -> None:
    """A plant with one asset, one question, one network, one machine that gives nothing."""
    with Store.open(plant(tmp_path, 2), SITE) as store:
        page = gather(store)
    one = replace(page, critical=Share(0, 0, 1), critical_named=True, machines_covered=1,
                  coverage=(0.0, 1.0), question_count=1 + page.question_count)  # fmt: skip
    nets = tuple(
        replace(net, counts={"yes": 1, "no": 0, "unknown": 0, "none": 0}) for net in page.nets
    )
    harm = page.harm and replace(page.harm, facts={**page.harm.facts, "hosts_left_alone": 1,
                                                   "pauses": 1, "refused_by_guard": 1})  # fmt: skip
    honest = replace(page.honest, scanned=1, answered=1, unasked=1)
    text = visible(render(replace(one, nets=nets, harm=harm, honest=honest)))
    wrong = re.findall(r"(?<![\d.,])1 (?:[a-z]+ )?(?:assets|gaps|addresses|hosts|questions|devices|"
                       r"pauses|requests|machines|bytes)\b[^.]{0,40}", text)  # fmt: skip
    assert wrong == []
    assert "1 no: its data" in text and "1 asset " in text


def visible(html: str) -> str:
    """The text of a page, in one line."""
    body = re.sub(r"<(script|style).*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def _named(_: str, name: str) -> str:
    return name


def test_a_question_about_many_signals_of_one_machine_names_it_once() -> None:
    def ask(asset: str, subject: str) -> OpenQuestion:
        return OpenQuestion("U03", asset, asset.upper(), SITE, subject, "a map", "import it")

    several = [ask("m-1", word) for word in ("current", "flow", "power")] + [ask("m-2", "flow")]
    (found,), count = asked(several, _named, LIMITS)
    assert (found.assets, found.count, found.more, count) == (("M-1", "M-2"), 4, 0, 4)
    many = [ask(f"m-{n:02}", word) for n in range(20) for word in ("a", "b")]
    (found,), _ = asked(many, _named, LIMITS)
    assert len(found.assets) == LIMITS.names and found.more == 20 - LIMITS.names


def test_a_fix_for_many_machines_says_how_many_it_does_not_name(tmp_path: Path) -> None:
    with Store.open(plant(tmp_path, 40), SITE) as store:
        page = gather(store)
    most = max(page.fixes, key=lambda one: one.machines_more)
    assert len(most.machines) == LIMITS.names and most.machines_more > 0
    assert f"and {most.machines_more} more" in visible(render(page))


def test_the_six_questions_and_the_other_sites_stand_in_the_report(tmp_path: Path) -> None:
    """With the names of sites replaced where it is to be passed on."""
    path = tmp_path / "sites.db"
    for name in ("lyon", "oslo-canary"):
        plant_of_pilot(path, name, server(name, "current", "running"))
    with Store.open(path, "oslo-canary") as other, Store.open(path, "lyon") as store:
        for one in (other, store):
            conclude(one)
        report.write(store, tmp_path / "open.html", others=[other])
        report.write(store, tmp_path / "redacted.html", redact=True, others=[other])
    told = visible((tmp_path / "open.html").read_text("utf-8"))
    for text in (
        "1. Is data access consistent and reliable across all sites? not known: 0 %",
        "Difference between sites of the share at level 4, by class at most 0 points, of 1 class",
        "Sites side by side (2) lyon index",
        "oslo-canary index",
        "Machines per variant (protocol, maker, model, map), by class (1) motor 1, variants 1",
        "6. Is it funded and governed as an enterprise priority? not answerable by a scan",
        "Handcrafted integrations",
    ):
        assert text in told, text
    hidden = (tmp_path / "redacted.html").read_text("utf-8")
    assert "oslo-canary" not in hidden
    assert "Sites side by side (2)" in hidden
