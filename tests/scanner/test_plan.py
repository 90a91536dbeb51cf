"""The plan: figures without a packet, keys as the interface states them, and the page to sign."""

from __future__ import annotations

import json
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scanner.cli import untrap

FIGURES = {"connections", "requests", "packets", "bytes", "seconds"}


def plan(*words: str | Path) -> Result:
    found = CliRunner().invoke(untrap, ["--db", "nowhere/t.db", "plan", *map(str, words)])
    assert found.exit_code == 0, found.output
    return found


def lines(*words: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in plan(*words, "--json").stdout.splitlines()]


def test_the_json_lines_have_the_keys_of_the_interface() -> None:
    *hosts, total = lines("10.0.0.0/24", "10.0.1.5:1502/modbus", "--exclude", "10.0.0.7")
    for line in hosts:
        assert {"targets", "hosts", "attempts", "excluded"} <= line.keys()
        attempts = line["attempts"]
        assert isinstance(attempts, list)
        for attempt in attempts:
            assert {
                *("probe", "rung", "transport", "port", "connections", "requests", "bytes"),
                *("functions", "seconds"),
            } <= attempt.keys()
    assert [line["targets"] for line in hosts if line["excluded"]] == [["10.0.0.7"]]
    summed = total["total"]
    assert isinstance(summed, dict)
    assert summed["hosts"] == 254
    assert summed["peak_pps"] == 200
    for name in ("floor", "expected", "ceiling"):
        assert summed[name].keys() >= FIGURES


@pytest.mark.parametrize("figure", sorted(FIGURES - {"seconds"}))
def test_floor_expected_and_ceiling_are_in_order(figure: str) -> None:
    total = lines("10.0.0.0/22")[-1]["total"]
    assert isinstance(total, dict)
    assert total["floor"][figure] <= total["expected"][figure] <= total["ceiling"][figure]


def test_a_slash_16_is_planned_without_walking_it() -> None:
    begun = time.perf_counter()
    total = lines("10.0.0.0/16")[-1]["total"]
    print(f"a /16 was planned in {time.perf_counter() - begun:.2f} s")  # noqa: T201 - a figure
    assert isinstance(total, dict)
    assert total["hosts"] == 65_534


@pytest.mark.parametrize(
    ("words", "probe", "ports"),
    [
        (("--port", "modbus=1502,modbus=2502"), "modbus", {1502, 2502}),
        (("--probe", "modbus"), "modbus", {502}),
        (("--port", "snmp=10161", "--probe", "snmp"), "snmp", {10161}),
    ],
)
def test_ports_and_probes_are_those_that_were_named(
    words: tuple[str, ...], probe: str, ports: set[int]
) -> None:
    attempts = lines("10.0.0.1", *words)[0]["attempts"]
    assert isinstance(attempts, list)
    assert {item["port"] for item in attempts if item["probe"] == probe} == ports
    if "--probe" in words:
        assert {item["probe"] for item in attempts} == {probe}


def test_a_service_gets_that_one_probe_and_nothing_else() -> None:
    service, _ = lines("10.0.0.5:1502/modbus")
    attempts = service["attempts"]
    assert isinstance(attempts, list)
    assert {(item["probe"], item["port"]) for item in attempts} == {("modbus", 1502)}


def test_a_slower_profile_never_sends_more() -> None:
    totals = [lines("10.0.0.0/24", "--profile", name)[-1]["total"] for name in ("gentle", "brisk")]
    gentle, brisk = totals
    assert isinstance(gentle, dict)
    assert isinstance(brisk, dict)
    assert gentle["ceiling"]["packets"] == brisk["ceiling"]["packets"]
    assert gentle["ceiling"]["seconds"] > brisk["ceiling"]["seconds"]


class Page(HTMLParser):
    """What would make a page more than paper: scripts, references, styles from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.references: list[str] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.references += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_to_sign_says_where_how_much_and_what_never(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text(
        'windows = ["22:00-05:30"]\nexclude = ["10.0.0.9"]\n[site]\nname = "<b>Mill & Co"\n',
        encoding="utf-8",
    )
    out = tmp_path / "permission.html"
    found = CliRunner().invoke(
        untrap,
        [
            *("--db", str(tmp_path / "t.db"), "--config", str(site)),
            *("plan", "10.0.0.0/28", "10.0.1.5:1502/modbus", "-o", str(out)),
        ],
    )
    assert found.exit_code == 0, found.output
    text = out.read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert not page.tags & {"script", "img", "link", "iframe"}
    assert page.references == []
    assert "<b>Mill" not in text  # a name is text, whatever it holds
    for said in (
        *("<b>Mill & Co", "10.0.0.0/28", "10.0.0.9", "22:00-05:30", "tcp/1502", "never exceeded"),
        *("SNMP SET", "Signature", "Ctrl-C", "200 IP packets a second", "Nothing has been sent"),
        *("outside of it nothing is sent", "repeated at most once", "telephone", "standard (of"),
        *("Expected: from 10% of addresses", "pulling the cable", "A port that is closed gets one"),
    ):
        assert said in page.words, said


def test_a_page_that_cannot_be_written_is_one_line() -> None:
    found = CliRunner().invoke(
        untrap, ["--db", "nowhere/t.db", "plan", "10.0.0.1", "-o", "/no/such/folder/p.html"]
    )
    assert found.exit_code == 2
    assert "/no/such/folder/p.html" in found.output
