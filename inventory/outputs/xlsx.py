"""The workbook: nine sheets that answer a question each (xlsxwriter).

One rule keeps it simple: rows stream in constant memory, every text is written as text after
`inert`, and the only formula-like things are our own links inside the workbook.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from inventory.conclude import rules_digest
from inventory.judge.weigh import frees_nothing
from inventory.model import Device, Effort, Finding, Severity
from inventory.outputs import Format, csv_file, records, view
from inventory.outputs.report.fixing import Critical, Freed, Plan
from inventory.outputs.report.limits import LIMITS
from inventory.outputs.shelf import Ledger
from inventory.outputs.workbook import workbook
from inventory.text import inert

if TYPE_CHECKING:
    from inventory.outputs import Request
    from inventory.store import Store

Row = Sequence[object]

LONGEST = 32_000
"""Characters of one cell; Excel takes 32 767."""
MOST_ROWS = 1_048_000
"""Rows of one sheet; Excel takes 1 048 576."""
CUT = "… a sheet holds no more rows; `untrap export csv --table …` and `export json` have them all"
"""Last row of a sheet that was cut."""
SUMMARY = "Summary"
WRAPPED = 40
"""Columns of this width or more wrap; their rows are as high as their text, since not every
program sets heights when it opens a file."""
LINE, MOST_LINES = 15.0, 12
"""Height of a line in points; a row is never higher than so many lines (Excel takes 409 points)."""
PAGE = 230.0
"""Characters of a line on paper; a wider sheet is printed on several pages side by side."""
MOST_LINKS = 10_000
"""Rows of a sheet that link to their asset and have a height of their own: the library holds both
in memory, and Excel takes 65 530 links on a sheet."""
LAYOUT = "1"
"""Version of this layout, in the hidden column Version: a re-import knows what it reads."""

COLOURS = {
    "critical": ("#7B1E1E", "#FFFFFF"),
    "high": ("#E8B4AE", "#5A1010"),
    "medium": ("#F6E0B5", "#5B3A00"),
    "low": ("#E6EDF0", "#22343C"),
    "info": ("#F3F3F1", "#444444"),
}
"""Fill and ink per severity; the word stands in the cell, colour repeats it."""

EFFORTS = {
    Effort.E0: "settings only",
    Effort.E1: "a permit and a day",
    Effort.E2: "small hardware",
    Effort.E3: "a project",
    Effort.E4: "replacement",
}

HIDDEN = ("Id", "GapId", "Version")
"""Last, hidden columns of the sheet Gaps: asset key, gap id, layout and rule version."""

WIDTHS: Mapping[str, float] = {
    "Site": 16, "Area": 14, "Line": 12, "Asset": 26, "Kind": 11, "Vendor": 18, "Model": 18,
    "Serial": 16, "Address": 20, "Parent": 20, "Category": 15, "Gap": 30, "Rule": 7,
    "Severity": 10, "Confidence": 11, "Why": 60, "Evidence": 20, "Fix": 50, "Effort": 8,
    "Needs outage": 10, "Unlocks": 9, "Owner": 14, "Criticality": 10, "Last seen": 25,
    "Missing": 60, "Next step": 40, "Command": 44, "Name": 28, "Key": 38, "Statement": 36,
    "Value": 60, "Figure": 46, "Meaning": 46, "Signal": 18, "Path": 34, "Reason": 26,
    "Outcome": 20, "Detail": 44,
}  # fmt: skip
"""Column widths in characters; others get 14."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its name, header, rows, and the columns that a reader does not see."""

    name: str
    header: Sequence[str]
    rows: Callable[[], Iterable[Row]]
    hidden: Sequence[str] = ()
    severity: str = ""  # column that gets the colours
    links: Mapping[str, Callable[[Row], str]] = field(default_factory=dict)  # column → place


