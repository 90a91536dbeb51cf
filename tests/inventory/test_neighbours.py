"""Devices that a switch knows as neighbours (LLDP): assets on its port, with what they said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from inventory.derive.assets import Inventory
from inventory.model import Device
from protocols.contract import Fact, Observation
from tests.inventory.making import listed, observed
from tests.inventory.test_silent import BECKHOFF, SIEMENS, by_mac, derived, said, table

PORT_MAC = "00:1b:1b:00:00:17"
PLC = {"mac": SIEMENS, "name": "plcxb1d0ed", "port": PORT_MAC, "description": "SIMATIC S7-1500"}
CAMERA = {"name": "cam-2", "address": "10.0.0.77", "port": "eth0"}


def switch(*rows: tuple[str, Mapping[str, str]], address: str = "10.0.0.2") -> list[Observation]:
    """A switch, and the rows of its table of neighbours as port and fields."""
    itself, walked = table(address, f"SW-{address[-1]}", f"ec:74:ba:00:00:0{address[-1]}", [])
    facts = tuple(
        Fact(f"neighbour.{name}", value, f"snmp LLDP-MIB neighbour {place}", port)
        for place, (port, row) in enumerate(rows, 1)
        for name, value in row.items()
    )
    return [itself, replace(walked, facts=facts)]


def at(found: Inventory, address: str) -> Device:
    (device,) = [one for one in found.devices if address in one.addresses]
    return device


def test_a_neighbour_is_an_asset_on_its_port_with_its_name_and_words() -> None:
    found = derived(switch(("port 1", PLC)))
    device = by_mac(found, SIEMENS)
    assert (device.seen, device.name) == (True, "plcxb1d0ed")
    assert said(device, "attached") == ["on port 1 of SW-2"]
    assert said(device, "description") == ["SIMATIC S7-1500"]
    assert said(device, "interface.mac") == [PORT_MAC]
    assert "Siemens" in device.vendor
    assert len(found.devices) == 2


def test_a_neighbour_that_tells_an_address_only_is_an_asset_there() -> None:
    found = derived(switch(("port 2", CAMERA)))
    device = at(found, "10.0.0.77")
    assert (device.seen, device.name, device.mac) == (True, "cam-2", "")
    assert said(device, "attached") == ["on port 2 of SW-2"]
    assert said(device, "interface.name") == ["eth0"]


def test_two_switches_that_name_one_neighbour_by_its_address_name_one() -> None:
    seen = [*switch(("port 2", CAMERA)), *switch(("port 5", CAMERA), address="10.0.0.3")]
    found = derived(seen)
    assert len(found.devices) == 3
    assert at(found, "10.0.0.77").name == "cam-2"


def test_its_management_address_ties_a_neighbour_to_what_answers_there() -> None:
    plc = observed("10.0.0.10", {"vendor": "Siemens AG", "product": "S7-300"})
    found = derived([*switch(("port 1", {**PLC, "address": "10.0.0.10"})), plc])
    device = at(found, "10.0.0.10")
    assert (device.mac, device.product) == (SIEMENS, "S7-300")
    assert said(device, "attached") == ["on port 1 of SW-2"]
    assert len(found.devices) == 2


def test_a_management_address_where_another_make_answers_ties_nobody() -> None:
    other = observed("10.0.0.10", {"vendor": "Beckhoff Automation", "name": "CX"})
    found = derived([*switch(("port 1", {**PLC, "address": "10.0.0.10"})), other])
    assert at(found, "10.0.0.10").name == "CX"
    assert by_mac(found, SIEMENS).addresses == (SIEMENS,)


def test_one_management_address_of_two_neighbours_is_nobodys() -> None:
    """As devices leave the factory."""
    rows = [("port 1", {**PLC, "address": "192.168.0.1"}),
            ("port 3", {"mac": BECKHOFF, "address": "192.168.0.1"})]  # fmt: skip
    found = derived(switch(*rows))
    assert {one.addresses for one in found.devices} == {("10.0.0.2",), (SIEMENS,), (BECKHOFF,)}


def test_two_neighbours_on_one_port_are_two_behind_it() -> None:
    rows = [("port 1", PLC), ("port 1", {"mac": BECKHOFF, "name": "io-b"})]
    found = derived(switch(*rows))
    assert [by_mac(found, mac).name for mac in (SIEMENS, BECKHOFF)] == ["plcxb1d0ed", "io-b"]
    assert said(by_mac(found, BECKHOFF), "attached") == ["behind port 1 of SW-2"]


def test_the_hardware_address_of_its_port_names_a_neighbour_without_another() -> None:
    row = {name: value for name, value in PLC.items() if name != "mac"}
    assert by_mac(derived(switch(("port 1", row))), PORT_MAC).name == "plcxb1d0ed"


def test_a_neighbours_port_that_the_switch_learned_is_no_second_device() -> None:
    who, walked = switch(("port 1", PLC))
    learned = Fact("mac_seen", PORT_MAC, "snmp BRIDGE-MIB", "port 1")
    found = derived([who, replace(walked, facts=(*walked.facts, learned))])
    assert len(found.devices) == 2
    assert by_mac(found, SIEMENS).name == "plcxb1d0ed"


def test_a_neighbour_is_no_asset_where_it_may_be_a_known_device() -> None:
    unnamed = observed("10.0.0.10", {"vendor": "Siemens AG"})
    found = derived([*switch(("port 1", PLC)), unnamed])
    assert [one.addresses for one in found.devices] == [("10.0.0.10",), ("10.0.0.2",)]


def test_a_known_device_of_another_system_name_is_not_the_neighbour() -> None:
    """LLDP and SNMP tell one name (IEEE 802.1AB, 9.5.7: sysName)."""
    other = observed("10.0.0.10", {"name": "drive-9"}, protocol="snmp", operation="system")
    same = observed("10.0.0.11", {"name": "PLCxb1d0ed"}, protocol="snmp", operation="system")
    rows = switch(("port 1", PLC))
    assert by_mac(derived([*rows, other]), SIEMENS).seen
    assert SIEMENS not in {one.mac for one in derived([*rows, other, same]).devices}


def test_what_tells_no_address_at_all_is_the_switchs_word_only() -> None:
    found = derived(switch(("port 3", {"name": "router-4", "port": "GigabitEthernet0/1"})))
    assert len(found.devices) == 1


def test_what_is_no_ones_address_makes_no_neighbour() -> None:
    rows = [("port 1", {"mac": "01:80:c2:00:00:0e"}), ("port 2", {"address": "::"}),
            ("port 3", {"address": "127.0.0.1"}), ("port 4", {"mac": "ec:74:ba:00:00:02"}),
            ("port 5", {"address": "10.0.0.2"}), ("port 6", {"address": "nonsense"})]  # fmt: skip
    assert len(derived(switch(*rows)).devices) == 1


def test_the_switchs_last_word_on_a_port_counts() -> None:
    """Another device stands there now, under the same number of the table."""
    first = switch(("port 1", PLC))
    later = [
        replace(one, scan="scan-2", time=one.time.replace(minute=59))
        for one in switch(("port 1", {"mac": BECKHOFF, "name": "io-b"}))
    ]
    found = derived([*first, *later])
    assert by_mac(found, BECKHOFF).name == "io-b"
    assert said(by_mac(found, BECKHOFF), "interface.mac") == []
    assert by_mac(found, SIEMENS).name == "plcxb1d0ed"


def test_two_switches_name_each_other_once() -> None:
    one = switch(("port 24", {"mac": "ec:74:ba:00:00:03", "name": "SW-3"}))
    two = switch(("port 1", {"mac": "ec:74:ba:00:00:02"}), address="10.0.0.3")
    found = derived([*one, *two])
    assert [d.addresses[0] for d in found.devices] == ["10.0.0.2", "10.0.0.3"]
    assert said(at(found, "10.0.0.3"), "attached") == ["on port 24 of SW-2"]


def test_the_role_that_a_neighbour_tells_is_its_role() -> None:
    found = derived(switch(("port 1", {"mac": SIEMENS, "role": "switch"})))
    assert by_mac(found, SIEMENS).role == "switch"


def test_the_register_names_a_neighbour_by_its_hardware_address() -> None:
    found = derived(switch(("port 1", PLC)), listed(tag="PLC-9", mac=SIEMENS, address="10.0.0.99"))
    device = by_mac(found, SIEMENS)
    assert device.register is not None
    assert (device.register.tag, device.seen, len(found.devices)) == ("PLC-9", True, 2)
