"""MMS (IEC 61850-8-1, ICCP) as overheard: who reads and writes which variables, and who answers.

    TPKT 4 · COTP 3 · session 01 00 01 00 · presentation 61 { 30 { context, a0 { MMS PDU }}}

Source: ISO 9506-2 (PDUs; Identify, 10.5), ISO 8327-1 (session), ISO 8823-1 (presentation). Some old
stacks put the PDU on COTP directly.
"""

from __future__ import annotations

from collections.abc import Iterator

from protocols._ber import element
from protocols._cursor import Cursor, printable, text
from protocols._passive_s7comm import PORT, frame, inside
from protocols.contract import Fact, Garbled, Overheard, Segment
from protocols.passive import OTHER, READ, WRITE, Passive, Use, overheard

DATA = b"\1\0\1\0"  # session: give tokens, data transfer
CONNECT, ACCEPT = 0x0D, 0x0E
REQUEST, RESPONSE, ERROR, REPORT, INITIATE, INITIATED = 0xA0, 0xA1, 0xA2, 0xA3, 0xA8, 0xA9
SIDES = {CONNECT: "client", REQUEST: "client", INITIATE: "client", ACCEPT: "server",
         RESPONSE: "server", ERROR: "server", REPORT: "server", INITIATED: "server"}  # fmt: skip
SERVICES = {0x80: ("status", READ), 0xA1: ("list names", READ), 0x82: ("identify", READ),
            0xA4: ("read", READ), 0xA5: ("write", WRITE), 0xA6: ("variable attributes", READ),
            0xAB: ("define variable list", OTHER), 0xAC: ("variable list attributes", READ),
            0xAD: ("delete variable list", OTHER)}  # fmt: skip
IDENTIFY = 0xA2
NAMES = {0x80: "vendor", 0x81: "model", 0x82: "firmware"}
DEEPEST, ITEMS = 12, 32


def recognise(data: bytes) -> bool:
    """Session set-up or data, or an MMS set-up on COTP itself whose length agrees."""
    body = inside(data)
    if body[:1] in (b"\x0d", b"\x0e") or body[:4] == DATA:
        return True
    return body[:1] in (b"\xa8", b"\xa9") and body[1:2] == bytes([max(len(body) - 2, 0) & 0xFF])


def _pdu(data: bytes) -> tuple[int, bytes]:
    """(kind, content) of the MMS PDU; the session's own kind where it carries a set-up."""
    body = inside(data)
    if body[:1] in (b"\x0d", b"\x0e"):
        return body[0], b""
    if len(data) < 7 or not data[6] & 0x80:
        return 0, b""  # one part of several (RFC 905, 13.7: no end of TSDU)
    if body[:4] != DATA:
        return element(Cursor(body)) if body[:1] and body[0] in SIDES else (0, b"")
    tag, content = element(Cursor(body, 4))
    if tag != 0x61:
        return 0, b""
    cursor = Cursor(element(Cursor(content))[1])  # the one data list
    for _ in range(4):
        tag, value = element(cursor)
        if tag == REQUEST:  # single-ASN1-type: the PDU itself
            return element(Cursor(value))
    return 0, b""


def _service(content: bytes) -> tuple[int, bytes]:
    """(service, arguments) of a confirmed PDU, behind its invoke id."""
    cursor = Cursor(content)
    if element(cursor)[0] != 2:
        raise Garbled("expected an MMS invoke id")
    if not cursor.left:
        return 0, b""
    if cursor.data[cursor.position] & 0x1F == 0x1F:  # a number of 31 and more: file services
        cursor.skip(1)
        return 0x100 + cursor.u8(), b""
    return element(cursor)


def _named(raw: bytes, depth: int = 0) -> Iterator[str]:
    """Domain-specific object names anywhere inside, as "domain/item"."""
    cursor = Cursor(raw)
    while cursor.left >= 2 and depth < DEEPEST:
        tag, value = element(cursor)
        if tag == 0xA1 and value[:1] == b"\x1a":
            inner = Cursor(value)
            domain = element(inner)[1]
            item = element(inner)[1] if inner.left else b""
            yield f"{text(domain)}/{text(item)}"
        elif tag & 0x20 and tag & 0x1F != 0x1F:
            yield from _named(value, depth + 1)


def uses(data: bytes) -> tuple[Use, ...]:
    """What a confirmed request does, by variable."""
    kind, content = _pdu(data)
    if kind != REQUEST:
        return ()
    service, arguments = _service(content)
    name, what = SERVICES.get(service, (f"service 0x{service:x}", OTHER))
    items: list[str] = []
    if service in (0xA4, 0xA5):
        for item in _named(arguments):
            items.append(item)
            if len(items) >= ITEMS:
                break
    return tuple(Use(name, what, item) for item in dict.fromkeys(items)) or (Use(name, what),)


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """Vendor, model and revision in an answer to Identify."""
    kind, content = _pdu(segment.payload)
    if kind != RESPONSE:
        return ()
    service, answer = _service(content)
    if service != IDENTIFY:
        return ()
    cursor, found = Cursor(answer), []
    while cursor.left >= 2:
        tag, value = element(cursor)
        if tag in NAMES and printable(value):
            found.append(Fact(NAMES[tag], text(value), "MMS Identify"))
    return (overheard(segment.source, "mms", found, operation="identify"),) if found else ()


def side(data: bytes) -> str:
    """Who speaks, by the kind of PDU."""
    try:
        return SIDES.get(_pdu(data)[0], "")
    except Garbled:
        return ""


def alike(data: bytes) -> bytes:
    """A request without its invoke id; answers by service, but identities in full."""
    try:
        kind, content = _pdu(data)
        if kind not in (REQUEST, RESPONSE):
            return bytes([kind])
        service, rest = _service(content)
    except Garbled:
        return inside(data)[:2]
    whole = kind == REQUEST or service == IDENTIFY
    return bytes([kind, service & 0xFF]) + (rest if whole else b"")


PASSIVE = Passive(
    "mms",
    "IEC 61850 MMS",
    decode,
    ports=(PORT,),
    frame=frame,
    uses=uses,
    alike=alike,
    recognise=recognise,
    proof=recognise,
    side=side,
)
