"""What is concluded is the same however it came about: at once, bit by bit, or in workers."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.conclude import _more_than, conclude
from inventory.judge.gathered import Gathered
from inventory.judge.rows import judged
from inventory.judge.survey import context_from
from inventory.judge.weigh import frees_nothing
from inventory.judge.workers import Task, Workers, run
from inventory.model import Confidence, Declaration, Device, Evidence, Kind, Severity
from inventory.store import Store
from protocols.contract import NAMESPACE, Observation, Outcome, identifier
from tests.inventory.making import SITE, START, listed, observed, stated

TODAY = datetime(2026, 5, 6, tzinfo=UTC)
TABLES = ("assets", "services", "place", "gaps", "questions", "meaning", "conflicts", "readiness")


def plant(devices: int) -> Iterator[Observation]:
    """Siblings, one that differs, a serial number at two places, units behind a gateway."""
    for n in range(devices):
        address = f"10.0.{n // 250}.{n % 250 + 1}"
        facts = {
            "vendor": "Acme", "product": f"P{n % 3}", "firmware": "1",
            "serial": f"SN{max(n, 1):05}", "name": f"d{n}",
        }  # fmt: skip
        yield observed(address, facts, at=n)
        points = tuple(f"Motor {n % 5 // 4} temperature {i}" for i in range(3))
        yield observed(address, at=n + 0.1, protocol="opcua", operation="browse", port=4840,
                       points=points, values=(20.5, 21, None))  # fmt: skip
        yield observed(address, at=n + 0.2, protocol="s7comm", port=102, outcome=Outcome.CLOSED)
        if n % 7 == 0:
            for unit in ("unit 3", "unit 4"):
                yield observed(address, {"vendor": "Sub"}, part=unit, at=n + 0.3)


def declared(devices: int) -> list[Declaration]:
    """Machines, each monitored by one device."""
    rows = [
        listed(
            tag=f"M-{n}",
            kind_="equipment",
            class_="motor",
            criticality="C3",
            address=f"10.0.0.{n + 1}",
        )
        for n in range(0, devices, 4)
    ]
    links = [
        stated(Kind.LINK, f"M-{n}", equipment=f"M-{n}", device=f"10.0.0.{n + 1}", complete="yes")
        for n in range(0, devices, 4)
    ]
    return rows + links


def contents(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every derived row."""
    with store.reading() as connection:
        return {
            name: sorted(
                (tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")),  # noqa: S608 - constant names
                key=repr,
            )
            for name in TABLES
        }


def test_two_workers_give_the_rows_of_one_process(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append(plant(40))
        store.declare(declared(40))
        conclude(store, today=TODAY)
        alone = list(judged(store, TODAY, workers=0, size=1000))
        shared = list(judged(store, TODAY, workers=2, size=3))
    assert len(shared) > 10
    for place in range(len(alone[0])):
        rows = [row for some in alone for row in some[place].rows]
        assert rows == [row for some in shared for row in some[place].rows]
        assert rows or place in (4, 6)  # nothing contradicts itself here, or was taken out


@pytest.mark.parametrize(("alive", "rows", "many"), [(0, 0, 0), (2, 0, 0), (3, 0, 1), (2, 1, 1)])
def test_addresses_where_nobody_answered_make_a_site_large_only_if_they_are_declared(
    tmp_path: Path, alive: int, rows: int, many: bool
) -> None:
    """A sweep of dead space starts no workers."""
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append(
            observed(f"10.0.0.{n + 1}", outcome=Outcome.COMPLETE if n < alive else silence)
            for n, silence in enumerate([Outcome.SILENT, Outcome.CLOSED] * 5)
        )
        store.declare(
            listed(tag=f"P-{n}", kind_="device", address=f"10.0.0.{n + 8}") for n in range(rows)
        )
        assert _more_than(store, 2) is bool(many)


def dies_elsewhere(store: Store, number: int, parent: int) -> int:
    """Ends every process but the one named."""
    if os.getpid() != parent:
        os._exit(3)
    return number


def test_what_a_dead_worker_had_is_done_here(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        Store.open(tmp_path / "a.db", SITE) as store,
        Workers(store, 2) as crew,
    ):
        tasks = [Task(__name__, "dies_elsewhere", (n, os.getpid())) for n in range(9)]
        assert list(crew.answers(tasks)) == list(range(9))
    assert "worker_died" in caplog.text


def echoes(store: Store, text: bytes) -> bytes:
    """A long task with a long answer."""
    return text


def test_long_tasks_and_long_answers_do_not_wait_for_each_other(tmp_path: Path) -> None:
    long = [bytes([number]) * 3_000_000 for number in range(8)]
    with Store.open(tmp_path / "a.db", SITE) as store, Workers(store, 2) as crew:
        assert list(crew.answers(Task(__name__, "echoes", (text,)) for text in long)) == long


def fails(store: Store) -> None:
    """Raises."""
    raise ValueError(store.site)


def test_an_error_of_a_task_is_raised_here(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", SITE) as store, Workers(store, 0) as crew:
        with pytest.raises(ValueError, match=SITE):
            list(crew.answers([Task(__name__, "fails")]))
        assert run(store, Task(__name__, "dies_elsewhere", (1, os.getpid()))) == 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=40), st.randoms())
def test_parts_of_a_survey_add_up_to_the_whole(
    kinds: list[tuple[int, int]], chance: random.Random
) -> None:
    evidence = [
        Evidence(
            Device(f"k{n}", SITE, role="server" if kind == 5 else "plc", vendor="A", product="B",
                   firmware="1", serial=f"SERIAL{kind}", parent="k0" if kind == 4 else ""),
            (one := observed(f"10.0.0.{n}", part=f"unit {n}" if kind == 4 else "", at=n,
                             points=tuple(f"p{i}" for i in range(points))),),
            one.points,
        )
        for n, (kind, points) in enumerate(kinds)
    ]  # fmt: skip
    whole, added = Gathered(), Gathered()
    for one in evidence:
        whole.add(one)
    while evidence:
        part, size = Gathered(limited=False), chance.randint(1, len(evidence))
        for one in evidence[:size]:
            part.add(one)
        added.absorb(part)
        del evidence[:size]
    assert context_from(added, today=TODAY) == context_from(whole, today=TODAY)


ADDED: tuple[Observation | Declaration, ...] = (
    observed("10.0.0.1", {"vendor": "A", "serial": "S-100"}, at=0),
    observed("10.0.0.1", {"vendor": "A", "serial": "S-200"}, at=90_000, scan="scan-2"),
    observed("10.0.0.2", {"vendor": "A", "serial": "S-100"}, at=1),
    observed("10.0.0.2", at=90_001, scan="scan-2", outcome=Outcome.SILENT),
    observed("10.0.0.3", {"vendor": "B"}, part="unit 4", at=2),
    observed("10.0.0.3", {"mac_seen": "00:11:22:33:44:55"}, protocol="snmp", at=3),
    observed("10.0.0.4", protocol="opcua", operation="browse", points=("Motor current",),
             values=(4,), at=4),
    listed(tag="P-1", class_="pump", address="10.0.0.4", criticality="C3"),
    listed(tag="PLC", address="10.0.0.9"),
    stated(Kind.LINK, "l", equipment="P-1", device="PLC", complete="yes"),
    stated(Kind.ZONE, "z", name="cell", addresses="10.0.0.0/30"),
    stated(Kind.ATTEST, "PLC", subject_="PLC", statement="out of service", value="yes"),
    stated(Kind.WAIVER, "w", finding="x", owner="me", reason="so", expires="2027-01-01"),
    stated(Kind.THRESHOLD, "t", name="stale_seconds", value="5"),
    stated(Kind.VANTAGE, "v", name="here", zone="cell", collection="yes"),
    stated(Kind.MAP, "m", vendor="A", model="B", table="holding", address="0", type="uint16",
           complete="yes"),
    stated(Kind.CREDENTIAL, "c", name="anonymous", entitlement="full"),
)  # fmt: skip


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(st.lists(st.sampled_from(ADDED), max_size=3), min_size=1, max_size=5))
def test_bit_by_bit_leads_to_what_deriving_anew_gives(
    tmp_path_factory: pytest.TempPathFactory, steps: list[list[Observation | Declaration]]
) -> None:
    with Store.open(tmp_path_factory.mktemp("db") / "a.db", SITE) as store:
        for day, step in enumerate(steps):
            store.append(one for one in step if isinstance(one, Observation))
            store.declare(one for one in step if isinstance(one, Declaration))
            conclude(store, today=TODAY + timedelta(days=day))
        grown = contents(store)
        conclude(store, today=TODAY + timedelta(days=len(steps) - 1), again=True)
        assert grown == contents(store)


