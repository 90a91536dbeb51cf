"""Devices that never answered: switch tables, ARP tables, captures, register and scan joined."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.derive.assets import Inventory, derive
from inventory.model import Declaration, Device
from protocols.contract import Fact, Observation
from tests.inventory.making import SITE, listed, observed

SIEMENS, BECKHOFF = "00:1b:1b:00:00:07", "00:01:05:00:00:08"


def table(
    address: str, name: str, mac: str, lines: list[tuple[str, str, str]], at: float = 1.0
) -> list[Observation]:
    """A switch or router: what it is, and lines of its tables as fact, value, port."""
    itself = {"name": name, "role": "switch", "vendor": "Hirschmann", "mac": mac}
    who = observed(address, itself, protocol="snmp", operation="system", port=161, at=at)
    walked = observed(address, {}, protocol="snmp", operation="walk", port=161, at=at + 1)
    facts = tuple(Fact(name, value, "snmp BRIDGE-MIB", part) for name, value, part in lines)
    return [who, replace(walked, facts=facts)]


def derived(seen: list[Observation], *declared: Declaration) -> Inventory:
    found = derive(SITE, seen, declared)
    assert derive(SITE, seen[::-1], declared).devices == found.devices, "order matters"
    return found


def by_mac(found: Inventory, mac: str) -> Device:
    (device,) = [one for one in found.devices if one.mac == mac]
    return device


def said(device: Device, name: str) -> list[object]:
    return [fact.value for fact in device.facts if fact.name == name]


SWITCH = table("10.0.0.2", "SW-2", "ec:74:ba:00:00:02", [("mac_seen", SIEMENS, "port 7")])


def test_a_hardware_address_on_a_port_is_an_asset_with_its_place() -> None:
    found = derived(SWITCH)
    device = by_mac(found, SIEMENS)
    assert device.seen
    assert said(device, "attached") == ["on port 7 of SW-2"]
    assert device.vendor == "Siemens AG"
    assert len(found.devices) == 2


def test_it_is_no_asset_where_it_may_be_a_known_device() -> None:
    plc = observed("10.0.0.10", {"vendor": "Siemens AG", "product": "S7-300"})
    found = derived([*SWITCH, plc])
    assert [d.addresses[:1] for d in found.devices] == [("10.0.0.10",), ("10.0.0.2",)]


def test_it_is_one_where_every_known_device_is_of_another_maker() -> None:
    plc = observed("10.0.0.10", {"vendor": "Beckhoff Automation", "product": "CX5140"})
    assert by_mac(derived([*SWITCH, plc]), SIEMENS).seen


def test_a_switch_is_never_what_it_learned_itself() -> None:
    """One that tells neither its maker nor its own hardware address may be anything else."""
    nameless = [
        replace(one, facts=tuple(f for f in one.facts if f.name not in ("vendor", "mac")))
        for one in SWITCH
    ]
    assert by_mac(derived(nameless), SIEMENS).seen
    other = observed("10.0.0.10", {"name": "X"})
    assert SIEMENS not in {one.mac for one in derived([*nameless, other]).devices}


def test_a_row_of_the_register_without_an_ip_address_is_seen_on_its_port() -> None:
    plc = observed("10.0.0.10", {"vendor": "Siemens AG", "product": "S7-300"})
    found = derived([*SWITCH, plc], listed(tag="VLV-9", name="Valve island", mac=SIEMENS))
    device = by_mac(found, SIEMENS)
    assert (device.name, device.seen) == ("Valve island", True)
    assert said(device, "attached") == ["on port 7 of SW-2"]
    assert len(found.devices) == 3


@pytest.mark.parametrize("where", [SIEMENS, "10.0.0.44"])
def test_a_row_whose_device_is_elsewhere_leaves_nobody_at_its_address(where: str) -> None:
    """Heard by its hardware address only, or found at another IP address than the register's."""
    heard = observed(where, {"mac": SIEMENS, "role": "ot-device"})
    row = listed(tag="VLV-9", address="10.0.0.99", mac=SIEMENS)
    (device,) = derived([heard], row).devices
    assert (device.addresses, device.seen) == ((where,), True)
    assert device.register is not None
    assert device.register.tag == "VLV-9"
    other = observed("10.0.0.99", {"vendor": "Beckhoff Automation"})
    found = derived([heard, other], row)
    assert [d.addresses for d in found.devices if not d.register] == [("10.0.0.99",)]


