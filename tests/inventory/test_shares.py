"""A site that is derived in shares is the site that is derived at once, to the byte."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.conclude import refresh
from inventory.judge.workers import Workers, wanted
from inventory.model import Declaration, Kind
from inventory.shares import derived
from inventory.store import Store
from protocols.contract import Observation
from tests.inventory.making import SITE, listed, observed, stated
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


STATED = (
    *STATEMENTS,
    listed(tag="M-3", kind_="equipment", class_="motor", address="10.0.0.3"),
    listed(tag="nowhere", serial="SN-900"),
    listed(tag="by name", name="pump 1", address="10.0.0.7"),
    stated(Kind.LINK, "l4", equipment="M-3", device="10.0.0.6"),
    stated(Kind.LINK, "l5", equipment="M-3", device="d2"),
)


@pytest.mark.timeout(600)  # forty sites, on a machine that does other work too
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(st.lists(observations(), max_size=16), min_size=1, max_size=3),
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
                    store.declare([merge, field])


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


def test_what_tells_of_others_is_derived_as_a_whole(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", SITE) as store, Workers(store, 0) as crew:
        store.append([identity(1), identity(2, mac_seen="00:11:22:33:44:55")])
        assert not derived(store, crew, size=1)
        refresh(store)
        before = contents(store)
        assert not derived(store, crew, size=1)
        assert contents(store) == before


def test_too_much_that_is_tied_is_derived_as_a_whole(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", SITE) as store, Workers(store, 0) as crew:
        store.append(identity(n, serial="SER-0001") for n in range(1, 9))
        assert not derived(store, crew, size=2, most=3)
        assert not list(store.devices())  # nothing was stored
        assert derived(store, crew, size=2, most=8)
        assert len(list(store.devices())) == 8
