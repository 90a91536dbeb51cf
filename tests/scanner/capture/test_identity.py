"""One device is one asset, two devices are two, and who captured is none: from bytes to inventory.

VLANs, addresses in several families, several addresses, routers, redundant pairs, translation.
"""

from __future__ import annotations

import ipaddress
import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inventory.derive.assets import derive
from inventory.model import Device
from protocols.contract import Fact, Observation, Outcome, Question, Target
from scanner.capture.own import own_macs
from scanner.imports.captures import Around, Capture, read_file
from tests.scanner.capture.packets import (
    ACK,
    CLIENT,
    CLIENT_MAC,
    PUSH,
    SERVER,
    SERVER_MAC,
    SYN,
    SYN_ACK,
    block,
    datagram,
    ethernet,
    ipv4,
    ipv6,
    mac,
    modbus_answer,
    modbus_read,
    pcap,
    pcapng,
    polled,
    segment,
    write,
)

A, B, C = "00:1b:1b:00:00:0a", "00:80:f4:00:00:0b", "00:0c:29:00:00:0c"
ROUTER, VRRP = "00:09:0f:00:00:01", "00:00:5e:00:01:07"


def arp(source: str, address: str, vlan: int | None = None) -> bytes:
    """An announcement: who it is, said by itself."""
    ip = ipaddress.ip_address(address).packed
    body = bytes.fromhex("0001080006040002") + mac(source) + ip + mac(source) + ip
    return ethernet(source, "ff:ff:ff:ff:ff:ff", 0x0806, body, vlan)


def talk(
    client: tuple[str, str], server: tuple[str, str], vlan: int | None = None, ttl: int = 64
) -> list[bytes]:
    """A Modbus conversation between (address, mac) and (address, mac)."""
    steps = [
        (True, SYN, b"", 9), (False, SYN_ACK, b"", 49), (True, ACK, b"", 10),
        (True, PUSH, modbus_read(1), 10), (False, PUSH, modbus_answer(1), 50),
    ]  # fmt: skip
    frames = []
    for forth, flags, payload, sequence in steps:
        (one, one_mac), (other, other_mac) = (client, server) if forth else (server, client)
        ports = (40_000, 502) if forth else (502, 40_000)
        body = segment(ports, sequence, flags, payload)
        packet = ipv4 if "." in one else ipv6
        kind = 0x0800 if "." in one else 0x86DD
        frames.append(ethernet(one_mac, other_mac, kind, packet(one, other, 6, body, ttl), vlan))
    return frames


def captured(folder: Path, frames: list[bytes], around: Around | None = None) -> Capture:
    return read_file(write(folder, pcap(frames)), around=around or Around())


def devices(capture: Capture, *active: Observation) -> list[Device]:
    """What derivation makes of a capture and of what a scan saw, in the order of addresses."""
    found = derive("default", [*capture.observations, *active], ()).devices
    again = derive("default", [*active, *reversed(capture.observations)], ()).devices
    assert found == again
    return sorted(found, key=lambda one: (one.addresses, one.mac))


def places(found: list[Device]) -> list[tuple[tuple[str, ...], str]]:
    return [(one.addresses, one.mac) for one in found]


def asked(address: str, **facts: str) -> Observation:
    """What an active scan learned at an address."""
    stated = tuple(Fact(name, value, "snmp system") for name, value in facts.items())
    where = Target("default", address, "udp", 161)
    time = datetime(2026, 5, 4, tzinfo=UTC)
    question = Question("snmp", "system")
    return Observation("scan", "here", where, question, Outcome.COMPLETE, time, facts=stated)


def test_one_address_in_two_vlans_is_two_devices(tmp_path: Path) -> None:
    one, other = ("10.1.0.9", A), ("10.1.0.9", B)
    frames = talk(("10.1.0.5", C), one, 10) + talk(("10.1.0.6", CLIENT_MAC), other, 20)
    found = devices(captured(tmp_path, frames))
    servers = [one for one in found if one.role == "ot-device"]
    assert sorted(one.mac for one in servers) == [A, B]
    assert [[s.protocol for s in one.services] for one in servers] == [["modbus"], ["modbus"]]
    networks = {one.mac: [f.value for f in one.facts if f.name == "network"] for one in servers}
    assert networks == {A: ["vlan 10"], B: ["vlan 20"]}


def test_arp_alone_tells_two_devices_of_one_address_apart(tmp_path: Path) -> None:
    found = devices(captured(tmp_path, [arp(A, "10.1.0.9", 10), arp(B, "10.1.0.9", 20)]))
    assert sorted(one.mac for one in found) == [A, B]


