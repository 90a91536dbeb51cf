"""From payloads to statements: which protocol it is, who asks whom, and what was said.

One rule keeps it simple: a message like one that was seen before is counted; it is decoded again
only when its values are due.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from protocols.contract import Foreign, Garbled, Segment
from protocols.passive import Passive
from scanner.capture.ledger import Ledger
from scanner.capture.model import (
    CONVERSATIONS,
    HELD_BYTES,
    MOST_VALUES,
    REMEMBERED,
    STREAM_LIMIT,
    TALLIES,
    TRIES,
    Connection,
    Lane,
    Tally,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WEIGHT_TALLY, WEIGHT_USE, WEIGHT_SEEN = 350, 250, 250
CARRIED = 16  # messages of a carrier that are looked at before it is left at that
KEY_LIMIT = 64  # bytes of a key that tells requests apart; longer ones are hashed


def moment(nanoseconds: int) -> datetime:
    """A packet's time as an aware UTC value; times no calendar holds become 1970."""
    try:
        return EPOCH + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        return EPOCH


class Messages:
    """Takes whole messages of lanes; what they say goes into the ledger."""

    def __init__(self, ledger: Ledger, decoders: tuple[Passive, ...]) -> None:
        self.ledger = ledger
        self.decoders = decoders
        self.held = 0  # bytes of unfinished messages and unanswered questions
        self._known = tuple(one for one in decoders if one.proof is not None)

    def which(self, lane: Lane, payload: bytes) -> Passive | None:
        """Which protocol a payload belongs to: those of the port, then those that prove it."""
        found = self._named(lane, payload)
        if found is not None:
            lane.connection.conversation.passive = found
        else:
            lane.tries += 1
            lane.deep = lane.tries < TRIES
        return found

    def _carried(self, lane: Lane, payload: bytes) -> Passive | None:
        """What a message of a mere carrier turns out to be; the carrier itself, for some time."""
        conversation = lane.connection.conversation
        found = self._named(lane, payload)
        if found is not None and not found.vague:
            conversation.passive = found
        else:
            lane.tries += 1
            lane.deep = lane.tries < CARRIED
        return conversation.passive

    def _named(self, lane: Lane, payload: bytes) -> Passive | None:
        for passive in lane.connection.conversation.candidates:
            if passive.recognise is None or passive.recognise(payload):
                return passive
        for passive in self._known:
            if (
                passive.proof is not None
                and lane.transport in passive.transports
                and passive.proof(payload)
            ):
                return passive
        return None

    def take(self, lane: Lane, time: int, payload: bytes) -> None:
        """One message."""
        conversation = lane.connection.conversation
        passive = conversation.passive or self.which(lane, payload)
        if passive is not None and passive.vague:
            passive = self._carried(lane, payload)
        if passive is not None and passive.whole is not None:
            payload = self._whole(lane, passive.whole, payload)
        if passive is None or len(payload) < passive.least:
            return
        if passive.side is not None and (not conversation.sure or _mutual(lane)):
            lane = self._sided(lane, passive.side(payload))
            conversation = lane.connection.conversation
        if lane.forward:
            conversation.requested += 1
        else:
            conversation.spoken += 1
        if passive.remember is not None and lane.forward != passive.announces:
            self._keep(lane, passive, time, payload)
        key = self._key(lane, passive, payload)
        due = passive.values is not None or passive.recall is not None
        if passive.alike is not None:
            tally = conversation.tallies.get(key)
            if tally is not None:
                tally.repeat(time)
                self._again(lane, passive, tally, time, payload)
                return
            if key in conversation.seen:
                due = due and self._due(lane, passive, conversation.seen[key], time)
                if lane.connection.question is None and not due:
                    return
            elif len(conversation.seen) < TALLIES and self.ledger.room(
                WEIGHT_SEEN + len(key), "messages"
            ):
                reports = (passive.reports or passive.recall is not None) and not lane.forward
                conversation.seen[key] = Tally((), 1, time, time) if reports else None
        try:
            self._decode(lane, passive, _segment(lane, time, payload), key, time)
        except (Garbled, Foreign):
            self.ledger.note(f"malformed {passive.name}")

    def _key(self, lane: Lane, passive: Passive, payload: bytes) -> bytes:
        if passive.alike is None:
            return payload[:KEY_LIMIT] if passive.uses is not None else b""
        key = (b">" if lane.forward else b"<") + passive.alike(payload)
        return key if len(key) <= KEY_LIMIT else hashlib.blake2b(key, digest_size=16).digest()

    def _again(self, lane: Lane, passive: Passive, tally: Tally, time: int, payload: bytes) -> None:
        """A request that was seen before: its answer is read only when values are due."""
        if passive.pair is None and passive.values is None:
            return
        question = None
        if passive.values is not None and not passive.reports and _ready(tally, time):
            question = _segment(lane, time, payload)
        self._ask(lane.connection, question)

    def _due(self, lane: Lane, passive: Passive, tally: Tally | None, time: int) -> bool:
        """Whether a message that was seen before is read again for its values."""
        ready = tally is not None and not lane.forward and _ready(tally, time)
        if passive.reports or (passive.recall is not None and lane.connection.kept and ready):
            return ready
        return lane.connection.question is not None

    def _whole(self, lane: Lane, add: Callable[[bytearray, bytes], bytes], payload: bytes) -> bytes:
        """The message that this part ends; nothing while parts are missing."""
        parts = lane.parts if lane.parts is not None else bytearray()
        before = len(parts)
        message = add(parts, payload)
        self.held += len(parts) - before
        if len(parts) > STREAM_LIMIT or self.held > HELD_BYTES:
            self.ledger.note("messages beyond the limit of memory")
            self.held -= len(parts)
            parts.clear()
        lane.parts = parts or None
        return message

    def _keep(self, lane: Lane, passive: Passive, time: int, payload: bytes) -> None:
        """Remember a message that later reports refer to; one that comes again is the last one."""
        with suppress(Garbled, Foreign):
            if passive.remember is None or not passive.remember(payload):
                return
            kept, alike = lane.connection.kept, passive.alike
            if passive.announces and alike is not None:
                key = alike(payload)
                known = [place for place, one in enumerate(kept) if alike(one.payload) == key]
                if known:
                    kept.append(kept.pop(known[0]))
                    return
            if len(kept) >= REMEMBERED:
                self.ledger.note("requests beyond the limit")
            elif self.ledger.room(WEIGHT_TALLY + len(payload), "requests"):
                kept.append(_segment(lane, time, payload))

    def _ask(self, connection: Connection, question: Segment | None) -> None:
        """Keep a question until its answer comes, within the bytes that may be held."""
        if connection.question is not None:
            self.held -= len(connection.question.payload)
        connection.question = None
        if question is not None and self.held + len(question.payload) <= HELD_BYTES:
            connection.question = question
            self.held += len(question.payload)
        elif question is not None:
            self.ledger.note("questions beyond the limit of memory")

    def _sided(self, lane: Lane, side: str) -> Lane:
        """The lane under the roles that its message tells: "client", "server" or "" (no word)."""
        conversation = lane.connection.conversation
        if not side:
            return lane
        guessed, conversation.sure = not conversation.sure, True
        if lane.forward == (side == "client"):
            return lane
        if guessed and not (_mutual(lane) and conversation.requested + conversation.spoken):
            self._settle(lane, side)
            return lane
        if lane.turned is None:
            lane.turned = self._turn(lane, side)
        return lane.turned

    def _settle(self, lane: Lane, side: str) -> None:
        """Turn a connection round whose roles were guessed; what was counted so far turns too."""
        connection = lane.connection
        conversation = connection.conversation
        client, server = _roles(lane, side)
        conversations = self.ledger.conversations
        old = (conversation.transport, conversation.server, conversation.port)
        conversations.pop((*old, conversation.client), None)
        passive = conversation.passive
        key = (conversation.transport, server[0], server[1], client[0])
        known = conversations.setdefault(key, conversation)
        if known is conversation:
            known.requested, known.spoken = known.spoken, known.requested
            known.tallies, known.seen = {}, {}
        known.client, known.server = client[0], server[0]
        known.port, known.passive = server[1], passive
        connection.conversation, connection.server = known, server

    def _turn(self, lane: Lane, side: str) -> Lane:
        """The lane of a peer that also has the other role, from the same port to the same port."""
        client, server = _roles(lane, side)
        first = lane.connection
        if first.turned is None:
            known = first.conversation
            key = (known.transport, server[0], server[1], client[0])
            conversation = self.ledger.conversations.get(key)
            if conversation is None and len(self.ledger.conversations) >= CONVERSATIONS:
                self.ledger.note("conversations beyond the limit")
                return lane
            conversation = self.ledger.conversations.setdefault(
                key, replace(known, client=client[0], server=server[0], port=server[1], asked=0,
                             answered=0, spoken=0, requested=0, tallies={}, seen={})
            )  # fmt: skip
            first.turned = Connection(conversation, server)
        return replace(lane, connection=first.turned, packets=0, octets=0)

    def _decode(
        self, lane: Lane, passive: Passive, segment: Segment, key: bytes, time: int
    ) -> None:
        connection, ledger = lane.connection, self.ledger
        conversation = connection.conversation
        port, vlan = conversation.port, lane.vlan
        for item in passive.decode(segment):
            ledger.learn(item, lane.transport, time, port, vlan)
        if passive.uses is not None and (lane.forward or passive.peers):
            uses = tuple(passive.uses(segment.payload))
            weight = WEIGHT_TALLY + WEIGHT_USE * len(uses)
            if uses and len(conversation.tallies) >= TALLIES:
                ledger.note("requests beyond the limit")
            elif uses and ledger.room(weight, "requests"):
                tally = conversation.tallies.setdefault(key, Tally(uses, 0, time, time))
                tally.count += 1
                tally.last = time
        if passive.values is not None and passive.reports and not lane.forward:
            for item in passive.values(None, segment):
                ledger.learn(item, lane.transport, time, port, vlan)
        if passive.recall is not None and connection.kept and not lane.forward:
            for item in passive.recall(connection.kept, segment):
                ledger.learn(item, lane.transport, time, port, vlan)
        if passive.pair is None and (passive.values is None or passive.reports):
            return
        if lane.forward:
            self._ask(connection, segment)
        elif (question := connection.question) is not None:
            for read in (passive.pair, None if passive.reports else passive.values):
                for item in read(question, segment) if read is not None else ():
                    ledger.learn(item, lane.transport, time, port, vlan)
            if passive.values is not None:
                self._ask(connection, None)


def _mutual(lane: Lane) -> bool:
    """Whether both ends use the same port, so that each may ask the other (BACnet, FINS)."""
    return lane.source_port == lane.destination_port


def _roles(lane: Lane, side: str) -> tuple[tuple[str, int], tuple[str, int]]:
    """(client, server) as address and port, by the word of a message on this lane."""
    here, there = (lane.source, lane.source_port), (lane.destination, lane.destination_port)
    return (here, there) if side == "client" else (there, here)


def _ready(tally: Tally, time: int) -> bool:
    """Whether values are due, and when they are next: often at first, ever more rarely later."""
    if time < tally.due:
        return False
    tally.valued += 1
    pause = (time - tally.first) // (MOST_VALUES // 2) if tally.valued >= MOST_VALUES else 0
    tally.due = time + pause
    return True


def _segment(lane: Lane, time: int, payload: bytes) -> Segment:
    return Segment(
        moment(time),
        lane.transport,
        lane.source,
        lane.source_port,
        lane.destination,
        lane.destination_port,
        payload,
        lane.vlan,
    )
