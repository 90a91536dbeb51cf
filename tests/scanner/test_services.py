"""A target `address:port/probe` is asked that one service, and nothing else (rulings 24)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from inventory.store import Store
from scanner.cli import Settings, untrap
from scanner.planning.prepare import Prepared, prepare
from scanner.scan import groups, totals
from scanner.targets import TargetError, parse
from tests.inventory.making import listed


def prepared(*targets: str, exclude: tuple[str, ...] = (), db: Path = Path("no.db")) -> Prepared:
    return prepare(
        Settings(str(db)),
        targets=targets, exclude=exclude, depth="points", probe_names=(), port_list=(),
        profile_name="standard", max_rate=None, per_host_delay=None, timeout=3.0, retries=1,
        units="", names=(), vantage="", collection_vantage="", interface="",
        sample_seconds=60.0, sample_every=10.0, fc17=False,
    )  # fmt: skip


def asked(plan: Prepared) -> dict[str, list[str]]:
    """What each address is asked; an address that is visited twice fails."""
    visits = [(visit.address, visit.attempts) for visit in plan.visits()]
    found = {where: [f"{probe.name} {port}" for probe, port in what] for where, what in visits}
    assert len(found) == len(visits) == plan.hosts
    return found


EVERYTHING = {"modbus 502", "snmp 161", "opcua 4840", "s7comm 102"}


@pytest.mark.parametrize(
    ("target", "addresses"),
    [
        ("10.0.0.0/30:502/modbus", ["10.0.0.1", "10.0.0.2"]),
        ("10.0.0.7-9:502/modbus", ["10.0.0.7", "10.0.0.8", "10.0.0.9"]),
        ("10.0.0,1.5:502/modbus", ["10.0.0.5", "10.0.1.5"]),
        ("[2001:db8::4/127]:502/modbus", ["2001:db8::4", "2001:db8::5"]),
    ],
)
def test_a_range_of_services_is_each_of_them(target: str, addresses: list[str]) -> None:
    assert asked(prepared(target)) == {address: ["modbus 502"] for address in addresses}


def test_services_are_bounded() -> None:
    assert len(parse(["10.0.0.0/20:502/modbus"]).services) == 4_094
    with pytest.raises(TargetError, match="4096 services"):
        parse(["10.0.0.0/19:502/modbus"])


def test_an_excluded_service_is_not_asked_and_not_counted() -> None:
    plan = prepared("10.0.0.1-3:502/modbus", exclude=("10.0.0.2",))
    assert list(asked(plan)) == ["10.0.0.1", "10.0.0.3"]
    assert totals(plan)["floor"].packets == 4  # one SYN each, and one again


def test_a_declared_host_is_asked_no_more_than_the_service_that_was_named(tmp_path: Path) -> None:
    with Store.open(tmp_path / "t.db", "default") as store:
        store.declare([listed(site="default", tag="PLC-1", address="10.0.0.1")])
    plan = prepared("10.0.0.1:1502/modbus", db=tmp_path / "t.db")
    assert plan.known.first == ("10.0.0.1",)
    assert asked(plan) == {"10.0.0.1": ["modbus 1502"]}
    assert totals(plan)["expected"].connections > 0


def test_a_host_that_is_named_too_is_asked_once_and_all() -> None:
    assert set(asked(prepared("10.0.0.1", "10.0.0.1:502/modbus"))["10.0.0.1"]) == EVERYTHING
    more = asked(prepared("10.0.0.0/30", "10.0.0.1:1502/modbus"))
    assert set(more["10.0.0.1"]) == EVERYTHING | {"modbus 1502"}
    assert set(more["10.0.0.2"]) == EVERYTHING


def test_the_price_is_that_of_what_is_asked() -> None:
    one, whole = totals(prepared("10.0.0.1:502/modbus")), totals(prepared("10.0.0.1"))
    assert one["floor"].packets == 2
    assert one["ceiling"].packets < whole["ceiling"].packets
    assert groups(prepared("10.0.0.0/24", "10.0.1.0/30:502/modbus")) == 2
    assert groups(prepared("10.0.0.0/24", "10.0.0.0/30:502/modbus")) == 1


def test_services_that_are_alike_share_a_line_of_the_plan() -> None:
    words = ("plan", "10.0.0.1-3:502/modbus", "10.0.0.1:102/s7comm", "--exclude", "10.0.0.2")
    found = CliRunner().invoke(untrap, ["--db", "no.db", *words, "--json"])
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    told = [(line["targets"], line["hosts"], line["excluded"]) for line in lines[:-1]]
    assert told == [
        (["10.0.0.1:502/modbus", "10.0.0.3:502/modbus"], 2, None),
        (["10.0.0.2:502/modbus"], 0, "excluded"),
        (["10.0.0.1:102/s7comm"], 1, None),
        (["10.0.0.2"], 0, "excluded by you"),
    ]
    assert lines[-1]["total"]["hosts"] == 2
