"""The benchmark on a tiny plant: it plays, measures, scores and writes its page."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import epoll, figures, report, runs, score
from benchmarks.parts import CONCLUDE, IMPORT, PARTS, PLAN, PROTOCOL, REST, WIRE, WRITER, part
from benchmarks.rows import Row
from benchmarks.stage import played
from benchmarks.tools import Result, untrap

PLANT = "generate:4,seed=5,prefix=127.23,protocols=modbus+snmp"


def test_a_small_plant_is_played_scanned_and_scored(tmp_path: Path) -> None:
    with played(PLANT, tmp_path) as here:
        done = untrap(PLANT, here, tmp_path)
    assert done.measured.code == 0, done.measured.err
    assert done.score["answering"] == 4
    assert done.score["identified"] == 4
    assert done.score["wrong"] == done.score["believed"] == 0
    assert done.measured.wall > done.summary["seconds"] >= 0
    assert done.record()["first_durable"] is not None
    spent = done.record()["phases"]
    assert sum(spent.values()) > done.measured.wall - 0.1  # more where the machine is busy
    assert min(spent.values()) >= 0
    shown = report.page({"results": {"killed": {"machine": MACHINE, "rows": [_row(done)]}}})
    assert f"| untrap brisk | {spent['start']:g} | {spent['answers']:g} |" in shown


def test_where_the_processors_time_goes_adds_up_to_what_the_kernel_counts(tmp_path: Path) -> None:
    looks = tmp_path / "looks.json"
    plant = PLANT.replace("127.23", "127.96")  # the tests beside this one play theirs meanwhile
    with played(plant, tmp_path) as here:
        done = untrap(plant, here, tmp_path, looks=looks)
    assert done.score["identified"] == 4, done.measured.err
    found = json.loads(looks.read_text(encoding="utf-8"))
    assert set(found) <= set(PARTS)
    assert sum(found.values()) == pytest.approx(done.measured.cpu, rel=0.2)
    assert found[IMPORT] > found[WIRE] > 0
    assert found[WRITER] > 0
    assert found.get(REST, 0) < 0.2 * sum(found.values())


@pytest.mark.parametrize(
    ("files", "name"),
    [
        (("/x/asyncio/events.py", "/p/scanner/scan.py"), WIRE),
        (("/p/protocols/snmp/first.py", "/p/scanner/wire/reply.py"), PROTOCOL),
        (("/p/scanner/planning/cost.py", "/p/scanner/summary.py"), PLAN),
        (("/p/inventory/store/store.py", "/p/inventory/conclude.py"), CONCLUDE),
        (("<frozen importlib._bootstrap>", "/p/scanner/cli.py"), IMPORT),
        (("/x/json/decoder.py", "/x/click/core.py"), REST),
    ],
)
def test_a_stack_belongs_to_the_innermost_part_but_for_imports_and_conclusions(
    files: tuple[str, ...], name: str
) -> None:
    assert part(files) == name


def test_a_missed_target_is_shown_with_what_the_limits_alone_ask() -> None:
    row = {"wall": 6.0, "summary": {"cost": {"seconds": 4.0}}, "phases": {"start": 0.5, "end": 0.5}}
    floors = figures.against(row, {"wall": 8.0})
    assert floors == (0.5, 0.625)
    assert figures.against(row, None) is None
    missed = figures.target("wall / nmap", 0.75, 0.25, floors=floors)
    text = report.page({"results": {"healthy": {"machine": MACHINE, "targets": [missed]}}})
    assert "| healthy | wall / nmap | 0.75 | ≤ 0.25 | 0.5 | 0.625 |" in text


def _row(done: Result) -> figures.Found:
    return done.record() | {"profile": "brisk"}


def test_a_row_says_what_its_limits_ask_and_what_a_peer_could_find() -> None:
    plant = figures.mixed(8, 0, "127.22")
    ours = {"profile": "brisk", "wall": 3.0, "summary": {"cost": {"seconds": 2.0}}}
    nmap = {"name": "nmap", "wall": 4.0, "identified": 4, "packets": 400}
    (floor,) = figures.floor_notes((ours,), nmap, "nmap")
    assert "ask 2 s of the 3 s, 0.50 times nmap's 4 s" in floor
    every = {"identified": 3, "summary": {"units_told": 500}}
    able, units = runs._reach(plant, 8, nmap, every)
    assert "4 of these 8 devices at most" in able
    assert "tells of 500 and identifies 3" in units
    assert not list(figures.floor_notes((ours,), {"missing": True}, "nmap"))


KEYS = {
    "1": score.Key("1", "snmp", "Moxa", "EDS-408A", "3.8", "S1", answers=True),
    "2": score.Key("2", "modbus", "ABB", "M4M 30", "1.12.0", "S2", answers=False),
}


def test_a_record_that_contradicts_its_device_counts_as_wrong() -> None:
    right = {"vendor": "MOXA", "product": "Moxa EDS-408A", "firmware": "3.8", "serial": "S1"}
    good = score.score_untrap(KEYS, {"1": right}, {})
    assert (good["identified"], good["complete"], good["serial"], good["wrong"]) == (1, 1, 1, 0)
    bad = score.score_untrap(KEYS, {"1": right | {"firmware": "4.0", "vendor": "ABB"}}, {})
    assert (bad["complete"], bad["wrong"]) == (0, 2)
    blank = score.score_untrap(KEYS, {}, {})
    assert (blank["identified"], blank["wrong"]) == (0, 0)


@pytest.mark.parametrize(("product", "wrong"), [("TwinCAT OPC UA Server", 0), ("OPC UA Server", 1)])
def test_the_makers_own_name_for_what_a_device_names_is_not_wrong(product: str, wrong: int) -> None:
    key = score.Key("1", "opcua", "Beckhoff", "TcOpcUaServer", "4.4.1", "", answers=True)
    record = {"vendor": "Beckhoff", "product": product, "said": "urn:x:TcOpcUaServer"}
    found = score.score_untrap({"1": key}, {"1": record}, {})
    assert (found["identified"], found["wrong"]) == (1, wrong)


def test_an_answer_of_a_device_that_gives_none_counts_as_believed() -> None:
    record = {"vendor": "ABB", "product": "M4M 30", "firmware": "", "serial": ""}
    assert score.score_untrap(KEYS, {"2": record}, {})["believed"] == 1


def test_words_of_a_text_tool_are_found_whatever_their_spelling() -> None:
    found = score.score_text(KEYS, {"1": "moxa eds-408a firmware 3.8"})
    assert (found["identified"], found["complete"], found["serial"]) == (1, 1, 0)


def test_what_a_device_does_not_tell_at_a_depth_counts_for_nobody() -> None:
    plant = "generate:24,protocols=modbus+snmp+gateway+opcua"
    shallow, deep = score.key(plant), score.key(plant, "points")
    assert {item.protocol for item in shallow.values() if item.serial} == {"snmp"}
    assert {item.protocol for item in deep.values() if item.serial} == {"modbus", "snmp", "opcua"}
    assert not any(item.serial for item in deep.values() if item.units)
    server = next(item for item in shallow.values() if item.protocol == "opcua")
    said = {
        "vendor": "",
        "product": "",
        "firmware": "",
        "serial": "",
        "said": f"urn:{server.vendor}",
    }
    told = said | {"said": f"urn:{server.vendor}:{server.product}"}
    found = score.score_untrap(shallow, {server.address: told}, {})
    assert (found["identified"], found["complete"], found["wrong"]) == (1, 1, 0)
    assert score.score_untrap(shallow, {server.address: said}, {})["identified"] == 0


@pytest.mark.parametrize("missing", [True, False])
def test_the_page_holds_the_figures_and_names_what_is_not_installed(missing: bool) -> None:
    row = {
        **{"name": "untrap", "profile": "brisk", "code": 0, "wall": 2.0, "cpu": 1.0},
        **{"memory_mb": 50, "packets": 40, "back": 30, "answering": 4, "identified": 4},
        **{"complete": 4, "serial": 3, "serial_there": 3, "wrong": 0, "believed": 0},
    }
    peer = {**row, "name": "nmap", "profile": "", "wall": 8.0, "flags": "-n"}
    other = {"name": "nmap", "missing": True} if missing else peer
    met = figures.target("wall / nmap", figures.ratio(row, other), 0.3)
    result = {"machine": MACHINE, "rows": [row, other], "targets": [met], "took": 1.0}
    text = report.page({"results": {"identify-250": result}})
    assert "| untrap brisk | 2 | 1 | 50 | 40 | 30 | 4/4 | 4/4 | 3/3 |" in text
    assert ("nmap (not installed)" in text) is missing
    assert ("| wall / nmap | 0.25 | ≤ 0.3 | yes |" in text) is not missing
    assert ("1 of 1 targets met." in text) is not missing


MACHINE = {
    **{"time": "t", "cores": 2, "python": "3", "kernel": "6", "load": 0.1},
    "kernel_counters": False,
}


def test_a_row_that_broke_is_named_and_loses_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_: Path) -> figures.Found:
        raise RuntimeError("no such plant")

    fine = Row("Fine", lambda _: {"rows": [], "targets": [figures.target("x", 1, 2)]})
    monkeypatch.setattr(benchmarks, "ROWS", {"start": Row("Broken", breaks), "big": fine})
    monkeypatch.setattr(benchmarks, "private_network", lambda: None)
    monkeypatch.setattr(benchmarks, "prepare_network", lambda: False)
    monkeypatch.setattr(benchmarks, "PAGE", tmp_path / "page.md")
    benchmarks.main(["--page", "--out", str(tmp_path / "out.json")])
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "Did not run: RuntimeError: no such plant" in page
    assert "1 of 1 targets met." in page


def test_what_needs_a_namespace_is_not_tried_without_one() -> None:
    assert "needs root" in benchmarks.result("big", counters=False)["error"]


def test_the_page_is_written_from_a_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "in.json"
    result = {"machine": MACHINE, "error": "none", "took": 0.0}
    source.write_text(json.dumps({"results": {"start": result}}))
    monkeypatch.setattr(benchmarks, "PAGE", tmp_path / "page.md")
    benchmarks.main(["--render", str(source), "--out", str(tmp_path / "out.json")])
    assert "no kernel counters" in (tmp_path / "page.md").read_text(encoding="utf-8")


def test_the_main_plant_names_size_share_and_protocols() -> None:
    keys = score.key(figures.mixed(8, 0.25, "127.22"))
    assert len(keys) == 8
    assert {item.protocol for item in keys.values()} == {"modbus", "snmp", "opcua"}


def test_the_floor_counts_every_knock_that_a_blind_scanner_makes() -> None:
    plant = figures.mixed(4, 0, "127.22")
    assert figures.blind(plant) == 3 * figures.KNOCK + (10 + 2 + 10 + 15) / 4


def test_the_bare_sweep_tells_who_accepts_from_who_is_silent_or_refuses() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        assert epoll.sweep(["127.0.0.1", "127.0.0.2"], port) == (1, [])