@pytest.mark.parametrize("text", ["", "a", "ß\n", "x" * 500])
def test_identifiers_are_uuids_of_version_five(text: str) -> None:
    import uuid

    assert identifier(text) == str(uuid.uuid5(NAMESPACE, text))


def test_that_nothing_monitors_a_machine_is_less_sure_after_a_year(tmp_path: Path) -> None:
    word = stated(Kind.LINK, "l", equipment="P-1", device="", complete="yes")
    word = replace(word, time=START)
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.declare([listed(tag="P-1", class_="pump"), word])
        for days, trust in ((0, Confidence.HIGH), (365, Confidence.HIGH), (366, Confidence.MEDIUM)):
            conclude(store, today=START + timedelta(days=days))
            (gap,) = (one for one in store.findings() if one.rule == "U02")
            assert gap.confidence is trust
        assert gap.because[0].declaration == word.id
        assert f"on {START:%Y-%m-%d}" in gap.because[0].text


def test_what_only_the_register_says_of_a_device_collides_with_nothing(tmp_path: Path) -> None:
    named = {"vendor": "A", "product": "B", "firmware": "1"}
    mac = "00:0e:8c:00:00:07"
    row = listed(tag="R-6", serial="SN-6666", mac=mac)
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append([
            observed("10.0.0.1", {**named, "serial": "SN-6666"}),
            observed("10.0.0.2", {**named, "serial": "SN-7777", "mac": mac}),
        ])  # fmt: skip
        store.declare([row])
        conclude(store, today=TODAY)
        (one,) = (device for device in store.devices() if device.name == "R-6")
        assert (one.addresses, one.mac) == (("10.0.0.1",), mac)  # the row's word
        assert not [gap for gap in store.findings() if gap.rule == "G03"]
        store.append([observed("10.0.0.1", {**named, "serial": "SN-6666", "mac": mac}, at=9)])
        conclude(store, today=TODAY)
        assert len([gap for gap in store.findings() if gap.rule == "G03"]) == 2


