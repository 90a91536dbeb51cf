"""Devices that careless scanning harms survive being scanned again and again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.plants import played, untrap

FEW, MANY = 4, 20


def scan(here, cwd: Path, address: str, *more: str) -> None:  # type: ignore[no-untyped-def]
    ran = untrap(
        *("--db", cwd / "t.db", "--config", here.config, "-q", "scan", address),
        *("--profile", "brisk", "--retries", "0", "--depth", "identify", *more),
        cwd=cwd,
    )
    assert ran.code == 0, ran.err


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scans", [FEW, pytest.param(MANY, marks=pytest.mark.soak)])
@pytest.mark.parametrize(
    ("device", "address", "probe"),
    [
        ("four-slot-card", "127.21.1.10", "modbus"),
        ("drops-oldest", "127.21.1.11", "modbus"),
        ("one-session", "127.21.1.14", "opcua"),
        ("hangs-on-disconnect", "127.21.1.15", "s7comm"),
    ],
)
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