def test_what_a_router_carries_from_vlan_to_vlan_is_one_device(tmp_path: Path) -> None:
    near = talk(("10.2.0.5", C), ("10.1.0.9", A), 10)
    far = talk(("10.2.0.5", ROUTER), ("10.1.0.9", ROUTER), 20, ttl=63)
    found = devices(captured(tmp_path, [arp(A, "10.1.0.9", 10), *near, *far]))
    assert [one.mac for one in found if "10.1.0.9" in one.addresses] == [A]


def test_both_families_of_addresses_on_one_card_are_one_device(tmp_path: Path) -> None:
    frames = talk(("10.1.0.5", C), ("10.1.0.9", A)) + talk(("fd00::5", C), ("fd00::9", A))
    found = devices(captured(tmp_path, frames))
    assert [(set(one.addresses), one.mac) for one in found] == [
        ({"10.1.0.5", "fd00::5"}, C),
        ({"10.1.0.9", "fd00::9"}, A),
    ]


def test_two_addresses_of_one_card_are_one_device(tmp_path: Path) -> None:
    frames = talk(("10.1.0.5", C), ("10.1.0.9", A)) + talk(("10.1.0.5", C), ("10.9.0.9", A))
    found = devices(captured(tmp_path, [arp(A, "10.1.0.9"), arp(A, "10.9.0.9"), *frames]))
    assert [(set(one.addresses), one.mac) for one in found] == [
        ({"10.1.0.5"}, C),
        ({"10.1.0.9", "10.9.0.9"}, A),
    ]


def test_what_was_heard_and_what_was_asked_is_one_device(tmp_path: Path) -> None:
    frames = [*talk(("10.1.0.5", C), ("10.1.0.9", A)), arp(A, "10.1.0.9")]
    seen = asked("10.1.0.9", vendor="Siemens", serial="S-1", mac=A)
    found = devices(captured(tmp_path, frames), seen)
    (plc,) = [one for one in found if "10.1.0.9" in one.addresses]
    assert (plc.serial, plc.mac, len(found)) == ("S-1", A, 2)


def test_a_station_heard_by_hardware_address_is_the_device_that_was_asked(tmp_path: Path) -> None:
    from tests.scanner.capture.double import lldp

    frame = lldp()
    switch = frame[6:12].hex(":")
    found = devices(captured(tmp_path, [frame]), asked("10.1.0.2", name="switch-42", mac=switch))
    assert [(one.name, one.mac) for one in found] == [("switch-42", switch)]
    assert "10.1.0.2" in found[0].addresses


def test_a_redundant_pair_stays_two_and_its_shared_address_is_neither(tmp_path: Path) -> None:
    shared = talk(("10.1.0.5", C), ("10.1.0.1", VRRP))
    frames = [arp(A, "10.1.0.2"), arp(B, "10.1.0.3"), *shared]
    found = devices(captured(tmp_path, frames))
    assert ((("10.1.0.2",), A) in places(found)) and ((("10.1.0.3",), B) in places(found))
    assert VRRP not in {one.mac for one in found}
    (virtual,) = [one for one in found if "10.1.0.1" in one.addresses]
    assert (virtual.mac, virtual.role) == ("", "router")
    (said,) = [fact.value for fact in virtual.facts if fact.name == "shared"]
    assert str(said).startswith("routers share it")


HSRP, GLBP = "00:00:0c:07:ac:05", "00:07:b4:00:01:01"


@pytest.mark.parametrize(
    ("virtual", "protocol", "body"),
    [
        (VRRP, 112, bytes.fromhex("21056401000100000a010001")),  # RFC 9568, 5.1
        (HSRP, 17, datagram((1985, 1985), bytes.fromhex("0000100003 0a640500") + bytes(12))),
        (GLBP, 17, datagram((3222, 3222), bytes(20))),
    ],
    ids=["VRRP", "HSRP", "GLBP"],
)
@pytest.mark.parametrize("own_word", [True, False], ids=["with ARP", "hellos only"])
def test_the_active_router_greets_from_the_shared_hardware_address_and_stays_itself(
    tmp_path: Path, virtual: str, protocol: int, body: bytes, own_word: bool
) -> None:
    """Its greetings bear its own IP address and the group's hardware address (RFC 2281, 5.4)."""
    group = "01:00:5e:00:00:12"
    hello = ethernet(virtual, group, 0x0800, ipv4("10.1.0.2", "224.0.0.18", protocol, body, 255))
    frames = [hello] * 3 + [arp(B, "10.1.0.3")] + ([arp(A, "10.1.0.2")] if own_word else [])
    found = devices(captured(tmp_path, frames))
    assert virtual not in {one.mac for one in found}
    (active,) = [one for one in found if "10.1.0.2" in one.addresses]
    assert active.mac == (A if own_word else "")
    assert not [fact for fact in active.facts if fact.name == "shared"]
    assert len(found) == 2