def test_only_what_assets_rest_on_derives_them_anew(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append(plant(3))
        conclude(store, today=START)
        with store.writing() as connection:  # a mark that a new derivation would wipe out
            connection.exec_driver_sql("UPDATE assets SET owner = 'mark'")
        store.declare([stated(Kind.ATTEST, "x", subject_="x", statement="read", value="yes")])
        assert conclude(store, today=START)
        assert {row[0] for row in store.rated(("owner",))} == {"mark"}
        store.declare([listed(tag="A", address="10.0.0.77")])
        assert conclude(store, today=START)
        assert "mark" not in {row[0] for row in store.rated(("owner",))}


def test_the_list_of_gaps_is_ranked_as_it_is_shown(tmp_path: Path) -> None:
    grades = list(Severity)
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append(plant(12))
        store.declare(declared(12))
        conclude(store, today=TODAY)
        whole = list(store.findings())
        store.declare([stated(Kind.WAIVER, "w", finding=whole[0].id, owner="me", expires="")])
        conclude(store, today=TODAY)
        whole = list(store.findings())
        shown = list(store.ranked(tuple("AUQG")))
        rules, accepted, asked = store.concluded_counts()
        assert store.ranked_count(tuple("AUQG")) == len(shown)
        assert store.severities() == {one.severity for one in whole if not one.waived}
        assert store.assets_count() == len(list(store.assets()))
        assert store.devices_count() == len(list(store.devices()))
        questions = list(store.questions())
    wanted = [
        one
        for one in whole
        if one.rule[0] in "AUQG" and one.severity is not Severity.INFO and not one.waived
    ]
    assert shown == sorted(
        wanted,
        key=lambda one: (
            frees_nothing(one), -one.value, -grades.index(one.severity), one.rule, one.id
        ),
    )  # fmt: skip
    assert len({one.rule for one in shown}) > 1
    assert rules == Counter(one.rule for one in whole)
    assert (accepted, asked) == (1, len({one.asset for one in questions}))


def test_two_doors_of_one_device_that_say_the_same_are_one_gap(tmp_path: Path) -> None:
    """A device with two legs that refuse alike: one finding that cites both."""
    known = {"vendor": "Acme", "serial": "SN-4711", "mac": "00:11:22:33:44:01"}
    legs = ("10.0.0.2", "10.0.0.7")
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append([observed(leg, known, at=n) for n, leg in enumerate(legs)])
        store.append(
            observed(leg, at=9 + n, protocol="opcua", operation="session", port=4840,
                     outcome=Outcome.REFUSED_AUTH)
            for n, leg in enumerate(legs)
        )  # fmt: skip
        conclude(store, today=TODAY)
        assert len(list(store.devices())) == 1
        (gap,) = [one for one in store.findings() if one.rule == "A03"]
        cited = " ".join(item.text for item in gap.because)
    assert all(leg in cited for leg in legs)
