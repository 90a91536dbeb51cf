"""OPC UA messages in clear, as they are overheard: the built-in types and headers, step by step.

One rule keeps it simple: every step takes its bytes from the cursor, which is `Garbled` at the end.

Source: OPC 10000-6, 5.2 (types), 6.7 (chunks); OPC 10000-4, 7.33 and 7.34 (headers).
"""

from __future__ import annotations

import base64
import uuid

from protocols._cursor import Cursor, text
from protocols.contract import Garbled


def octets(cursor: Cursor) -> bytes:
    """A ByteString or a String as it comes; nothing for null."""
    length = cursor.u32()
    return b"" if length == 0xFFFFFFFF else cursor.take(length)


def string(cursor: Cursor) -> str:
    """A String."""
    return text(octets(cursor))


def localized(cursor: Cursor) -> str:
    """The text of a LocalizedText."""
    mask = cursor.u8()
    if mask & 1:
        octets(cursor)
    return string(cursor) if mask & 2 else ""


def length_of(cursor: Cursor, most: int = 1 << 20) -> int:
    """The number of elements of an array, `most` at most; 0 for null (10000-6, 5.2.5)."""
    count = cursor.u32()
    return 0 if count == 0xFFFFFFFF else min(count, most)


def strings(cursor: Cursor) -> list[str]:
    """An array of strings, as many as are looked at."""
    return [string(cursor) for _ in range(length_of(cursor, 64))]


def node(cursor: Cursor) -> str:
    """A NodeId as text (10000-6, 5.2.2.9)."""
    form = cursor.u8() & 0x3F
    if form == 0:
        return f"i={cursor.u8()}"
    if form == 1:
        space = cursor.u8()
        return f"ns={space};i={cursor.u16()}" if space else f"i={cursor.u16()}"
    space = cursor.u16()
    prefix = f"ns={space};" if space else ""
    if form == 2:
        return f"{prefix}i={cursor.u32()}"
    if form == 3:
        return f"{prefix}s={string(cursor)}"
    if form == 4:
        return f"{prefix}g={uuid.UUID(bytes_le=cursor.take(16))}"
    if form == 5:
        return f"{prefix}b={base64.b64encode(octets(cursor)).decode()}"
    raise Garbled(f"a NodeId of form {form}")


def service_of(data: bytes) -> tuple[int, Cursor] | None:
    """(type id, cursor behind it) of a clear message of one chunk."""
    if data[:3] not in (b"MSG", b"OPN") or data[3:4] != b"F":
        return None
    cursor = Cursor(data, 12, "little")
    if data[:3] == b"OPN":
        for _ in range(3):
            octets(cursor)
    else:
        cursor.skip(4)
    cursor.skip(8)
    if cursor.left < 4 or cursor.data[cursor.position : cursor.position + 2] != b"\1\0":
        return None
    cursor.skip(2)
    return cursor.u16(), cursor


def extra(cursor: Cursor) -> None:
    """Pass over an ExtensionObject."""
    node(cursor)
    if cursor.u8():
        octets(cursor)


def after_request(cursor: Cursor) -> None:
    """Pass over a RequestHeader (10000-4, 7.33)."""
    node(cursor)
    cursor.skip(16)
    string(cursor)
    cursor.skip(4)
    extra(cursor)


def after_response(cursor: Cursor) -> bool:
    """Whether the result is good and the body follows."""
    cursor.skip(12)
    status = cursor.u32()
    if cursor.u8():
        return False  # diagnostics are not read
    strings(cursor)
    extra(cursor)
    return not status & 0x80000000
