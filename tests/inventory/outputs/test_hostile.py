"""What devices say is inert in every output (safety 5.6): judged by the receiver's own parser."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest
from click.testing import CliRunner

from inventory.outputs import formats
from inventory.store import Store
from scanner.cli import untrap
from tests.inventory.making import SITE, START
from tests.inventory.outputs import connecting, sample
from tests.inventory.outputs.every import NOT_SHOWING, SHOWING, outputs

ACTING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that act instead of being seen."""
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""
ELEMENTS = {"img", "iframe", "object", "embed", "link", "base", "form", "a"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every output of two hostile plants: one of many devices, one with readable services."""
    found: dict[str, str] = {}
    for name, plant in (("many", sample.plant), ("readable", connecting.plant)):
        folder = tmp_path_factory.mktemp(name)
        with Store.open(plant(folder, hostile=True), SITE) as store:
            place = folder / "out"
            place.mkdir()
            found |= {f"{name}/{file}": text for file, text in outputs(store, place, now=START)}
    return found


def of(made: dict[str, str], *endings: str) -> Iterator[tuple[str, str]]:
    """The files that end so; at least one."""
    found = [(name, text) for name, text in made.items() if name.endswith(endings)]
    assert found, endings
    return iter(found)


JUDGED = (
    *(".csv", ".json", ".jsonld", ".conf", ".yml", ".yml.example", ".md", ".ndjson", ".rels"),
    *("nmap-xml.xml", "report.html"),
)
"""Files that a test below reads as their receiver does, beside the sheets of a workbook."""


def test_every_format_is_written_and_every_file_is_judged(made: dict[str, str]) -> None:
    """A new format, or a new kind of file of an old one, cannot stay out of the tests below."""
    named = {name.split("/")[1] for name in made}
    for one in formats():
        assert [name for name in named if re.match(rf"{re.escape(one)}(-|\.|$)", name)], one
    unjudged = [n for n in made if not n.endswith(JUDGED) and not re.search(r"\.xlsx/.*\.xml$", n)]
    assert not unjudged


def acting(text: str, but: str = "") -> set[str]:
    """Characters of a text that act."""
    return {c for c in set(text) - set(but) if unicodedata.category(c) in ACTING}


def test_the_hostile_names_are_in_there(made: dict[str, str]) -> None:
    """Else nothing below would be judged."""
    for name, text in of(made, "csv-assets.csv"):
        assert "onerror=" in text and "\\u202e" in text and "\\x1b[31m" in text, name


def test_no_character_acts_in_any_file(made: dict[str, str]) -> None:
    for name, text in made.items():
        if name.endswith((".ndjson",)):
            assert text.isascii(), name  # a bundle is for programs: the text itself, escaped
        assert acting(text, "\r\n\ufeff" if ".csv" in name else "\n") <= {"\r"}, name
        assert "\ufeff" not in text[1:], name


def test_no_file_name_leaves_its_folder_or_acts(made: dict[str, str]) -> None:
    for name in made:
        if ".xlsx/" not in name:
            assert re.fullmatch(r"[\w./\[\]-]+", name, re.ASCII), name
            assert ".." not in name and not name.startswith("/"), name


def test_no_csv_cell_is_a_formula(made: dict[str, str]) -> None:
    for name, text in of(made, ".csv"):
        rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"), newline="")))
        assert len({len(row) for row in rows}) == 1, name
        for cell in (cell for row in rows for cell in row):
            assert not cell.startswith(FORMULA) or NUMBER.fullmatch(cell), (name, cell)


def test_no_sheet_holds_a_formula_or_a_foreign_link(made: dict[str, str]) -> None:
    for name, text in made.items():
        if ".xlsx/" in name and name.endswith((".xml", ".rels")):
            root = ElementTree.fromstring(text)  # noqa: S314 - our own file
            assert not [one.tag for one in root.iter() if one.tag.endswith("}f")], name
            targets = [one.get("Target", "") for one in root.iter() if one.get("TargetMode")]
            assert not targets, name
            for one in root.iter():
                location = one.get("location")
                assert location is None or location.startswith("'Assets'!A"), name


def test_json_is_ascii_and_parses(made: dict[str, str]) -> None:
    for name, text in of(made, ".json", ".jsonld"):
        assert text.isascii(), name
        json.loads(text)


def test_toml_holds_the_tables_of_one_plugin_only(made: dict[str, str]) -> None:
    for name, text in of(made, ".conf"):
        content = tomllib.loads(text)
        assert set(content) <= {"inputs"}, name
        assert set(content.get("inputs", {})) <= {"modbus", "opcua", "snmp"}, name


def test_yaml_holds_one_plain_line_after_another(made: dict[str, str]) -> None:
    """Keys and numbers are ours; what a device said stands in a JSON string (YAML 1.2 takes it)."""
    value = r'\[[\w/.,-]*\]|[\w./:-]+|"(\\.|[^"\\])*"'
    line = re.compile(rf" *(- )?([\w.-]+:( ({value}))?|[\w./-]+|\[\]|modules: \{{\}})")
    for name, text in of(made, ".yml", ".yml.example"):
        for one in text.splitlines():
            assert one.startswith("#") or line.fullmatch(one), (name, one)
            if '"' in one:
                json.loads(one[one.index('"') :])


def test_xml_parses_and_holds_our_elements_only(made: dict[str, str]) -> None:
    for name, text in of(made, "nmap-xml.xml"):
        root = ElementTree.fromstring(text)  # noqa: S314 - our own file
        known = {"nmaprun", "host", "status", "address", "hostnames", "hostname", "ports", "port"}
        known |= {"state", "service", "runstats", "finished", "hosts", "verbose", "debugging"}
        assert {one.tag for one in root.iter()} <= known, name


def test_markdown_holds_no_markup_of_a_device(made: dict[str, str]) -> None:
    for name, text in of(made, ".md"):
        assert "<" not in text and "javascript:" not in text, name


class Elements(HTMLParser):
    """Elements and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


def test_html_holds_no_element_of_a_device(made: dict[str, str]) -> None:
    for _, text in of(made, "report.html"):
        found = Elements(text).found
        assert [tag for tag, _ in found].count("script") == 1
        for tag, attributes in found:
            assert not [name for name in attributes if name.startswith("on")], tag
            assert tag not in ELEMENTS or attributes.get("href", "").startswith("#") or (
                tag == "form" and "action" not in attributes
            ), (tag, attributes)  # fmt: skip


def test_every_command_that_shows_an_inventory_is_tried() -> None:
    known = set(untrap.list_commands(click.Context(untrap)))
    assert known - NOT_SHOWING == {words[0] for words in SHOWING}


@pytest.mark.parametrize("words", SHOWING)
def test_nothing_acts_in_the_terminal(database: Path, words: tuple[str, ...]) -> None:
    named = (sample.address(0) if word == "ASSET" else word for word in words)
    done = CliRunner().invoke(untrap, ["--db", str(database), "--site", SITE, *named])
    assert done.exit_code == 0, done.output
    assert done.stdout
    assert acting(done.output) <= {"\n", "\r"}
    if "export" not in words:
        assert "\r" not in done.output


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample.plant(tmp_path_factory.mktemp("terminal"), 10, hostile=True, twice=True)


def test_the_answer_itself_stays_recoverable(database: Path) -> None:
    """What is made visible in the outputs is kept in the record as it was."""
    with Store.open(database, SITE) as store:
        raw = [one.raw for one in store.observations(raw=True)]
    for name in sample.HOSTILE:
        assert any(name.encode() in one for one in raw), name
