"""A site that is derived in shares is the site that is derived at once, to the byte."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.conclude import refresh
from inventory.judge.workers import Workers, wanted
from inventory.model import Declaration, Kind
from inventory.shares import derived
from inventory.store import Store
from protocols.contract import Fact, Observation
from tests.inventory.making import SITE, START, listed, observed, stated
from tests.inventory.test_grow import STATEMENTS, identity, observations

DERIVED = ("assets", "services", "place", "ties")
EVERYTHING = 1_000_000
"""More addresses than any site here has: what is tied never makes it too much."""


def contents(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row that deriving writes, and the keys on record in their order."""
    with store.reading() as connection:
        found = {
            name: sorted(
                (tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")),  # noqa: S608 - constant names
                key=repr,
            )
            for name in DERIVED
        }
        keys = "SELECT id, kind, subject, fields FROM declaration ORDER BY seq"
        return found | {"keys": [tuple(row) for row in connection.exec_driver_sql(keys)]}


MACS = ("00:11:22:33:44:55", "00:80:63:00:00:01", "a0:b0:c0:00:00:02", "00:0e:8c:00:00:03")
TOLD_AT = tuple(f"10.0.0.{n}" for n in (1, 3, 6, 9, 40))
"""Addresses of devices, and one where nothing was ever asked."""


@st.composite
def tables(draw: st.DrawFn) -> Observation:
    """A switch or router that tells of others: ports, addresses, neighbours, its own."""
    at = draw(st.integers(0, 40)) * 3_600.0
    found = [Fact("name", draw(st.sampled_from(("sw 1", "sw 2"))), "sysName")]
    for _ in range(draw(st.integers(1, 5))):
        mac, port = draw(st.sampled_from(MACS)), draw(st.sampled_from(("1", "2")))
        other = draw(st.sampled_from(TOLD_AT))
        name, value = draw(
            st.sampled_from(
                (
                    *(("mac_seen", mac), ("arp_seen", f"{other}={mac}")),
                    *(("neighbour.mac", mac), ("neighbour.address", other)),
                    *(("interface.mac", mac), ("mac", mac), ("interface.name", f"Gi{port}")),
                )
            )
        )
        found.append(Fact(name, value, "table", port if name != "mac" else ""))
    address = draw(st.sampled_from(TOLD_AT[:-1]))
    seen = observed(address, at=at, scan=f"scan-{int(at) // 36_000}", protocol="snmp", port=161)
    return replace(seen, facts=tuple(found))


STATED = tuple(
    replace(one, time=START)  # else it is the moment at which each store was told
    for one in (
        *STATEMENTS,
        listed(tag="M-3", kind_="equipment", class_="motor", address="10.0.0.3"),
        listed(tag="nowhere", serial="SN-900"),
        listed(tag="by name", name="pump 1", address="10.0.0.7"),
        stated(Kind.LINK, "l4", equipment="M-3", device="10.0.0.6"),
        stated(Kind.LINK, "l5", equipment="M-3", device="d2"),
        listed(tag="W-7", mac=MACS[1]),
        listed(tag="W-8", address="10.0.0.3", mac=MACS[2]),
    )
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=st.lists(
        st.lists(st.one_of(observations(), observations(), tables()), max_size=16),
        min_size=1,
        max_size=3,
    ),
    said=st.lists(st.sampled_from(STATED), max_size=6, unique_by=id),
    size=st.integers(1, 4),
    joined=st.booleans(),
)
def test_shares_give_what_deriving_at_once_gives(
    tmp_path_factory: pytest.TempPathFactory,
    steps: Sequence[Sequence[Observation]],
    said: Sequence[Declaration],
    size: int,
    joined: bool,
) -> None:
    folder = tmp_path_factory.mktemp("db")
    with (
        Store.open(folder / "once.db", SITE) as once,
        Store.open(folder / "shares.db", SITE) as shares,
        Workers(shares, 0) as crew,
    ):
        for number, step in enumerate(steps):
            for store in (once, shares):
                store.append(step)
                store.declare(said[number :: len(steps)])
            refresh(once)
            assert derived(shares, crew, size=size, most=EVERYTHING)
            assert contents(once) == contents(shares)
            keys = [one.key for one in once.devices()]
            if joined and len(keys) > 1:  # a person says that two devices are one
                merge = stated(Kind.MERGE, keys[0], keep=keys[0], drop=keys[-1])
                field = stated(Kind.FIELD, keys[0], asset=keys[0], name="name", value="by hand")
                for store in (once, shares):
                    store.declare(replace(one, time=START) for one in (merge, field))


def both(folder: Path, seen: Sequence[Observation], said: Sequence[Declaration], size: int) -> None:
    """Derives the same at once and in shares, with two workers."""
    with (
        Store.open(folder / "once.db", SITE) as once,
        Store.open(folder / "shares.db", SITE) as shares,
        Workers(shares, 2) as crew,
    ):
        for store in (once, shares):
            store.append(seen)
            store.declare(said)
        refresh(once)
        assert derived(shares, crew, size=size, most=EVERYTHING)
        assert contents(once) == contents(shares)
        assert len(list(shares.devices())) > 1


def test_two_workers_derive_what_one_process_does(tmp_path: Path) -> None:
    seen = [identity(n) for n in range(1, 40)]
    seen += [identity(60, serial="SER-0003", at=90), observed("10.0.0.61", {"name": "d2"}, at=9)]
    both(tmp_path, seen, STATED, 4)


@pytest.mark.parametrize("address", ["10.0.0.1", "10.0.0.3", "10.0.0.9"])
def test_a_row_whose_device_shows_its_hardware_address_in_another_share(
    tmp_path: Path, address: str
) -> None:
    mac = "00:11:22:33:44:55"
    seen = [identity(2), identity(5, mac=mac), identity(7)]
    both(tmp_path, seen, [listed(tag="W-1", address=address, mac=mac)], 1)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux binds to processors")
def test_one_processor_gets_no_workers() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert wanted() == 0
    finally:
        os.sched_setaffinity(0, allowed)
    assert wanted() == (0 if len(allowed) == 1 else 3)


def test_two_workers_derive_what_tables_tell(tmp_path: Path) -> None:
    """A switch in one share names the ports of devices in others, and one that is silent."""
    ports = [Fact("mac_seen", mac, "bridge-mib", f"{n}") for n, mac in enumerate(MACS)]
    lines = [Fact("arp_seen", f"10.0.0.{5 + n}={mac}", "ip-mib") for n, mac in enumerate(MACS[:2])]
    switch = replace(identity(1), facts=(*identity(1).facts, *ports, *lines))
    seen = [switch, *(identity(n) for n in range(2, 9)), identity(7, mac=MACS[2], at=95)]
    both(tmp_path, seen, STATED, 2)
    with Store.open(tmp_path / "shares.db", SITE) as store:
        facts = {one.addresses[0]: {f.name: f.value for f in one.facts}
                 for one in store.devices() if one.addresses}  # fmt: skip
        assert facts["10.0.0.5"]["mac"] == MACS[0]
        assert "attached" in facts["10.0.0.7"]


def test_too_much_that_is_tied_is_derived_as_a_whole(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", SITE) as store, Workers(store, 0) as crew:
        store.append(identity(n, serial="SER-0001") for n in range(1, 9))
        assert not derived(store, crew, size=2, most=3)
        assert not list(store.devices())  # nothing was stored
        assert derived(store, crew, size=2, most=8)
        assert len(list(store.devices())) == 8
