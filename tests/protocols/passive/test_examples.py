"""Decoders without a recording: bytes put together from public descriptions of the protocols.

GE-SRTP: Denton et al., DFRWS 2017, tables 1 and 4 (56-byte mailbox: type, sequence, length,
mailbox type, service, selector, offset, length), start by 56 zeros. EtherCAT: IEC 61158-4-12, 5.3,
as the frame structure is printed in makers' manuals. Values: the documents of each decoder.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest

from protocols import iec104
from protocols._passive_modbus import values as modbus_values
from protocols._passive_opcua import PASSIVE as opcua
from protocols._passive_opcua import values as opcua_values
from protocols.contract import Fact, Garbled, Overheard, Quality, Segment
from protocols.ethercat import decode as ethercat
from protocols.passive import Passive, Use, passives

TIME = datetime(2026, 1, 1, tzinfo=UTC)
CLIENT, SERVER = "10.0.0.5", "10.0.0.9"


def named(name: str) -> Passive:
    return next(one for one in passives() if one.name == name)


def up(payload: bytes, port: int = 502) -> Segment:
    return Segment(TIME, "tcp", CLIENT, 40_000, SERVER, port, payload)


def down(payload: bytes, port: int = 502) -> Segment:
    return Segment(TIME, "tcp", SERVER, port, CLIENT, 40_000, payload)


def facts(found: list[Overheard] | tuple[Overheard, ...]) -> list[Fact]:
    return [fact for one in found for fact in one.facts]


# --- GE-SRTP ---------------------------------------------------------------------------------


def mailbox(kind: int, service: int, selector: int, first: int, count: int, text: int = 0) -> bytes:
    """One header of 56 bytes, little-endian."""
    data = bytearray(56)
    data[0], data[2], data[30], data[31] = kind, 5, 5, 0xC0 if kind == 2 else 0x94
    data[4:6] = text.to_bytes(2, "little")
    data[36:40] = b"\x10\x0e\0\0"
    data[40], data[41], data[42], data[43] = 1, 1, service, selector
    data[44:48] = struct.pack("<HH", first, count)
    return bytes(data)


def test_ge_srtp_names_the_memory_that_is_read() -> None:
    srtp, ask = named("ge-srtp"), mailbox(2, 4, 8, 99, 4)
    assert srtp.frame is not None and srtp.uses is not None
    assert srtp.frame(ask) == 56
    assert srtp.uses(ask) == (Use("read system memory", "read", "%R100-%R103"),)
    assert srtp.uses(mailbox(2, 7, 0x4C, 0, 1)) == (Use("write system memory", "write", "%M1-%M1"),)


@pytest.mark.parametrize(
    ("selector", "first", "count", "item"),
    [(0x10, 0, 4, "%I1-%I32"), (0x46, 0, 32, "%I1-%I32"), (0x16, 2, 1, "%M17-%M24"),
     (0x0C, 9, 1, "%AQ10-%AQ10"), (0x38, 1, 1, "%G9-%G16")],
)  # fmt: skip
def test_ge_srtp_counts_bits_also_byte_by_byte(
    selector: int, first: int, count: int, item: str
) -> None:
    uses = named("ge-srtp").uses
    assert uses is not None
    assert uses(mailbox(2, 4, selector, first, count))[0].item == item


@pytest.mark.parametrize(
    ("service", "use"),
    [(0x21, Use("change privilege level", "other")), (0x22, Use("set controller id", "write")),
     (0x23, Use("PLC run/stop", "write")), (0x24, Use("set time", "write")),
     (0x44, Use("force memory", "write"))],
)  # fmt: skip
def test_ge_srtp_services_by_their_code(service: int, use: Use) -> None:
    """The codes of GFK-0529C, chapter 6."""
    uses = named("ge-srtp").uses
    assert uses is not None
    assert uses(mailbox(2, service, 0, 0, 0)) == (use,)


CONTROLLER = bytes.fromhex(
    "333331303141 0000 10 23 01 00 4553533333310000 0100 a30700009a01 9bcd0000 d606 2201 c8eb0000"
)
"""The text of the manual's own example: a Series 90-30 331 with the id 33101A (6-40)."""


