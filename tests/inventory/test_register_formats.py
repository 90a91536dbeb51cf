"""Registers as other programs write them: what names an asset, and what only looks like a row."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from inventory.imports import Imported, ListError, read_list
from inventory.model import Kind

ROWS = "P-1,pump,10.0.0.1\nP-2,pump,10.0.0.2\n"
LIST = f"Tag,Class,IP\n{ROWS}"


def read(folder: Path, content: str, kind: Kind = Kind.REGISTER) -> Imported:
    (folder / "r.csv").write_text(content, "utf-8")
    return read_list(kind, folder / "r.csv", "plant", {})


def told(found: Imported) -> list[str]:
    return found.told.splitlines()[1:]


def subjects(found: Imported) -> list[str]:
    return [one.subject for one in found.declarations]


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        (
            "Equipment|Bezeichnung techn. Objekt|Hersteller|Typbezeichnung|Herst.Serialnr.|ABC"
            "|StdWerk|Standort",
            "Tag|Name|Vendor|Model|Serial|Criticality|Site|",
        ),
        (
            "ASSETNUM|SITEID|DESCRIPTION|LOCATION|PARENT|SERIALNUM|MANUFACTURER|PRIORITY",
            "Tag|Site|Name|Area|Parent|Serial|Vendor|Criticality",
        ),
        (
            "Equipment|Description|Class|Criticality|Manufacturer|Serial Number|Model"
            "|Parent Equipment",
            "Tag|Name|Class|Criticality|Vendor|Serial|Model|Parent",
        ),
        (
            "name|asset_tag|sys_class_name|ip_address|mac_address|serial_number|model_id"
            "|owned_by|busines_criticality",
            "Name|Tag|Class|Address|MAC|Serial|Model|Owner|Criticality",
        ),
        (
            "Name|Site|Location|Role|Manufacturer|Type|IP Address|Serial number|Asset tag",
            "Name|Site|Area|Class|Vendor|Model|Address|Serial|Tag",
        ),
        (
            "Device item|Article number|PROFINET device name|IP address|Subnet mask",
            "Tag|Model|Name|Address|",
        ),
        ("Device Name|IP Address/DNS|Make/Model|MAC Address", "Name|Address||MAC"),
    ],
)
def test_the_headings_of_programs(tmp_path: Path, header: str, taken: str) -> None:
    names = header.split("|")
    found = read(tmp_path, ",".join(names) + "\n" + ",".join(f"x{n}" for n in range(len(names))))
    places = {theirs: ours for ours, theirs in found.columns.items()}
    assert [places.get(name, "") for name in names][: len(names)] == [
        one or places.get(name, "") * (name == "Standort")
        for one, name in zip(taken.split("|"), names, strict=True)
    ]


def test_what_names_a_thing_is_its_tag_where_the_name_describes_it(tmp_path: Path) -> None:
    rows = "ControlLogix 5580,10.0.0.1,Line1\nControlLogix 5580,10.0.0.2,Line2\n"
    found = read(tmp_path, f"Description,IP Address,Device Name\n{rows}")
    assert subjects(found) == ["Line1", "Line2"]
    assert found.columns["Name"] == "Description"
    named = read(tmp_path, "Device Name,Hostname\nPLC 1,plc1\n")
    assert "Tag" not in named.columns  # a name is no description
    tagged = read(tmp_path, "Tag,Description,Device Name\nP-1,Pump,plc1\n")
    assert subjects(tagged) == ["P-1"]
    bare = read(tmp_path, "Description,IP Address\nPump,10.0.0.1\n")
    assert "Tag" not in bare.columns


def test_the_attributes_of_an_asset_framework_are_no_assets(tmp_path: Path) -> None:
    rows = (
        ",Plant,Element,\nPlant,P-101,Element,Pump\nPlant\\P-101,Flow,Attribute,\n"
        "Plant,P-102,Element,Pump\nPlant\\P-102,Flow,Attribute,\n"
    )
    found = read(tmp_path, f"Parent,Name,ObjectType,Template\n{rows}")
    assert subjects(found) == ["Plant", "P-101", "P-102"]
    assert [one.fields["class"] for one in found.declarations] == ["", "Pump", "Pump"]
    assert [one.fields["kind"] for one in found.declarations] == [""] * 3
    assert told(found) == [
        "left out: line 4 and 1 more, a row of kind 'Attribute', which is no asset"
    ]


def test_headings_that_come_again_on_each_page_are_no_rows(tmp_path: Path) -> None:
    found = read(tmp_path, f"{LIST}Tag,Class,IP\nP-3,fan,\ntag,CLASS,\n")
    assert subjects(found) == ["P-1", "P-2", "P-3"]
    assert told(found) == ["left out: line 4 and 1 more, the headings again"]
    other = read(tmp_path, f"{LIST}Tag,fan,\n")  # a thing that is called so
    assert "Tag" in subjects(other)


@pytest.mark.parametrize("line", ["-----,-----,---", "|----|:----", "=====,,", "......,,"])
def test_a_line_that_is_drawn_is_no_row(tmp_path: Path, line: str) -> None:
    assert subjects(read(tmp_path, f"{LIST}{line}\n")) == ["P-1", "P-2"] or "|" in line
    piped = read(tmp_path, "| Tag | IP |\n|-----|----|\n| P-1 | 10.0.0.1 |\n")
    assert (subjects(piped), told(piped)) == (["P-1"], [])
    linked = read(tmp_path, "Equipment,Device\n-----,-----\nP-1,PLC-1\n", Kind.LINK)
    assert len(linked.declarations) == 1


@pytest.mark.parametrize("note", ["Page 1 of 3", "* to be checked on site", "Area 2"])
def test_a_text_alone_in_its_row_is_a_heading_or_a_note(tmp_path: Path, note: str) -> None:
    found = read(tmp_path, f"{LIST}{note},,\nP-3,fan,\n")
    assert subjects(found) == ["P-1", "P-2", "P-3"]
    assert told(found) == [
        f"left out: line 4, {note!r} alone in its row: a heading or a note"
        " (an asset needs a second cell)"
    ]


@pytest.mark.parametrize(
    "content",
    [
        f"{LIST}P-9,,\n",  # one word, as tags are
        "Tag,Class,IP\nPump 1,pump,\nPump 2,pump,\nPump 9,,\n",  # tags here are several words
        "Tag,Class\nP-1,pump\nPump 9,\n",  # a list of two columns tells no more of many
    ],
)
def test_a_tag_alone_in_its_row_is_an_asset(tmp_path: Path, content: str) -> None:
    found = read(tmp_path, content)
    assert len(found.declarations) == content.count("\n") - 1
    assert told(found) == []


def test_a_scale_that_is_none_of_three_is_told_once(tmp_path: Path) -> None:
    found = read(tmp_path, "ASSETNUM,PRIORITY\n1,1\n2,5\n3,high\n")
    assert [one.fields["criticality"] for one in found.declarations] == ["", "", "C3"]
    assert told(found) == ["PRIORITY: no figure is taken, for 5 is none of the steps 1, 2, 3"]


@pytest.mark.parametrize(
    ("word", "level"),
    [("1 - most critical", "C3"), ("2 - somewhat critical", "C2"), ("4 - not critical", "C1"),
     ("H", "C3"), ("M", "C2"), ("L", "C1")],
)  # fmt: skip
def test_ratings_of_programs(tmp_path: Path, word: str, level: str) -> None:
    (one,) = read(tmp_path, f"Tag,Criticality\nP-1,{word}\n").declarations
    assert one.fields["criticality"] == level


def test_a_printed_workbook(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "w.xlsx"))
    page = book.add_worksheet("Register")
    page.merge_range(0, 0, 0, 3, "Equipment register, Plant North")
    page.merge_range(2, 0, 2, 1, "Identification")
    page.merge_range(2, 2, 2, 3, "Data")
    header = ("Tag no.", "IP address", "Power\n[kW]", "Criticality\n(1-3)")
    for line, row in enumerate(
        (header, ("", "", "kW", "-"), ("P-1", "", 75.5, 3), header, ("PLC-1", "10.0.0.1", "", 2),
         ("Page 1 of 1",), ("Total", 2)), 3,
    ):  # fmt: skip
        page.write_row(line, 0, row)
    book.close()
    found = read_list(Kind.REGISTER, tmp_path / "w.xlsx", "plant", {})
    assert subjects(found) == ["P-1", "PLC-1"]
    assert found.ignored == ("Power [kW]",)
    assert found.columns["Criticality"] == "Criticality (1-3)"
    assert [line.partition(",")[2] for line in told(found) if line.startswith("left out")] == [
        " the headings again",
        " 'Page 1 of 1' alone in its row: a heading or a note (an asset needs a second cell)",
        " a sum of the list",
    ]


def test_a_list_of_which_nothing_is_an_asset_says_so(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="no row below the header"):
        read(tmp_path, "Name,ObjectType\nFlow,Attribute\n")


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ('="00123"', "00123"), ("'0045", "0045"), ("'=A1-K1", "=A1-K1"), ("=A1-K1", "=A1-K1"),
        ("P\u00a0-1\u200b", "P -1"), ("\ufeffP-1\u200e", "P-1"),
        ("P-1\n(standby)", "P-1 (standby)"),
        ("'quoted'", "'quoted'"), ('="a"&"b"', '="a"&"b"'),
    ],
)  # fmt: skip
def test_a_tag_is_what_people_see_of_it(tmp_path: Path, written: str, tag: str) -> None:
    quoted = written.replace('"', '""')
    (one,) = read(tmp_path, f'Tag;Class\n"{quoted}";pump\n').declarations
    assert one.fields["tag"] == tag


@pytest.mark.parametrize(
    ("written", "address", "said"),
    [
        ("10.0.0.9 (eth0)", "10.0.0.9", ""),
        ("10.0.0.9 (a), 10.0.0.10 (b)", "10.0.0.9", "holds 2, the first is taken"),
        ("::ffff:10.0.0.1", "10.0.0.1", ""),
        ("0.0.0.0", "", "is nobody's"),  # noqa: S104 - nothing is bound to it
        ("255.255.255.255", "", "is nobody's"),
        ("224.0.0.1", "", "is that of a group"),
        ("ff02::1", "", "is that of a group"),
        ("169.254.1.1", "169.254.1.1", ""),
    ],
)
def test_addresses_as_they_are_written(
    tmp_path: Path, written: str, address: str, said: str
) -> None:
    found = read(tmp_path, f'Tag;IP\nP-1;"{written}"\n')
    assert [one.fields["address"] for one in found.declarations] == [address]
    assert told(found) == [] if not said else said in found.told


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ("P-1,110,\nP-2,110,\nPLC-1,120,10.0.0.1\n", True),  # units of the process
        ("P-1,CW,\nPLC-1,CW,10.0.0.1\nPLC-2,HVAC,10.0.0.2\n", True),
        ("PLC-1,300,10.0.0.1\nPLC-2,300,10.0.0.2\n", True),
        ("M-1,3,10.0.0.1\nM-2,4,10.0.0.1\nP-1,5,\n", False),  # bus addresses
        ("M-1,,10.0.0.1\n", False),
        ("M-1,unit 3,10.0.0.1\n", False),
    ],
)
def test_a_unit_is_one_of_the_process_or_of_a_bus(tmp_path: Path, rows: str, line: bool) -> None:
    found = read(tmp_path, f"Tag,Unit,IP\n{rows}")
    assert found.columns.get("Line", "") == "Unit" * line
    assert ('if it is a bus address: --map "Unit=Unit"' in found.told) == line
    (tmp_path / "m.csv").write_text(f"Tag,Unit,IP\n{rows}", "utf-8")
    stated = read_list(Kind.REGISTER, tmp_path / "m.csv", "plant", {"Unit": "Unit"})
    assert stated.columns["Unit"] == "Unit"


def test_a_slave_id_is_a_bus_address_whatever_it_holds(tmp_path: Path) -> None:
    assert read(tmp_path, "Tag,Slave ID\nP-1,110\n").columns["Unit"] == "Slave ID"
    both = read(tmp_path, "Tag,Unit,Line\nP-1,110,L\n")
    assert both.columns["Line"] == "Line"


@pytest.mark.parametrize(
    ("written", "device"),
    [
        ("10.0.0.1:502", "10.0.0.1"), ("opc.tcp://10.0.0.1:4840", "10.0.0.1"),
        ("10.0.0.1 (PLC)", "10.0.0.1"), ("010.000.000.001", "10.0.0.1"),
        ("PLC-1", "PLC-1"), ("PLC-1 (old)", "PLC-1 (old)"), ("10.0.0.1 unit 3", "10.0.0.1 unit 3"),
        ("plc5.example.com", "plc5.example.com"),
    ],
)  # fmt: skip
def test_a_device_of_a_link_by_its_address(tmp_path: Path, written: str, device: str) -> None:
    found = read(tmp_path, f"Equipment,Device\nP-1,{written}\nEquipment,Device\n", Kind.LINK)
    assert [one.fields["device"] for one in found.declarations] == [device]


@pytest.mark.parametrize(
    ("written", "kind"),
    [("ENUM16", "uint16"), ("bitfield32", "uint32"), ("acc64", "uint64"), ("Single", "float32"),
     ("LREAL", "float64"), ("sint32", "int32"), ("UDINT", "uint32"), ("UINT", "uint16")],
)  # fmt: skip
def test_types_as_makers_write_them(tmp_path: Path, written: str, kind: str) -> None:
    found = read(tmp_path, f"Table,Address,Type,Name\nholding,0,{written},P\n", Kind.MAP)
    assert [one.fields["type"] for one in found.declarations] == [kind]


@pytest.mark.parametrize(
    ("written", "day"), [("2026/05/04", 4), ("2026.5.4", 4), ("4.5.2026", 4), ("04/05/2026", 0)]
)
def test_a_day_whose_order_is_clear_is_read(tmp_path: Path, written: str, day: int) -> None:
    content = f"Subject,Statement,Value,Date\nP-1,safety,yes,{written}\n"
    if not day:
        with pytest.raises(ListError, match="write it like 2026-05-04"):
            read(tmp_path, content, Kind.ATTEST)
        return
    (one,) = read(tmp_path, content, Kind.ATTEST).declarations
    assert one.time is not None
    assert (one.time.month, one.time.day) == (5, day)