def test_an_arp_table_ties_the_port_to_the_device_that_answered() -> None:
    plc = observed("10.0.0.10", {"vendor": "Siemens AG", "product": "S7-300"})
    router = table(
        "10.0.0.1", "R-1", "ec:74:ba:00:00:01", [("arp_seen", f"10.0.0.10={SIEMENS}", "if 1")]
    )
    found = derived([*SWITCH, plc, *router])
    device = by_mac(found, SIEMENS)
    assert device.addresses[0] == "10.0.0.10"
    assert device.product == "S7-300"
    assert said(device, "attached") == ["on port 7 of SW-2"]
    assert len(found.devices) == 3


def test_an_address_in_an_arp_table_only_is_an_asset() -> None:
    router = table(
        "10.0.0.1", "R-1", "ec:74:ba:00:00:01", [("arp_seen", f"10.0.0.44={BECKHOFF}", "if 1")]
    )
    device = by_mac(derived(router), BECKHOFF)
    assert device.addresses == ("10.0.0.44",)
    assert device.seen


def test_a_captured_station_and_the_scanned_device_are_one() -> None:
    plc = observed("10.0.0.10", {"vendor": "Siemens AG", "product": "S7-300"})
    router = table(
        "10.0.0.1", "R-1", "ec:74:ba:00:00:01", [("arp_seen", f"10.0.0.10={SIEMENS}", "if 1")]
    )
    heard = observed(
        SIEMENS, {"mac": SIEMENS, "role": "ot-device"}, protocol="capture", operation="heard",
        transport="link", port=0, origin="capture", scan="capture-1", at=9,
    )  # fmt: skip
    found = derived([plc, *router, heard])
    device = by_mac(found, SIEMENS)
    assert set(device.addresses) >= {"10.0.0.10", SIEMENS}
    assert len(found.devices) == 2


def test_the_register_names_the_silent_device() -> None:
    row = listed(tag="VLV-9", name="Valve island", mac=SIEMENS.upper(), address="10.0.0.99")
    found = derived(SWITCH, row)
    device = by_mac(found, SIEMENS)
    assert (device.name, device.seen) == ("Valve island", True)
    assert said(device, "attached") == ["on port 7 of SW-2"]
    assert len(found.devices) == 2


def test_the_edge_port_counts_and_not_the_trunk() -> None:
    others = [("mac_seen", f"00:01:05:00:01:{n:02x}", "port 1") for n in range(5)]
    core = table(
        "10.0.0.3", "CORE", "ec:74:ba:00:00:03", [("mac_seen", SIEMENS, "port 1"), *others]
    )
    assert said(by_mac(derived([*SWITCH, *core]), SIEMENS), "attached") == ["on port 7 of SW-2"]
    alone = by_mac(derived(core), SIEMENS)
    assert said(alone, "attached") == ["behind port 1 of CORE"]


def test_what_is_no_ones_own_address_makes_no_asset() -> None:
    lines = [
        ("mac_seen", "01:00:5e:00:00:01", "port 1"),  # a group
        ("mac_seen", "00:00:5e:00:01:0a", "port 1"),  # VRRP
        ("arp_seen", "224.0.0.251=01:00:5e:00:00:fb", "if 1"),
        ("arp_seen", "10.0.0.7=00:00:00:00:00:00", "if 1"),
        ("arp_seen", "nonsense", "if 1"),
    ]
    assert len(derived(table("10.0.0.2", "SW-2", "ec:74:ba:00:00:02", lines)).devices) == 1


