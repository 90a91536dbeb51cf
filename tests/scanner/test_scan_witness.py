"""What a scan does to devices, counted by the devices themselves."""

from __future__ import annotations

import signal
import sqlite3
import time
from functools import partial
from pathlib import Path

import pytest

from tests.support.database import sqlite
from tests.support.patience import HUNG_SECONDS
from tests.support.plants import Played, patiently, played, started, untrap

PLANT = """
[plant]
name = "witness"
site = "witness"
""" + "".join(
    f"""
[[device]]
id = "{name}"
address = "127.31.{net}.{host}"
vendor = "Acme"
product = "{name}"
firmware = "1.0"
serial = "{name}-1"
[[device.service]]
protocol = "{protocol}"
{faults}
{points}
"""
    for name, net, host, protocol, faults, points in [
        *(
            (
                f"plc{n}",
                1,
                10 + n,
                "modbus",
                "",
                'points = [{address = "holding:0", name = "a", type = "uint16", value = 7}]',
            )
            for n in range(6)
        ),
        *((f"agent{n}", 1, 30 + n, "snmp", "", "") for n in range(3)),
        ("s7", 2, 10, "s7comm", "", ""),
        ("ua", 2, 11, "opcua", "", ""),
        ("mute", 2, 12, "modbus", 'faults = ["mute"]', ""),
        ("dies", 2, 13, "modbus", 'faults = [{kind = "dies_after", value = 5}]', ""),
        ("hangs", 2, 14, "opcua", 'faults = ["hangup"]', ""),
    ]
)

RATES = {"gentle": 1, "standard": 2, "brisk": 10}


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("witness")
    file = folder / "witness.toml"
    file.write_text(PLANT, encoding="utf-8")
    return file


def scan(here: Played, cwd: Path, profile: str, *more: str) -> dict[str, object]:
    ran = untrap(
        *("--db", cwd / "t.db", "--config", here.config, "scan", "-iL"),
        *(here.folder / "targets.txt", "--profile", profile, "--json", *more),
        cwd=cwd,
    )
    assert ran.code == 0, ran.err
    (summary,) = ran.lines()
    return summary


@pytest.mark.parametrize("profile", ["standard", "brisk"])
def test_every_count_at_the_devices_is_within_the_promise(
    plant: Path, tmp_path: Path, profile: str
) -> None:
    with played(plant, tmp_path) as here:
        summary = scan(here, tmp_path, profile, "--depth", "identify")
        witness = here.witness()
    total = witness["total"]
    assert total["forbidden"] == 0
    assert total["peak_connections"] == 1
    assert total["bare"] == 0
    assert total["resets"] == 0
    assert total["early"] == 0
    assert total["open_connections"] == 0
    assert total["open_sessions"] == 0
    for name, device in witness["devices"].items():
        assert device["peak_requests_per_second"] <= RATES[profile], name
        assert device["connections"] <= 4, name
    sent = summary["sent"]
    assert isinstance(sent, dict)
    # a request to a device that is not listening or dies is sent and not counted there
    assert 0 <= sent["requests"] - total["requests"] <= 40
    assert sent["connections"] == total["connections"]


@pytest.mark.soak
@pytest.mark.parametrize("profile", RATES)
def test_a_real_minute_of_every_profile(tmp_path: Path, profile: str) -> None:
    """What the matrix shows in virtual time, on the clock of the devices."""
    with played("bottling", tmp_path) as here:
        ran = untrap(
            *("--db", tmp_path / "t.db", "--config", here.config, "scan", "-iL"),
            *(here.folder / "targets.txt", "--profile", profile, "--json", "--max-time", "60s"),
            cwd=tmp_path,
        )
        assert ran.code in (0, 4), ran.err
        witness = here.witness()
    total = witness["total"]
    assert total["requests"] > 50
    assert total["forbidden"] == total["bare"] == total["resets"] == total["early"] == 0
    assert total["open_connections"] == total["open_sessions"] == 0
    for name, device in witness["devices"].items():
        assert device["peak_requests_per_second"] <= RATES[profile], name
        assert device["peak_connections"] <= 1, name
    print(profile, total["requests"], "requests")  # noqa: T201 - a figure


def test_the_summary_agrees_with_the_plans_own_arithmetic(plant: Path, tmp_path: Path) -> None:
    with played(plant, tmp_path) as here:
        summary = scan(here, tmp_path, "brisk")
    sent, cost, planned = summary["sent"], summary["cost"], summary["planned"]
    assert isinstance(sent, dict)
    assert isinstance(cost, dict)
    assert isinstance(planned, dict)
    assert sent["packets"] <= planned["ceiling"]["packets"]
    assert sent["requests"] <= planned["ceiling"]["requests"]


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_scan_soon_with_sessions_closed_and_the_way_on(
    plant: Path, tmp_path: Path, name: signal.Signals
) -> None:
    with played(plant, tmp_path) as here:
        child = started(
            ("--db", tmp_path / "t.db", "--config", here.config, "scan", "-iL",
             here.folder / "targets.txt", "--profile", "gentle"),
            tmp_path,
        )  # fmt: skip
        deadline = time.monotonic() + HUNG_SECONDS
        while here.witness()["total"]["requests"] < 4:
            assert time.monotonic() < deadline
        child.send_signal(name)
        _, err = child.communicate(timeout=HUNG_SECONDS)  # how soon: test_witness_matrix
        witness = here.witness()["total"]
    assert child.returncode == 130, err
    assert "scan --resume" in err
    assert witness["open_connections"] == 0
    assert witness["open_sessions"] == 0
    assert witness["resets"] == 0


def test_a_killed_scan_is_resumed_and_finished_hosts_get_nothing(
    plant: Path, tmp_path: Path
) -> None:
    with played(plant, tmp_path) as here:
        for attempt in range(9):  # on a busy machine it may end before we look
            database = tmp_path / f"{attempt}.db"
            common = ("--db", database, "--config", here.config, "scan")
            targets = ("-iL", here.folder / "targets.txt")
            child = started((*common, *targets, "--profile", "brisk"), tmp_path)
            patiently(
                lambda at=database, by=child: finished(at) >= 3 or by.poll() is not None,  # type: ignore[misc]
                partial(finished, database),
            )
            child.kill()
            child.communicate()
            if child.returncode == -signal.SIGKILL:
                break
        done = addresses(database)
        before = here.witness()["devices"]
        ran = untrap(*common, "--resume", "--yes", cwd=tmp_path)
        after = here.witness()["devices"]
    assert ran.code == 0, ran.err
    assert done
    for device, counts in before.items():
        if counts["address"] in done:
            assert after[device]["requests"] == counts["requests"], device
    assert len(addresses(database)) == len(before)
    with sqlite(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def addresses(database: Path) -> set[str]:
    with sqlite(f"file:{database}?mode=ro", uri=True) as connection:
        return {row[0] for row in connection.execute("SELECT address FROM visit")}


def finished(database: Path) -> int:
    try:
        return len(addresses(database))
    except sqlite3.OperationalError:
        return 0
