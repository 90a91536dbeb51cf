"""The page about lists: every column, and every statement that verdicts read, from their tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from inventory.imports.columns import canonical
from inventory.judge.statements import statements

HEAD = """# Lists: what a scan cannot see, said by people

`untrap import register|links|map|attest FILE` reads a CSV (any delimiter) or an XLSX workbook (the
first sheet, or the only one that names the columns, or `--sheet NAME`). A CSV is read as UTF-8 or
UTF-16 where it is that. No file tells another encoding: it is guessed of Windows-1252, -1250 and
-1251, GB18030, Shift-JIS, Big5 and EUC-KR, by which headings are known words in it and which
letters stand in words as people write them. The import shows the guess; `--encoding NAME` decides
(Czech, Korean and Greek, among others, need it). Columns may have any names in any order: the
usual words of ten languages are known, what was taken for what is shown, `--map "Theirs=Ours"`
decides, `--dry-run` stores nothing. A title may stand above the columns (in the first 20
lines).

What is no row of a register is left out and named with its line: a sum, the headings again (as on
each printed page), a text of several words alone in its row (a heading of a section, a note), an
attribute of an asset framework; lines that are drawn are left out of every list. Where the column
that would be Tag names two things alike, another column of tags that tells them apart is taken.

A cell that cannot be read is named with its line and a good value, and the rest of its row is
kept, where the row says less without it (of a register: Address, MAC, Kind, Criticality,
Redundancy; of links and maps: Complete). Where the row would say something else without it, or
stands for nothing, the row is wrong, and a file with a wrong row changes nothing; the message names
each such line, its value and a good one.

The latest word about a subject counts, also that of a list that comes again as it was; older
ones stay in the records. A row that a file of the same name held when it was imported before, and
holds no more, is withdrawn: it ceases to hold, the import says so, and it stays on record. Where
more than half of the rows are gone the file may be a part of the list, or another one: nothing is
withdrawn then unless `--replace` says that it is whole. A list of another name withdraws nothing,
and neither does a sheet of attestations ("no" under Value takes a statement back). Made
by `python -m docs.generate`.
"""

NEEDED = {
    "register": "one of Tag, Name, Address, Serial and MAC",
    "links": "Equipment and Device",
    "map": "Table, Address, Type and Name",
    "attest": "Subject and Statement",
}

MEANING: Mapping[str, Mapping[str, str]] = {
    "register": {
        "Tag": "its name in the plant; what links and statements use",
        "Kind": "`equipment` or `device`; empty: a class of equipment makes it equipment",
        "Name": "in plain words",
        "Class": "pump, motor, PLC …; a *Type* that holds makers' types is taken for Model",
        "Site": "as the register calls it; `--site` says where it is kept",
        "Area": "area of the site",
        "Line": "line, cell or process unit",
        "Address": "IP address, or a URL that holds one; a prefix or port is left out; of several"
        " the first is taken, and the import says so; a host name is not looked up, it is the Name"
        " where there is none",
        "MAC": "hardware address, in any spelling",
        "Protocol": "what it is said to speak",
        "Unit": "Modbus unit, or another address behind the parent; unit 1 of an address without"
        " another row is the device itself; a column *Unit* of what is no bus address is taken for"
        " Line, and the import says so",
        "Parent": "tag or address of the gateway that it stands behind",
        "Vendor": "maker",
        "Model": "the maker's type",
        "Serial": "serial number",
        "Criticality": "C1 low, C2 medium, C3 high, or these words in ten languages; A most"
        " critical to C; 1 is C1, but in a column *Priority* the most critical; figures"
        " beyond 3 are no scale of three, and none of them is taken",
        "Redundancy": "A no spare, B one, C two or more (NORSOK Z-008); also yes (at least one: B)"
        " and no, N+1, 2x100%, 1oo2; the import says how words were taken",
        "Owner": "who answers for it",
    },
    "links": {
        "Equipment": "tag of the machine",
        "Device": "tag or address of the device that monitors it; a URL or port is left out",
        "Part": "unit, slot or folder of the device, or the name or address of one value: only"
        " that is linked",
        "Signal": "what it measures of the machine, where it is known: only what may be that is"
        " linked",
        "Complete": "yes: no other device monitors the machine",
    },
    "map": {
        "Vendor": "maker of the device",
        "Model": "its type",
        "Firmware": "of which firmware",
        "Unit": "Modbus unit",
        "Table": "holding, input, coil or discrete",
        "Address": "counted from 0",
        "Type": "uint16, int32, float32 …",
        "WordOrder": "big or little",
        "ByteOrder": "big or little",
        "Scale": "value = raw * Scale + Offset",
        "Offset": "see Scale",
        "EngineeringUnit": "unit of the value",
        "NotAvailable": "the whole number before scaling that means no value, as 65535, -32768 or"
        " 0x7FFF",
        "Name": "of the value",
        "Signal": "measurand, with :place",
        "Complete": "yes: the map holds every value of the device",
    },
    "attest": {
        "Subject": "tag, address or name",
        "Statement": "see below",
        "Value": "what it says",
        "Author": "who says it; or `--author`",
        "Date": "as 2026-05-04, 2026/05/04 or 4.5.2026",
        "Document": "what it rests on",
    },
}


def lists_page() -> str:
    """The page, from the tables of columns and statements."""
    return "\n".join([HEAD, *(line for kind in MEANING for line in _columns(kind)), *_said()])


def _columns(kind: str) -> Iterator[str]:
    yield from (f"## import {kind}", "", f"Needed: {NEEDED[kind]}.", "")
    yield from ("| column | holds | also known as |", "|---|---|---|")
    for name, words in canonical(kind).items():
        others = ", ".join(word for word in words if word != name.lower())
        few = ", ".join(others.split(", ")[:4])
        yield f"| {name} | {MEANING[kind][name]} | {few} |"
    yield ""


def _said() -> Iterator[str]:
    yield "## Statements that verdicts read"
    yield ""
    yield "`untrap export walkdown` writes a sheet of the statements that are worth a walk, and"
    yield "`import attest` reads it back: also what a nameplate says, as fields of the device."
    yield "Gaps that somebody accepted (`waive`) are not in it. Other statements, and answers to"
    yield "what the sheet asks by the name of a rule (T03), are kept with their asset; the import"
    yield 'says that no verdict reads them. "no" under Value takes an earlier statement back.'
    yield ""
    yield from ("| statement | about | Value | what follows |", "|---|---|---|---|")
    for one in statements().values():
        yield f"| {', '.join(one.words)} | {one.about} | {one.value} | {one.says} |"
    yield ""
