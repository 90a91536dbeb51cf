"""Lists that people keep become declarations; what is not taken as it stands is named."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from inventory.derive import declared
from inventory.derive.assets import derive
from inventory.imports import Imported, ListError, MappingError, TableError, read_list
from inventory.imports.columns import parse
from inventory.model import Kind

GOOD = "Asset Tag;Bezeichnung;IP-Adresse;Seriennummer;Kritikalität\nP1;Kühler;10.0.0.1;SN1;hoch\n"


def read(
    folder: Path, content: str | bytes, kind: Kind = Kind.REGISTER, mapping: str = ""
) -> Imported:
    path = folder / "list.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_list(kind, path, "plant", parse(mapping))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_delimiter_and_encoding_are_found(tmp_path: Path, encoding: str, delimiter: str) -> None:
    found = read(tmp_path, GOOD.replace(";", delimiter).encode(encoding))
    (one,) = declared.rows(found.declarations)
    assert (one.tag, one.name, one.address, one.serial, one.criticality) == (
        "P1",
        "Kühler",
        "10.0.0.1",
        "SN1",
        "C3",
    )
    assert found.columns["Tag"] == "Asset Tag"


def test_stated_columns_win_over_guessed_ones(tmp_path: Path) -> None:
    found = read(tmp_path, "Tag,Ort,Nr\nold,Halle 3,P-1\n", mapping="Nr=Tag,Ort=Area,Tag=")
    (one,) = declared.rows(found.declarations)
    assert (one.tag, one.area) == ("P-1", "Halle 3")


@pytest.mark.parametrize("mapping", ["Nope=Tag", "Tag=Nope"])
def test_unknown_column_in_map_names_the_known_ones(tmp_path: Path, mapping: str) -> None:
    with pytest.raises(MappingError, match="Tag"):
        read(tmp_path, GOOD.replace("Asset Tag", "Tag"), mapping=mapping)


def test_map_without_equals_sign_is_explained() -> None:
    with pytest.raises(MappingError, match="Their column=Ours"):
        parse("Tag")


def test_wrong_rows_are_listed_by_line_and_nothing_is_imported(tmp_path: Path) -> None:
    content = "Tag,Address,Area\nA,10.0.0.1,x\n,10.0.0.999,x\nC,10.0.0.3,x\nC,10.0.0.4,x\n"
    with pytest.raises(ListError) as caught:
        read(tmp_path, content)
    said = str(caught.value).splitlines()
    assert said[0].endswith("2 rows are wrong, nothing was imported:")
    assert [line.split(":")[0].strip() for line in said[1:]] == ["line 3", "line 5"]
    assert "Address '10.0.0.999' is no IP address" in said[1]  # it leaves the row without a name


def test_a_cell_that_cannot_be_read_is_named_and_the_rest_of_its_row_is_kept(
    tmp_path: Path,
) -> None:
    content = (
        "Tag,Kind,Class,Address,MAC,Criticality,Redundancy,Owner\n"
        "A,thing,Pump,10.0.0.999,00:1b,urgent,perhaps,Ann\n"
    )
    found = read(tmp_path, content)
    (one,) = declared.rows(found.declarations)
    assert (one.tag, one.cls, one.owner) == ("A", "Pump", "Ann")
    assert (one.kind, one.address, one.mac, one.criticality, one.redundancy) == ("",) * 5
    assert found.told.splitlines()[1:] == [
        "not taken as written: 5 cells; the rest of the row is kept",
        "line 2: Address '10.0.0.999' is no IP address; write it like 10.0.0.17",
        "line 2: Kind 'thing'; write device or equipment, or leave it empty",
        "line 2: Criticality 'urgent'; write C1 (low), C2 (medium) or C3 (high)",
        "line 2: Redundancy 'perhaps'; write A, B or C (NORSOK Z-008)",
        "line 2: MAC '00:1b' has not 12 hexadecimal digits; write it like 00:1b:1b:12:34:56",
    ]


def test_many_cells_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    rows = "".join(f"T-{n},10.0.0.{n}x\n" for n in range(30))
    told = read(tmp_path, f"Tag,Address\n{rows}").told.splitlines()
    assert told[1].startswith("not taken as written: 30 cells;")
    assert (len(told), told[-1]) == (2 + 20 + 1, "and 10 more")


@pytest.mark.parametrize(
    ("written", "letter"),
    [
        ("a", "A"), ("C", "C"), ("ja", "B"), ("Oui", "B"), ("no", "A"), ("keine", "A"),
        ("hot standby", "B"), ("Duty/Standby", "B"),
        ("2x100%", "B"), ("3 x 100 %", "C"), ("2\u00d750%", "A"), ("3x50%", "B"), ("3x33,4 %", "A"),
        ("3x34%", "A"), ("4x50%", "C"), ("3x30%", "A"),
        ("1oo2", "B"), ("2oo3", "B"), ("1oo3", "C"), ("1oo2D", "B"), ("2oo2", "A"),
        ("1 von 2", "B"),
        ("2 out of 3", "B"), ("N+1", "B"), ("n + 2", "C"), ("2+1", "B"), ("N", "A"), ("2N", "B"),
        ("2N+1", "C"),
        ("1", ""), ("2", ""), ("50%", ""), ("perhaps", ""), ("x100%", ""), ("2x0%", ""),
        ("n-1", ""),
    ],
)  # fmt: skip
def test_redundancy_as_people_write_it(tmp_path: Path, written: str, letter: str) -> None:
    found = read(tmp_path, f'Tag;Redundanz\nP-1;"{written}"\n')
    assert [one.redundancy for one in declared.rows(found.declarations)] == [letter]
    said = f"{written} is taken for {letter}" in found.told
    assert said == bool(letter and written.upper() != letter)
    assert (f"Redundancy {written!r}; write A, B or C" in found.told) == (not letter)


@pytest.mark.parametrize(
    ("written", "address", "name"),
    [
        ("opc.tcp://127.80.6.11:4840", "127.80.6.11", ""),
        ("http://10.0.0.5/index.html", "10.0.0.5", ""),
        ("https://admin@10.0.0.5:8443", "10.0.0.5", ""),
        ("opc.tcp://[fd00::5]:4840/server", "fd00::5", ""),
        ("plc5.example.com", "", "plc5.example.com"),
        ("opc.tcp://plc5:4840", "", "plc5"),
        ("opc.tcp://plc5.example.com:4840", "", "plc5.example.com"),
        ("plc5", "", ""),  # a place, a bus address, anything
        ("Halle 3", "", ""),
        ("10.0.0.0/24", "", ""),
        ("fd00::/64", "", ""),
        ("10.0.0.4/31", "10.0.0.4", ""),
        ("10.0.0.999", "", ""),
    ],
)
def test_what_stands_under_address(tmp_path: Path, written: str, address: str, name: str) -> None:
    found = read(tmp_path, f"Tag,Address\nP-1,{written}\n")
    assert [(one.address, one.name) for one in declared.rows(found.declarations)] == [
        (address, name)
    ]
    assert ("line 2: Address" in found.told) == (not address)
    assert ("taken for the Name" in found.told) == bool(name)


def test_a_host_name_under_address_is_no_second_name(tmp_path: Path) -> None:
    found = read(tmp_path, "Tag,Name,Address\nP-1,PLC,plc5.example.com\n")
    assert [one.name for one in declared.rows(found.declarations)] == ["PLC"]
    assert "is a host name, which is not looked up; write the IP address" in found.told
    assert "taken for the Name" not in found.told


def test_a_row_that_only_a_host_name_names_is_called_so(tmp_path: Path) -> None:
    (one,) = read(tmp_path, "Address,Area\nplc5.example.com,Hall 3\n").declarations
    assert one.subject == "plc5.example.com"


def test_of_two_hardware_addresses_in_a_cell_the_first_is_taken(tmp_path: Path) -> None:
    cell = "00-1B-1B-00-00-01 / 00-1B-1B-00-00-02"
    found = read(tmp_path, f"Tag,MAC\nP-1,{cell}\n")
    assert [one.mac for one in declared.rows(found.declarations)] == ["00:1b:1b:00:00:01"]
    assert f"line 2: MAC {cell!r} holds 2, the first is taken" in found.told


def test_lines_are_counted_through_quoted_line_breaks(tmp_path: Path) -> None:
    told = read(tmp_path, 'Tag,Address\n"A\nB",10.0.0.1\nC,nonsense\n').told
    assert "line 4: Address 'nonsense'" in told


@pytest.mark.parametrize(
    "rest",
    [
        'P-2,"open,pump\nP-3,b,c\nP-4,d,e\n',
        'P-2,"open,pump\nP-3,"b",c\n',
        'P-2,"open,pump\nP-3,b,c\nP-4,d,valve 2"\n',
        'P-2,"' + "more\n" * 60 + '",c\n',
        'P-2,b,"open',
    ],
)
def test_a_quote_that_is_not_closed_is_named_by_its_line(tmp_path: Path, rest: str) -> None:
    with pytest.raises(TableError, match="line 3: a quote opens and is not closed"):
        read(tmp_path, "Tag,Name,Area\nP-1,a,b\n" + rest)


def test_quoted_cells_keep_their_line_breaks_and_delimiters(tmp_path: Path) -> None:
    found = read(tmp_path, 'Tag,Name,Area\nP-1,"a, b, c\r\nd, e, 2"" f",Hall\nP-2,2" pipe,Hall\n')
    names = [one.name for one in declared.rows(found.declarations)]
    assert names == ['a, b, c\r\nd, e, 2" f', '2" pipe']


def test_missing_column_is_named_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="--map"):
        read(tmp_path, "Foo,Bar\n1,2\n")


@pytest.mark.parametrize(
    "content", [b"", b"  \n", b"a\0b,c\n1,2\n", b"\xd0\xcf\x11\xe0old", b"PK\x03\x04broken"]
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(TableError):
        read(tmp_path, content)


def test_workbook_is_read_like_csv(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["Tag", "IP Address", "Slave ID"])
    book.active.append(["M3", "10.0.0.5", 3])
    path = tmp_path / "list.xlsx"
    book.save(path)
    found = read_list(Kind.REGISTER, path, "plant", {})
    (one,) = declared.rows(found.declarations)
    assert (one.tag, one.address, one.unit) == ("M3", "10.0.0.5", "3")
    assert found.declarations[0].document.startswith("list.xlsx sha256:")


def test_reading_a_file_twice_gives_the_same_declarations(tmp_path: Path) -> None:
    once, again = read(tmp_path, GOOD), read(tmp_path, GOOD)
    assert [one.id for one in once.declarations] == [one.id for one in again.declarations]


def test_kind_is_taken_from_the_class_of_equipment(tmp_path: Path) -> None:
    content = "Tag,Class,Address,Kind\nP1,Kreiselpumpe,10.0.0.1,\nD1,PLC,10.0.0.2,\nX,,,equipment\n"
    found = derive("plant", [], read(tmp_path, content).declarations)
    assert [one.tag for one in found.equipment] == ["P1", "X"]
    assert {one.addresses[0] for one in found.devices} == {"10.0.0.1", "10.0.0.2"}


def test_register_map_becomes_entries(tmp_path: Path) -> None:
    content = (
        "Table,Address,Data Type,Name,Scale,Word Order,UoM,Complete\n"
        'Holding Register,0x10,REAL,Flow,"0,1",LSW,MQH,yes\n'
    )
    (one,) = declared.maps(read(tmp_path, content, Kind.MAP).declarations)
    assert (one.table, one.address, one.type, one.scale) == ("holding", 16, "float32", 0.1)
    assert (one.word_order, one.engineering_unit, one.complete) == ("little", "MQH", True)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("nowhere,1,uint16,A", "Table"),
        ("holding,-1,uint16,A", "Address"),
        ("holding,70000,uint16,A", "Address"),
        ("holding,1,blob,A", "Type"),
        ("holding,1,uint16,", "Name"),
    ],
)
def test_wrong_map_lines_are_explained(tmp_path: Path, row: str, complaint: str) -> None:
    with pytest.raises(ListError, match=complaint):
        read(tmp_path, f"Table,Address,Type,Name\n{row}\n", Kind.MAP)


@pytest.mark.parametrize(
    ("kind", "said", "raw"),
    [
        ("uint16", "65535", 65535),
        ("int16", "0x8000", -32768),
        ("int16", "-32768", -32768),
        ("int32", "0x7FFFFFFF", 2**31 - 1),
        ("uint64", "0xffffffffffffffff", 2**64 - 1),
        ("float32", "", None),
    ],
)
def test_a_map_states_the_number_that_means_no_value(
    tmp_path: Path, kind: str, said: str, raw: int | None
) -> None:
    content = f"Table,Address,Type,Name,NotAvailable\nholding,1,{kind},Flow,{said}\n"
    (one,) = declared.maps(read(tmp_path, content, Kind.MAP).declarations)
    assert one.not_available == raw


@pytest.mark.parametrize(
    ("kind", "said"), [("uint16", "-1"), ("int16", "0x1FFFF"), ("float32", "0"), ("int16", "n/k")]
)
def test_a_number_that_the_type_has_not_is_explained(tmp_path: Path, kind: str, said: str) -> None:
    content = f"Table,Address,Type,Name,NotAvailable\nholding,1,{kind},Flow,{said}\n"
    with pytest.raises(ListError, match="NotAvailable"):
        read(tmp_path, content, Kind.MAP)


@pytest.mark.parametrize(
    ("header", "words", "model", "says"),
    [
        ("Hersteller,Typ,Datentyp", ("PM5", "PM5"), "PM5", ""),
        ("Vendor,Type,Data Type", ("PM5 ", "PM5"), "PM5", ""),
        ("Vendor,Type,Data Type", ("PM5", "PM6"), "", '--map "Type=Model"'),
        ("Vendor,Type,Data Type", ("PM5", ""), "", '--map "Type=Model"'),
        ("Vendor,Type,Data Type", ("Holding Registers",) * 2, "", '--map "Type=Model"'),
        ("Vendor,Type,Data Type", ("R/W",) * 2, "", '--map "Type=Model"'),
        ("Vendor,Type,Data Type", ("Read-Only",) * 2, "", '--map "Type=Model"'),
        ("Vendor,Typ,Data Type", ("U16",) * 2, "", '--map "Typ=Model"'),
        ("Vendor,Type,Data Type", ("U16",) * 2, "", ""),
        ("Plant,Type,Data Type", ("PM5",) * 2, "", ""),
        ("Vendor,Colour,Data Type", ("PM5",) * 2, "", ""),
        ("Vendor,Type,Format", ("uint16",) * 2, "", ""),  # then Format is not the data type
    ],
)
def test_a_makers_type_beside_the_data_type_of_a_map_is_the_model(
    tmp_path: Path, header: str, words: tuple[str, str], model: str, says: str
) -> None:
    rows = [f"holding,{n},F{n},Acme,{word},uint16" for n, word in enumerate(words)]
    found = read(tmp_path, "\n".join([f"Table,Address,Name,{header}", *rows]), Kind.MAP)
    assert {one.fields.get("model", "") for one in found.declarations} == {model}
    assert ("Model" in found.columns) is bool(model)
    assert says in found.told
    assert bool(says) is ("no column is the model" in found.told)


def test_a_model_that_the_user_or_a_column_names_is_kept(tmp_path: Path) -> None:
    rows = "Table,Address,Name,Vendor,Typ,Data Type,Model\nholding,1,F,Acme,PM5,uint16,M1\n"
    assert read(tmp_path, rows, Kind.MAP).columns["Model"] == "Model"
    assert read(tmp_path, rows, Kind.MAP, "Typ=Model,Model=").columns["Model"] == "Typ"
    assert read(tmp_path, rows, Kind.MAP, "Model=").columns["Model"] == "Typ"
    assert read(tmp_path, rows, Kind.MAP, "Vendor=Model,Model=").columns["Model"] == "Vendor"


def test_attestation_keeps_author_and_date(tmp_path: Path) -> None:
    content = (
        "Subject,Statement,Value,Author,Date\nP1,no vibration sensor,yes,A. Weber,2026-05-04\n"
    )
    (one,) = read(tmp_path, content, Kind.ATTEST).declarations
    assert (one.author, str(one.time)[:10]) == ("A. Weber", "2026-05-04")


def test_two_rows_with_one_tag_are_named_by_both_lines(tmp_path: Path) -> None:
    content = "Tag,Name\nP-1,Pump\nP-2,Fan\nP-1,Cooler\n"
    with pytest.raises(ListError, match="line 4: 'P-1' stands in line 2 too"):
        read(tmp_path, content)


def test_a_row_that_stands_twice_word_for_word_is_no_error(tmp_path: Path) -> None:
    found = read(tmp_path, "Tag,Name\nP-1,Pump\nP-1,Pump\n")
    assert len(declared.rows(found.declarations)) == 1


@pytest.mark.parametrize("address", ["10.0.0.0/33", "10.0.0.1/eth0"])
def test_an_address_with_a_wrong_prefix_is_none(tmp_path: Path, address: str) -> None:
    found = read(tmp_path, f"Tag,Address\nP-1,{address}\n")
    assert [one.address for one in declared.rows(found.declarations)] == [""]
    assert f"line 2: Address '{address}' is no IP address" in found.told


@pytest.mark.parametrize("prefix", ["/24", " / 24", "/255.255.255.0"])
def test_an_address_may_carry_its_prefix(tmp_path: Path, prefix: str) -> None:
    found = read(tmp_path, f"Tag,Address\nP-1,10.0.0.17{prefix}\n")
    assert [one.address for one in declared.rows(found.declarations)] == ["10.0.0.17"]


def test_a_list_that_is_empty_is_a_list(tmp_path: Path) -> None:
    assert read(tmp_path, "Equipment,Device,Complete\n", Kind.LINK).declarations == ()


def test_a_line_with_more_cells_than_the_header_is_named(tmp_path: Path) -> None:
    content = "Tag,Name,Area\nP1,pump,Hall 1\nP2,pump, big,Hall 2\nP3,pump,Hall 3,,\n"
    with pytest.raises(ListError, match=r"line 3: 4 cells for 3 columns"):
        read(tmp_path, content)
    assert len(read(tmp_path, content.replace("pump, big", '"pump, big"')).declarations) == 3


@pytest.mark.parametrize("word", ["maybe", "yess", "complete"])
def test_a_word_that_is_neither_yes_nor_no_is_not_taken_for_no(tmp_path: Path, word: str) -> None:
    found = read(tmp_path, f"Equipment,Device,Complete\nP-1,PLC-1,{word}\n", Kind.LINK)
    assert f"line 2: Complete {word!r}; write yes or no" in found.told
    assert [one.complete for one in declared.links(found.declarations)] == [False]
    for good in ("yes", "No", "", "x", "FALSE"):
        told = read(tmp_path, f"Equipment,Device,Complete\nP-1,PLC-1,{good}\n", Kind.LINK).told
        assert "Complete" not in told


def workbook(path: Path, **sheets: list[tuple[str, ...]]) -> Path:
    book = xlsxwriter.Workbook(str(path))
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    book.close()
    return path


REGISTER_SHEET = [("Tag", "Address"), ("P-1", "10.0.0.1", "a remark beside the table")]


def test_a_workbook_tells_its_sheets_and_one_can_be_named(tmp_path: Path) -> None:
    sheets = {"Register": REGISTER_SHEET, "Spares": REGISTER_SHEET}
    path = workbook(tmp_path / "a.xlsx", **sheets)
    with pytest.raises(TableError, match="no sheet 'register'; it has Register, Spares"):
        read_list(Kind.REGISTER, path, "plant", {}, sheet="register")
    assert read_list(Kind.REGISTER, path, "plant", {}).told == "XLSX, sheet 'Register' of 2"
    found = read_list(Kind.REGISTER, path, "plant", {}, sheet="Spares")
    assert found.told == "XLSX, sheet 'Spares' of 2"
    assert [row.address for row in declared.rows(found.declarations)] == ["10.0.0.1"]
    csv = tmp_path / "a.csv"
    csv.write_text("Tag\nP-1\n", encoding="utf-8")
    with pytest.raises(TableError, match=r"no \.xlsx workbook"):
        read_list(Kind.REGISTER, csv, "plant", {}, sheet="Register")
    with pytest.raises(TableError, match="leave out --encoding"):
        read_list(Kind.REGISTER, path, "plant", {}, encoding="utf-8")


@pytest.mark.parametrize("cover", [[], [("a cover page",)]])
def test_the_only_sheet_that_names_the_columns_is_read(
    tmp_path: Path, cover: list[tuple[str, ...]]
) -> None:
    path = workbook(tmp_path / "a.xlsx", About=cover, Register=REGISTER_SHEET, Notes=[("x",)])
    found = read_list(Kind.REGISTER, path, "plant", {})
    assert found.told == "XLSX, sheet 'Register' of 3, the only one that names the columns"
    assert len(found.declarations) == 1


@pytest.mark.parametrize(
    ("cover", "said"), [([], "is empty"), ([("a cover page",)], "does not name the columns")]
)
def test_of_several_sheets_that_name_the_columns_one_has_to_be_named(
    tmp_path: Path, cover: list[tuple[str, ...]], said: str
) -> None:
    path = workbook(tmp_path / "a.xlsx", About=cover, A=REGISTER_SHEET, B=REGISTER_SHEET)
    wanted = f"its first sheet 'About' {said}; A, B do: name one, as in --sheet 'A'"
    with pytest.raises(TableError, match=wanted):
        read_list(Kind.REGISTER, path, "plant", {})


def test_a_workbook_of_which_no_sheet_names_the_columns_tells_what_it_has(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", About=[], Notes=[("x",)])
    with pytest.raises(TableError, match="is empty; none names them; there are About, Notes"):
        read_list(Kind.REGISTER, path, "plant", {})
    path = workbook(tmp_path / "b.xlsx", About=[("a cover page",)], Notes=[("x",)])
    with pytest.raises(ListError, match=r"among a cover page.*--sheet 'Notes'"):
        read_list(Kind.REGISTER, path, "plant", {})


TITLED = """Anlagenliste Werk Süd, Stand 03.11.2026;;;;
;;;;
Anlagenkennzeichen;Bezeichnung;Typ;IP-Adresse;Kritikalität
=A1+P01;Speisepumpe, Nord;Etanorm 40;;hoch
=A1+K01;SPS Kesselhaus;S7-1515;192.168.10.15/24;gering
"""


def test_a_title_may_stand_above_the_columns(tmp_path: Path) -> None:
    found = read(tmp_path, TITLED.encode("cp1252"))
    assert found.told == (
        "CSV, delimiter ;, Windows-1252, a guess by its letters (--encoding NAME decides), columns"
        " from line 3"
    )
    assert [(one.fields["tag"], one.fields["criticality"]) for one in found.declarations] == [
        ("=A1+P01", "C3"),
        ("=A1+K01", "C1"),
    ]
    wrong = TITLED.replace("192.168.10.15/24", "192.168.10.300").encode("cp1252")
    assert "line 5: Address '192.168.10.300'" in read(tmp_path, wrong).told


def test_the_delimiter_is_not_told_by_commas_in_a_title_or_in_texts(tmp_path: Path) -> None:
    found = read(tmp_path, TITLED.replace("Stand", "a, b, c, d, e, f, g, Stand").encode())
    assert found.columns["Tag"] == "Anlagenkennzeichen"


PLACES = """Tag;Location;Name
P-1;Works 1, hall 2, line 3, cell 4;Pump
P-2;Works 1, hall 2, line 3, cell 5;Pump
P-3;Works 1, hall 2, line 4, cell 1;Pump
"""


@pytest.mark.parametrize("title", ["", "Register, works 1, south, 2026\n"])
def test_the_delimiter_is_the_one_that_names_the_columns(tmp_path: Path, title: str) -> None:
    """Though another sign parts more cells, and as many in each line."""
    found = read(tmp_path, (title + PLACES).encode())
    assert found.columns == {"Tag": "Tag", "Area": "Location", "Name": "Name"}
    assert found.declarations[0].fields["area"] == "Works 1, hall 2, line 3, cell 4"


def test_a_row_below_the_first_ones_names_no_columns(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="no column for Tag"):
        read(tmp_path, ("Liste\n" * 30 + "Tag,Name\nP-1,Pump\n").encode())


def test_a_type_that_is_the_makers_is_the_model(tmp_path: Path) -> None:
    assert read(tmp_path, TITLED.encode("cp1252")).columns["Model"] == "Typ"
    classes = b"Tag;Typ\nP-1;Kreiselpumpe\nM-2;Motor 2\n"
    assert read(tmp_path, classes).columns["Class"] == "Typ"


@pytest.mark.parametrize(
    ("heading", "words", "levels"),
    [
        ("Criticality", "high|Medium|LOW|3|1", "C3 C2 C1 C3 C1"),
        ("Kritikalität", "sehr hoch|mittel|niedrig", "C3 C2 C1"),
        ("Criticité", "Élevée|moyenne|faible", "C3 C2 C1"),
        ("Criticidad", "crítica|media|baja", "C3 C2 C1"),
        ("ABC indicator", "A|b|C|1", "C3 C2 C1 C3"),
        ("Priority", "1|2|3|C1", "C3 C2 C1 C1"),
    ],
)
def test_criticality_in_words_letters_and_figures(
    tmp_path: Path, heading: str, words: str, levels: str
) -> None:
    rows = "".join(f"T-{n},{word}\n" for n, word in enumerate(words.split("|")))
    found = read(tmp_path, f"Tag,{heading}\n{rows}".encode())
    assert [one.fields["criticality"] for one in found.declarations] == levels.split()
    assert ("1 is taken for the most critical" in found.told) == (heading[0] in "AP")


def test_figures_of_a_scale_of_other_steps_rate_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, b"Tag,Criticality\nP-1,1\nP-2,5\nP-3,3.0\nP-4,high\n")
    rated = [one.criticality for one in declared.rows(found.declarations)]
    assert rated == ["", "", "", "C3"]  # 3 of 5 is the middle, not the top
    assert "no figure is taken, for 5 is none of the steps 1, 2, 3" in found.told
    assert "line 2" not in found.told  # once is enough


def test_a_figure_with_a_zero_behind_it_is_the_same(tmp_path: Path) -> None:
    found = read(tmp_path, b"Tag;Criticality\nP-1;1.0\nP-2;3,0\nP-3;2\n")
    assert [one.criticality for one in declared.rows(found.declarations)] == ["C1", "C3", "C2"]


def test_a_statement_that_no_verdict_reads_is_told_with_the_nearest_that_one_does(
    tmp_path: Path,
) -> None:
    rows = ("P-1,monitord by,PLC-1", "P-1,paint is green,yes", "P-1,Redundant with P-2,yes",
            "P-1,U05 vibration,seen", "P-1,not fitted,flow", "P-2,monitord by,PLC-1")  # fmt: skip
    found = read(tmp_path, "\n".join(("Subject,Statement,Value", *rows, "")), Kind.ATTEST)
    assert len(found.declarations) == len(rows)
    assert found.told.splitlines()[1:] == [
        "line 2: no verdict reads 'monitord by'; it is kept as a note;"
        " did you mean 'monitored by'?",
        "line 3: no verdict reads 'paint is green'; it is kept as a note",
        "line 5: no verdict reads 'U05 vibration'; it is kept as a note",
    ]


@pytest.mark.parametrize(
    ("statement", "meant"),
    [
        ("monitored by PLC-1", "monitored by"),  # what belongs under Value
        ("not fitted: flow", "not fitted"),
        ("motor removed for repair", "removed"),
        ("consistent", ""),  # holds "sis"
    ],
)
def test_words_that_are_read_alone_are_not_read_within_a_sentence(
    tmp_path: Path, statement: str, meant: str
) -> None:
    found = read(tmp_path, f"Subject,Statement,Value\nP-1,{statement},yes\n", Kind.ATTEST)
    (told,) = found.told.splitlines()[1:]
    assert told.startswith(f"line 2: no verdict reads {statement!r}")
    assert told.endswith(f"; did you mean {meant!r}?") == bool(meant)


@pytest.mark.parametrize(
    "statement", ["Redundant with P-2", "delivered with option 7", "SIS", "part of a safety loop"]
)
def test_words_that_are_read_within_a_sentence(tmp_path: Path, statement: str) -> None:
    found = read(tmp_path, f"Subject,Statement,Value\nP-1,{statement},yes\n", Kind.ATTEST)
    assert len(found.told.splitlines()) == 1


def test_cells_that_say_that_nothing_is_known_are_empty_and_counted(tmp_path: Path) -> None:
    rows = "P-1;Pumpe;-;n/a;tbd;?\n-;Kühler;10.0.0.2;-;SN-2;k.A.\nS1;Lager;DHCP;--;unknown;brak\n"
    found = read(tmp_path, f"Kennzeichen;Bezeichnung;IP-Adresse;MAC;Fabrik-Nr.;Eigner\n{rows}",
                 mapping="Eigner=Owner")  # fmt: skip
    first, second, third = declared.rows(found.declarations)
    assert (first.tag, first.address, first.mac, first.serial, first.owner) == ("P-1", *[""] * 4)
    assert (second.tag, second.name, second.serial) == ("", "Kühler", "SN-2")
    assert (third.address, third.serial, third.owner) == ("", "", "")
    assert "taken as not known: 11 cells (-, " in found.told


def test_a_link_to_nothing_is_no_link_to_a_device_of_that_name(tmp_path: Path) -> None:
    found = read(tmp_path, "Equipment,Device,Signal,Complete\nP-1,-,n/a,yes\n", Kind.LINK)
    (one,) = declared.links(found.declarations)
    assert (one.device, one.signal, one.complete) == ("", "", True)


def test_a_maps_dash_is_its_authors_word(tmp_path: Path) -> None:
    found = read(tmp_path, "Table,Address,Type,Name\nholding,7,uint16,-\n", Kind.MAP)
    assert [one.name for one in declared.maps(found.declarations)] == ["-"]


@pytest.mark.parametrize(
    ("written", "address"),
    [("10.0.0.5:502", "10.0.0.5"), ("[fd00::5]:4840", "fd00::5"), ("10.0.0.5/24", "10.0.0.5"),
     ("192.168.001.010", "192.168.1.10"),
     ("fd00::5", "fd00::5"), ("10.0.0.5 : 502", "10.0.0.5")],
)  # fmt: skip
def test_a_port_or_prefix_behind_an_address_is_left_out(
    tmp_path: Path, written: str, address: str
) -> None:
    (one,) = declared.rows(read(tmp_path, f"Tag,Address\nP-1,{written}\n").declarations)
    assert one.address == address


@pytest.mark.parametrize(
    "written", ["10.0.0.5 / 10.0.0.6", "10.0.0.5;10.0.0.6", "10.0.0.5/10.0.0.6"]
)
def test_of_two_addresses_in_a_cell_the_first_is_taken(tmp_path: Path, written: str) -> None:
    found = read(tmp_path, f'Tag,Address\nP-1,"{written}"\n')
    assert [one.address for one in declared.rows(found.declarations)] == ["10.0.0.5"]
    assert "holds 2, the first is taken" in found.told


@pytest.mark.parametrize(
    ("headings", "site", "area", "told"),
    [
        ("Tag;Werk;Standort", "a", "b", True),  # SAP: the plant, and the place in it
        ("Tag;Standort;Bereich", "a", "b", False),
        ("Tag;Standort;Linie", "", "a", True),
        ("Tag;Werk;Halle", "a", "b", False),
    ],
)
def test_a_standort_is_the_site_only_where_another_column_is_the_area(
    tmp_path: Path, headings: str, site: str, area: str, told: bool
) -> None:
    """It was the site always; then no asset had a place (G07), and no area was summed."""
    found = read(tmp_path, f"{headings}\nP-1;a;b\n")
    (one,) = declared.rows(found.declarations)
    assert (one.site, one.area) == (site, area)
    assert ('--map "Standort=Site"' in found.told) is told


def test_who_says_what_a_standort_is_is_believed(tmp_path: Path) -> None:
    found = read(tmp_path, "Tag;Standort\nP-1;a\n", mapping="Standort=Site")
    (one,) = declared.rows(found.declarations)
    assert (one.site, one.area) == ("a", "")
    assert "--map" not in found.told


@pytest.mark.parametrize("statement", ["no sensor", "not instrumented", "not fitted"])
def test_a_missing_sensor_that_nobody_names_is_asked_for(tmp_path: Path, statement: str) -> None:
    """Such a row was taken, and no verdict could read it."""
    with pytest.raises(ListError, match="Value is empty; write the signal that is meant"):
        read(tmp_path, f"Subject,Statement,Value,Author\nP-1,{statement},,Huber\n", Kind.ATTEST)
    found = read(tmp_path, f"Subject,Statement,Value\nP-1,{statement},no\n", Kind.ATTEST)
    assert len(found.declarations) == 1  # takes an earlier word back


@pytest.mark.parametrize("word", ["néant", "keine", "aucun", "Ninguno", "none", "sans objet"])
def test_none_is_no_address_and_nobody(tmp_path: Path, word: str) -> None:
    (one,) = declared.rows(read(tmp_path, f"Tag;IP;Owner\nP-1;{word};{word}\n").declarations)
    assert (one.address, one.owner) == ("", "")
    found = read(tmp_path, "Tag;Redundancy\nP-1;none\n")  # no spare: a rating
    assert [one.redundancy for one in declared.rows(found.declarations)] == ["A"]


@pytest.mark.parametrize(
    "row",
    ["Total : 4;;", "Summe;;214", "合计 12;;", ";Gesamt;3", "Summe;4 Geräte;", "Total:;2 pumps;9"],
)
def test_a_sum_below_a_list_is_no_asset(tmp_path: Path, row: str) -> None:
    found = read(tmp_path, f"Tag;Name;Serial\nP-1;Pump;7\n{row}\n")
    assert [one.tag for one in declared.rows(found.declarations)] == ["P-1"]
    assert "left out: line 3, a sum of the list" in found.told


@pytest.mark.parametrize(
    "row", ["Total flow meter;FT-1;", "Totalizer;;", "Sum-1;Pump;", "Total;Pump;"]
)
def test_what_only_begins_like_a_sum_is_an_asset(tmp_path: Path, row: str) -> None:
    found = read(tmp_path, f"Tag;Name;Serial\n{row}\n")
    assert len(found.declarations) == 1


def test_figures_of_criticality_are_told_how_they_are_taken(tmp_path: Path) -> None:
    """In half of the plants 1 is the most critical."""
    found = read(tmp_path, "Tag;Criticality\nP-1;1\nP-2;high\n")
    assert "3 is taken for the most critical (C3), 1 for the least (C1)" in found.told
    assert "taken for the most" not in read(tmp_path, "Tag;Criticality\nP-1;high\n").told
    first = read(tmp_path, "Tag;Priority\nP-1;1\n")
    assert "1 is taken for the most critical" in first.told


SAP = "TPLNR;EQUNR;EQKTX;HERST;ABCKZ\n"


def test_of_two_columns_of_tags_the_one_that_tells_the_rows_apart_is_taken(tmp_path: Path) -> None:
    rows = "W1-P01;10004711;Pump;KSB;A\nW1-P01;10004712;Motor;ABB;B\n"
    found = read(tmp_path, SAP + rows)
    assert (found.columns["Tag"], found.ignored) == ("EQUNR", ("TPLNR",))
    assert [one.criticality for one in declared.rows(found.declarations)] == ["C3", "C2"]
    apart = read(tmp_path, SAP + rows.replace("P01;10004712", "P02;10004712"))
    assert apart.columns["Tag"] == "TPLNR"


@pytest.mark.parametrize(
    "rows",
    [
        "W1-P01;10004711;Pump;;\nW1-P01;;Motor;;\n",  # it does not name the second
        "W1-P01;10004711;Pump;;\nW1-P01;10004711;Motor;;\n",  # nor tell them apart
        "W1-P01;1;Pump;;\nW1-P01;2;Motor;;\n",  # a running number
    ],
)
def test_a_column_that_tells_no_rows_apart_is_no_better_tag(tmp_path: Path, rows: str) -> None:
    with pytest.raises(ListError, match=r"'W1-P01' stands in line 2 too and differs"):
        read(tmp_path, SAP + rows)


def test_rows_without_a_tag_or_word_for_word_alike_are_not_named_alike(tmp_path: Path) -> None:
    rows = "W1-P01;7;Pump;;\nW1-P01;7;Pump;;\n;8;Motor;;\n;9;Fan;;\n"
    assert read(tmp_path, SAP + rows).columns["Tag"] == "TPLNR"
    mapped = read_list(Kind.REGISTER, tmp_path / "list.csv", "plant", {"EQUNR": "Tag"})
    assert mapped.columns["Tag"] == "EQUNR"