def place_of(*seen: list[Observation]) -> list[object]:
    return said(by_mac(derived([one for part in seen for one in part]), SIEMENS), "attached")


def crowd(port: str, count: int, start: int = 0) -> list[tuple[str, str, str]]:
    return [("mac_seen", f"00:01:05:00:02:{start + n:02x}", port) for n in range(count)]


def test_a_device_that_names_itself_on_its_port_is_there_and_not_behind_an_uplink() -> None:
    """A port with a neighbour is no trunk: a PLC speaks LLDP too."""
    edge = table(
        "10.0.0.2", "SW-2", "ec:74:ba:00:00:02",
        [("mac_seen", SIEMENS, "port 7"), ("neighbour.mac", SIEMENS, "port 7")],
    )  # fmt: skip
    core = table(
        "10.0.0.3", "CORE", "ec:74:ba:00:00:03",
        [("mac_seen", SIEMENS, "port 24"), *crowd("port 24", 5)],
    )  # fmt: skip
    assert place_of(edge, core) == ["on port 7 of SW-2"]


def test_an_uplink_is_told_by_the_other_switchs_own_address_however_few_stand_behind_it() -> None:
    edge = table(
        "10.0.0.2", "SW-2", "ec:74:ba:00:00:02",
        [("mac_seen", SIEMENS, "port 7"), *crowd("port 7", 3)],
    )  # fmt: skip
    core = table(
        "10.0.0.3", "CORE", "ec:74:ba:00:00:03",
        [("mac_seen", SIEMENS, "port 1"), ("mac_seen", "ec:74:ba:00:00:02", "port 1")],
    )  # fmt: skip
    assert place_of(edge, core) == ["behind port 7 of SW-2"]


def test_an_uplink_is_told_by_the_neighbour_that_is_a_switch_too() -> None:
    edge = table(
        "10.0.0.2", "SW-2", "ec:74:ba:00:00:02",
        [("mac_seen", SIEMENS, "2/7"), *crowd("2/7", 3)],
    )  # fmt: skip
    core = table(
        "10.0.0.3", "CORE", "ec:74:ba:00:00:03",
        [("mac_seen", SIEMENS, "1/24"), ("neighbour.address", "10.0.0.2", "1/24")],
    )  # fmt: skip
    assert place_of(edge, core) == ["behind port 2/7 of SW-2"]


def test_a_computer_behind_a_telephone_is_behind_that_port() -> None:
    phone = "00:04:13:00:00:09"
    edge = table(
        "10.0.0.2", "SW-2", "ec:74:ba:00:00:02",
        [("mac_seen", SIEMENS, "port 5"), ("mac_seen", phone, "port 5"),
         ("neighbour.mac", phone, "port 5")],
    )  # fmt: skip
    assert place_of(edge) == ["behind port 5 of SW-2"]


def test_the_switchs_last_word_counts_and_an_old_one_where_it_says_no_more() -> None:
    def at(port: str, when: float, scan: str, mac: str = SIEMENS) -> list[Observation]:
        rows = table("10.0.0.2", "SW-2", "ec:74:ba:00:00:02", [("mac_seen", mac, port)], at=when)
        return [replace(one, scan=scan) for one in rows]

    moved = [at("port 3", 1, "scan-1"), at("port 7", 90, "scan-2")]
    assert place_of(*moved) == ["on port 7 of SW-2"]
    aged = [at("port 3", 1, "scan-1"), at("port 4", 90, "scan-2", BECKHOFF)]
    assert place_of(*aged) == ["on port 3 of SW-2"]


def test_machines_behind_one_port_are_each_behind_it() -> None:
    guests = [f"00:0c:29:00:00:{n:02x}" for n in range(3)]
    host = table(
        "10.0.0.2", "SW-2", "ec:74:ba:00:00:02", [("mac_seen", one, "port 9") for one in guests]
    )
    found = derived(host)
    assert {tuple(said(by_mac(found, one), "attached")) for one in guests} == {
        ("behind port 9 of SW-2",)
    }
