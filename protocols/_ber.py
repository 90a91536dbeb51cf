"""One BER element (ITU-T X.690, 8.1) with a tag of one byte: what SNMP, GOOSE and MMS are made of.

One rule keeps it simple: lengths are definite and of four bytes at most; all else is `Garbled`.
"""

from __future__ import annotations

from protocols._cursor import Cursor
from protocols.contract import Garbled


def element(cursor: Cursor) -> tuple[int, bytes]:
    """(tag, value) at the cursor, which then stands behind it."""
    tag, length = cursor.u8(), cursor.u8()
    if length & 0x80:
        count = length & 0x7F
        if not 0 < count <= 4:
            raise Garbled("BER length of more than four bytes")
        length = cursor.number(count)
    return tag, cursor.take(length)
