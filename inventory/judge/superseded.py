"""What a later whole listing of a service holds no more: it was there, and is not counted.

One rule keeps it simple: a listing takes back only what the same service gave to the same identity
at the same place before; any other listing may see less, and takes back nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from inventory.judge.openness import protocol
from inventory.model import Gone
from protocols.contract import Observation, Outcome

ENDED = (Outcome.COMPLETE, Outcome.EMPTY)  # an ended listing may hold nothing
Key = tuple[str, str]
"""Part and address of a point."""
Way = tuple[str, str, str, int, str, str]
"""Protocol, address, transport, port, vantage and the unit that was asked."""


class Listing(NamedTuple):
    """One listing that ended by itself, with all points that its scan gave to that identity."""

    ended: Observation
    points: frozenset[Key]


def ended_listing(
    observations: Iterable[Observation], operations: frozenset[str]
) -> Observation | None:
    """The statement that ends a listing of one scan; None where it did not end by itself.

    A probe concludes a listing of many pages with one statement without argument.
    """
    listings = [item for item in observations if item.question.operation in operations]
    whole = [item for item in listings if item.outcome in ENDED]
    if not whole:
        return None
    concluded = listings[-1] is whole[-1] and not whole[-1].question.argument
    return whole[-1] if concluded or len(whole) == len(listings) else None


def whole_listing(observations: Sequence[Observation]) -> Listing | None:
    """The listing of one service in one scan, oldest first; None where it may not be whole.

    Points come with the listing, or are read one after another behind it: then something must
    have followed the last of them, or the run was cut before the rest.
    """
    about = protocol(observations[0].question.protocol) if observations else None
    ended = ended_listing(observations, about.listing) if about else None
    if about is None or ended is None:
        return None
    last = observations[-1]
    if last.points and last.question.operation not in about.listing:
        return None
    if lost_items(observations, ended, about.described):
        return None
    return Listing(ended, _points(observations, ended))


def lost_items(
    observations: Iterable[Observation], ended: Observation, described: frozenset[str]
) -> int:
    """Items that a listing counted, and that no observation of its scan holds: answers that are
    lost look like absence otherwise (domain model 9.13). 0 where it counted none.

    What is listed comes as points, or in answers to the `described` operations, which read what a
    device says of itself.
    """
    own = [item for item in observations if label(item) == label(ended)]
    other = sum(item.items or 0 for item in own if item.question.operation in described)
    return max(0, (ended.items or 0) - other - sum(len(item.points) for item in own))


def _points(observations: Iterable[Observation], ended: Observation) -> frozenset[Key]:
    """What one scan gave to the identity that listed everything."""
    who = label(ended)
    given = (item for item in observations if label(item) == who)
    return frozenset((point.part, point.address) for item in given for point in item.points)


def label(item: Observation) -> str:
    """The identity that was used; "" for none."""
    return "" if item.credential == "anonymous" else item.credential


def gone(ordered: Sequence[Observation]) -> tuple[Gone, ...]:
    """What the observations of one device, oldest first, gave, and nobody gives any more."""
    if len({item.scan for item in ordered}) < 2 or not any(item.points for item in ordered):
        return ()
    given: set[Key] = set()
    lost: dict[Key, Gone] = {}
    for way in _ways(ordered):
        newest = _newest(way)
        for item in way:
            ended = newest.get(label(item))
            over = ended is not None and item.scan in ended.before
            for point in item.points:
                key = point.part, point.address
                if ended is None or not over:
                    given.add(key)
                elif key not in ended.listing.points:
                    lost[key] = Gone(point, item, ended.listing.ended)
    return tuple(one for key, one in lost.items() if key not in given)


class _Newest(NamedTuple):
    """The newest whole listing for one identity, and the scans that came before it."""

    listing: Listing
    before: frozenset[str]


def _ways(ordered: Sequence[Observation]) -> Iterator[list[Observation]]:
    ways: dict[Way, list[Observation]] = {}
    for item in ordered:
        target, asked = item.target, item.question
        way = (asked.protocol, target.address, target.transport, target.port, item.vantage,
               asked.part)  # fmt: skip
        ways.setdefault(way, []).append(item)
    return (way for way in ways.values() if any(item.points for item in way))


def _newest(way: Sequence[Observation]) -> dict[str, _Newest]:
    """Of one service: by identity the newest whole listing of it."""
    scans: dict[str, list[Observation]] = {}
    for item in way:
        scans.setdefault(item.scan, []).append(item)
    found: dict[str, _Newest] = {}
    before: list[str] = []
    for name, items in scans.items():
        listing = whole_listing(items)
        if listing is not None:
            found[label(listing.ended)] = _Newest(listing, frozenset(before))
        before.append(name)
    return found
