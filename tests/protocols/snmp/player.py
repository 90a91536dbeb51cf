"""A small agent that answers from a table: recordings in snmpsim format, or values of a test.

It writes BER by itself and shares only the request decoder with the probe, which the oracle test
compares with pysnmp.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from protocols.contract import Garbled
from protocols.snmp import codec
from protocols.snmp.codec import Oid

MOST_BYTES = 1_400


def tlv(tag: int, content: bytes) -> bytes:
    """One element, long form where needed."""
    if len(content) < 128:
        return bytes((tag, len(content))) + content
    size = len(content).to_bytes(2, "big")
    return bytes((tag, 0x82)) + size + content


def signed(number: int, tag: int = 2) -> bytes:
    """An integer of any tag."""
    return tlv(tag, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def encode_oid(arcs: Oid) -> bytes:
    """The content of an object identifier."""
    out = b""
    for arc in (arcs[0] * 40 + arcs[1], *arcs[2:]):
        part = bytes((arc & 0x7F,))
        while arc := arc >> 7:
            part = bytes((arc & 0x7F | 0x80,)) + part
        out += part
    return out


def encode_value(tag: str, words: str) -> bytes:
    """The element of one recorded value (snmpsim: `4x` is hexadecimal)."""
    number = int(tag.rstrip("x"))
    content = bytes.fromhex(words) if tag.endswith("x") else words.encode("latin-1")
    if number == 6:
        return tlv(6, encode_oid(codec.oid(words)))
    if number == 64 and not tag.endswith("x"):
        return tlv(64, bytes(int(p) for p in words.split(".")))
    if number in (4, 64, 68):
        return tlv(number, content)
    if number == 5:
        return b"\x05\x00"
    return signed(int(words or 0), number)


@dataclass
class Agent:
    """Answers requests like a plain agent. `values` maps OIDs to whole value elements."""

    values: Mapping[Oid, bytes]
    versions: tuple[int, ...] = (0, 1)
    community: bytes = b"public"
    most_bytes: int = MOST_BYTES
    asked: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.order = sorted(self.values)

    def __call__(self, request: bytes) -> bytes | None:
        try:
            message = codec.decode_message(request)
        except Garbled:
            return None
        if message.version not in self.versions or message.community != self.community:
            return None
        pdu = message.pdu
        self.asked.append(pdu.kind)
        oids = [b.oid for b in pdu.bindings]
        status = index = 0
        if pdu.kind == codec.GET_BULK:
            found = self._bulk(oids, pdu.first, pdu.second)
        else:
            pick = self._get if pdu.kind == codec.GET else self._next
            found = [pick(o) for o in oids]
            if message.version == codec.V1:
                missing = [i for i, (_, v) in enumerate(found, 1) if v[0] >= 0x80]
                if missing:
                    status, index = 2, missing[0]
                    found = [(o, b"\x05\x00") for o in oids]
        return self.answer(message, status, index, found)

    def _get(self, asked: Oid) -> tuple[Oid, bytes]:
        return asked, self.values.get(asked, b"\x80\x00")

    def _next(self, asked: Oid) -> tuple[Oid, bytes]:
        at = bisect.bisect_right(self.order, asked)
        if at == len(self.order):
            return asked, b"\x82\x00"
        return self.order[at], self.values[self.order[at]]

    def _bulk(self, oids: list[Oid], single: int, repetitions: int) -> list[tuple[Oid, bytes]]:
        found = [self._next(o) for o in oids[:single]]
        at, size = oids[single:], 0
        for _ in range(repetitions):
            row = [self._next(o) for o in at]
            for pair in row:
                size += len(pair[1]) + len(pair[0]) + 8
                if size > self.most_bytes and found:
                    return found
                found.append(pair)
            at = [o for o, _ in row]
        return found

    @staticmethod
    def answer(
        message: codec.Message, status: int, index: int, found: Iterable[tuple[Oid, bytes]]
    ) -> bytes:
        """A response to a message, well-formed whatever it holds."""
        bindings = b"".join(tlv(48, tlv(6, encode_oid(o)) + v) for o, v in found)
        numbers = signed(message.pdu.request_id) + signed(status) + signed(index)
        pdu = tlv(0xA2, numbers + tlv(48, bindings))
        return tlv(48, signed(message.version) + tlv(4, message.community) + pdu)


def recording(path: Path) -> Agent:
    """The agent of one `.snmprec` file; lines that cannot be a value are left out."""
    values: dict[Oid, bytes] = {}
    for line in path.read_text("latin-1").splitlines():
        parts = line.split("|", 2)
        if len(parts) != 3 or ":" in parts[1]:
            continue
        try:
            values[codec.oid(parts[0])] = encode_value(parts[1], parts[2])
        except (ValueError, IndexError):
            continue
    return Agent(values)


def octets(words: str) -> bytes:
    """An octet string element."""
    return tlv(4, words.encode())


def agent(values: Mapping[str, bytes], **options: object) -> Agent:
    """An agent of a test's own values, by dotted OID."""
    return Agent({codec.oid(o): v for o, v in values.items()}, **options)  # type: ignore[arg-type]
