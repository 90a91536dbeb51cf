"""Who talks to a service, and what they read and write there, as they were overheard.

One rule keeps it simple: a request nobody answered tells of a client, an answer of a value.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from protocols.contract import Fact, Point
from protocols.passive import READ, WRITE
from scanner.capture.model import Conversation, Tally
from scanner.capture.walk import period_seconds

CONSUMERS = 64
RANGES = 256


def askers(conversation: Conversation) -> Iterator[tuple[str, str, str]]:
    """(who, in which role, to where): the client; of peers whoever spoke."""
    passive, port = conversation.passive, f"{conversation.port}"
    if passive is None:
        return
    role = "peer" if passive.peers else "client"
    if conversation.requested:
        yield conversation.client, role, f"{conversation.transport}:{conversation.server}:{port}"
    if passive.peers and conversation.spoken and conversation.server != conversation.client:
        yield conversation.server, role, f"{conversation.transport}:{conversation.client}:{port}"


def order(conversation: Conversation) -> tuple[str, str, str, int]:
    """What conversations are sorted by: client, server, transport, port."""
    one = conversation
    return (one.client, one.server, one.transport, one.port)


def usage(
    conversations: list[Conversation], name: str
) -> tuple[tuple[Fact, ...], tuple[Point, ...]]:
    """Who reads and writes this service, and what: register ranges as facts, else points."""
    facts: list[Fact] = []
    ranges: dict[tuple[str, str], None] = {}
    for conversation in sorted(conversations, key=order):
        if not conversation.requested or len(facts) >= CONSUMERS:
            continue
        tallies = list(conversation.tallies.values())
        kinds = {use.kind for tally in tallies for use in tally.uses}
        if not kinds or READ in kinds:
            facts.append(Fact("consumer", _consumer(conversation, name, tallies), "overheard"))
        for tally in tallies:
            for use in tally.uses:
                if use.kind == READ and use.item and len(ranges) < RANGES and conversation.spoken:
                    ranges.setdefault((use.item, use.part))
        for part, what in sorted(_written(tallies).items()):
            value = f"{conversation.client} {name} {what}"
            facts.append(Fact("writer", value, "overheard", part))
    if name == "modbus":
        facts += [Fact("range", item, "modbus read overheard", part) for item, part in ranges]
        return tuple(facts), ()
    points = [Point(item, part=part, description="read by others") for item, part in ranges]
    return tuple(facts), tuple(points)


def _consumer(conversation: Conversation, name: str, tallies: list[Tally]) -> str:
    periods = sorted(
        period
        for tally in tallies
        if any(use.kind == READ for use in tally.uses)
        and (period := period_seconds(tally)) is not None
    )
    value = f"{conversation.client} {name}"
    return f"{value} {periods[len(periods) // 2]:.3f} s" if periods else value


def _written(tallies: list[Tally]) -> dict[str, str]:
    """Per part, what was written, shortened."""
    written: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for tally in tallies:
        for use in tally.uses:
            if use.kind == WRITE:
                written[use.part].setdefault(f"{use.function} {use.item}".strip())
    return {part: ", ".join(list(what)[:8]) for part, what in written.items()}
