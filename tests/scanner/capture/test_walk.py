"""What the walk concludes: who is server, who reads what how often, whose address it is."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from protocols.contract import Fact, Outcome, Overheard, Segment
from protocols.passive import passives
from scanner.capture.walk import BROKEN
from scanner.imports.captures import Capture, read_file
from tests.scanner.capture.packets import (
    ACK,
    CLIENT,
    CLIENT_MAC,
    PUSH,
    RST,
    SERVER,
    SERVER_MAC,
    SYN,
    SYN_ACK,
    datagram,
    down,
    ethernet,
    ipv4,
    ipv6,
    mac,
    modbus_answer,
    modbus_read,
    pcap,
    polled,
    record,
    segment,
    up,
    write,
)


def read(folder: Path, frames: list[bytes], every: float = 1.0) -> Capture:
    return read_file(write(folder, pcap(frames, every=every)))


def facts(capture: Capture, address: str) -> list[Fact]:
    return [f for o in capture.observations if o.target.address == address for f in o.facts]


def values(capture: Capture, address: str, name: str) -> list[object]:
    return [fact.value for fact in facts(capture, address) if fact.name == name]


def services(capture: Capture) -> dict[tuple[str, int], Outcome]:
    return {
        (o.question.protocol, o.target.port): o.outcome
        for o in capture.observations
        if o.question.operation == "overheard" and o.target.transport != "link"
    }


def test_consumer_with_its_period(tmp_path: Path) -> None:
    capture = read(tmp_path, polled(6), every=0.5)
    assert values(capture, SERVER, "consumer") == [f"{CLIENT} modbus 1.000 s"]
    assert values(capture, SERVER, "range") == ["holding:100-109"]
    assert values(capture, SERVER, "role") == ["ot-device"]
    assert values(capture, CLIENT, "role") == ["ot-client"]
    assert services(capture) == {("modbus", 502): Outcome.COMPLETE}


def test_a_pause_does_not_lengthen_the_period(tmp_path: Path) -> None:
    """Two hours of polling each half second, three days apart: the period is half a second."""
    rows = [record(frame, 1_000 + n * 0.25) for n, frame in enumerate(polled(40))]
    later = [record(frame, 260_000 + n * 0.25) for n, frame in enumerate(polled(40))]
    path = write(tmp_path, pcap([]) + b"".join(rows + later))
    assert values(read_file(path), SERVER, "consumer") == [f"{CLIENT} modbus 0.500 s"]


def test_writer_names_what_was_written(tmp_path: Path) -> None:
    write_register = struct.pack(">HHHBBHH", 1, 0, 6, 3, 6, 40, 1)
    frames = [up(502, 9, SYN), down(502, 49, SYN_ACK), up(502, 10, PUSH, write_register)]
    frames += [down(502, 50, PUSH, write_register)]
    capture = read(tmp_path, frames)
    (writer,) = [fact for fact in facts(capture, SERVER) if fact.name == "writer"]
    assert writer.value == f"{CLIENT} modbus write single register holding:40"
    assert writer.part == "unit 3"
    assert values(capture, SERVER, "consumer") == []


def test_segments_out_of_order_sent_again_and_split(tmp_path: Path) -> None:
    question, answer = modbus_read(1), modbus_answer(1)
    frames = [up(502, 9, SYN), down(502, 49, SYN_ACK)]
    frames += [up(502, 10 + 5, PUSH, question[5:]), up(502, 10, PUSH, question[:5])]
    frames += [up(502, 10, PUSH, question), down(502, 50, PUSH, answer[:3])]
    frames += [down(502, 53, PUSH, answer[3:]), down(502, 50, PUSH, answer)]
    capture = read(tmp_path, frames)
    assert values(capture, SERVER, "range") == ["holding:100-109"]
    assert capture.notes == ()


def test_a_gap_is_counted_and_passed_over(tmp_path: Path) -> None:
    frames = polled(30)
    del frames[3]
    capture = read(tmp_path, frames)
    assert ("gaps in TCP streams", 1) in capture.notes
    assert services(capture) == {("modbus", 502): Outcome.COMPLETE}


def test_refused_unanswered_and_mute_are_kept_apart(tmp_path: Path) -> None:
    question = modbus_read(1)
    assert services(read(tmp_path, [up(502, 9, SYN), down(502, 0, RST | ACK)])) == {}
    silent = [up(502, 9, SYN), up(502, 10, PUSH, question)]
    assert services(read(tmp_path, silent)) == {("modbus", 502): Outcome.SILENT}
    mute = [up(502, 9, SYN), down(502, 49, SYN_ACK), up(502, 10, PUSH, question)]
    assert services(read(tmp_path, mute)) == {("modbus", 502): Outcome.MUTE}
    other = [up(9999, 9, SYN), down(9999, 49, SYN_ACK), up(9999, 10, PUSH, b"hello")]
    assert services(read(tmp_path, other)) == {("tcp", 9999): Outcome.OTHER}


def test_a_protocol_on_an_odd_port_is_recognised(tmp_path: Path) -> None:
    hello = b"HELF" + struct.pack("<I", 32 + 24) + bytes(20)
    hello += struct.pack("<I", 24) + b"opc.tcp://10.1.0.9:48010"
    acknowledge = b"ACKF" + struct.pack("<I", 28) + bytes(20)
    frames = [up(48010, 9, SYN), down(48010, 49, SYN_ACK), up(48010, 10, PUSH, hello)]
    frames += [down(48010, 50, PUSH, acknowledge)]
    capture = read(tmp_path, frames)
    assert services(capture) == {("opcua", 48010): Outcome.COMPLETE}
    assert values(capture, SERVER, "endpoint_url") == ["opc.tcp://10.1.0.9:48010"]


def test_vlan_tags_are_taken_off_and_named(tmp_path: Path) -> None:
    tagged = [frame[:12] + b"\x81\0\0\x07" + frame[12:] for frame in polled()]
    double = [frame[:12] + b"\x88\xa8\0\x09" + frame[12:] for frame in tagged]
    for frames in (tagged, double):
        capture = read(tmp_path, frames)
        assert values(capture, SERVER, "network") == ["vlan 7"]
        assert values(capture, SERVER, "range") == ["holding:100-109"]


def test_ipv6_conversations(tmp_path: Path) -> None:
    a, b = "fd00::5", "fd00::9"
    frames = []
    for flags, here, there, ports, payload in (
        (SYN, a, b, (40_000, 502), b""),
        (SYN_ACK, b, a, (502, 40_000), b""),
        (PUSH, a, b, (40_000, 502), modbus_read(1)),
        (PUSH, b, a, (502, 40_000), modbus_answer(1)),
    ):
        sequence = 9 if flags in (SYN, SYN_ACK) else 10
        body = ipv6(here, there, 6, segment(ports, sequence, flags, payload))
        frames.append(ethernet(CLIENT_MAC, SERVER_MAC, 0x86DD, body))
    assert values(read(tmp_path, frames), b, "range") == ["holding:100-109"]


def test_ip_options_do_not_hide_a_conversation(tmp_path: Path) -> None:
    plain = polled()
    frames = [frame[:14] + b"\x46" + frame[15:34] + bytes(4) + frame[34:] for frame in plain]
    frames = [f[:16] + (len(f) - 14).to_bytes(2, "big") + f[18:] for f in frames]
    assert values(read(tmp_path, frames), SERVER, "range") == ["holding:100-109"]


def test_fragments_are_put_together_in_any_order(tmp_path: Path) -> None:
    name = "300e300c06082b060102010101000500"
    question = bytes.fromhex("302602010104067075626c6963a019020101020100020100" + name)
    whole = datagram((5000, 161), question)
    parts = [
        ipv4(CLIENT, SERVER, 17, whole[16:], fragment=2),
        ipv4(CLIENT, SERVER, 17, whole[:16], fragment=0x2000),
    ]
    capture = read(tmp_path, [ethernet(CLIENT_MAC, SERVER_MAC, 0x0800, one) for one in parts])
    assert services(capture) == {("snmp", 161): Outcome.SILENT}
    assert capture.notes == ()


def test_fragments_without_their_rest_are_counted(tmp_path: Path) -> None:
    body = ipv4(CLIENT, SERVER, 17, datagram((5000, 161), b"x" * 64), fragment=0x2000)
    capture = read(tmp_path, [ethernet(CLIENT_MAC, SERVER_MAC, 0x0800, body)] * 3)
    assert ("IP packets whose fragments are not all there", 1) in capture.notes


def test_the_next_hops_address_is_not_the_devices(tmp_path: Path) -> None:
    routed = [up(502, 9, SYN, ttl=64), down(502, 49, SYN_ACK, ttl=61)]
    capture = read(tmp_path, routed)
    assert values(capture, CLIENT, "mac") == [CLIENT_MAC]
    assert values(capture, SERVER, "mac") == []


def test_one_hardware_address_for_many_is_nobodys(tmp_path: Path) -> None:
    frames = []
    for host in range(10):
        body = ipv4(f"10.9.0.{host + 1}", SERVER, 17, datagram((5000, 9), b"x"))
        frames.append(ethernet(CLIENT_MAC, SERVER_MAC, 0x0800, body))
    assert values(read(tmp_path, frames), "10.9.0.3", "mac") == []


def test_arp_names_the_owner(tmp_path: Path) -> None:
    arp = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + mac(SERVER_MAC) + bytes((10, 1, 0, 9))
    arp += bytes(6) + bytes((10, 1, 0, 5)) + bytes(18)
    frames = [ethernet(SERVER_MAC, "ff:ff:ff:ff:ff:ff", 0x0806, arp), down(502, 49, ACK, ttl=61)]
    capture = read(tmp_path, frames)
    assert SERVER_MAC in values(capture, SERVER, "mac")
    assert {o.target.address for o in capture.observations} == {SERVER}


def test_an_address_that_never_answered_is_no_asset(tmp_path: Path) -> None:
    capture = read(tmp_path, [up(502, 9, SYN)])
    assert {o.target.address for o in capture.observations} == {CLIENT}


def test_a_capture_of_cut_payloads_claims_no_protocol(tmp_path: Path) -> None:
    capture = read(tmp_path, [frame[:54] for frame in polled()])
    assert services(capture) == {("tcp", 502): Outcome.OTHER}


def test_addresses_that_no_device_can_have_are_no_assets(tmp_path: Path) -> None:
    frames = []
    for source in ("0.0.0.7", "224.0.0.9", "239.1.2.3", "255.255.255.255"):
        body = ipv4(source, SERVER, 17, datagram((5000, 161), b"x"))
        frames.append(ethernet(CLIENT_MAC, SERVER_MAC, 0x0800, body))
        answer = ipv4(SERVER, source, 17, datagram((161, 5000), b"x"))
        frames.append(ethernet(SERVER_MAC, CLIENT_MAC, 0x0800, answer))
    group = ipv6("ff02::1", "fe80::9", 17, datagram((5000, 161), b"x"))
    frames.append(ethernet(CLIENT_MAC, SERVER_MAC, 0x86DD, group))
    capture = read(tmp_path, frames)
    assert {one.target.address for one in capture.observations} == {SERVER, CLIENT_MAC}
    assert dict(capture.notes)["packets from addresses that no device can have"] == 5


def test_a_broken_decoder_costs_its_packet_and_not_the_capture(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(segment: Segment) -> tuple[Overheard, ...]:
        raise ZeroDivisionError

    decoders = tuple(
        replace(one, decode=fail) if one.name == "iso-transport" else one for one in passives()
    )
    connect = bytes.fromhex("03000016 11e00000000100c1020100c2020102c0010a")
    path = write(tmp_path, pcap([up(102, 9, PUSH, connect), *polled(2)]))
    capture = read_file(path, decoders=decoders)
    assert dict(capture.notes)[BROKEN] == 1
    assert values(capture, SERVER, "range") == ["holding:100-109"]
    assert "ZeroDivisionError" in caplog.text


def bacnet(apdu: str, backwards: bool = False) -> bytes:
    """A BACnet/IP frame from the client to the server, both on port 47808; or the way back."""
    body = bytes.fromhex("0104" + apdu.replace(" ", ""))
    data = b"\x81\x0a" + struct.pack(">H", 4 + len(body)) + body
    ends = (SERVER, CLIENT) if backwards else (CLIENT, SERVER)
    macs = (SERVER_MAC, CLIENT_MAC) if backwards else (CLIENT_MAC, SERVER_MAC)
    return ethernet(*macs, 0x0800, ipv4(*ends, 17, datagram((47808, 47808), data)))


READ_VALUE, VALUE = "0005010c 0c00000001 1955", "30010c 0c00000001 1955 3e 4441b00000 3f"


def sealed(number: int) -> bytes:
    """A record of TLS application data."""
    return b"\x17\3\3\0\x40" + bytes((number * n + 7) % 256 for n in range(64))


@pytest.mark.parametrize(("port", "change", "known"), [
    (8883, b"", True), (50_443, b"", True), (50_443, b"\0", False), (8883, b"\0", False),
])  # fmt: skip
def test_tls_that_was_under_way_before_the_capture_is_known(
    tmp_path: Path, port: int, change: bytes, known: bool
) -> None:
    """By whole records that fill their segments; a byte more and it may be anything."""
    size = len(sealed(0) + change)
    frames = [up(port, 10 + size * n, PUSH, sealed(n) + change) for n in range(6)]
    frames += [down(port, 50 + size * n, PUSH, sealed(n) + change) for n in range(6)]
    heard = {protocol for protocol, _ in services(read(tmp_path, frames))}
    assert ("tls" in heard) == known


def test_an_answer_alone_tells_who_serves(tmp_path: Path) -> None:
    capture = read(tmp_path, [bacnet(VALUE, backwards=True)])
    assert values(capture, SERVER, "role") == ["ot-device"]
    assert values(capture, CLIENT, "role") == []


def test_two_that_ask_each_other_from_one_port_are_both_client_and_server(tmp_path: Path) -> None:
    frames = [bacnet(READ_VALUE), bacnet(VALUE, backwards=True)] * 3
    frames += [bacnet(READ_VALUE, backwards=True), bacnet(VALUE)] * 3
    capture = read(tmp_path, frames)
    assert values(capture, SERVER, "consumer") == [f"{CLIENT} bacnet 2.000 s"]
    assert values(capture, CLIENT, "consumer") == [f"{SERVER} bacnet 2.000 s"]


def test_a_guess_is_turned_round_once_a_message_tells(tmp_path: Path) -> None:
    vague = struct.pack(">HHHBBHH", 1, 0, 6, 1, 6, 40, 1)  # a write and its echo look alike
    frames = [
        ethernet(SERVER_MAC, CLIENT_MAC, 0x0800, ipv4(SERVER, CLIENT, 6, body))
        for body in (
            segment((40_100, 40_000), 1, PUSH, vague),
            segment((40_100, 40_000), 13, PUSH, modbus_answer(2)),
        )
    ]
    capture = read(tmp_path, frames)
    assert services(capture) == {("modbus", 40_100): Outcome.COMPLETE}


def test_a_header_in_a_segment_of_its_own_is_put_before_the_next(tmp_path: Path) -> None:
    connect = bytes.fromhex("03000016 11e00000000100c1020100c2020102c0010a")
    frames = [up(102, 9, SYN), down(102, 49, SYN_ACK)]
    frames += [up(102, 10, PUSH, connect[:4]), up(102, 14, PUSH, connect[4:])]
    capture = read(tmp_path, frames)
    assert ("iso-transport", 102) in services(capture)


def test_a_remote_desktop_is_no_automation_device(tmp_path: Path) -> None:
    frames = [up(3389, 9, SYN), down(3389, 49, SYN_ACK)]
    frames += [up(3389, 10, PUSH, b"\3\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\3\0\0\0")]
    frames += [down(3389, 50, PUSH, b"\3\0\0\x13\x0e\xd0\0\0\x12\x34\0\2\0\x08\0\2\0\0\0")]
    capture = read(tmp_path, frames)
    assert values(capture, SERVER, "role") == []
    assert services(capture) == {("tcp", 3389): Outcome.OTHER}


def pieces6(body: bytes, first: int) -> list[bytes]:
    """An IPv6 packet in two fragments behind a hop-by-hop header (RFC 8200, 4.5)."""
    options = b"\x2c\0\1\4\0\0\0\0"
    rows = [(0, 1, body[:first]), (first, 0, body[first:])]
    return [
        ethernet(
            CLIENT_MAC, SERVER_MAC, 0x86DD,
            ipv6("fd00::5", "fd00::9", 0,
                 options + struct.pack(">BBHI", 17, 0, place | more, 77) + piece),
        )
        for place, more, piece in rows
    ]  # fmt: skip


def test_ipv6_fragments_are_put_together_in_any_order(tmp_path: Path) -> None:
    question = datagram((40_000, 161), SNMP_GET)
    for frames in (pieces6(question, 24), pieces6(question, 24)[::-1]):
        capture = read(tmp_path, frames)
        assert services(capture) == {("snmp", 161): Outcome.SILENT}
        assert not any("fragment" in what for what, _ in capture.notes)
    lost = read(tmp_path, pieces6(question, 24)[:1])
    assert dict(lost.notes)["IP packets whose fragments are not all there"] == 1
    assert values(lost, "fd00::5", "mac") == [CLIENT_MAC]


SNMP_GET = bytes.fromhex(
    "302602010104067075626c6963a019020101020100020100300e300c06082b060102010101000500"
)


def tagged(frame: bytes) -> bytes:
    return frame[:12] + b"\x81\0\0\x07" + frame[12:]


def routed(frame: bytes) -> bytes:
    """The same packet behind a router: other hardware addresses, one hop less."""
    return mac("02:00:00:00:00:77") + mac("02:00:00:00:00:78") + frame[12:22] + b"\x3f" + frame[23:]


@pytest.mark.parametrize("copy", [bytes, tagged, routed], ids=["the same", "tagged", "routed"])
def test_packets_of_a_mirrored_port_count_once(
    tmp_path: Path, copy: Callable[[bytes], bytes]
) -> None:
    polls = [
        ethernet(*ends, 0x0800, ipv4(source, there, 17, datagram(ports, payload)))
        for number in range(4)
        for ends, source, there, ports, payload in (
            ((CLIENT_MAC, SERVER_MAC), CLIENT, SERVER, (9600, 9600), fins(number, 0x80)),
            ((SERVER_MAC, CLIENT_MAC), SERVER, CLIENT, (9600, 9600), fins(number, 0xC0)),
        )
    ]
    for frames, protocol in ((polled(4), "modbus"), (polls, "fins")):
        records = [record(one, n) for n, one in enumerate(frames)]
        copies = [record(copy(one), n + 0.000_05) for n, one in enumerate(frames)]
        both = [part for pair in zip(records, copies, strict=True) for part in pair]
        capture = read_file(write(tmp_path, pcap([]) + b"".join(both)))
        assert values(capture, SERVER, "consumer") == [f"{CLIENT} {protocol} 2.000 s"]
        (conversation,) = capture.conclusions.walk.conversations.values()
        assert (conversation.requested, conversation.spoken) == (4, 4)


def fins(number: int, control: int) -> bytes:
    head = bytes((control, 0, 2, 0, 9, 0, 0, 5, 0, number)) + b"\1\1"
    return head + (b"\x82\0\x64\0\0\x0a" if control == 0x80 else b"\0\0" + bytes(20))


def test_a_flood_with_false_senders_is_counted_and_makes_no_assets(tmp_path: Path) -> None:
    def knock(source: str) -> bytes:
        body = ipv4(source, SERVER, 6, segment((40_000, 502), 1, SYN), ttl=57)
        return ethernet("02:00:00:00:00:77", SERVER_MAC, 0x0800, body)

    few = read(tmp_path, [*polled(2), *(knock(f"198.51.100.{n}") for n in range(1, 20))])
    assert len({one.target.address for one in few.observations}) == 2 + 19 + 1
    many = read(tmp_path, [*polled(2), *(knock(f"198.51.100.{n}") for n in range(1, 100))])
    assert {one.target.address for one in many.observations} <= {
        CLIENT, SERVER, "02:00:00:00:00:77",
    }  # fmt: skip
    assert dict(many.notes)["addresses of a flood: one packet or two, and no answer"] == 99
