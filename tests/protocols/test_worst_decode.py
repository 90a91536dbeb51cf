"""The event loop waits for one decode at a time: none takes more than 250 ms of it.

Measured is the CPU time for the single worst answer of each parser, the least of several runs, so
that neither a busy machine nor the collector counts. The answers are as long as the
link lets them be, of the shape that costs most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from protocols.contract import Foreign, Garbled, Refused, Stale
from protocols.modbus import codec as modbus
from protocols.opcua.binary import Cursor
from protocols.s7comm import codec as s7
from protocols.s7comm import identity as s7_identity
from protocols.snmp import codec as snmp
from protocols.snmp import engine, identity, message, tables, walk
from protocols.snmp.codec import GET, GET_BULK, V2C, Oid
from protocols.snmp.first import SYSTEM_GROUP, read_system
from tests.protocols.modbus.test_codec import GOOD, parse
from tests.protocols.modbus.test_codec import whole as envelope
from tests.protocols.opcua.test_bounds import heaviest
from tests.protocols.s7comm import examples
from tests.protocols.snmp.player import encode_oid, octets, tlv
from tests.support.patience import least_cpu

MOST_SECONDS = 0.25
DATAGRAM = 65_507
Decode = Callable[[], object]
HOSTILE = (
    "Siemens, SIMATIC NET, " + "A," * 30_000,
    "a1-" * 20_000,
    "MD:" * 20_000,
    " " * 60_000,
    "1.1" * 20_000,
    "Version " * 8_000,
    "\\" * 60_000,
)


def answer(kind: int, bindings: bytes) -> bytes:
    """A version 2c response with these bindings."""
    return tlv(
        48,
        b"\x02\x01\x01\x04\x06public"
        + tlv(kind, b"\x02\x01\x07\x02\x01\x00\x02\x01\x00" + tlv(48, bindings)),
    )


def bound(arcs: Oid, value: bytes) -> bytes:
    """One binding."""
    return tlv(48, tlv(6, encode_oid(arcs)) + value)


def system(words: str, object_id: Oid) -> bytes:
    """An answer whose texts are as long and as hostile as they come."""
    held = [octets(words), tlv(6, encode_oid(object_id)), b"\x43\x01\x01", *[octets("x")] * 3]
    return answer(0xA2, b"".join(bound(*pair) for pair in zip(SYSTEM_GROUP, held, strict=True)))


def many(count: int, depth: int) -> bytes:
    """A page of OIDs that no earlier one was, each as long as an OID gets."""
    rows = (
        bound((1, 3, 6, 1, 2, 1, 2, 2, 1, 2, *[n * 7_919 % 2**32] * depth, n), octets("p"))
        for n in range(1, count)
    )
    return answer(0xA2, b"".join(rows)[: DATAGRAM - 60])


NAMES = next(t for t in tables.PLAIN_TABLES if t.name == "ifTable")
ONE_COLUMN = walk.Table("worst", ((1, 3, 6, 1, 2, 1, 2, 2, 1, 2),), NAMES.read)


def page(raw: bytes) -> object:
    """What a walk does with a page."""
    oids = ONE_COLUMN.columns
    response = snmp.decode_response(raw, V2C, GET_BULK, 7, oids)
    return walk.advance(ONE_COLUMN, walk.Position({c: c for c in oids}), oids, response)


def snmp_cases() -> Iterator[tuple[str, Decode]]:
    tops = sorted({o for rule in identity.rules() for o in rule.objects})
    for number, words in enumerate(HOSTILE):
        for top in ((1, 3, 6, 1, 4, 1, 9, 1, 1), tops[number * 13 % len(tops)]):
            raw = system(words[:60_000], top)
            yield (
                f"snmp text {number} {top[6:8]}",
                lambda raw=raw: read_system(  # type: ignore[misc]
                    snmp.decode_response(raw, V2C, GET, 7, SYSTEM_GROUP)
                ),
            )
    for count, depth in ((2_040, 1), (1_200, 8), (400, 30), (90, 115), (9_000, 0)):
        raw = many(count, depth)
        yield f"snmp page of {count} x {depth}", lambda raw=raw: page(raw)  # type: ignore[misc]
    nested = b"\x30\x82\x7f\xff" * 16_000
    yield "snmp nested", lambda: snmp.decode_message(nested)
    wide = b"\x30\x82\xff\xe0\x02\x01\x03" + b"\x30\x82\x40\x00" * 16_000
    yield "snmp v3 nested", lambda: message.decode(wide)
    yield "snmp v3 report", lambda: engine.decode_report(wide, 7)


def modbus_cases() -> Iterator[tuple[str, Decode]]:
    objects = b"".join(bytes((n, 1)) + b"x" for n in range(80))
    whole = bytes((14, 1, 0x83, 0xFF, 0xFE, 80)) + objects
    yield "modbus 80 objects", lambda: parse("identification", whole)
    long = bytes((14, 1, 0x83, 0, 0, 1, 0, 240)) + b"S/N:" * 60
    yield "modbus one object", lambda: parse("identification", long)
    for name, (pdu, good) in GOOD.items():
        raw = envelope(good)
        reader = modbus.reader(modbus.Expect(7, 1, pdu), lambda data, name=name: parse(name, data))  # type: ignore[misc]
        yield f"modbus {name}", lambda reader=reader, raw=raw: reader(raw)  # type: ignore[misc]


def s7_cases() -> Iterator[tuple[str, Decode]]:
    rows = tuple(n.to_bytes(2, "big") + b"6ES7 " * 5 + b"x" for n in range(1, 34))
    raw = examples.szl_answer(3, examples.szl(0x11, 28, rows))

    def whole(raw: bytes) -> object:
        fragment = s7.decode_fragment(raw, 3)
        table = s7.decode_table(fragment.data, 0x11)
        return s7_identity.component_facts(table, ""), s7_identity.module_facts(table)

    yield "s7 list", lambda: whole(raw)
    yield "s7 connect", lambda: s7.decode_connect(b"\x03\x00\x03\xff" + b"\xd0" * 1_019)


def opcua_cases() -> Iterator[tuple[str, Decode]]:
    for name, (decode, raw) in heaviest().items():
        yield (
            f"opcua {name}",
            lambda decode=decode, raw=raw: decode(Cursor(raw)),  # type: ignore[misc]
        )


CASES = {"snmp": snmp_cases, "modbus": modbus_cases, "s7comm": s7_cases, "opcua": opcua_cases}


def spent(decode: Decode) -> float:
    """Seconds of CPU for one decode at least; what seems too long is looked at more often."""

    def whole() -> None:
        with suppress(Garbled, Stale, Foreign, Refused):
            decode()

    least = least_cpu(whole)
    return least if least < MOST_SECONDS else least_cpu(whole, 20)


@pytest.mark.parametrize("protocol", CASES)
def test_no_single_answer_blocks_the_event_loop(
    protocol: str, capsys: pytest.CaptureFixture[str]
) -> None:
    least = {name: spent(decode) for name, decode in CASES[protocol]()}
    worst = max(least, key=least.__getitem__)
    with capsys.disabled():
        figure = f"{1000 * least[worst]:.1f} ms"
        print(f"\nworst {protocol} decode: {worst}, {figure}", end=" ")  # noqa: T201 - the figure is the point
    assert least[worst] < MOST_SECONDS, worst
