"""What new observations reach is concluded as everything would be; what they do not stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.conclude import conclude
from inventory.grow import grow
from inventory.model import Declaration, Kind
from inventory.store import Store
from protocols.contract import Observation, Outcome
from tests.inventory.making import SITE, listed, observed, stated

TODAY = datetime(2026, 5, 6, tzinfo=UTC)
TABLES = (
    *("assets", "services", "place", "gaps", "questions", "meaning", "conflicts", "readiness"),
    *("ties", "standing"),
)


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


def until_left_out(
    rows: dict[str, list[tuple[object, ...]]],
) -> dict[str, list[tuple[object, ...]]]:
    """The same without how long a verdict stands: one that was made earlier may name a moment that
    a later one has behind it."""
    return rows | {"standing": [row[:-1] for row in rows["standing"]]}


# --- a site that anything may happen to -----------------------------------------------------------

PLACES = tuple(f"10.0.0.{n}" for n in range(1, 9))
SERIALS = ("SN-100", "SN-200", "SN-300", "0", "")
MACS = ("00:11:22:33:44:01", "00:11:22:33:44:02", "")


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    """An answer or silence of one of a few devices, which state few identities between them."""
    address = draw(st.sampled_from(PLACES))
    at = draw(st.integers(0, 40)) * 3_600.0
    scan = f"scan-{int(at) // 36_000}"
    what = draw(
        st.sampled_from(
            ("identity", "identity", "points", "unit", "quiet", "more", "more", "clock")
        )
    )
    facts: dict[str, object] = {}
    if what == "quiet":
        outcome = draw(st.sampled_from((Outcome.SILENT, Outcome.CLOSED, Outcome.REFUSED_AUTH)))
        return observed(address, at=at, scan=scan, outcome=outcome)
    if what == "points":
        points = draw(
            st.sampled_from(
                (
                    ("Motor current",),
                    ("Motor current", "Flow"),
                    ("Flow",),
                    ("P-1 vibration", "Flow"),
                )
            )
        )
        return observed(address, at=at, scan=scan, protocol="opcua", operation="browse", port=4840,
                        points=points, values=(4, 5.5))  # fmt: skip
    if what == "unit":
        part = draw(st.sampled_from(("unit 3", "unit 4")))
        outcome = draw(st.sampled_from((Outcome.COMPLETE, Outcome.REFUSED_DOWNSTREAM)))
        return observed(address, {"serial": draw(st.sampled_from(SERIALS))}, part=part, at=at,
                        scan=scan, outcome=outcome)  # fmt: skip
    if what == "clock":
        facts = {"clock_skew_seconds": draw(st.sampled_from((0.5, 900.0)))}
        return observed(address, facts, at=at, scan=scan, protocol="snmp", port=161)
    if what == "more":
        facts = draw(
            st.sampled_from(
                (
                    {"network": "10.0.0.4/30"}, {"network": "10.9.0.0/24"},
                    {"address": draw(st.sampled_from(PLACES))},
                    {"certificate.not_after": "2026-08-05T00:00:00Z"},
                    {"application_uri": "urn:acme:line"},
                    {"role": draw(st.sampled_from(("plc", "server", "switch")))},
                )
            )
        )  # fmt: skip
        return observed(address, facts, at=at, scan=scan, protocol="opcua", port=4840)
    facts = {
        "vendor": draw(st.sampled_from(("Acme", "Acme GmbH", "Other"))),
        "product": draw(st.sampled_from(("P1", "P2"))),
        "firmware": "1",
        "serial": draw(st.sampled_from(SERIALS)),
        "name": draw(st.sampled_from(("PLC", "pump 1", "d2", "VFD P-1"))),
        "mac": draw(st.sampled_from(MACS)),
    }
    return observed(address, {n: v for n, v in facts.items() if v}, at=at, scan=scan)


STATEMENTS: tuple[Declaration, ...] = (
    listed(tag="P-1", class_="pump", address="10.0.0.4", criticality="C3"),
    listed(tag="PLC", address="10.0.0.9", serial="SN-100"),
    listed(tag="d2", name="d2", unit="3", parent="PLC"),
    listed(tag="M-2", kind_="equipment", class_="motor", parent="pump 1"),
    stated(Kind.LINK, "l", equipment="P-1", device="PLC", complete="yes"),
    stated(Kind.LINK, "l2", equipment="X-9", device="SN-200"),
    stated(Kind.LINK, "l3", equipment="M-2", device="10.0.0.2", part="unit 3"),
    stated(Kind.ZONE, "z", name="cell", addresses="10.0.0.0/30"),
    stated(Kind.ATTEST, "PLC", subject_="PLC", statement="out of service", value="yes"),
    stated(Kind.ATTEST, "SN-200", subject_="SN-200", statement="shutdown", value="2026-05-11"),
    stated(Kind.SPLIT, "s", asset="none", identity="at:10.0.0.3"),
    stated(Kind.CREDENTIAL, "c", name="anonymous", entitlement="full"),
)

STEPS = st.lists(
    st.tuples(
        st.lists(observations(), max_size=4), st.sampled_from((0, 0, 3, 24, 24 * 9, 24 * 40))
    ),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    first=st.lists(observations(), max_size=20),
    said=st.lists(st.sampled_from(STATEMENTS), max_size=6, unique_by=id),
    steps=STEPS,
)
def test_what_grows_is_what_deriving_anew_gives(
    tmp_path_factory: pytest.TempPathFactory,
    first: list[Observation],
    said: list[Declaration],
    steps: Sequence[tuple[list[Observation], int]],
) -> None:
    now = TODAY
    with Store.open(tmp_path_factory.mktemp("db") / "a.db", SITE) as store:
        store.append(first)
        store.declare(said)
        conclude(store, today=now)
        for step, hours in steps:
            now += timedelta(hours=hours)
            store.append(step)
            conclude(store, today=now)
        found = until_left_out(contents(store))
        conclude(store, today=now, again=True)
        assert found == until_left_out(contents(store))


def identity(n: int, *, at: float = 0, **facts: object) -> Observation:
    """A device with a serial number of its own; `facts` beside it or instead."""
    known = {"vendor": "Acme", "product": "P", "serial": f"SER-{n:04}"}
    return observed(f"10.0.0.{n}", known | facts, at=at or n)


@pytest.mark.parametrize(
    "later",
    [
        [identity(60, at=90, mac="00:11:22:33:44:55")],  # its device is found elsewhere
        [identity(1, at=90)],  # another one answers where the row says
        [identity(60, at=90, mac="00:11:22:33:44:55"), identity(1, at=91)],
    ],
)
def test_a_row_with_a_hardware_address_grows_as_it_is_derived(
    tmp_path: Path, later: list[Observation]
) -> None:
    row = listed(tag="W-1", address="10.0.0.1", mac="00:11:22:33:44:55")
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append(identity(n) for n in range(2, 30))
        store.declare([row])
        conclude(store, today=TODAY)
        for one in later:
            store.append([one])
            conclude(store, today=TODAY)
        found = until_left_out(contents(store))
        conclude(store, today=TODAY, again=True)
        assert found == until_left_out(contents(store))


def test_a_clock_that_was_set_wrong_since_agrees_with_nobody_anymore(tmp_path: Path) -> None:
    """Before, everything made anew counted the clock as it had been, and what grew did not."""

    def clock(n: int, skew: float, scan: str) -> Observation:
        return observed(
            f"10.0.0.{n}", {"clock_skew_seconds": skew}, at=50 + n, scan=scan, protocol="snmp",
            port=161,
        )  # fmt: skip

    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append(identity(n) for n in range(1, 30))
        store.append([clock(1, 900.0, "one"), clock(2, 0.1, "one"), clock(3, 0.1, "one")])
        conclude(store, today=TODAY)
        assert [one.rule for one in store.findings() if one.rule == "Q07"]
        store.append([clock(3, 700.0, "two")])
        conclude(store, today=TODAY)
        found = until_left_out(contents(store))
        assert not [one.rule for one in store.findings() if one.rule == "Q07"]
        conclude(store, today=TODAY, again=True)
        assert found == until_left_out(contents(store))


# --- what is reached, and what is left alone ------------------------------------------------------


def signals(n: int, *points: str) -> Observation:
    """What a device publishes."""
    return observed(f"10.0.0.{n}", at=n + 0.5, protocol="opcua", operation="browse", port=4840,
                    points=points, values=(4,) * len(points))  # fmt: skip


@pytest.mark.parametrize("siblings", [(), (signals(4, "Flow", "Speed", "Level"),)])
def test_a_listing_that_broke_off_is_asked_anew_once_it_has_a_sibling(
    tmp_path: Path, siblings: tuple[Observation, ...]
) -> None:
    cut = replace(signals(1, "Flow"), outcome=Outcome.PARTIAL)
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append([*(identity(n, firmware="1") for n in (1, 2, 3, 4)), cut, *siblings])
        conclude(store, today=TODAY)
        store.append([signals(3, "Speed")])
        conclude(store, today=TODAY)
        found = until_left_out(contents(store))
        assert "Q11" in {one.rule for one in store.questions()}
        conclude(store, today=TODAY, again=True)
        assert found == until_left_out(contents(store))


def last(store: Store) -> int:
    """The running number of the newest observation that was derived."""
    return int(store.derived_stamp().partition(".")[0])


def mark(store: Store) -> None:
    """Marks every asset and gap; what is made anew loses the mark."""
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE assets SET owner = 'mark'")
        connection.exec_driver_sql("UPDATE gaps SET label = 'mark'")


def unmarked(store: Store) -> tuple[set[str], set[str]]:
    """Addresses of the assets, and rules of the gaps, that were made anew."""
    with store.reading() as connection:
        found = connection.exec_driver_sql(
            "SELECT a.addresses, a.owner, g.rule, g.label FROM assets a"
            " LEFT JOIN gaps g ON g.asset = a.key"
        ).all()
    return (
        {str(row[0]) for row in found if row[1] != "mark"},
        {f"{row[2]} {row[0]}" for row in found if row[2] and row[3] != "mark"},
    )


def test_a_scan_of_one_device_derives_and_judges_that_one(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append(identity(n) for n in range(1, 30))
        conclude(store, today=TODAY)
        mark(store)
        store.append([identity(7, at=99, name="seven")])
        assert grow(store, last(store), TODAY)
        assets, gaps = unmarked(store)
    assert assets == {'["10.0.0.7"]'}
    assert gaps
    assert all(one.endswith('"10.0.0.7"]') for one in gaps)


@pytest.mark.parametrize(
    ("before", "added", "reached"),
    [
        # Two siblings with another set of signals: a third makes "2 siblings" of one into 3.
        ([*(identity(n, firmware="1") for n in (1, 2, 3, 4)), signals(1, "Flow"),
          signals(2, "Flow"), signals(3, "Speed")], [signals(4, "Flow")], 'Q11 ["10.0.0.3"]'),
        # The serial number of an older device turns up at another address.
        ([identity(1), identity(2)], [identity(2, at=99, serial="SER-0001")], 'G03 ["10.0.0.1"]'),
        # A second clock agrees with ours.
        ([identity(1, clock_skew_seconds=900.0), identity(2, clock_skew_seconds=0.1),
          identity(3, clock_skew_seconds=0.1), identity(4)],
         [observed("10.0.0.4", {"clock_skew_seconds": 0.2}, at=9, protocol="snmp", port=161)],
         'Q07 ["10.0.0.1"]'),
    ],
)  # fmt: skip
def test_the_verdict_on_another_device_follows(
    tmp_path: Path, before: list[Observation], added: list[Observation], reached: str
) -> None:
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append(before)
        conclude(store, today=TODAY)
        mark(store)
        store.append(added)
        assert grow(store, last(store), TODAY)
        assert reached in unmarked(store)[1]


def test_a_listing_that_begins_or_ceases_to_bear_a_tag_judges_that_machine_again(
    tmp_path: Path,
) -> None:
    row = listed(tag="P-9", class_="pump", address="10.0.0.1")
    link = stated(Kind.LINK, "l", equipment="P-9", device="10.0.0.1", complete="yes")
    access = stated(Kind.CREDENTIAL, "c", name="anonymous", entitlement="full")

    def said(store: Store) -> tuple[set[str], set[str]]:
        named = store.findings(), store.questions()
        missing, asked = ({one.subject for one in some if one.rule == "U01"} for some in named)
        return missing, asked

    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append([signals(1, "Speed"), signals(2, "Speed")])
        store.declare([row, link, access])
        conclude(store, today=TODAY)
        missing, asked = said(store)
        assert "vibration" in missing
        assert not asked
        for at, names, moved in (
            (90, ("P-9 vibration velocity", "Speed"), {"vibration"}), (95, ("Speed", "Flow"), set())
        ):  # fmt: skip
            later = observed("10.0.0.2", at=at, protocol="opcua", operation="browse", port=4840,
                             points=names, values=(4,) * len(names), scan=f"scan-{at}")  # fmt: skip
            store.append([later])
            assert grow(store, last(store), TODAY)
            assert said(store) == (missing - moved, moved)
            found = until_left_out(contents(store)) | {"readiness": []}  # sums come afterwards
            conclude(store, today=TODAY, again=True)
            assert found == until_left_out(contents(store)) | {"readiness": []}


def test_a_network_that_was_asked_is_no_gap_any_more(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append([identity(1, network="10.9.0.0/24"), identity(2)])
        conclude(store, today=TODAY)
        assert any(one.rule == "T10" for one in store.findings())
        store.append([observed("10.9.0.5", {"vendor": "Other"}, at=50)])
        assert grow(store, last(store), TODAY)
        assert not any(one.rule == "T10" for one in store.findings())


def test_the_network_of_a_server_is_looked_at_when_an_address_near_it_was_asked(
    tmp_path: Path,
) -> None:
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append([identity(1, endpoint_url="opc.tcp://10.9.0.7:4840"), identity(2)])
        conclude(store, today=TODAY)
        assert any(one.rule == "T10" for one in store.findings())
        store.append([observed("10.9.0.5", {"vendor": "Other"}, at=50)])
        assert grow(store, last(store), TODAY)
        assert not any(one.rule == "T10" for one in store.findings())


def test_a_new_day_judges_what_has_got_old(tmp_path: Path) -> None:
    day = 86_400.0
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append([identity(1), identity(2, at=day * 9)])
        conclude(store, today=TODAY + timedelta(days=22))
        mark(store)
        assert grow(store, last(store), TODAY + timedelta(days=30))
        assert {one.rpartition(" ")[2] for one in unmarked(store)[1]} == {'["10.0.0.1"]'}


def test_the_day_after_a_declared_shutdown_judges_again(tmp_path: Path) -> None:
    row = listed(tag="PLC", address="10.0.0.1")
    quiet = observed("10.0.0.1", outcome=Outcome.SILENT, at=1)
    until = stated(Kind.ATTEST, "PLC", subject_="PLC", statement="shutdown", value="2026-05-11")
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append([quiet])
        store.declare([row, until])
        for day, rules in ((11, set()), (12, {"A08"})):
            conclude(store, today=datetime(2026, 5, day, tzinfo=UTC))
            assert {one.rule for one in store.findings()} & {"A08"} == rules


def test_what_tells_of_other_devices_is_derived_with_all_of_them(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append([identity(1), identity(2)])
        conclude(store, today=TODAY)
        store.append([identity(1, at=98, mac_seen="00:11:22:33:44:55")])
        assert not grow(store, last(store), TODAY)
        conclude(store, today=TODAY)
        store.append([identity(2, at=99, name="other")])
        assert not grow(store, last(store), TODAY)


def test_a_growth_that_was_cut_off_is_followed_by_a_full_derivation(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append([identity(1), identity(2)])
        conclude(store, today=TODAY)
        store.append([identity(2, at=99, firmware="2")])
        assert grow(store, last(store), TODAY)  # and no stamp is set: as if it had ended here
        assert not store.derived_stamp()


def test_what_is_observed_while_it_derives_is_derived_the_next_time(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append([identity(1)])

        def meanwhile(_: object) -> None:
            store.append([identity(2)])

        conclude(store, today=TODAY)
        with store.writing() as connection:  # as an older version of a rule had said it
            for text in (
                "UPDATE rulebook SET versions = replace(versions, '\"Q10\":', '\"Q10\":9')",
                "UPDATE gaps SET severity = 'critical' WHERE rule = 'Q10'",
                "UPDATE stamp SET value = replace(value, ' ', ' x')",
            ):
                connection.exec_driver_sql(text)
        conclude(store, today=TODAY, told=meanwhile)
        conclude(store, today=TODAY)
        assert len(list(store.devices())) == 2


def test_a_key_from_another_inventory_is_honoured(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append([identity(1), identity(2)])
        conclude(store, today=TODAY)
        device = next(iter(store.devices()))
        known = next(d for d in store.declarations(None, Kind.KEY) if d.subject == device.key)
        foreign = "00000000-0000-5000-8000-000000000001"  # as a bundle brings it
        fields = {**known.fields, "key": foreign}
        store.declare([Declaration(SITE, Kind.KEY, foreign, fields, author="elsewhere")])
        store.append([identity(2, at=99, name="two")])
        conclude(store, today=TODAY)
        assert [one.aliases for one in store.devices() if one.key == device.key] == [(foreign,)]