def write(store: Store, request: Request) -> str:
    """Writes the workbook. Raises ValueError without a file name."""
    if request.output is None:
        raise ValueError("a workbook needs a file; add -o workbook.xlsx")
    store = view(store, request)
    counts: dict[str, int] = {}
    with workbook(request.output) as book:
        title, now = f"Data gaps of {inert(store.site, 200)}", request.now or datetime.now(UTC)
        book.set_properties({"title": title, "author": "untrap", "created": now})
        book.set_calc_mode("auto")
        styles = _styles(book)
        for sheet in sheets(store, now, scans=not request.redact):
            counts[sheet.name] = _sheet(book, styles, sheet)
    return f"{counts['Gaps']} gaps and {counts['Assets']} assets written to {request.output}"


def sheets(store: Store, now: datetime, *, scans: bool = True) -> tuple[Sheet, ...]:
    """All sheets, in order; `scans` tells whether scan ids and targets are named."""
    critical, first = Critical(store.equipment()), {"device": 2, "equipment": 2}
    for place, one in enumerate(store.assets(), 3):  # devices come before machines
        critical.see(one)
        first["equipment"] = place if isinstance(one.thing, Device) else first["equipment"]

    @lru_cache(maxsize=1024)  # rows of one asset stand together, or in one order in each sheet
    def to_asset(key: object) -> str:
        found = store.ranked_as(str(key))
        return f"internal:'Assets'!A{first[found[0]] + found[1]}" if found else ""

    gaps = (*csv_file.GAPS, *HIDDEN)
    return (
        Sheet(SUMMARY, ("Figure", "Value", "Meaning"), lambda: _summary(store, critical)),
        Sheet("Gaps", gaps, lambda: _gaps(store), HIDDEN, "Severity",
              {"Asset": lambda row: to_asset(row[len(csv_file.GAPS)])}),
        Sheet("Open questions", (*csv_file.QUESTIONS, "Id"), lambda: _questions(store), ("Id",),
              links={"Asset": lambda row: to_asset(row[-1])}),
        Sheet("Assets", ASSETS, lambda: _assets(store), ("Id",)),
        Sheet("Signals", SIGNALS, lambda: _signals(store), ("Id",),
              links={"Asset": lambda row: to_asset(row[-1])}),
        Sheet("Services", SERVICES, lambda: _services(store), ("Id",),
              links={"Asset": lambda row: to_asset(row[-1])}),
        Sheet("Not reachable", NOT_REACHABLE, lambda: _not_reachable(store), ("Id",),
              links={"Asset": lambda row: to_asset(row[-1])}),
        Sheet("Planned not found", PLANNED, lambda: _planned(store), ("Id",),
              links={"Asset": lambda row: to_asset(row[-1])}),
        Sheet("About", ("Statement", "Value"), lambda: _about(store, now, scans)),
    )  # fmt: skip


# --- writing ---------------------------------------------------------------------------------


def _styles(book: Any) -> dict[str, Any]:
    """Cell formats by name (xlsxwriter is published without types)."""
    base = {"valign": "top"}
    found = {
        "header": book.add_format({"bold": True, "bg_color": "#0B5F73", "font_color": "#FFFFFF"}),
        "text": book.add_format(base),
        "wrap": book.add_format({**base, "text_wrap": True}),
        "left": book.add_format({**base, "align": "left"}),
        "link": book.add_format({**base, "font_color": "#0B5F73", "underline": 1}),
    }
    for name, (fill, ink) in COLOURS.items():
        found[name] = book.add_format({**base, "bg_color": fill, "font_color": ink, "bold": True})
    return found


