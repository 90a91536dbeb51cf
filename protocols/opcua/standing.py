"""Which answers of a session that was cut hold in another one.

Pure. What the server holds does not hang on a session: listings, values and endpoint lists stand.
Continuation points die with theirs: a listing whose next page is missing is asked for again, from
its first page. Sealed answers cannot be opened by another channel, and set-ups are never repeated
from the record.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from protocols.contract import SPOKE, Garbled, Observation, Refused
from protocols.opcua.binary import Cursor
from protocols.opcua.channel import read_header, stored_body
from protocols.opcua.numbers import BROWSE_NEXT, RESPONSE_OFFSET
from protocols.opcua.services import read_listings

BROWSED: Final = "browse_page"
STANDING: Final = frozenset(
    {
        *("get_endpoints", "find_servers", BROWSED, "read_limits", "read_server"),
        *("read_nameplate", "read_meaning", "read_types", "read", "sample_read"),
    }
)


def standing(cut: Sequence[Observation]) -> Sequence[Observation]:
    """The questions about what the server holds, up to a listing that was not finished."""
    found = [
        seen
        for seen in cut
        if seen.question.operation in STANDING and seen.outcome in SPOKE and seen.digest
    ]
    if not found or found[-1].question.operation != BROWSED:
        return found
    whole = missing = 0
    for place, seen in enumerate(found):
        missing += _pages(seen.raw) if seen.question.operation == BROWSED else 0
        whole = whole if missing else place + 1
    return found[:whole]


def _pages(raw: bytes) -> int:
    """Further pages that this answer announces, less those that it is itself."""
    try:
        body = stored_body(raw)
        cursor = Cursor(body)
        header = read_header(cursor, None)
        count = cursor.number("i")
        cursor = Cursor(body)
        read_header(cursor, None)
        listings = read_listings(cursor, count)
    except Refused:
        return 0
    except Garbled:
        return 1  # not kept whole: whether more follows is not known
    own = count if header.type == BROWSE_NEXT + RESPONSE_OFFSET else 0
    return sum(bool(listing.continuation) for listing in listings) - own
