"""Units behind gateways, nameplates of components, roles that only the register knows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.derive.assets import derive
from inventory.model import Declaration, Device, Kind
from protocols.contract import Fact, Observation, Outcome
from tests.inventory.making import SITE, listed, observed, stated

GATEWAY = {"vendor": "Moxa", "product": "MGate", "firmware": "2.3"}


def devices(
    observations: list[Observation], declarations: list[Declaration] | None = None
) -> tuple[Device, ...]:
    return derive(SITE, observations, declarations or []).devices


def said(item: Observation, part: str, **facts: str) -> Observation:
    """The same observation with facts about a part of the device."""
    found = tuple(Fact(name, value, "test", part) for name, value in facts.items())
    return replace(item, facts=(*item.facts, *found))


def test_identity_of_a_unit_counts_where_the_question_named_none() -> None:
    first = observed("10.0.0.1", GATEWAY)
    asked = said(
        observed("10.0.0.1", at=1), "unit 1", vendor="Acme", product="Meter", unit="present"
    )
    read = observed("10.0.0.1", at=2, part="unit 1", operation="read", points=("holding:1",))
    rows = [listed(tag="GW", address="10.0.0.1"), listed(tag="M", address="10.0.0.1", unit="1",
                                                         parent="GW")]  # fmt: skip
    gateway, unit = devices([first, asked, read], rows)
    assert (unit.part, unit.vendor, unit.product) == ("unit 1", "Acme", "Meter")
    assert (gateway.vendor, gateway.product) == ("Moxa", "MGate")
    assert not any(fact.part == "unit 1" for fact in gateway.facts if fact.name == "vendor")


def test_a_unit_that_nobody_declared_is_an_asset_of_its_own_when_it_is_another_device() -> None:
    own = observed("10.0.0.1", GATEWAY)
    asked = said(
        observed("10.0.0.1", at=1), "unit 1", vendor="Acme", product="Meter", unit="present"
    )
    gateway, unit = devices([own, asked])
    assert (gateway.vendor, gateway.product, gateway.part) == ("Moxa", "MGate", "")
    assert (unit.vendor, unit.product, unit.part) == ("Acme", "Meter", "unit 1")
    assert unit.parent == gateway.key


def test_unit_1_that_gives_the_same_identity_in_less_detail_is_the_device_itself() -> None:
    own = observed("10.0.0.1", GATEWAY)
    asked = said(observed("10.0.0.1", at=1), "unit 1", vendor="Moxa", unit="present")
    (one,) = devices([own, asked])
    assert one.product == "MGate"


def test_a_device_that_answers_at_unit_1_only_is_one_asset() -> None:
    asked = said(observed("10.0.0.1"), "unit 1", vendor="Acme", product="Meter", unit="present")
    (one,) = devices([asked])
    assert (one.vendor, one.part) == ("Acme", "")


def test_a_refusal_that_tells_nothing_makes_no_asset() -> None:
    """The row is withdrawn later: what the gateway said of that unit does not stand by itself."""
    own = observed("10.0.0.1", GATEWAY)
    refused = replace(
        observed("10.0.0.1", at=1, part="unit 9"), outcome=Outcome.REFUSED_CAPABILITY, items=None
    )
    (gateway,) = devices([own, said(refused, "unit 9", unit="undetermined")])
    assert (gateway.vendor, gateway.part) == ("Moxa", "")


def test_a_device_that_answers_every_unit_alike_is_one_asset_with_its_declared_units() -> None:
    echo = said(observed("10.0.0.1", GATEWAY), "", unit="echo")
    units = [observed("10.0.0.1", GATEWAY, part=f"unit {n}", at=n) for n in (3, 4)]
    rows = [
        listed(tag="GW", address="10.0.0.1"),
        listed(tag="U3", address="10.0.0.1", unit="3", parent="GW"),
        listed(tag="U4", address="10.0.0.1", unit="4", parent="GW"),
    ]
    found = derive(SITE, [echo, *units], rows)
    (one,) = found.devices
    assert one.register is not None
    assert one.register.tag == "GW"
    assert {planned.device for planned in found.planned} == {one.key}
    assert {"U3", "U4"} <= set(one.aliases)  # who looks for them is led to it
    said_of = {merge.identity: merge.reason for merge in one.merges}
    assert said_of["register row U3"] == "it answers every unit alike"


def test_the_only_component_of_the_same_maker_and_firmware_is_the_device_itself() -> None:
    own = observed("10.0.0.1", {"vendor": "WAGO", "firmware": "4.5"}, protocol="opcua", port=4840)
    plate = said(own, "PFC", vendor="WAGO", firmware="4.5", serial="S123456", model="750-8212")
    (one,) = devices([plate])
    assert (one.serial, one.model) == ("S123456", "750-8212")
    (other,) = devices([said(own, "PFC", vendor="Festo", firmware="1", serial="S123456")])
    assert other.serial == ""
    two = said(plate, "Second", vendor="WAGO", firmware="4.5", serial="S999999")
    assert devices([two])[0].serial == ""


def test_the_chassis_with_the_agent_s_own_serial_number_is_the_device_itself() -> None:
    agent = observed("10.0.0.1", {"vendor": "APC", "serial": "AS21331"}, protocol="snmp", port=161)
    (one,) = devices([said(agent, "entity 1", serial="AS21331", model="SMT3000", firmware="15.5")])
    assert (one.model, one.firmware) == ("SMT3000", "15.5")


def test_the_register_s_class_is_the_role_where_the_scan_says_none() -> None:
    seen = observed("10.0.0.1", {"vendor": "Moxa"})
    assert (
        devices([seen], [listed(tag="S", address="10.0.0.1", class_="switch")])[0].role == "switch"
    )
    assert devices([seen], [listed(tag="S", address="10.0.0.1", class_="thing")])[0].role == ""
    known = observed("10.0.0.1", {"vendor": "Moxa", "role": "router"})
    assert (
        devices([known], [listed(tag="S", address="10.0.0.1", class_="switch")])[0].role == "router"
    )


def test_a_service_whose_later_answer_was_another_protocol_is_other() -> None:
    opened = observed("10.0.0.1", protocol="s7comm", operation="connect", port=102)
    other = observed("10.0.0.1", protocol="s7comm", operation="setup", port=102, at=1,
                     outcome=Outcome.OTHER)  # fmt: skip
    (one,) = devices([opened, other])
    assert [service.outcome for service in one.services] == [Outcome.OTHER]


METER = {"vendor": "Acme", "product": "Meter", "serial": "SN-1"}


def test_an_absent_unit_is_not_the_outcome_of_a_service_whose_other_unit_speaks() -> None:
    """A gateway says 0x0B of unit 255, and unit 1 answers: without an identity of its own."""
    absent = observed("10.0.0.5", outcome=Outcome.REFUSED_DOWNSTREAM, reason="no_answer", at=1)
    spoke = observed("10.0.0.5", outcome=Outcome.REFUSED_CAPABILITY, reason="no 43/14", at=2)
    (device,) = devices([absent, spoke])
    assert [one.outcome for one in device.services] == [Outcome.REFUSED_CAPABILITY]
    (device,) = devices([absent])
    assert [one.outcome for one in device.services] == [Outcome.REFUSED_DOWNSTREAM]


@pytest.mark.parametrize("unit", ["1", "255", "0"])
def test_a_register_row_with_the_unit_that_a_device_is_itself_is_about_the_device(
    unit: str,
) -> None:
    """Once it made a second asset that nobody had seen, and the device one that nobody declared."""
    rows = [listed(tag="M-1", address="10.0.0.1", unit=unit)]
    for seen in ([observed("10.0.0.1", METER)], []):
        (one,) = devices(seen, rows)
        assert one.register is not None
        assert (one.register.tag, one.part, one.seen) == ("M-1", "", bool(seen))


def test_it_is_about_the_unit_where_that_is_another_device() -> None:
    own = observed("10.0.0.1", GATEWAY)
    asked = said(observed("10.0.0.1", at=1), "unit 1", vendor="Acme", product="Meter",
                 unit="present")  # fmt: skip
    gateway, unit = devices([own, asked], [listed(tag="M-1", address="10.0.0.1", unit="1")])
    assert unit.register is not None
    assert (gateway.register, unit.register.tag, unit.part) == (None, "M-1", "unit 1")


def test_beside_other_rows_of_its_address_or_behind_a_parent_it_is_a_unit() -> None:
    gate = listed(tag="GW", address="10.0.0.1")
    for others in (
        [gate, listed(tag="M-1", address="10.0.0.1", unit="1", parent="GW")],
        [listed(tag="M-2", address="10.0.0.1", unit="2"),
         listed(tag="M-1", address="10.0.0.1", unit="1")],
        [gate, listed(tag="M-1", unit="1", parent="GW")],
    ):  # fmt: skip
        found = {one.register.tag: one.part for one in devices([], others) if one.register}
        assert found["M-1"] == "unit 1"


def test_a_link_to_the_unit_that_the_device_is_itself_is_a_link_to_the_device() -> None:
    link = Declaration(SITE, Kind.LINK, "P-1", {"equipment": "P-1", "device": "10.0.0.1",
                                                "part": "unit 1"})  # fmt: skip
    rows = [listed(tag="M-1", address="10.0.0.1", unit="1"),
            listed(tag="P-1", kind_="equipment", class_="pump")]  # fmt: skip
    found = derive(SITE, [observed("10.0.0.1", METER)], [*rows, link])
    ((one,),) = [unit.links for unit in found.equipment]
    assert (one.device, one.part, one.resolved) == (found.devices[0].key, "", True)


@pytest.mark.parametrize("rows", [[], [listed(tag="M", address="10.0.0.1", unit="3")]])
def test_a_unit_that_answered_once_was_seen_though_its_gateway_misses_it_now(
    rows: list[Declaration],
) -> None:
    own = observed("10.0.0.1", GATEWAY)
    there = observed("10.0.0.1", at=1, part="unit 3", operation="read", points=("holding:1",))
    dead = replace(
        observed("10.0.0.1", at=99, part="unit 3"), outcome=Outcome.REFUSED_DOWNSTREAM, items=None
    )
    told = [said(there, "unit 3", unit="present"), said(dead, "unit 3", unit="absent")]
    _, unit = devices([own, *told], rows)
    assert (unit.part, unit.seen, unit.points) == ("unit 3", True, 1)
    assert unit.first_seen is not None


def test_a_unit_that_only_ever_echoed_its_gateway_is_none() -> None:
    own = observed("10.0.0.1", GATEWAY)
    first = said(observed("10.0.0.1", at=1, part="unit 3"), "unit 3", unit="present")
    echo = said(observed("10.0.0.1", at=99, part="unit 3"), "unit 3", unit="echo")
    (gateway,) = devices([own, first, echo])
    assert gateway.part == ""


BOX = {"vendor": "Moxa", "product": "MGate"}


def test_devices_behind_a_gateway_whose_units_nobody_wrote_down_are_not_the_gateway() -> None:
    rows = [
        listed(tag="GW", class_="gateway", address="10.0.0.1"),
        listed(tag="M-1", class_="meter", parent="GW"),
        listed(tag="M-2", class_="meter", parent="gw"),
    ]
    for found in (devices([observed("10.0.0.1", BOX)], rows), devices([], rows)):
        told = {(one.register.tag, one.parent != "") for one in found if one.register}
        assert told == {("GW", False), ("M-1", True), ("M-2", True)}
        assert [one.addresses for one in found if one.parent] == [(), ()]


def test_the_gateway_of_a_unit_may_be_named_by_its_address() -> None:
    rows = [
        listed(tag="GW", address="10.0.0.1"),
        listed(tag="M", unit="7", parent="10.0.0.1"),
        listed(tag="N", unit="8.0", parent="GW"),
    ]
    seven = observed("10.0.0.1", at=1, part="unit 7", operation="read", points=("holding:1",))
    found = devices([observed("10.0.0.1", BOX), said(seven, "unit 7", unit="present")], rows)
    told = {one.register.tag: one for one in found if one.register}
    assert set(told) == {"GW", "M", "N"}
    assert (told["M"].part, told["M"].seen, told["N"].part) == ("unit 7", True, "unit 8")
    assert told["M"].parent == told["N"].parent == told["GW"].key


@pytest.mark.parametrize(
    ("written", "matches"),
    [("4711002", True), ("sn 5-77", True), ("0004711002", True), ("471", False), ("0", False)],
)
def test_a_serial_number_as_spreadsheets_and_people_write_it(written: str, matches: bool) -> None:
    one = observed("10.0.0.1", {"vendor": "Acme", "serial": "0004711002"})
    two = observed("10.0.0.2", {"vendor": "Acme", "serial": "SN5-77"})
    found = devices([one, two], [listed(tag="M", class_="meter", serial=written)])
    assert any(one.seen and one.register for one in found) is matches


def test_a_serial_number_that_two_devices_may_mean_is_neithers() -> None:
    one = observed("10.0.0.1", {"vendor": "Acme", "serial": "0004711"})
    two = observed("10.0.0.2", {"vendor": "Acme", "serial": "47-11"})
    found = devices([one, two], [listed(tag="M", class_="meter", serial="4711")])
    assert not any(one.seen and one.register for one in found)


def test_of_two_rows_that_name_one_address_both_tags_find_the_device() -> None:
    rows = [listed(tag="A-8", address="10.0.0.1"), listed(tag="A-9", address="10.0.0.1")]
    (one,) = devices([observed("10.0.0.1", BOX)], rows)
    assert {"A-8", "A-9"} <= {one.name, *one.aliases}
    assert len([merge for merge in one.merges if merge.identity.startswith("register row ")]) == 2


OTHER = BOX | {"name": "APP8"}


def test_a_row_that_means_a_named_device_leaves_nothing_at_its_old_address() -> None:
    silent = observed("10.0.0.99", outcome=Outcome.SILENT)
    rows = [listed(tag="app8", address="10.0.0.99"), listed(tag="P-1", class_="pump"),
            stated(Kind.LINK, "P-1 | x", equipment="P-1", device="10.0.0.99")]  # fmt: skip
    found = derive(SITE, [observed("10.0.0.8", OTHER), silent], rows)
    (one,) = found.devices
    assert one.addresses == ("10.0.0.8",)
    assert one.register is not None
    assert one.register.address == "10.0.0.99"
    assert [place.address for place in found.places] == ["10.0.0.8"]
    assert [link.device for link in found.links] == [one.key]  # who names the old address means it


@pytest.mark.parametrize(
    "more",
    [
        [observed("10.0.0.99", BOX | {"vendor": "Other", "name": "b"}, at=1)],  # it answers there
        [listed(tag="PLC-9", address="10.0.0.99")],  # another row means what is planned there
        [listed(tag="U-9", address="10.0.0.99", unit="9", parent="10.0.0.99")],  # a gateway
    ],
)
def test_what_stands_or_is_planned_at_such_an_address_stays(
    more: list[Observation | Declaration],
) -> None:
    rows = [listed(tag="app8", address="10.0.0.99")]
    heard = [one for one in more if isinstance(one, Observation)]
    rows += [one for one in more if isinstance(one, Declaration)]
    found = devices([observed("10.0.0.8", OTHER), *heard], rows)
    assert "10.0.0.99" in {address for one in found for address in one.addresses}
    assert len(found) > 1


def test_a_row_whose_name_two_devices_share_keeps_its_address() -> None:
    same = [observed(f"10.0.0.{n}", OTHER | {"serial": f"S{n}00"}, at=n) for n in (7, 8)]
    found = devices(same, [listed(tag="app8", address="10.0.0.99")])
    assert [one.addresses for one in found if not one.seen] == [("10.0.0.99",)]