def _sheet(book: Any, styles: Mapping[str, Any], sheet: Sheet, most: int = MOST_ROWS) -> int:
    """Writes one sheet; returns how many rows it has. One that holds no more says so at its end."""
    at = book.add_worksheet(sheet.name)
    wraps: dict[int, float] = {}
    total = 0.0
    for place, name in enumerate(sheet.header):
        wide = WIDTHS.get(name, 14)
        if wide >= WRAPPED:
            wraps[place] = wide
        style = styles["wrap" if place in wraps else "text"]
        at.set_column(place, place, wide, style, {"hidden": name in sheet.hidden})
        total += 0 if name in sheet.hidden else wide
    at.freeze_panes(1, 0)
    at.repeat_rows(0)
    at.set_landscape()
    at.fit_to_pages(math.ceil(total / PAGE), 0)
    if "Asset" in sheet.header and total > PAGE:
        at.repeat_columns(sheet.header.index("Asset"), sheet.header.index("Asset"))
    for place, name in enumerate(sheet.header):
        at.write_string(0, place, name, styles["header"])
    count = 0
    for row in sheet.rows():
        if count >= most:
            at.write_string(count + 1, 0, CUT, styles["text"])
            break
        count += 1
        lines = max((_lines(row[place], wide) for place, wide in wraps.items()), default=1)
        if lines > 1 and count <= MOST_LINKS:
            at.set_row(count, LINE * min(lines, MOST_LINES))
        for place in range(len(sheet.header)):
            _cell(at, styles, sheet, (count, place), row[place], row)
    at.autofilter(0, 0, max(count, 1), len(sheet.header) - 1)
    return count


def _lines(value: object, wide: float) -> int:
    """Lines that a wrapped cell takes, about: letters are a little narrower than a digit, and
    words that do not fit cost as much."""
    return math.ceil(len(value) / wide) if isinstance(value, str) else 1


def _cell(
    at: Any,
    styles: Mapping[str, Any],
    sheet: Sheet,
    where: tuple[int, int],
    value: object,
    row: Row,
) -> None:
    if value is None or value == "":
        return
    if isinstance(value, int | float) and not isinstance(value, bool):
        if math.isfinite(value) and abs(value) < records.EXACT:
            at.write_number(*where, value, *((styles["left"],) if sheet.name == SUMMARY else ()))
            return
        value = str(value)
    name = sheet.header[where[1]]
    text = inert(str(value), LONGEST)
    linked = name in sheet.links and where[0] <= MOST_LINKS
    link = sheet.links[name](row) if linked else ""
    if link:
        at.write_url(*where, link, styles["link"], text[:255])
    elif name == sheet.severity and text in COLOURS:
        at.write_string(*where, text, styles[text])
    else:
        at.write_string(*where, text)


# --- rows ------------------------------------------------------------------------------------


def _gaps(store: Store) -> Iterator[Row]:
    """The gap list, and what a re-import would know its rows by."""
    hidden = ((one.asset, one.id, f"{LAYOUT}.{one.rule}.{one.version}") for one in store.findings())
    for row, tail in zip(csv_file.gap_rows(store), hidden, strict=True):
        yield (*row, *tail)


def _questions(store: Store) -> Iterator[Row]:
    assets = (one.asset for one in store.questions())
    for row, key in zip(csv_file.question_rows(store), assets, strict=True):
        yield (*row, key)


ASSETS = ("Asset", *csv_file.ASSETS[1:], "Id")


def _assets(store: Store) -> Iterator[Row]:
    """The asset table with the name first; the key is the hidden Id."""
    place = {name: i for i, name in enumerate(csv_file.ASSETS)}
    for row in csv_file.asset_rows(store):
        name = row[place["Name"]] or row[place["Tag"]] or row[place["Product"]]
        where = f"{row[place['Addresses']]} ".partition(" ")[0]
        where = f"{where} {row[place['Part']]}".strip()  # as the gaps call one without a name
        yield (name or where or str(row[0])[:8], *row[1:], row[0])


SIGNALS = (
    "Asset", "Part", "Address", "Name", "Path", "Unit", "Type", "Access", "Value", "Quality",
    "Source time", "Signal", "Match", "Id", "Observation",
)  # fmt: skip


