"""`kill -9` at random instants: nothing acknowledged is lost, and little is asked twice."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.plants import Played, played, started, untrap

POINTS = ", ".join(
    f'{{address = "holding:{n}", name = "p{n}", type = "uint16", value = {n}}}' for n in range(40)
)
DEVICES = {
    "plc": ("127.32.1.10", "modbus", f"points = [{POINTS}]"),
    "meter": ("127.32.1.11", "modbus", f"points = [{POINTS}]"),
    "switch": ("127.32.1.12", "snmp", ""),
    "cell": ("127.32.1.13", "opcua", ""),
    "station": ("127.32.1.14", "s7comm", ""),
}
PLANT = '[plant]\nname = "cut"\nsite = "cut"\n' + "".join(
    f"""
[[device]]
id = "{name}"
address = "{address}"
vendor = "Acme"
product = "{name}"
firmware = "1.0"
serial = "{name}-1"
[[device.service]]
protocol = "{protocol}"
{more}
"""
    for name, (address, protocol, more) in DEVICES.items()
)
STATELESS = ("plc", "meter", "switch")
SET_UP = ("Hello", "SecureChannel", "Session", "cotp", "s7 setup")
"""Requests that set up or end a connection or session: counted apart (the figures of safety.md)."""

SCAN = ("--profile", "brisk", "--credentials", "snmp-public")
KILLS = 3


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("cut")
    file = folder / "cut.toml"
    file.write_text(PLANT, encoding="utf-8")
    with played(file, folder) as here:
        yield here


def words(here: Played, database: Path) -> tuple[str | Path, ...]:
    return ("--db", database, "--config", here.config, "scan")


def functions(here: Played) -> dict[str, Counter[str]]:
    return {name: Counter(one["functions"]) for name, one in here.witness()["devices"].items()}


def undisturbed(here: Played, folder: Path) -> tuple[dict[str, Any], dict[str, Counter[str]], int]:
    """What a scan finds and asks when nobody interferes, and how many observations it makes."""
    before = functions(here)
    database = folder / "whole.db"
    ran = untrap(*words(here, database), "-iL", here.folder / "targets.txt", *SCAN, cwd=folder)
    assert ran.code == 0, ran.err
    after = functions(here)
    asked = {name: after[name] - before[name] for name in after}
    return inventory(here, database, folder), asked, stored(database)


def stored(database: Path) -> int:
    if not database.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            (count,) = connection.execute("SELECT count(*) FROM observation").fetchone()
            return int(count)
    except sqlite3.OperationalError:
        return 0  # not made yet


def inventory(here: Played, database: Path, folder: Path) -> dict[str, Any]:
    """Assets, points and gaps without times and without what derives from them."""
    found: dict[str, Any] = {}
    for name in ("assets", "points", "gaps"):
        ran = untrap(
            *("--db", database, "--config", here.config, name, "--json"),
            *(["--all"] if name == "gaps" else []),
            cwd=folder,
        )
        found[name] = sorted(map(timeless, ran.lines()))
    return found


TIMES = {"first_seen", "last_seen", "source_time", "because", "id", "key", "asset", "parent"}
MOVING = {"uptime_seconds", "device_time", "clock_skew_seconds", "session", "boots"}


def timeless(line: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in line.items() if name not in TIMES}
    if "facts" in kept:
        facts = {(f["name"], str(f["value"])) for f in kept["facts"] if f["name"] not in MOVING}
        kept["facts"] = sorted(facts)
    return json.dumps(kept, sort_keys=True)


def cut(here: Played, database: Path, folder: Path, at: int) -> None:
    """Scan, and kill the scanner once it has stored `at` observations."""
    child = started((*words(here, database), "-iL", here.folder / "targets.txt", *SCAN), folder)
    deadline = time.monotonic() + 60
    while stored(database) < at and child.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    time.sleep(random.random() * 0.2)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()


def sound(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        twice = "SELECT count(*) FROM (SELECT id FROM observation GROUP BY id HAVING count(*) > 1)"
        assert connection.execute(twice).fetchone() == (0,)


def answered(database: Path) -> Counter[str]:
    """Answers on record per address."""
    with sqlite3.connect(database) as connection:
        rows = connection.execute(
            "SELECT address, count(*) FROM observation WHERE digest <> '' GROUP BY address"
        )
        return Counter(dict(rows.fetchall()))


def check(here: Played, folder: Path, kills: int) -> None:
    whole, asked, count = undisturbed(here, folder)
    for number in range(kills):
        database = folder / f"cut-{number}.db"
        before = functions(here)
        cut(here, database, folder, random.randrange(1, count))
        sound(database)
        acknowledged = answered(database)
        arrived = functions(here)
        for name in STATELESS:
            sent = sum((arrived[name] - before[name]).values())
            # The next request of a host leaves only when its last answer is on record; one that
            # nobody answers (SNMP without a credential) is sent twice before there is a record.
            unheard = sent if not acknowledged[DEVICES[name][0]] else 0
            assert sent - acknowledged[DEVICES[name][0]] <= max(1, min(unheard, 2)), name
        ran = untrap(*words(here, database), "--resume", "--yes", "--json", cwd=folder)
        assert ran.code in (0, 2), ran.err
        assert ran.code == 0 or "nothing to resume" in ran.err, ran.err
        sound(database)
        for name, after in functions(here).items():
            more = data(after - before[name]) - data(asked[name])
            # A session that was cut begins anew with what was asked in it (decision 0005).
            most = 1 if name in STATELESS else sum(data(asked[name]).values())
            assert sum(more.values()) <= most, (name, more)
        assert inventory(here, database, folder) == whole


def data(asked: Counter[str]) -> Counter[str]:
    return Counter(
        {name: n for name, n in asked.items() if not any(word in name for word in SET_UP)}
    )


@pytest.mark.timeout(300)
def test_a_killed_scan_goes_on_where_it_was(plant: Played, tmp_path: Path) -> None:
    check(plant, tmp_path, KILLS)


@pytest.mark.soak
def test_two_hundred_kills(plant: Played, tmp_path: Path) -> None:
    check(plant, tmp_path, 200)


@pytest.fixture(scope="module")
def part(plant: Played, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a scan that was ended before its time."""
    database = tmp_path_factory.mktemp("part") / "part.db"
    ran = untrap(
        *words(plant, database),
        *("-iL", plant.folder / "targets.txt", "--profile", "gentle", "--max-time", "2s"),
        cwd=database.parent,
    )
    assert ran.code == 4, ran.err
    assert "scan --resume" in ran.err
    return database