def test_ge_srtp_controller_type_names_the_controller() -> None:
    srtp, ask = named("ge-srtp"), mailbox(2, 0x43, 0, 0, 0)
    answer = mailbox(3, 0, 0, 0, 0, text=len(CONTROLLER)) + CONTROLLER
    assert srtp.pair is not None
    found = srtp.pair(up(ask, 18245), down(answer, 18245))
    assert {f.name: f.value for f in facts(tuple(found))} == {
        "name": "33101A",
        "model": "Series 90-30 Model 331 CPU",
        "vendor": "GE Fanuc",
    }
    unknown = answer[:64] + b"\x63" + answer[65:]
    assert [f.name for f in facts(tuple(srtp.pair(up(ask, 18245), down(unknown, 18245))))] == [
        "name"
    ]
    other = mailbox(2, 0x04, 8, 0, 4)
    assert not srtp.pair(up(other, 18245), down(answer, 18245))
    assert not srtp.pair(up(ask, 18245), down(answer[:60], 18245))


def test_ge_srtp_answers_in_two_segments_are_one_message() -> None:
    srtp, answer = named("ge-srtp"), mailbox(3, 0, 0, 0, 0, text=8) + bytes(8)
    assert srtp.frame is not None
    assert srtp.frame(answer[:56]) == 64
    assert [(f.name, f.value) for f in facts(list(srtp.decode(down(answer, 18245))))] == [
        ("role", "plc")
    ]


def test_ge_srtp_begins_with_zeros_of_the_client() -> None:
    srtp = named("ge-srtp")
    assert srtp.frame is not None and srtp.side is not None
    assert srtp.frame(bytes(56)) == 56
    assert (srtp.side(bytes(56)), srtp.side(b"\1" + bytes(55))) == ("client", "server")
    assert srtp.decode(up(bytes(56), 18245)) == ()


# --- EtherCAT --------------------------------------------------------------------------------

BROADCAST_READ = bytes.fromhex("0e10 07 00 0000 3001 0200 0000 0000 0000")
"""BRD of register 0x0130 (AL status), two bytes, working counter 0."""


def frame(source: str, body: bytes) -> Segment:
    return Segment(TIME, "link", source, 0, "ff:ff:ff:ff:ff:ff", 0, body)


def test_an_ethercat_master_is_who_sends_with_counter_zero() -> None:
    found = ethercat(frame("00:01:05:00:00:07", BROADCAST_READ))
    assert [(one.address, f.value) for one in found for f in one.facts] == [
        ("00:01:05:00:00:07", "plc")
    ]


def test_the_frame_that_comes_back_is_nobodys_own() -> None:
    back = BROADCAST_READ[:-2] + b"\x03\0"  # three slaves have read
    assert ethercat(frame("02:01:05:00:00:07", back)) == ()


def test_several_datagrams_and_a_wrong_command() -> None:
    first = bytes.fromhex("0701 0000 3001 0280 0000 0000 0000")
    two = struct.pack("<H", 0x1000 | 2 * 14) + first + BROADCAST_READ[2:]
    assert len(ethercat(frame("00:01:05:00:00:07", two))) == 1
    with pytest.raises(Garbled):
        ethercat(frame("00:01:05:00:00:07", two[:2] + b"\x20" + two[3:]))


# --- values ----------------------------------------------------------------------------------


def samples(found: tuple[Overheard, ...]) -> list[tuple[str, object, Quality, str]]:
    return [(s.point, s.value, s.quality, s.status) for one in found for s in one.samples]


def test_modbus_registers_come_with_the_question() -> None:
    """V1.1b3, 6.3: the example of the specification, registers 108 to 110."""
    ask = bytes.fromhex("0001 0000 0006 03 03 006b 0003")
    answer = bytes.fromhex("0001 0000 0009 03 03 06 022b 0000 0064")
    found = modbus_values(up(ask), down(answer))
    assert [(s[0], s[1]) for s in samples(found)] == [
        ("holding:107", 0x22B), ("holding:108", 0), ("holding:109", 100),
    ]  # fmt: skip
    assert found[0].question.part == "unit 3"
    for other in ("0002" + ask.hex()[4:], ask.hex()[:12] + "04" + ask.hex()[14:]):
        assert modbus_values(up(bytes.fromhex(other)), down(answer)) == ()
    assert modbus_values(up(ask), down(answer[:-1])) == ()


def test_modbus_bits_come_lowest_first() -> None:
    """V1.1b3, 6.1: coils 20 to 38; CD is 1100 1101, the lowest is coil 20."""
    ask = bytes.fromhex("0001 0000 0006 01 01 0013 0013")
    answer = bytes.fromhex("0001 0000 0006 01 01 03 cd6b05")
    bits = [value for _, value, _, _ in samples(modbus_values(up(ask), down(answer)))]
    assert bits == [1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1]


