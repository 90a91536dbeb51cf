"""`kill -9` at random instants: nothing acknowledged is lost, and little is asked twice."""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.database import sqlite
from tests.support.plants import Played, patiently, played, started, untrap

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
INSTANTS = (("plc", 0.3), ("switch", 0.6), ("cell", 0.6), ("station", 0.7))
"""Whose conversation is cut, and after which part of its answers."""


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


Whole = tuple[dict[str, Any], dict[str, Counter[str]], Counter[str]]


def undisturbed(here: Played, folder: Path) -> Whole:
    """What a scan finds and asks when nobody interferes, and how many answers it stores."""
    before = functions(here)
    database = folder / "whole.db"
    ran = untrap(*words(here, database), "-iL", here.folder / "targets.txt", *SCAN, cwd=folder)
    assert ran.code == 0, ran.err
    after = functions(here)
    asked = {name: after[name] - before[name] for name in after}
    return inventory(here, database, folder), asked, answered(database)


def rows(database: Path, statement: str) -> list[tuple[Any, ...]]:
    """What a reader beside the scan sees; nothing while the file is being made."""
    if not database.exists():
        return []
    try:
        reading = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        with contextlib.closing(reading) as connection:
            return connection.execute(statement).fetchall()
    except sqlite3.OperationalError:
        return []


def stored(database: Path) -> int:
    return sum(count for (count,) in rows(database, "SELECT count(*) FROM observation"))


def inventory(here: Played, database: Path, folder: Path) -> dict[str, Any]:
    """Assets, points and gaps without times and without what derives from them."""
    command = ("--db", database, "--config", here.config, "export", "json")
    whole = json.loads(untrap(*command, cwd=folder).out)
    return {name: sorted(map(timeless, whole[name])) for name in ("assets", "points", "gaps")}


TIMES = {
    *("first_seen", "last_seen", "source_time", "because", "id", "key", "asset", "parent"),
    "observation",
}
MOVING = {"uptime_seconds", "device_time", "clock_skew_seconds", "session", "boots"}


def timeless(line: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in line.items() if name not in TIMES}
    if "facts" in kept:
        facts = {(f["name"], str(f["value"])) for f in kept["facts"] if f["name"] not in MOVING}
        kept["facts"] = sorted(facts)
    return json.dumps(kept, sort_keys=True)


def cut(here: Played, database: Path, folder: Path, at: int, name: str = "") -> None:
    """Scan, and kill the scanner once it has stored `at` observations, or so many answers of the
    device `name`."""
    child = started((*words(here, database), "-iL", here.folder / "targets.txt", *SCAN), folder)
    patiently(
        lambda: reached(database, name) >= at or child.poll() is not None,
        lambda: stored(database),
        0.002,
    )
    if not name:
        time.sleep(random.random() * 0.2)
    child.kill()
    child.communicate()


def reached(database: Path, name: str) -> int:
    """Observations on record; answers of one device where it is named."""
    if not name:
        return stored(database)
    return answered(database)[DEVICES[name][0]]


def sound(database: Path) -> None:
    with sqlite(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        twice = "SELECT count(*) FROM (SELECT id FROM observation GROUP BY id HAVING count(*) > 1)"
        assert connection.execute(twice).fetchone() == (0,)


def answered(database: Path) -> Counter[str]:
    """Answers on record per address."""
    statement = "SELECT address, count(*) FROM observation WHERE digest <> '' GROUP BY address"
    return Counter(dict(rows(database, statement)))


def check(here: Played, folder: Path, instants: Iterable[tuple[str, float]]) -> None:
    whole, asked, count = undisturbed(here, folder)
    assert all(whole.values())
    for number, (device, share) in enumerate(instants):
        database = folder / f"cut-{number}.db"
        before = functions(here)
        answers = count[DEVICES[device][0]] if device else sum(count.values())
        cut(here, database, folder, max(1, round(share * answers)), device)
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
        assert ran.code == 0 or "nothing to resume" in ran.err, ran.out + ran.err
        sound(database)
        for name, after in functions(here).items():
            more = data(after - before[name]) - data(asked[name])
            # Set-ups of sessions are counted apart; a list in fragments is begun again.
            assert sum(more.values()) <= (2 if name == "station" else 1), (name, more)
        assert inventory(here, database, folder) == whole
        print(f"cut {number + 1}: {acknowledged.total()} answers were on record", flush=True)  # noqa: T201


def data(asked: Counter[str]) -> Counter[str]:
    return Counter(
        {name: n for name, n in asked.items() if not any(word in name for word in SET_UP)}
    )


def test_a_killed_scan_goes_on_where_it_was(plant: Played, tmp_path: Path) -> None:
    check(plant, tmp_path, INSTANTS)


@pytest.mark.soak
@pytest.mark.timeout(4 * 3_600)
def test_two_hundred_kills(plant: Played, tmp_path: Path) -> None:
    check(plant, tmp_path, (("", random.random()) for _ in range(200)))


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
    with sqlite(part) as old, sqlite(copy) as new:
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


def test_a_scan_that_names_no_site_and_its_resume_go_to_the_only_one(tmp_path: Path) -> None:
    """The scan did, and `--resume last` looked for it at a site `default`."""
    register = tmp_path / "r.csv"
    register.write_text("Tag,Class\nP-1,pump\n", "utf-8")
    base = ("--db", tmp_path / "t.db")
    assert untrap(*base, "--site", "north", "import", "register", register, cwd=tmp_path).code == 0
    asked = ("scan", "127.32.9.9", "--probe", "modbus", "--yes")
    assert "site: north (the only one" in untrap(*base, *asked, cwd=tmp_path).err
    again = untrap(*base, "scan", "--resume", "last", "--yes", cwd=tmp_path)
    assert "is complete: nothing to resume" in again.err


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