def _signals(store: Store) -> Iterator[Row]:
    for row in csv_file.point_rows(store):
        yield (row[1] or str(row[0])[:8], *row[2:-1], row[0], row[-1])


SERVICES = (
    "Asset", "Address", "Protocol", "Transport", "Port", "Outcome", "Reason", "Security",
    "Openness", "Part", "Id",
)  # fmt: skip


def _services(store: Store) -> Iterator[Row]:
    for device in store.devices():
        for one in device.services:
            openness = one.openness.value if one.openness else ""
            yield (
                _name(device), one.address, one.protocol, one.transport, one.port,
                one.outcome.value, one.reason, "; ".join(one.security), openness, one.part,
                device.key,
            )  # fmt: skip


NOT_REACHABLE = ("Asset", "Address", "Outcome", "Reason", "Detail", "Count", "Id")
SILENT = frozenset({"not_asked", "no_path", "silent", "blocked", "mute", "failed_here", "broken"})


def _not_reachable(store: Store) -> Iterator[Row]:
    """Services that gave nothing, then addresses that are no asset, then questions not asked."""
    for device in store.devices():
        for one in device.services:
            if one.outcome.value in SILENT:
                what = f"{one.protocol} on {one.transport}/{one.port}"
                where = one.address or " ".join(device.addresses[:1])
                yield (_name(device), where, one.outcome.value, one.reason, what, 1, device.key)
    for outcome, count in store.lifeless().items():
        yield ("", "", outcome, "", "addresses that gave nothing else; no asset", count, "")
    for (outcome, reason), count in sorted(store.tally().items()):
        if outcome == "not_asked":
            yield ("", "", outcome, reason, "questions, over all scans", count, "")


PLANNED = (
    "Asset", "Tag", "Address", "Part", "Area", "Line", "Vendor", "Model", "Criticality", "Owner",
    "Document", "Id",
)  # fmt: skip


def _planned(store: Store) -> Iterator[Row]:
    for device in store.devices():
        row = device.register
        if device.seen or row is None:
            continue
        yield (
            _name(device), row.tag, " ".join(device.addresses[:1]), device.part, row.area, row.line,
            row.vendor, row.model, row.criticality, row.owner, row.document, device.key,
        )  # fmt: skip


def _name(device: Device) -> str:
    where = device.part or " ".join(device.addresses[:1])
    return device.name or device.product or where or device.key[:8]


def _summary(store: Store, critical: Critical) -> Iterator[Row]:
    """The answer, the critical ones without data and the fixes first, then counts, then the figures
    of each part of the site: those of the report that need no second look at the evidence."""
    from inventory.assemble import units
    from inventory.rollup import USEFUL, Reach, Unit, dark_spares, roll_up

    rated, everything = Reach(USEFUL), Reach(USEFUL)
    spares: list[tuple[Unit, Unit]] = []

    def passing() -> Iterator[Unit]:
        for one in units(store):
            everything.see(one)
            if one.criticality == "C3":
                rated.see(one)
            spares.extend(dark_spares((one,)))
            yield one

    scopes = roll_up(passing())
    given = "give usable readings today"
    if rated.whole:
        share = _of(rated.lo, rated.hi, rated.whole)
        yield (f"Critical machines and devices that {given}", share, "rated C3; level 3 or above")
    share = _of(everything.lo, everything.hi, everything.whole)
    yield (f"All machines and devices that {given}", share, "level 3 or above")
    for spare, best in spares:
        why = f"when {best.name} stops, nobody sees the one that runs"
        yield ("Spare that gives no data", spare.name, why)
    counted: Counter[str] = Counter()
    by_category: Counter[str] = Counter()
    data: Ledger[Finding] = Ledger()
    for one in store.findings():
        if one.severity is Severity.INFO or one.waived:
            continue
        counted[one.severity.value] += 1
        by_category[one.category.value] += 1
        if not frees_nothing(one):
            data.append(replace(one, because=()))
    plan = Plan.of(data)
    yield from _critical(plan, critical)
    for place, fix in enumerate(plan.fixes[: LIMITS.fixes], 1):
        count = f"{len(fix.places)} gap{'s' if len(fix.places) > 1 else ''}"
        freed = Freed.of(plan.freed(fix), {}, 8)
        names = ", ".join((*freed.names, *filter(None, (freed.subject,))))
        what = f"closes {count}: {names}"
        yield (f"Fix {place} ({EFFORTS[fix.effort]})", fix.text, what)
    for name in COLOURS:
        if counted[name]:
            yield (f"Gaps, {name}", counted[name], "sheet Gaps")
    for category, number in by_category.most_common():
        yield (f"Gaps, {category}", number, "sheet Gaps, column Category")
    yield ("Open questions", sum(1 for _ in store.questions()), "neither good nor bad: not known")
    for line in scopes:
        if line["scope"] in ("site", "area", "line"):
            yield from _scope(line)


