"""How large the report is and how soon a reader can use it, in headless Chromium.

    python -m benchmarks.pages [--keep FOLDER]

Prints, for each size: bytes, seconds to write it, seconds until the page can be used (loaded, laid
out and painted, measured by the page's own clock), CPU seconds of its main thread until then
(which other work on the machine does not stretch), seconds until a filter over all rows has shown
its result, and what the page asked for or complained about (it must be nothing). Figures are
printed, never asserted.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from inventory.outputs.report.gather import LIMITS, Limits, gather
from inventory.outputs.report.render import render
from inventory.store import Store
from tests.inventory.making import SITE
from tests.inventory.outputs.sample import plant

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
USABLE = """() => new Promise(done => requestAnimationFrame(() => setTimeout(
  () => done(performance.now() / 1000))))"""
SIZES = (("44 assets", 27), ("1 000 assets", 610), ("20 000 assets", 12_200))
"""Names and counts of devices; the sample adds a machine to every other, a unit to every 7th."""


def written(folder: Path, count: int, limits: Limits = LIMITS) -> tuple[Path, float]:
    """A report of so many devices, and the seconds that it took."""
    place = folder / f"{count}"
    if not (place / "plant.db").exists():
        place.mkdir(exist_ok=True)
        plant(place, count, twice=True)
    with Store.open(place / "plant.db", SITE) as store:
        start = time.process_time()
        text = render(gather(store, limits=limits))
        seconds = time.process_time() - start
    (place / "report.html").write_text(text, encoding="utf-8")
    return place / "report.html", seconds


def many(folder: Path, rows: int) -> Path:
    """A report with so many gaps in full."""
    with Store.open(folder / "27" / "plant.db", SITE) as store:
        page = gather(store, limits=replace(LIMITS, full=rows))
    several = [
        replace(one, id=f"{n:08d}-{one.id[9:]}", asset=f"{one.asset} {n}", because=())
        for n in range(rows // len(page.gaps) + 1)
        for one in page.gaps
    ][:rows]
    path = folder / "rows.html"
    text = render(replace(page, gaps=tuple(several), gap_count=rows, gaps_shown=rows))
    path.write_text(text, encoding="utf-8")
    return path


def opened(browser: Browser, path: Path) -> tuple[float, float, float, int, int]:
    """Seconds until usable, CPU seconds until then, seconds of a filter, requests beyond the file,
    complaints."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda one: requests.append(one.url))
    page.on("console", lambda one: complaints.append(one.text))
    page.on("pageerror", lambda one: complaints.append(str(one)))
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(path.as_uri())
    usable = float(page.evaluate(USABLE))
    metrics = session.send("Performance.getMetrics")["metrics"]
    work = next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")
    count = page.locator("#f-count")
    before = count.inner_text()
    start = time.perf_counter()
    page.fill("#f-text", "controller 2")
    expect(count).not_to_have_text(before, timeout=30_000)
    filtered = time.perf_counter() - start
    context.close()
    return usable, work, filtered, len(requests) - 1, len(complaints)


def main(words: list[str]) -> None:
    """Prints one line per report."""
    keep = words[words.index("--keep") + 1] if "--keep" in words else ""
    chromium = shutil.which("chromium") or "/usr/bin/chromium"
    head = ("report", "MB", "written s", "usable s", "CPU s", "filter s", "requests", "complaints")
    print(*head, sep="\t", flush=True)
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        folder = Path(keep or made)
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        reports = [(name, *written(folder, count)) for name, count in SIZES]
        reports.append(("5 000 rows", many(folder, 5_000), 0.0))
        for name, path, seconds in reports:
            usable, work, filtered, requests, complaints = opened(browser, path)
            size = path.stat().st_size / 1e6
            figures = (
                f"{size:.2f}",
                f"{seconds:.1f}",
                f"{usable:.2f}",
                f"{work:.2f}",
                f"{filtered:.2f}",
            )
            print(name, *figures, requests, complaints, sep="\t", flush=True)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
