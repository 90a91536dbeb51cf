"""A host that is named in several ways is one host: one visit, and each service asked once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from protocols import probes
from scanner.cli import Settings
from scanner.engine import Visit
from scanner.planning import prepare as preparing
from scanner.planning.prepare import Prepared
from scanner.scan import totals
from tests.support.plants import played, untrap
from tests.support.virtual import DEFAULTS

EVERYTHING = [(probe.name, port) for probe in probes() for port in probe.ports]
TWICE = (
    ("127.9.0.0/30", "127.9.0.1"),
    ("127.9.0.1", "::ffff:127.9.0.1", "127.9.0-1.1"),
    ("127.9.0.1:502/modbus", "127.9.0.1:502/modbus"),
    ("127.9.0.1", "127.9.0.1:502/modbus"),
    ("127.9.0.1:1502/modbus", "127.9.0.0/29"),
    ("127.9.0.1:1502/modbus", "127.9.0.1:10161/snmp", "localhost"),
)


def prepared(*targets: str, **options: Any) -> Prepared:
    settings = Settings(db="nowhere/t.db", config=None)
    return preparing.prepare(settings, **{**DEFAULTS, "targets": targets, **options})


def asked(visit: Visit) -> list[tuple[str, int]]:
    return [(probe.name, port) for probe, port in visit.attempts]


@pytest.mark.parametrize("targets", TWICE, ids=" ".join)
def test_a_host_is_visited_once_and_no_service_of_it_twice(targets: tuple[str, ...]) -> None:
    made = prepared(*targets)
    visits = list(made.visits())
    assert max(Counter(visit.address for visit in visits).values()) == 1
    assert len(visits) == made.hosts
    for visit in visits:
        assert max(Counter(asked(visit)).values()) == 1


def test_what_a_service_adds_to_a_host_comes_after_the_usual_ports() -> None:
    (one,) = prepared("127.9.0.1", "127.9.0.1:1502/modbus").visits()
    assert asked(one) == [*EVERYTHING, ("modbus", 1502)]


def test_a_single_service_is_asked_that_and_nothing_else_also_where_the_register_knows_it() -> None:
    declared = preparing.Known({}, ("127.9.0.1",))
    made = prepared("127.9.0.1:1502/modbus")
    (one,) = replace(made, known=declared).visits()
    assert asked(one) == [("modbus", 1502)]


def test_a_service_may_name_a_probe_that_is_not_among_those_asked_everywhere() -> None:
    visits = {
        v.address: asked(v)
        for v in prepared("127.9.0.1", "127.9.0.2:502/modbus", probe_names=("snmp",)).visits()
    }
    assert visits == {"127.9.0.1": [("snmp", 161)], "127.9.0.2": [("modbus", 502)]}


def test_an_excluded_service_is_no_host_of_the_plan() -> None:
    made = prepared("127.9.0.1", "127.9.0.2:502/modbus", exclude=("127.9.0.2",))
    assert made.hosts == 1
    assert [visit.address for visit in made.visits()] == ["127.9.0.1"]


def test_the_plan_of_a_single_service_is_that_of_one_port() -> None:
    one, all_of_it = totals(prepared("127.9.0.1:502/modbus")), totals(prepared("127.9.0.1"))
    assert one["floor"].packets == 2  # one silent port and its retry
    assert one["floor"].requests == 0
    assert one["ceiling"].packets < all_of_it["ceiling"].packets
    both = totals(prepared("127.9.0.1", "127.9.0.1:1502/modbus"))["ceiling"]
    assert both.packets == one["ceiling"].packets + all_of_it["ceiling"].packets
    assert both.hosts == 1


def test_the_device_sees_one_client(tmp_path: Path) -> None:
    """Slow enough that two conversations would meet."""
    file = tmp_path / "one.toml"
    file.write_text(
        '[plant]\nname = "one"\nsite = "one"\n[[device]]\nid = "plc"\naddress = "127.32.9.1"\n'
        'vendor = "Acme"\nproduct = "P"\n[[device.service]]\nprotocol = "modbus"\n'
        'faults = [{kind = "slow", value = 0.3}]\n',
        encoding="utf-8",
    )
    with played(file, tmp_path) as here:
        port = 502 + here.shift
        targets = ("127.32.9.1", f"127.32.9.1:{port}/modbus", "127.32.9.0/29")
        words = ("--db", tmp_path / "t.db", "--config", here.config, "scan", *targets)
        ran = untrap(*words, "--profile", "brisk", "--depth", "identify", cwd=tmp_path)
        seen = here.witness()["total"]
    assert ran.code == 0, ran.err
    assert seen["peak_connections"] == 1
    assert seen["connections"] <= 2


def test_a_host_name_means_what_it_meant_when_the_scan_was_agreed_to() -> None:
    """A resumed scan asks no resolver: whoever changed the name since then changed no target."""
    said = {"plc7.invalid": ["127.9.0.7"]}
    made = prepared("plc7.invalid", resolved=said)
    assert [visit.address for visit in made.visits()] == ["127.9.0.7"]
    assert made.request["resolved"] == said
    assert prepared("localhost").request["resolved"] == {"localhost": ["127.0.0.1"]} or (
        "::1" in prepared("localhost").request["resolved"]["localhost"]  # type: ignore[index]
    )


@pytest.mark.parametrize("option", ["--sample-seconds", "--sample-every", "--listen"])
def test_what_is_no_number_is_no_time(option: str, tmp_path: Path) -> None:
    ran = untrap("plan", "127.9.0.1", option, "nan", cwd=tmp_path)
    assert ran.code == 2
    assert "no number" in ran.err