def test_exclusions_of_now_win_and_are_named(plant: Played, part: Path, tmp_path: Path) -> None:
    copy = tmp_path / "part.db"
    with sqlite3.connect(part) as old, sqlite3.connect(copy) as new:
        old.backup(new)
    before = functions(plant)
    ran = untrap(
        *words(plant, copy),
        *("--resume", "--exclude", "127.32.1.12,127.32.1.14", "--yes", "--json"),
        cwd=tmp_path,
    )
    after = functions(plant)
    assert ran.code in (0, 4), ran.err
    assert "not asked any more: 127.32.1.12" in ran.err
    (summary,) = ran.lines()
    assert len(summary["differences"]) == 2
    for name in ("switch", "station"):
        assert after[name] == before[name]


@pytest.mark.parametrize(
    ("more", "name"),
    [
        (("127.32.1.99",), "TARGET"),
        (("--profile", "bench"), "--profile"),
        (("--units", "7"), "--u"),
    ],
)
def test_a_resumed_scan_cannot_become_another(
    plant: Played, part: Path, more: tuple[str, ...], name: str
) -> None:
    ran = untrap(*words(plant, part), *more, "--resume", "last", "--yes", cwd=part.parent)
    assert ran.code == 2
    assert name in ran.err
    assert "Traceback" not in ran.err
