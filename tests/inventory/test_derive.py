"""Who is there, who is the same, who was planned: one behaviour per test."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.derive.assets import derive, evidence
from inventory.derive.clusters import key_of
from inventory.model import Declaration, Device, Kind
from protocols.contract import Fact, Observation, Outcome
from tests.inventory.making import SITE, listed, observed, stated


def devices(
    observations: list[Observation], declarations: list[Declaration] | None = None
) -> tuple[Device, ...]:
    return derive(SITE, observations, declarations or []).devices


PLC = {"vendor": "Acme GmbH", "serial": "SN-4711", "product": "PLC 5"}


def test_one_host_is_one_asset_with_its_facts() -> None:
    (one,) = devices([observed("10.0.0.1", PLC)])
    assert (one.vendor, one.product, one.serial) == ("Acme GmbH", "PLC 5", "SN-4711")
    assert one.addresses == ("10.0.0.1",)
    assert one.key == key_of(SITE, "serial:acme|SN-4711")
    assert [(s.protocol, s.port, s.outcome) for s in one.services] == [
        ("modbus", 502, Outcome.COMPLETE)
    ]


def test_address_that_only_answered_closed_is_counted_and_no_asset() -> None:
    found = derive(SITE, [observed("10.0.0.1", outcome=Outcome.CLOSED)], [])
    assert (found.devices, found.counted) == ((), {"closed": 1})


def test_closed_address_that_is_declared_is_an_asset_not_seen() -> None:
    (one,) = devices(
        [observed("10.0.0.1", outcome=Outcome.CLOSED)], [listed(tag="P1", address="10.0.0.1")]
    )
    assert (one.name, one.seen, one.addresses) == ("P1", False, ("10.0.0.1",))
    assert [s.outcome for s in one.services] == [Outcome.CLOSED]


def test_mute_listener_is_an_asset() -> None:
    assert len(devices([observed("10.0.0.1", outcome=Outcome.MUTE)])) == 1


def test_same_serial_at_two_addresses_stays_two_assets() -> None:
    found = devices([observed("10.0.0.1", PLC), observed("10.0.0.2", PLC)])
    assert len({one.key for one in found}) == 2


def test_same_serial_and_hardware_address_at_two_addresses_is_one_asset() -> None:
    facts = PLC | {"mac": "00:1b:1b:00:00:07"}
    (one,) = devices([observed("10.0.0.1", facts), observed("10.0.0.2", facts)])
    assert set(one.addresses) == {"10.0.0.1", "10.0.0.2"}
    assert "hardware address 00:1b:1b:00:00:07" in one.merges[0].reason


def test_own_address_table_joins_two_addresses() -> None:
    (one,) = devices(
        [observed("10.0.0.1", PLC | {"address": "10.0.0.2"}), observed("10.0.0.2", PLC)]
    )
    assert set(one.addresses) == {"10.0.0.1", "10.0.0.2"}


def test_placeholder_serial_is_no_identity() -> None:
    facts = {"vendor": "Acme", "serial": "00000000", "mac": "00:1b:1b:00:00:07"}
    found = devices([observed("10.0.0.1", facts), observed("10.0.0.2", facts)])
    assert len(found) == 2


def test_same_name_at_two_addresses_stays_two_assets() -> None:
    found = devices([observed("10.0.0.1", {"name": "plc"}), observed("10.0.0.2", {"name": "plc"})])
    assert len(found) == 2


def test_moved_device_keeps_its_key_when_the_old_place_was_asked_again() -> None:
    first = [observed("10.0.0.1", PLC)]
    keys = list(derive(SITE, first, []).keys)
    later = [
        observed("10.0.0.1", at=90_000, scan="scan-2", outcome=Outcome.SILENT),
        observed("10.0.0.9", PLC, at=90_001, scan="scan-2"),
    ]
    (one,) = devices(first + later, keys)
    assert one.key == keys[0].fields["key"]
    assert one.addresses[0] == "10.0.0.9"
    assert "moved" in one.merges[0].reason


def test_replaced_device_is_another_asset() -> None:
    other = PLC | {"serial": "SN-9999"}
    found = devices(
        [observed("10.0.0.1", PLC), observed("10.0.0.1", other, at=90_000, scan="scan-2")]
    )
    assert {one.serial for one in found} == {"SN-4711", "SN-9999"}


def test_units_behind_a_gateway_are_assets_with_parent_and_part() -> None:
    found = devices(
        [
            observed("10.0.0.5", {"vendor": "Gate", "product": "G1"}, part="unit 255"),
            *(observed("10.0.0.5", {"vendor": f"V{n}"}, part=f"unit {n}") for n in (2, 3)),
        ]
    )
    root = next(one for one in found if not one.part)
    assert root.vendor == "Gate"
    assert [(d.part, d.parent, d.vendor) for d in found if d.part] == [
        ("unit 2", root.key, "V2"),
        ("unit 3", root.key, "V3"),
    ]


def test_unit_one_and_255_with_equal_answers_are_the_asset_itself() -> None:
    found = devices([observed("10.0.0.5", PLC, part=f"unit {n}") for n in (1, 255)])
    assert len(found) == 1


def test_unit_that_echoes_is_no_asset() -> None:
    found = devices(
        [
            observed("10.0.0.5", PLC, part="unit 255"),
            observed("10.0.0.5", PLC | {"unit": "echo"}, part="unit 7"),
        ]
    )
    assert len(found) == 1


def test_declared_unit_that_never_answered_is_an_asset() -> None:
    found = devices(
        [
            observed("10.0.0.5", PLC, part="unit 255"),
            observed("10.0.0.5", part="unit 9", outcome=Outcome.REFUSED_DOWNSTREAM),
        ],
        [
            listed(tag="GW", address="10.0.0.5"),
            listed(tag="M9", parent="GW", unit="9", vendor="Meter"),
        ],
    )
    unit = next(one for one in found if one.part)
    root = next(one for one in found if not one.part)
    assert (unit.name, unit.part, unit.parent, unit.seen) == ("M9", "unit 9", root.key, False)
    assert root.name == "GW"


def test_register_row_is_matched_by_serial_before_address() -> None:
    found = derive(
        SITE,
        [observed("10.0.0.1", PLC), observed("10.0.0.2", PLC | {"serial": "SN-2222"})],
        [listed(tag="A", address="10.0.0.2", serial="SN-4711")],
    )
    named = next(one for one in found.devices if one.name == "A")
    assert named.serial == "SN-4711"
    assert "serial number" in found.planned[0].why
    assert [one.serial for one in found.found_not_planned] == ["SN-2222"]


@pytest.mark.parametrize("asked", [False, True])
def test_the_old_address_of_a_row_whose_device_stands_elsewhere_is_no_asset(asked: bool) -> None:
    """It was a device without a name, counted among those that are declared and not observed."""
    seen = [observed("10.0.0.1", PLC)]
    if asked:
        seen.append(observed("10.0.0.99", outcome=Outcome.CLOSED))
    found = derive(SITE, seen, [listed(tag="A", address="10.0.0.99", serial=PLC["serial"])])
    assert [(one.name, one.addresses) for one in found.devices] == [("A", ("10.0.0.1",))]
    alive = derive(
        SITE,
        [*seen, observed("10.0.0.99", {"vendor": "Other"}, at=9)],
        [listed(tag="A", address="10.0.0.99", serial=PLC["serial"])],
    )
    assert len(alive.devices) == 2  # something else answers there now


def test_planned_not_found_is_an_asset_and_listed() -> None:
    found = derive(SITE, [observed("10.0.0.1", PLC)], [listed(tag="X", address="10.0.0.77")])
    assert [one.row.tag for one in found.planned_not_found] == ["X"]
    assert {one.name for one in found.devices if not one.seen} == {"X"}


def test_equipment_row_with_address_makes_equipment_device_and_proposed_link() -> None:
    found = derive(
        SITE,
        [observed("10.0.0.1", PLC)],
        [listed(tag="P-1", class_="Centrifugal pump", address="10.0.0.1", criticality="C3")],
    )
    (pump,) = found.equipment
    assert (pump.tag, pump.criticality) == ("P-1", "C3")
    assert [(x.device, x.proposed) for x in pump.links] == [(found.devices[0].key, True)]


def test_link_to_an_unknown_device_is_kept_unresolved() -> None:
    found = derive(SITE, [], [stated(Kind.LINK, "P-1", equipment="P-1", device="nobody")])
    assert [(x.device, x.resolved) for x in found.links] == [("nobody", False)]


def test_link_resolves_by_tag_and_unit() -> None:
    found = derive(
        SITE,
        [observed("10.0.0.5", PLC, part="unit 255"), observed("10.0.0.5", {}, part="unit 3")],
        [
            listed(tag="GW", address="10.0.0.5"),
            stated(Kind.LINK, "l", equipment="P-1", device="GW", part="unit 3", complete="yes"),
            stated(Kind.LINK, "m", equipment="P-1", device="10.0.0.5", part="unit 3"),
        ],
    )
    unit = next(one for one in found.devices if one.part)
    assert {(x.device, x.resolved) for x in found.links} == {(unit.key, True)}
    assert found.equipment[0].links_complete


def test_stated_field_survives_a_rescan() -> None:
    (one,) = devices([observed("10.0.0.1", PLC)])
    set_ = stated(Kind.FIELD, f"{one.key} name", asset=one.key, name="name", value="Filler PLC")
    later = observed("10.0.0.1", PLC | {"name": "plc1"}, at=90_000, scan="scan-2")
    (again,) = devices([observed("10.0.0.1", PLC), later], [set_])
    assert again.name == "Filler PLC"


def test_stated_merge_keeps_one_key_and_split_undoes_it() -> None:
    both = [observed("10.0.0.1", {"name": "a"}), observed("10.0.0.2", {"name": "b"})]
    first, second = devices(both)
    merge = stated(Kind.MERGE, second.key, keep=first.key, drop=second.key)
    (one,) = devices(both, [merge])
    assert (one.key, one.aliases) == (first.key, (second.key,))
    split = stated(Kind.SPLIT, second.key, asset=second.key, identity=f"key:{second.key}")
    assert len(devices(both, [merge, split])) == 2


def test_key_is_honoured_when_a_stronger_identity_appears() -> None:
    found = derive(SITE, [observed("10.0.0.1", {"name": "x"})], [])
    later = observed("10.0.0.1", PLC, at=90_000, scan="scan-2")
    again = derive(SITE, [observed("10.0.0.1", {"name": "x"}), later], found.keys)
    assert again.devices[0].key == found.devices[0].key
    assert [one.fields["identity"] for one in again.keys] == ["serial:acme|SN-4711"]
    third = derive(SITE, [later], [*found.keys, *again.keys])
    assert third.keys == ()


def test_best_source_wins_over_a_later_hint() -> None:
    (one,) = devices(
        [
            observed("10.0.0.1", {"vendor": "Nameplate"}, source="modbus 43/14 object 0x00"),
            observed("10.0.0.1", {"vendor": "Agent"}, at=5, source="snmp sysObjectID"),
        ]
    )
    assert one.vendor == "Nameplate"


def test_evidence_holds_the_points_and_the_latest_samples() -> None:
    seen = [
        observed("10.0.0.1", PLC, points=("h:1", "h:2"), values=(1, 2)),
        observed("10.0.0.1", points=("h:1",), values=(7,), at=90_000, scan="scan-2"),
    ]
    found = derive(SITE, seen, [])
    (one,) = found.devices
    known = evidence(one, found.places, seen)
    assert (one.points, one.readable) == (2, 2)
    assert sorted((s.point, s.value) for s in known.samples) == [("h:1", 7), ("h:2", 2)]
    assert len(known.points) == 2


def _plant() -> list[Observation]:
    twin = PLC | {"mac": "00:1b:1b:00:00:07"}
    return [
        observed("10.0.0.1", twin),
        observed("10.0.0.2", twin, at=1),
        observed("10.0.0.3", {"vendor": "B", "serial": "S-111"}, at=2),
        observed("10.0.0.4", {"vendor": "B", "serial": "S-111"}, at=3),
        observed("10.0.0.5", {"vendor": "Gate"}, part="unit 255", at=4),
        observed("10.0.0.5", {"vendor": "C"}, part="unit 3", at=5, points=("h:1",), values=(1,)),
        observed("10.0.0.5", part="unit 4", at=6, outcome=Outcome.REFUSED_DOWNSTREAM),
        observed("10.0.0.6", outcome=Outcome.CLOSED, at=7),
        observed("10.0.0.7", outcome=Outcome.MUTE, at=8),
        observed("10.0.0.3", {"vendor": "B", "serial": "S-222"}, at=90_000, scan="scan-2"),
        observed("10.0.0.8", {"vendor": "B", "serial": "S-111"}, at=90_001, scan="scan-2"),
        observed("10.0.0.1", {"firmware": "2"}, at=90_002, scan="scan-2"),
    ]


ROWS = [
    listed(tag="GW", address="10.0.0.5"),
    listed(tag="U4", parent="GW", unit="4"),
    listed(tag="P-1", class_="pump", address="10.0.0.1"),
]


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 11))
def test_order_and_repetition_of_observations_do_not_matter(
    shuffle: random.Random, again: int
) -> None:
    expected = derive(SITE, _plant(), ROWS)
    mixed = [*_plant(), _plant()[again]]
    shuffle.shuffle(mixed)
    assert derive(SITE, mixed, ROWS) == expected


@settings(max_examples=50, deadline=None)
@given(st.sets(st.integers(0, 11)))
def test_keys_survive_whatever_was_seen_first(first: set[int]) -> None:
    plant = _plant()
    early = derive(SITE, [plant[index] for index in sorted(first)], [])
    late = derive(SITE, plant, list(early.keys))
    known = {key for one in late.devices for key in (one.key, *one.aliases)}
    assert {one.key for one in early.devices} <= known


def test_hostile_facts_do_not_break_derivation() -> None:
    nasty = {"vendor": "\x1b[31m\ud800", "serial": "=cmd()", "mac": "zz", "address": "../../x"}
    (one,) = devices([observed("10.0.0.1", nasty)])
    assert one.addresses == ("10.0.0.1",)
    assert replace(one, key="") is not None


def offers(at: float, scan: str, *security: str) -> Observation:
    """An OPC UA server that tells its endpoints."""
    item = observed("10.0.0.1", PLC, protocol="opcua", operation="get_endpoints", port=4840, at=at,
                    scan=scan)  # fmt: skip
    told = tuple(Fact("security", one, "opcua GetEndpoints") for one in security)
    return replace(item, facts=(*item.facts, *told))


def test_what_a_server_offered_before_and_does_no_more_is_history() -> None:
    open_, locked = "None/None/anonymous", "Basic256Sha256/SignAndEncrypt/username"
    first, second = offers(0, "scan-1", open_, locked), offers(9_000, "scan-2", locked)
    knock = observed("10.0.0.1", protocol="opcua", operation="hello", port=4840, at=20_000,
                     scan="scan-3")  # fmt: skip
    for several in ([first, second, knock], [knock, second, first]):
        (one,) = devices(several)
        assert [service.security for service in one.services] == [(locked,)]
    (one,) = devices([second, replace(first, time=second.time + timedelta(hours=9))])
    assert [service.security for service in one.services] == [(locked, open_)]


def test_what_another_device_offered_at_the_address_is_not_its_own() -> None:
    locked, open_ = "Basic256Sha256/SignAndEncrypt/username", "None/None/anonymous"
    other = offers(9_000, "scan-2", open_)
    facts = tuple(f if f.name != "serial" else replace(f, value="SN-9") for f in other.facts)
    found = devices([offers(0, "scan-1", locked), replace(other, facts=facts)])
    assert {one.serial: [s.security for s in one.services] for one in found} == {
        "SN-4711": [(locked,)], "SN-9": [(open_,)],
    }  # fmt: skip