def apdu(kind: int, cause: int, *elements: bytes, sequence: int = 0, number: int = 1) -> bytes:
    count = len(elements) | sequence
    body = struct.pack("<BBBBH", kind, count, cause, 0, 7)
    for place, element in enumerate(elements, 40):
        body += (place.to_bytes(3, "little") if not sequence or place == 40 else b"") + element
    return bytes((0x68, 4 + len(body))) + struct.pack("<HH", number << 1, 0) + body


def test_iec_104_values_with_their_quality() -> None:
    short = [
        struct.pack("<fB", 21.5, 0),
        struct.pack("<fB", 1.0, 0x80),
        struct.pack("<fB", 2, 0x40),
    ]
    assert samples(iec104.values(None, down(apdu(13, 3, *short), 2404))) == [
        ("ioa:40", 21.5, Quality.GOOD, ""),
        ("ioa:41", 1.0, Quality.BAD, "invalid"),
        ("ioa:42", 2.0, Quality.UNCERTAIN, "not_topical"),
    ]
    bits = apdu(1, 20, b"\x01", b"\x80", sequence=0x80)
    assert samples(iec104.values(None, down(bits, 2404))) == [
        ("ioa:40", True, Quality.GOOD, ""),
        ("ioa:41", False, Quality.BAD, "invalid"),
    ]
    with_time = apdu(36, 3, struct.pack("<fB7s", -4.0, 0, bytes(7)))
    assert samples(iec104.values(None, down(with_time, 2404)))[0][1] == -4.0
    nothing = struct.pack("<fB", float("nan"), 0)
    assert samples(iec104.values(None, down(apdu(13, 3, nothing), 2404)))[0][1] is None
    assert iec104.values(None, down(apdu(13, 0x83, short[0]), 2404)) == ()  # a test, no process


@pytest.mark.parametrize(
    ("kind", "element", "value"),
    [(3, b"\x02", 2), (5, b"\x7f\0", -1), (7, b"\1\0\0\0\0", 1), (9, b"\0\x40\0", 0.5),
     (11, b"\xff\xff\0", -1), (15, b"\x05\0\0\0\0", 5), (21, b"\0\x80", -1.0),
     (34, b"\0\x40\0" + bytes(7), 0.5)],
)  # fmt: skip
def test_iec_104_elements(kind: int, element: bytes, value: object) -> None:
    assert samples(iec104.values(None, down(apdu(kind, 3, element), 2404)))[0][1] == value


def test_iec_104_is_recognised_whatever_its_send_number() -> None:
    element = struct.pack("<fB", 1.0, 0)
    assert all(iec104.recognise(apdu(13, 3, element, number=n)) for n in (0, 1, 2, 3))


def message(kind: int, request: int, body: bytes) -> bytes:
    """A clear OPC UA message of one chunk (10000-6, 6.7.2)."""
    head = struct.pack("<IIII", 9, 1, 51, request) + b"\1\0" + struct.pack("<H", kind)
    return b"MSGF" + struct.pack("<I", 8 + len(head) + len(body)) + head + body


def ua_text(value: str) -> bytes:
    return struct.pack("<i", len(value)) + value.encode()


def ua_read(request: int, *nodes: str) -> bytes:
    head = b"\0\0" + bytes(8) + bytes(4) + bytes(4) + struct.pack("<i", -1) + bytes(4) + b"\0\0\0"
    items = b"".join(
        b"\3" + struct.pack("<H", 2) + ua_text(node) + struct.pack("<I", 13)
        + struct.pack("<i", -1) + b"\0\0" + struct.pack("<i", -1)
        for node in nodes
    )  # fmt: skip
    return message(631, request, head + struct.pack("<dII", 0, 2, len(nodes)) + items)


def ua_answer(request: int, *values: bytes) -> bytes:
    head = bytes(8) + bytes(4) + bytes(4) + b"\0" + struct.pack("<i", -1) + b"\0\0\0"
    return message(634, request, head + struct.pack("<i", len(values)) + b"".join(values))