def test_several_machines_behind_one_translated_address_are_told_and_not_counted(
    tmp_path: Path,
) -> None:
    def opened(ttl: int, port: int) -> bytes:
        syn = segment((port, 502), 9, SYN)
        return ethernet(ROUTER, A, 0x0800, ipv4("10.3.0.1", "10.1.0.9", 6, syn, ttl))

    one_system = devices(captured(tmp_path, [opened(63, 40_000), opened(63, 40_001)]))
    several = devices(captured(tmp_path, [opened(63, 40_000), opened(127, 40_001)]))
    told = [
        [fact.value for one in found for fact in one.facts if fact.name == "shared"]
        for found in (one_system, several)
    ]
    assert told[0] == []
    assert told[1] == [
        "systems of different kinds open connections from it (TTL 64 and 128): translation?"
    ]


def test_devices_behind_a_translating_router_do_not_become_one(tmp_path: Path) -> None:
    frames = []
    for number in range(6):
        frames += talk((f"10.3.0.{number + 1}", ROUTER), ("10.1.0.9", A), ttl=63)
    found = devices(captured(tmp_path, frames))
    clients = [one for one in found if one.role == "ot-client"]
    assert len(clients) == 6
    assert {one.mac for one in clients} == {""}


# --- who captured ----------------------------------------------------------------------------


def cooked(kind: int, sender: str, packet: bytes) -> bytes:
    """Linux cooked capture: `kind` 4 is what the capturing machine sent itself."""
    return struct.pack(">HHH", kind, 1, 6) + mac(sender) + b"\0\0\x08\0" + packet


def laptop(port: int, payload: bytes) -> list[bytes]:
    """A laptop that captures and meanwhile talks to a printer or a device."""
    forth = ipv4("10.1.0.77", "10.1.0.9", 17, datagram((5000, port), payload))
    back = ipv4("10.1.0.9", "10.1.0.77", 17, datagram((port, 5000), payload))
    return [cooked(4, C, forth), cooked(0, A, back)]


def test_who_only_captured_is_no_asset(tmp_path: Path) -> None:
    capture = read_file(write(tmp_path, pcap(laptop(53, b"x" * 20), 113)))
    assert places(devices(capture)) == [(("10.1.0.9",), A)]


def test_a_server_that_captures_itself_and_polls_is_an_asset(tmp_path: Path) -> None:
    frames = [cooked(4 if n % 2 == 0 else 0, C if n % 2 == 0 else A, f[14:])
              for n, f in enumerate(polled(3)[1:])]  # fmt: skip
    capture = read_file(write(tmp_path, pcap(frames, 113)))
    assert "ot-client" in {one.role for one in devices(capture)}


def test_the_interface_that_a_file_names_is_the_capturing_machine(tmp_path: Path) -> None:
    plain = pcapng([(0, arp(C, "10.1.0.77")), (0, arp(A, "10.1.0.9"))])
    option = struct.pack("<HH6sxx", 6, 6, mac(C))
    named = block(1, struct.pack("<HHI", 1, 0, 0) + option + bytes(4))
    old = block(1, struct.pack("<HHI", 1, 0, 0) + struct.pack("<HHB3xHH", 9, 1, 9, 0, 0))
    assert old in plain
    assert len(devices(read_file(write(tmp_path, plain)))) == 2
    heard = read_file(write(tmp_path, plain.replace(old, named), "b.pcap"))
    assert places(devices(heard)) == [(("10.1.0.9",), A)]


def test_this_machine_is_no_asset_and_what_it_asked_stays_known(tmp_path: Path) -> None:
    around = Around(own=frozenset({CLIENT_MAC}))
    found = devices(captured(tmp_path, polled(4), around))
    assert places(found) == [((SERVER,), SERVER_MAC)]
    assert [f.value for f in found[0].facts if f.name == "consumer"] == [f"{CLIENT} modbus 2.000 s"]


def test_own_addresses_are_those_of_the_interfaces(tmp_path: Path) -> None:
    for name, text in (("lo", "00:00:00:00:00:00"), ("eth0", A.upper()), ("wwan0", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "address").write_text(text + "\n")
    assert own_macs(tmp_path) == {A}
    assert own_macs(tmp_path / "nothing") == frozenset()