def _critical(plan: Plan, critical: Critical) -> Iterator[Row]:
    """The critical ones without data, each group with the fix that it waits for."""
    dark, more = critical.dark(plan, LIMITS)
    for one in dark:
        where = f"{', '.join(one.at)}: " if one.at else ""
        effort = EFFORTS[Effort(one.effort)] if one.effort else ""
        what = f"{where}{one.fix} ({effort})" if one.fix else "no fix is known: see Open questions"
        yield ("Critical, and without data", ", ".join(one.names), what)
    if more:
        yield ("Critical, and without data: more", more, "rated C3: see Assets, Level at most 2")


def _scope(line: Mapping[str, object]) -> Iterator[Row]:
    name = f"{line['name']} ({line['scope']})"
    dark, index = line["c3_dark"], line["index"]
    if isinstance(dark, Mapping) and isinstance(index, Mapping):
        span = _span(dark["lo"], dark["hi"])
        yield (f"{name}: critical without data", span, "rated C3, level 2 or below")
        text = _span(index["lo"], index["hi"])
        yield (f"{name}: accessibility index", text, "0 nothing, 1 everything; unknown widens it")
    lo, hi = (_percent(line[key]) for key in ("level4_share", "level4_possible"))
    share = f"{_span(lo, hi)} %"
    yield (f"{name}: share of weight at level 4", share, "stable, with unit, limits and time")
    yield (f"{name}: assets", line["units"], "network equipment left out")


def _percent(value: object) -> int:
    return round(value * 100) if isinstance(value, int | float) else 0


def _span(lo: object, hi: object) -> object:
    return lo if lo == hi else f"{lo} to {hi}"


def _of(lo: int, hi: int, whole: int) -> str:
    return f"{_span(lo, hi)} of {whole}"


def _about(store: Store, now: datetime, scans: bool) -> Iterator[Row]:
    yield ("Program", f"untrap {version('untrap')}")
    yield ("Rules version", rules_digest())
    yield ("Layout version", LAYOUT)
    yield ("Site", store.site)
    yield ("Written", records.time(now) or "")
    for scan in store.scans() if scans else ():
        what = f"{scan.status}, depth {scan.depth or '?'}, from {scan.vantage or '?'}"
        yield (f"Scan {scan.id}", f"{records.time(scan.started)} {what}")
        if scan.targets:
            yield ("  targets", " ".join(scan.targets))
        if scan.excluded:
            yield ("  excluded", " ".join(scan.excluded))
    yield ("Levels", "0 exists, 1 answers, 2 a service spoke, 3 a value with meaning was read, "
           "4 stable with unit, limits and time, 5 over three scans in seven days")  # fmt: skip
    yield ("Effort", "E0 settings, E1 permit and a day, E2 small hardware, E3 project, "
           "E4 replacement")  # fmt: skip
    yield ("Not known", "is never taken for no: see Open questions")


FORMAT = Format("xlsx", "workbook: summary, gaps, questions, assets, signals", write)
