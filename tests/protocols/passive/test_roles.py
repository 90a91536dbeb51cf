"""Who speaks, by the message's own word, and which bytes prove a protocol on a foreign port."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest

from protocols import ads, bacnet, dhcp
from protocols._passive_mms import PASSIVE as MMS
from protocols.contract import Segment
from protocols.passive import Passive, passives

TIME = datetime(2026, 1, 1, tzinfo=UTC)
BY_NAME = {passive.name: passive for passive in passives()}


def tpkt(body: bytes) -> bytes:
    """COTP data, last part, with what it carries."""
    return b"\3\0" + struct.pack(">H", 7 + len(body)) + b"\2\xf0\x80" + body


def ber(tag: int, *content: bytes) -> bytes:
    body = b"".join(content)
    return bytes([tag, len(body)]) + body


def mms(pdu: bytes) -> bytes:
    carried = ber(0x61, ber(0x30, b"\2\1\3", ber(0xA0, pdu)))
    return tpkt(b"\1\0\1\0" + carried)


NAME = ber(0xA1, ber(0x1A, b"IED1LD0"), ber(0x1A, b"MMXU1$MX$A"))
READ = mms(ber(0xA0, b"\2\1\7", ber(0xA4, ber(0xA1, ber(0xA0, ber(0x30, ber(0xA0, NAME)))))))
IDENTITY = ber(0x80, b"Maker") + ber(0x81, b"Relay 7") + ber(0x82, b"1.2.3")
IDENTIFIED = mms(ber(0xA1, b"\2\1\7", ber(0xA2, IDENTITY)))
FINS = struct.pack(">BBBBBBBBBBH", 0x80, 0, 2, 0, 9, 0, 0, 5, 0, 1, 0x0101) + bytes(6)
APDU = {
    "read property": bytes.fromhex("0005010c 0c00000001 1955"),
    "report of a change": bytes.fromhex("00050101 0901 1c02000001"),
    "answer": bytes.fromhex("30010c 0c00000001 1955 3e 4441b00000 3f"),
    "end of a report": bytes.fromhex("200101"),
}


def bvlc(apdu: bytes, function: int = 10) -> bytes:
    return bytes([0x81, function]) + struct.pack(">H", 6 + len(apdu)) + b"\1\4" + apdu


SIDES = [
    ("mms", READ, "client"),
    ("mms", IDENTIFIED, "server"),
    ("mms", tpkt(ber(0xA8, b"\x80\1\1")), "client"),
    ("modbus", struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, 0, 2), "client"),
    ("modbus", struct.pack(">HHHBBB", 1, 0, 7, 1, 3, 4) + bytes(4), "server"),
    ("modbus", struct.pack(">HHHBBB", 1, 0, 3, 1, 0x83, 2), "server"),
    ("modbus", struct.pack(">HHHBBHH", 1, 0, 6, 1, 6, 0, 2), ""),
    ("fins", FINS, "client"),
    ("fins", b"\xc0" + FINS[1:], "server"),
    ("snmp", ber(0x30, b"\2\1\0\4\0", ber(0xA0, b"\5\0")), "client"),
    ("bacnet", bvlc(APDU["read property"]), "client"),
    ("bacnet", bvlc(APDU["report of a change"]), "server"),
    ("bacnet", bvlc(APDU["answer"]), "server"),
    ("bacnet", bvlc(APDU["end of a report"]), "client"),
    ("enip", b"\x63\0\0\0" + bytes(20), "client"),
]


@pytest.mark.parametrize(("name", "data", "side"), SIDES)
def test_a_message_tells_who_speaks(name: str, data: bytes, side: str) -> None:
    passive = BY_NAME[name]
    assert passive.side is not None
    assert passive.side(data) == side


def test_mms_names_the_variables_that_are_read_and_the_device_that_answers() -> None:
    assert MMS.uses is not None
    (use,) = MMS.uses(READ)
    assert (use.function, use.kind, use.item) == ("read", "read", "IED1LD0/MMXU1$MX$A")
    answer = Segment(TIME, "tcp", "10.0.0.9", 102, "10.0.0.5", 4000, IDENTIFIED)
    (said,) = MMS.decode(answer)
    assert {fact.name: fact.value for fact in said.facts} == {
        "vendor": "Maker", "model": "Relay 7", "firmware": "1.2.3",
    }  # fmt: skip


def test_mms_file_services_have_long_tags() -> None:
    assert MMS.uses is not None
    (use,) = MMS.uses(mms(ber(0xA0, b"\2\1\7", b"\xbf\x4d\0")))
    assert use.function == "service 0x14d"


FOREIGN = {
    "LDAP's long lengths": bytes.fromhex("30840000001002010160840000000702010304008000"),
    "a time request": b"\x1b" + bytes(47),
    "a file request": b"\0\1boot.bin\0octet\0",
    "SQL Server's header": bytes.fromhex("010100a400000100") + bytes(156),
    "a Remote Desktop set-up": b"\3\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\3\0\0\0",
    "a directory request over UDP": bytes.fromhex("300c020101630704000a01000a0100"),
    "zeros": bytes(64),
    "a length and a version": b"\0\1\0\1\0\x10\0\x20" + bytes(40),
    "counted text": b"\x0f\0\0\0\1" + b"\3" * 20,
}


@pytest.mark.parametrize("data", FOREIGN.values(), ids=FOREIGN)
def test_what_chance_brings_about_proves_no_protocol(data: bytes) -> None:
    assert [one.name for one in passives() if one.proof is not None and one.proof(data)] == []


PROOFS = {
    "modbus": struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, 0, 2),
    "bacnet": bvlc(APDU["read property"]),
    "fins": FINS,
    "mms": READ,
    "dnp3": bytes.fromhex("056405c001000004e921"),
    "enip": b"\x65\0\4\0" + bytes(20) + b"\1\0\0\0",
    "iec104": b"\x68\4\7\0\0\0",
}


@pytest.mark.parametrize("name", PROOFS)
def test_a_protocol_proves_itself_on_any_port(name: str) -> None:
    proof = BY_NAME[name].proof
    assert proof is not None
    assert proof(PROOFS[name])
    assert not proof(PROOFS[name][:6] + b"\xff" * 20)


def decoded(passive: Passive, payload: bytes) -> dict[str, list[object]]:
    (said,) = passive.decode(Segment(TIME, "udp", "10.0.0.9", 1, "10.0.0.5", 2, payload))
    found: dict[str, list[object]] = {}
    for fact in said.facts:
        found.setdefault(fact.name, []).append(fact.value)
    return found


def test_an_ads_search_names_the_controller() -> None:
    answer = b"\x03\x66\x14\x71" + bytes(4) + b"\1\0\0\x80" + bytes((5, 13, 117, 96, 1, 1))
    answer += struct.pack("<HI", 10_000, 2) + struct.pack("<HH", 5, 10) + b"CX_0D7560\0"
    answer += struct.pack("<HHBBH", 3, 4, 2, 11, 2228)
    (passive,) = [one for one in ads.PASSIVE if one.name == "ads-udp"]
    assert passive.recognise is not None
    assert passive.recognise(answer)
    found = decoded(passive, answer)
    assert found["name"] == ["AMS 5.13.117.96.1.1", "CX_0D7560"]
    assert found["firmware"] == ["2.11.2228"]


def test_a_cut_dhcp_request_still_tells_who_asks() -> None:
    request = b"\1\1\6\0" + bytes(24) + bytes.fromhex("020000000005") + bytes(18)
    assert dhcp.PASSIVE.recognise is not None
    assert dhcp.PASSIVE.recognise(request)
    assert decoded(dhcp.PASSIVE, request)["mac"] == ["02:00:00:00:00:05"]


MANY = bytes.fromhex(
    "30010e 0c00000001 1e"  # analog-input,1: its
    "2955 4e 4441b40000 4f"  # present value 22.5
    "296f 4e 820440 4f"  # status flags: fault
    "2975 4e 913e 4f"  # unit: degrees Celsius
    "294d 4e 7505005a6f6e65 4f"  # name: Zone
    "2963 5e 9102 9120 5f 1f"  # an error for one more property
    "0c01400002 1e 2955 4e 9101 4f 1f"  # binary-value,2: active
)
CHANGED = bytes.fromhex("1002 0901 1c02000001 2c00000001 3900 4e 0955 2e 4441b80000 2f 4f")


def values_of(apdu: bytes) -> list[tuple[str, object, str]]:
    assert bacnet.PASSIVE.values is not None
    segment = Segment(TIME, "udp", "10.0.0.9", 47808, "10.0.0.5", 47808, bvlc(apdu))
    found = bacnet.PASSIVE.values(None, segment)
    return [(one.point, one.value, one.status) for said in found for one in said.samples]


def test_bacnet_answers_give_values_with_unit_name_and_quality() -> None:
    assert values_of(MANY) == [("analog-input,1", 22.5, "fault"), ("binary-value,2", 1, "")]
    segment = Segment(TIME, "udp", "10.0.0.9", 47808, "10.0.0.5", 47808, bvlc(MANY))
    (said,) = bacnet.PASSIVE.decode(segment)
    assert [(one.address, one.name, one.unit) for one in said.points] == [
        ("analog-input,1", "Zone", "°C"), ("binary-value,2", "", ""),
    ]  # fmt: skip


def test_bacnet_reports_of_changes_give_values() -> None:
    assert values_of(CHANGED) == [("analog-input,1", 23.0, "")]
    assert bacnet.alike(bvlc(CHANGED)) == bacnet.alike(bvlc(CHANGED.replace(b"\xb8", b"\xb9")))


def test_bacnet_answers_of_the_device_object_name_it() -> None:
    device = bytes.fromhex("30010e 0c02000007 1e 294d 4e 750500 41485531 4f 1f")
    segment = Segment(TIME, "udp", "10.0.0.9", 47808, "10.0.0.5", 47808, bvlc(device))
    (said,) = bacnet.PASSIVE.decode(segment)
    facts = {fact.name: fact.value for fact in said.facts}
    assert facts == {"device_instance": 7, "name": "AHU1"}


def test_bacnet_is_proved_by_its_network_layer() -> None:
    assert not bacnet.proof(b"\x81\x0b\0\6\2\0")