def test_opc_ua_values_come_with_the_nodes_of_the_question() -> None:
    ask = ua_read(7, "Pump1.Temperature", "Pump1.Flow")
    good = b"\x01\x0b" + struct.pack("<d", 71.5)
    bad = b"\x02" + struct.pack("<I", 0x808C0000)
    found = opcua_values(up(ask, 4840), down(ua_answer(7, good, bad) + b"\xff" * 4, 4840))
    assert samples(found) == [
        ("ns=2;s=Pump1.Temperature", 71.5, Quality.GOOD, "Good"),
        ("ns=2;s=Pump1.Flow", None, Quality.BAD, "BadSensorFailure"),
    ]
    assert [(p.name, p.type) for p in found[0].points] == [("Temperature", "Double"), ("Flow", "")]
    assert opcua_values(up(ask, 4840), down(ua_answer(8, good, bad), 4840)) == ()
    with pytest.raises(Garbled):
        opcua_values(up(ask, 4840), down(ua_answer(7, good), 4840))


def ua_monitor(request: int, *nodes: str) -> bytes:
    head = b"\0\0" + bytes(8) + bytes(4) + bytes(4) + struct.pack("<i", -1) + bytes(4) + b"\0\0\0"
    items = b"".join(
        b"\3" + struct.pack("<H", 2) + ua_text(node) + struct.pack("<I", 13)
        + struct.pack("<i", -1) + b"\0\0" + struct.pack("<i", -1)
        + struct.pack("<IId", 2, 100 + handle, 500.0) + b"\0\0\0" + struct.pack("<IB", 1, 1)
        for handle, node in enumerate(nodes)
    )  # fmt: skip
    return message(751, request, head + struct.pack("<III", 1, 2, len(nodes)) + items)


def ua_published(request: int, *changes: tuple[int, float]) -> bytes:
    head = bytes(8) + bytes(4) + bytes(4) + b"\0" + struct.pack("<i", -1) + b"\0\0\0"
    rows = b"".join(
        struct.pack("<I", 100 + handle) + b"\x01\x0b" + struct.pack("<d", value)
        for handle, value in changes
    )
    body = struct.pack("<I", len(changes)) + rows + struct.pack("<i", -1)
    note = b"\1\0" + struct.pack("<H", 811) + b"\1" + struct.pack("<i", len(body)) + body
    told = struct.pack("<IiI", 1, 1, 5) + b"\0" + struct.pack("<Iq", 5, 0)
    if not changes:  # the server is alive and nothing changed: no array
        return message(829, request, head + told + struct.pack("<i", -1))
    return message(829, request, head + told + struct.pack("<I", 1) + note)


def test_opc_ua_subscriptions_give_values_by_the_items_that_were_asked_for() -> None:
    ask = ua_monitor(7, "Pump1.Temperature", "Pump1.Flow")
    assert opcua.uses is not None
    assert [use.item for use in opcua.uses(ask)] == [
        "ns=2;s=Pump1.Temperature", "ns=2;s=Pump1.Flow",
    ]  # fmt: skip
    assert opcua.remember is not None
    assert opcua.recall is not None
    assert opcua.remember(ask)
    answer = down(ua_published(9, (1, 12.5), (5, 1.0)), 4840)
    found = tuple(opcua.recall([up(ask, 4840)], answer))
    assert samples(found) == [("ns=2;s=Pump1.Flow", 12.5, Quality.GOOD, "Good")]
    assert opcua.recall([], answer) == ()
    alive = down(ua_published(9), 4840)
    assert opcua.recall([up(ask, 4840)], alive) == ()


def parts(data: bytes, *ends: int) -> list[bytes]:
    """An OPC UA message in chunks, the sequence numbers from 51 on."""
    body, begin, found = data[24:], 0, []
    for number, end in enumerate((*ends, len(body))):
        kind = b"F" if end == len(body) else b"C"
        head = data[:3] + kind + struct.pack("<I", 24 + end - begin) + data[8:16]
        found.append(head + struct.pack("<I", 51 + number) + data[20:24] + body[begin:end])
        begin = end
    return found


def test_opc_ua_messages_of_several_chunks_are_one_message() -> None:
    ask = ua_read(7, "Pump1.Temperature", "Pump1.Flow")
    one, two, three = parts(ask, 9, 60)
    assert opcua.whole is not None
    held = bytearray()
    assert opcua.whole(held, one) == b""
    assert opcua.whole(held, two) == b""
    whole = opcua.whole(held, three)
    assert opcua.uses is not None
    assert opcua.uses(whole) == opcua.uses(ask)
    assert not held
    assert opcua.whole(held, one) == b""
    assert opcua.whole(held, three) == b""  # a gap: what was held is given up
    assert not held
    assert opcua.whole(held, one) == b""
    other = ua_read(8, "Pump2.Flow")
    assert opcua.whole(held, other) == other  # another request has begun
    assert not held
