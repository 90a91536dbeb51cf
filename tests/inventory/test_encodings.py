"""Lists in the encodings of the places where they are kept: told, guessed and shown, or named."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory.derive import declared
from inventory.imports import Imported, TableError, read_list
from inventory.imports.columns import headings
from inventory.imports.encodings import EncodingError, decode
from inventory.model import Kind

KNOWN = headings("register")

TEXTS = {
    "cp1252": (
        "Repère;Désignation;Criticité\nP;Pompe d'eau à vis;élevée\n",
        "Tag;Name\nP-1;Kühlpumpe Ölkühler, 80 °C, 3 m³/h\nP2;Größe „ÄÖÜ“\n",
        "Tag,Name\nP,Bomba de água não nº 3 – ação\nX,AÇÃO ÁGUA\n",  # noqa: RUF001
        "Tag;Notes\n1;Ø 50 mm\n2;50 µm\n",
        "Tag;Area\n1;Señal española ¿qué?\n",
        "Tag,Name\n1,Åström Kjøleanlegg Bråten\n",
    ),
    "cp1250": (
        "Oznaczenie;Nazwa;Krytyczność\nP;Sprężarka;wysoka\n",
        "Tag;Name\nP;Pompa główna\n",
    ),
    "cp1251": (
        "Тег;Наименование\nН-1;Насос\n",  # noqa: RUF001 - Cyrillic is what is meant
        "Tag;Name\nP-1;Насос центробежный №3\n",  # noqa: RUF001
        "Tag;Name\nP-1;НАСОС ПИТАТЕЛЬНЫЙ\n",  # noqa: RUF001
    ),
    "gb18030": (
        "Tag,Name,Class\n泵-1,水泵,泵\n",
        "设备编号,名称\n1,离心水泵\n",
        "Tag,Name\n1,电机\n2,变压器 10kV\n",
        "Tag,Name\n1,循环水泵出口压力（一号）\n",  # noqa: RUF001 - brackets of Chinese
    ),
    "shift_jis": (
        "タグ,名称,種類,IPアドレス\nP-1,給水ポンプ,ポンプ,127.80.7.9\n",
        "Tag,Name\nP-1,圧縮機１号\n",
        "Tag,Name\n1,冷却塔\n",
    ),
    "big5": ("Tag,Name\n1,離心水泵\n2,空壓機\n3,冷卻水塔風扇馬達\n",),
}


@pytest.mark.parametrize(
    ("encoding", "text"), [(name, text) for name, texts in TEXTS.items() for text in texts]
)
def test_what_the_letters_make_tells_the_encoding(encoding: str, text: str) -> None:
    found = decode(text.encode(encoding), headings=KNOWN)
    assert found.text == text
    assert "a guess by its letters (--encoding NAME decides)" in found.told


def read(folder: Path, content: bytes, encoding: str = "") -> Imported:
    path = folder / "list.csv"
    path.write_bytes(content)
    return read_list(Kind.REGISTER, path, "plant", {}, encoding=encoding)


def test_a_heading_that_is_known_goes_before_the_letters(tmp_path: Path) -> None:
    found = read(tmp_path, "設備番号,名称\nP-1,涌喩溢臆\n".encode("shift_jis"))
    assert found.columns == {"Tag": "設備番号", "Name": "名称"}
    assert "Shift-JIS, a guess" in found.told


def test_a_text_whose_letters_make_no_words_is_told_so(tmp_path: Path) -> None:
    greek = "Tag;Name\nP-1;Αντλία νερού\n".encode("iso8859-7")
    assert (
        "its letters make few words in it; name it: --encoding NAME" in read(tmp_path, greek).told
    )
    (one,) = declared.rows(read(tmp_path, greek, "iso8859-7").declarations)
    assert one.name == "Αντλία νερού"


def test_a_named_encoding_is_shown_and_is_no_guess(tmp_path: Path) -> None:
    found = read(tmp_path, "Tag;Name\nP-1;냉각수 펌프\n".encode("euc_kr"), "euc_kr")
    assert [one.name for one in declared.rows(found.declarations)] == ["냉각수 펌프"]
    assert found.told == "CSV, delimiter ;, euc_kr"
    assert read(tmp_path, "\ufeffTag;Name\nP-1;x\n".encode(), "utf-8").columns["Tag"] == "Tag"


@pytest.mark.parametrize("name", ["klingon", "hex", "rot13", "undefined"])
def test_an_encoding_that_there_is_not_is_a_clear_error(name: str) -> None:
    with pytest.raises(EncodingError, match=f"no encoding '{name}'; write one like utf-8"):
        decode(b"Tag\n", name)


def test_an_encoding_that_is_not_the_files_is_named_with_the_line(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"list\.csv: line 2 is not in the encoding utf-8"):
        read(tmp_path, "Tag;Name\nP-1;Kühler\n".encode("cp1252"), "utf-8")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_known_by_its_zero_bytes(tmp_path: Path, encoding: str) -> None:
    found = read(tmp_path, "Tag,Name,Class\nÜ-1,水泵,Pumpe\n".encode(encoding))
    assert [(one.tag, one.name) for one in declared.rows(found.declarations)] == [("Ü-1", "水泵")]
    assert "UTF-16 without its mark" in found.told


@pytest.mark.parametrize("content", [b"Tag\0\0\0Name\n", b"T\0a\0g\0,", b"Tag,\0Name\nP\0-1,x\n"])
def test_zero_bytes_of_another_kind_are_no_text(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(TableError, match="zero bytes"):
        read(tmp_path, content)


def test_a_broken_letter_in_utf_8_is_counted_and_spoils_no_other(tmp_path: Path) -> None:
    content = "Tag;Name\nP-1;Kühler für Öl, Größe übermäßig schön überm Täter\n".encode()
    found = read(tmp_path, content + b"P-2;K\xfchler\n")
    names = [one.name for one in declared.rows(found.declarations)]
    assert names[0].startswith("Kühler für Öl")
    assert "UTF-8, of which 1 letters cannot be read" in found.told


def test_a_byte_that_the_guessed_encoding_has_not_is_counted() -> None:
    text = b"Tag;Name\n" + b"1;x\n" * 2100 + "Kühler\n".encode("cp1252") * 2100 + b"P\x81\n"
    assert "Windows-1252, a guess" in (told := decode(text, headings=KNOWN).told)
    assert told.endswith("; 1 letters cannot be read")
