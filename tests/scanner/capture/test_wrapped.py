"""Whatever a packet is wrapped in, what is inside is found; what is not looked into is said so.

Wrappings are built from the standards: RFC 2516, 3032, 2784, 2890, 2003, 7348, 8200, 1042; IEEE
802.1Q and 802.11; the list of link types at tcpdump.org.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.contract import Outcome
from scanner.capture.files import Batch
from scanner.capture.walk import Walk
from scanner.imports.captures import Capture, read_file
from tests.scanner.capture.packets import (
    CLIENT,
    SERVER,
    ethernet,
    ipv4,
    ipv6,
    mac,
    pcap,
    pcapng,
    polled,
    write,
)

OUTER = ("00:1b:1b:00:00:01", "00:1b:1b:00:00:02")
Wrap = Callable[[bytes], bytes]


def tags(*numbers: int) -> Wrap:
    kinds = [0x88A8] * (len(numbers) - 1) + [0x8100]
    head = b"".join(struct.pack(">HH", k, n) for k, n in zip(kinds, numbers, strict=True))
    return lambda frame: frame[:12] + head + frame[12:]


def pppoe(frame: bytes) -> bytes:
    body = b"\x11\0\0\7" + struct.pack(">H", len(frame) - 12) + b"\0\x21" + frame[14:]
    return frame[:12] + b"\x88\x64" + body


def mpls(frame: bytes) -> bytes:
    labels = struct.pack(">II", 16 << 12 | 64, 17 << 12 | 0x100 | 64)
    return frame[:12] + b"\x88\x47" + labels + frame[14:]


def pseudo_wire(frame: bytes) -> bytes:
    label = struct.pack(">I", 16 << 12 | 0x100 | 64)
    return mac(OUTER[0]) + mac(OUTER[1]) + b"\x88\x47" + label + bytes(4) + frame


def between_routers(protocol: int, body: bytes) -> bytes:
    return ethernet(*OUTER, 0x0800, ipv4("192.0.2.1", "192.0.2.2", protocol, body, 255))


def gre(frame: bytes) -> bytes:
    return between_routers(47, b"\x20\0\x08\0" + b"KEY!" + frame[14:])


def erspan(frame: bytes) -> bytes:
    return between_routers(47, b"\x10\0\x88\xbe" + bytes(4) + b"\x10\0\0\1" + bytes(4) + frame)


def ip_in_ip(frame: bytes) -> bytes:
    return between_routers(4, frame[14:])


def vxlan(frame: bytes) -> bytes:
    body = b"\x08\0\0\0\0\0\7\0" + frame
    return between_routers(17, struct.pack(">HHHH", 50_000, 4789, 8 + len(body), 0) + body)


def snap(frame: bytes) -> bytes:
    body = b"\xaa\xaa\3\0\0\0" + frame[12:]
    return frame[:12] + len(body).to_bytes(2) + body


def padded_options(frame: bytes) -> bytes:
    """IPv4 options, and padding behind the packet that is none of it."""
    length = int.from_bytes(frame[16:18]) + 4
    head = b"\x46" + frame[15:16] + length.to_bytes(2) + frame[18:34] + b"\1\1\1\0"
    return frame[:14] + head + frame[34:] + b"\xee" * 6


WRAPS: dict[str, Wrap] = {
    "priority tag": tags(0), "802.1Q": tags(7), "QinQ": tags(100, 7), "PPPoE": pppoe, "MPLS": mpls,
    "pseudo-wire": pseudo_wire, "GRE": gre, "ERSPAN": erspan, "IP in IP": ip_in_ip,
    "VXLAN": vxlan, "SNAP": snap, "options": padded_options,
    "nested": lambda frame: tags(9)(erspan(tags(7)(frame))),
}  # fmt: skip


def services(capture: Capture) -> dict[tuple[str, int], Outcome]:
    return {
        (o.question.protocol, o.target.port): o.outcome
        for o in capture.observations
        if o.question.operation == "overheard" and o.target.transport != "link"
    }


def consumers(capture: Capture) -> list[object]:
    return [
        fact.value
        for one in capture.observations
        for fact in one.facts
        if fact.name == "consumer" and one.target.address == SERVER
    ]


@pytest.mark.parametrize("name", WRAPS)
def test_a_conversation_in_a_wrapping_is_found(tmp_path: Path, name: str) -> None:
    capture = read_file(write(tmp_path, pcap(WRAPS[name](frame) for frame in polled(6))))
    assert services(capture) == {("modbus", 502): Outcome.COMPLETE}
    assert consumers(capture) == [f"{CLIENT} modbus 2.000 s"]
    assert "malformed" not in str(capture.notes)


@pytest.mark.parametrize("name", WRAPS)
def test_every_truncation_of_a_wrapping_is_read_as_far_as_it_goes(
    tmp_path: Path, name: str
) -> None:
    whole = WRAPS[name](polled(1)[3])
    capture = read_file(write(tmp_path, pcap(whole[:end] for end in range(1, len(whole)))))
    assert capture.packets == len(whole) - 1


@pytest.mark.parametrize("wrap", [ip_in_ip, vxlan, gre, pseudo_wire, tags(7)])
def test_a_packet_that_is_wrapped_without_end_is_let_be(tmp_path: Path, wrap: Wrap) -> None:
    frame = polled(1)[3]
    for _ in range(900):
        frame = wrap(frame)
    capture = read_file(write(tmp_path, pcap([frame, polled(1)[3]])))
    assert capture.packets == 2


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(WRAPS)), st.data())
def test_a_wrapping_with_wrong_bytes_ends_no_walk(name: str, data: st.DataObject) -> None:
    frame = bytearray(WRAPS[name](polled(1)[3]))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(12, len(frame) - 1))] = data.draw(st.integers(0, 255))
    walk = Walk()
    walk.feed(Batch(1, [0, 1], [bytes(frame), polled(1)[3]]))
    walk.finish()
    assert walk.packets == 2


def test_extension_headers_are_stepped_over(tmp_path: Path) -> None:
    def extended(frame: bytes) -> bytes:
        body = b"\x3c\0" + bytes(6) + b"\x06\0" + bytes(6) + frame[34:]
        turn = int.from_bytes(frame[34:36]) != 502
        ends = ("fd00::5", "fd00::9") if turn else ("fd00::9", "fd00::5")
        return frame[:12] + b"\x86\xdd" + ipv6(*ends, 0, body)

    capture = read_file(write(tmp_path, pcap(extended(frame) for frame in polled(4))))
    assert services(capture) == {("modbus", 502): Outcome.COMPLETE}


def data_frame(frame: bytes, flags: int = 1) -> bytes:
    """802.11 QoS data from a station to its access point, in clear unless flagged."""
    head = bytes((0x88, flags)) + bytes(2) + mac(OUTER[0]) + frame[6:12] + frame[0:6] + bytes(4)
    return head + b"\xaa\xaa\3\0\0\0" + frame[12:]


@pytest.mark.parametrize("link", [105, 127])
def test_clear_802_11_is_read_and_encrypted_is_said_so(tmp_path: Path, link: int) -> None:
    radio = b"\0\0\x0c\0" + bytes(8) if link == 127 else b""
    frames = [radio + data_frame(frame) for frame in polled(4)]
    frames += [radio + data_frame(polled(1)[0], 0x41), radio + b"\x80\0" + bytes(60)]
    capture = read_file(write(tmp_path, pcap(frames, link)))
    assert services(capture) == {("modbus", 502): Outcome.COMPLETE}
    assert dict(capture.notes)["encrypted 802.11 frames"] == 1
    assert dict(capture.notes)["802.11 frames without data"] == 1


@pytest.mark.parametrize(
    ("link", "prefix"),
    [(50, b"\xff\x03\0\x21"), (104, b"\x0f\0\x08\0"), (107, b"\x18\x41\x03\xcc"),
     (107, b"\x18\x61\x08\0"), (9, b"\x0f\0\x08\0"), (204, b"\0\xff\x03\0\x21"),
     (51, b"\x11\0\0\1\0\0\0\x21")],
)  # fmt: skip
def test_lines_of_wide_area_networks(tmp_path: Path, link: int, prefix: bytes) -> None:
    capture = read_file(write(tmp_path, pcap((prefix + f[14:] for f in polled()), link)))
    assert services(capture) == {("modbus", 502): Outcome.COMPLETE}


@pytest.mark.parametrize(("link", "strip"), [(192, 0), (239, 14)])
def test_headers_of_capturing_systems(tmp_path: Path, link: int, strip: int) -> None:
    def wrap(frame: bytes) -> bytes:
        if link == 192:  # PPI: version, flags, length, link type
            return struct.pack("<BBHI", 0, 0, 8, 1) + frame
        body = struct.pack("<HH", 5, 10) + b"x\0\0\0" + struct.pack("<HH", 4 + len(frame), 9)
        return b"\2\0\0\1" + body + frame

    capture = read_file(write(tmp_path, pcap((wrap(f[strip:]) for f in polled()), link)))
    assert services(capture) == {("modbus", 502): Outcome.COMPLETE}


def test_interfaces_of_different_kinds_in_one_file(tmp_path: Path) -> None:
    frames = [(n % 2, f if n % 2 == 0 else f[14:]) for n, f in enumerate(polled(4))]
    strange = (2, b"profibus")
    capture = read_file(write(tmp_path, pcapng([*frames, strange], (1, 101, 257))))
    assert services(capture) == {("modbus", 502): Outcome.COMPLETE}
    assert capture.notes == (("link type 257 (PROFIBUS DL)", 1),)


def test_an_unknown_service_is_seen_and_not_decoded(tmp_path: Path) -> None:
    from tests.scanner.capture.packets import PUSH, SYN, SYN_ACK, down, up

    frames = [up(5999, 9, SYN), down(5999, 49, SYN_ACK), up(5999, 10, PUSH, b"\xfa\xce" * 9)]
    capture = read_file(write(tmp_path, pcap(frames)))
    (told,) = [o for o in capture.observations if o.target.port == 5999]
    assert (told.question.protocol, told.outcome) == ("tcp", Outcome.OTHER)
    assert "not recognised" in told.detail
