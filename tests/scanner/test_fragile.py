"""Devices that careless scanning harms survive being scanned again and again."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from tests.scanner.test_resume import stored
from tests.support.patience import HUNG_SECONDS
from tests.support.plants import patiently, played, started, untrap

FEW, MANY = 4, 20
PACED = ("gentle", "standard", "brisk")


def scan(here, cwd: Path, address: str, *more: str) -> None:  # type: ignore[no-untyped-def]
    ran = untrap(
        *("--db", cwd / "t.db", "--config", here.config, "-q", "scan", address),
        *("--profile", "brisk", "--retries", "0", "--depth", "identify", *more),
        cwd=cwd,
    )
    assert ran.code == 0, ran.err


DEVICES = [
    ("four-slot-card", "127.21.1.10", "modbus"),
    ("drops-oldest", "127.21.1.11", "modbus"),
    ("one-session", "127.21.1.14", "opcua"),
    ("hangs-on-disconnect", "127.21.1.15", "s7comm"),
]


@pytest.mark.parametrize("scans", [FEW, pytest.param(MANY, marks=pytest.mark.soak)])
@pytest.mark.parametrize(("device", "address", "probe"), DEVICES)
def test_a_fragile_device_survives_scan_after_scan(
    tmp_path: Path, device: str, address: str, probe: str, scans: int
) -> None:
    with played("fragile", tmp_path) as here:
        for _ in range(scans):
            scan(here, tmp_path, address, "--probe", probe)
        seen = here.witness()["devices"][device]
    assert seen["connections"] >= scans  # every scan was let in: no slot was lost
    assert seen["connections"] <= 2 * scans
    assert seen["peak_connections"] == 1
    assert seen["open_connections"] == 0
    assert seen["open_sessions"] == 0
    assert seen["abandoned"] == seen["bare"] == seen["resets"] == seen["forbidden"] == 0


PORTS = {"modbus": 502, "opcua": 4840, "s7comm": 102}


@pytest.mark.timeout(2 * 3_600)
@pytest.mark.parametrize(
    ("profile", "scans"),
    [
        ("standard", 1),
        *(pytest.param(name, MANY, marks=pytest.mark.soak) for name in PACED),
    ],
)
def test_all_fragile_devices_survive_whole_scans_of_every_profile(
    tmp_path: Path, profile: str, scans: int
) -> None:
    """Identified again and again, retries and all, each time with every slot and session free."""
    with played("fragile", tmp_path) as here:
        targets = [
            f"{address}:{PORTS[probe] + here.shift}/{probe}" for _, address, probe in DEVICES
        ]
        for number in range(1, scans + 1):
            ran = untrap(
                *("--db", tmp_path / "t.db", "--config", here.config, "-q", "scan", *targets),
                *("--profile", profile, "--json"),
                cwd=tmp_path,
            )
            assert ran.code == 0, ran.err
            (summary,) = ran.lines()
            assert summary["answered"] == len(DEVICES)
            assert summary["stopped"] == []
            witness = here.witness()["devices"]
            for device, _, _ in DEVICES:
                seen = witness[device]
                assert number <= seen["connections"] <= 3 * number, device  # let in every time
                assert seen["peak_connections"] == 1, device
                assert seen["open_connections"] == seen["open_sessions"] == 0, device
                assert seen["abandoned"] == seen["bare"] == seen["early"] == 0, device
                assert seen["resets"] == seen["forbidden"] == 0, device


@pytest.mark.soak
@pytest.mark.timeout(2 * 3_600)
@pytest.mark.parametrize("profile", PACED)
@pytest.mark.parametrize(("device", "address", "probe"), DEVICES)
def test_a_fragile_device_survives_scans_of_any_depth_that_are_cut(
    tmp_path: Path, device: str, address: str, probe: str, profile: str
) -> None:
    """Twenty scans, every rung and retries, each second one ended by Ctrl-C in its middle."""
    chance, database = random.Random(f"{device} {profile}"), tmp_path / "t.db"
    with played("fragile", tmp_path) as here:
        for number in range(MANY):
            depth, before = ("identify", "points", "sample")[number % 3], stored(database)
            child = started(
                (
                    *("--db", database, "--config", here.config, "-q", "scan", address),
                    *("--profile", profile, "--probe", probe, "--depth", depth),
                    *("--sample-seconds", "2", "--sample-every", "0.5"),
                ),
                tmp_path,
            )
            if number % 2:
                patiently(
                    lambda before=before, child=child: (  # type: ignore[misc]
                        stored(database) > before or child.poll() is not None
                    ),
                    lambda: stored(database),
                )
                time.sleep(2 * chance.random())
                child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=HUNG_SECONDS)
            assert "Traceback" not in err
            # The last of these: it was done with the device and drew its conclusions.
            assert child.returncode in ((0, 130, -signal.SIGINT) if number % 2 else (0,)), err
        seen = here.witness()["devices"][device]
    print(device, profile, seen["connections"], "connections")  # noqa: T201 - a figure
    assert seen["connections"] >= MANY // 2  # whoever was asked to the end was let in
    assert seen["peak_connections"] == 1
    assert seen["open_connections"] == seen["open_sessions"] == 0
    assert seen["bare"] == seen["resets"] == seen["forbidden"] == seen["early"] == 0


def test_a_device_that_dies_at_the_fifth_request_is_left_alone(tmp_path: Path) -> None:
    with played("fragile", tmp_path) as here:
        ran = untrap(
            *("--db", tmp_path / "t.db", "--config", here.config, "scan", "127.21.1.13"),
            *("--profile", "brisk", "--probe", "modbus", "--json"),
            cwd=tmp_path,
        )
        seen = here.witness()["devices"]["dies-at-the-fifth"]
    (summary,) = ran.lines()
    assert seen["requests"] <= 8  # it was not hammered when it went quiet
    assert summary["outcomes"]["silent"] <= 2  # and silence is what is recorded
