"""Recorded S7 conversations: every list answer decodes, and the one full identity is right."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocols.contract import Refused
from protocols.s7comm import codec, identity

CORPUS = Path(os.environ.get("UNTRAP_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))
IDENTITY = CORPUS / "pcap/cisagov__icsnpp-s7comm/tests_traces_s7ident.pcap"
FILES = (
    IDENTITY,
    CORPUS / "pcap/ControlThings-io__ct-samples/S7comm_s7comm_program_blocklist_onlineview.pcap",
    CORPUS / "pcap/ntop__nDPI/s7comm.pcap",
)

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="no recordings: UNTRAP_CORPUS is not there"),
]


def payloads(path: Path) -> Iterator[tuple[int, bytes]]:
    """(source port, TCP payload) of an Ethernet pcap; fragments and other protocols are passed."""
    data = path.read_bytes()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    position = 24
    while position + 16 <= len(data):
        length = struct.unpack_from(order + "4I", data, position)[2]
        frame = data[position + 16 : position + 16 + length]
        position += 16 + length
        if frame[12:14] != b"\x08\x00" or frame[23] != 6:
            continue
        packet = frame[14 : 14 + int.from_bytes(frame[16:18], "big")]
        segment = packet[(packet[0] & 15) * 4 :]
        payload = segment[(segment[12] >> 4) * 4 :]
        if payload:
            yield int.from_bytes(segment[:2], "big"), payload


def messages(path: Path) -> Iterator[bytes]:
    """Whole TPKT messages of stations; a message that spans segments is passed over."""
    for port, payload in payloads(path):
        whole = payload[:2] == b"\x03\x00" and int.from_bytes(payload[2:4], "big") == len(payload)
        if port == 102 and whole:
            yield payload


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_recorded_list_answer_decodes(path: Path) -> None:
    decoded, data = 0, b""
    for message in messages(path):
        if message[7:9] != b"\x32\x07" or message[22:24] != b"\x84\x01":
            continue
        try:
            fragment = codec.decode_fragment(message, int.from_bytes(message[11:13], "big"))
        except Refused:
            continue
        data += fragment.data
        table = codec.decode_table(data, int.from_bytes(data[:2], "big"))
        if fragment.more:
            continue
        head_only = table.id & 0x0F00 == 0x0F00  # "only the head of the partial list"
        assert len(table.records) == (0 if head_only else table.announced)
        decoded, data = decoded + 1, b""
    assert decoded


def test_recorded_setups_decode() -> None:
    for path in FILES:
        granted = [
            codec.decode_setup(message, int.from_bytes(message[11:13], "big"))
            for message in messages(path)
            if message[7:9] == b"\x32\x03" and message[19:20] == b"\xf0"
        ]
        assert granted
        assert set(granted) <= {240, 480, 960}


def test_the_recorded_identity_is_read() -> None:
    found: dict[str, object] = {}
    for message in messages(IDENTITY):
        if message[7:9] != b"\x32\x07":
            continue
        fragment = codec.decode_fragment(message, int.from_bytes(message[11:13], "big"))
        szl_id = int.from_bytes(fragment.data[:2], "big")
        if szl_id == identity.COMPONENT_IDENTIFICATION:
            facts = identity.component_facts(codec.decode_table(fragment.data, szl_id), "slot")
        elif szl_id == identity.MODULE_IDENTIFICATION:
            facts = identity.module_facts(codec.decode_table(fragment.data, szl_id))
        else:
            continue
        found.update({fact.name: fact.value for fact in facts if not fact.part})
    assert found == {
        "model": "6ES7 315-2EH14-0AB0",
        "vendor": "Siemens",
        "role": "plc",
        "hardware": "4",
        "firmware": "V3.2.6",
        "name": "SNAP7-SERVER",
        "serial": "S C-C2UR28922012",
        "product": "CPU 315-2 PN/DP",
    }
