"""Siemens S7 communication on ISO-on-TCP, port 102: is a station there, and which one.

The probe asks for identity only; it never addresses process data, since block addresses mean
nothing without the project that made them (openness O3). One connection, or two when the first
TSAP (rack 0 slot 2, S7-300/400) is refused: S7-1200/1500 sit at slot 0 or 1.

`discover` sends the connect request and the setup of S7 communication: the transport alone (a
connect confirm) is what an IEC 61850 or ICCP server gives too. `identify` reads two lists.
"""

from __future__ import annotations

from collections.abc import Sequence

from protocols.contract import (
    SPOKE,
    Anew,
    Answer,
    Cost,
    Depth,
    Fact,
    Garbled,
    Link,
    Observation,
    Openness,
    Outcome,
    Probe,
    Question,
    Reading,
    Reason,
    Rung,
    Size,
)
from protocols.s7comm import codec, identity

NAME = "s7comm"
SLOTS = {0x0102: "rack 0 slot 2", 0x0100: "rack 0 slot 0"}
"""TSAPs in the order tried: connection type (1, programming device), then 32 * rack + slot."""

MOST_FRAGMENTS = 4
"""Fragments of one list that are asked for; at the smallest PDU (240 bytes) a list takes two."""

_MORE = "more_follows"
_RETRY_AFTER = (Outcome.REFUSED_CAPABILITY, Outcome.HUNG_UP)


async def discover(link: Link) -> None:
    """Connect the transport, then set up S7 communication on it."""
    for number, tsap in enumerate(SLOTS):
        answer = await link.ask(
            Question(NAME, "connect", argument=SLOTS[tsap]),
            codec.encode_connect(tsap),
            frame=codec.answer_length,
            read=_read_connect,
            limit=codec.LONGEST_ANSWER,
            fresh=number > 0,
        )
        if answer.outcome not in _RETRY_AFTER:
            break
    if answer.outcome is Outcome.COMPLETE:
        await _setup(link)


async def identify(link: Link) -> None:
    """Read the component and the module identification, each refused or given by itself."""
    slot = _slot(link.heard)
    if slot is None:
        return
    components = await _read_list(link, identity.COMPONENT_IDENTIFICATION, slot, None)
    made_by = identity.manufacturer(components) if components else None
    await _read_list(link, identity.MODULE_IDENTIFICATION, slot, made_by)


async def _setup(link: Link) -> None:
    reference = link.next_id()

    def read(raw: bytes) -> Reading[int]:
        return Reading(codec.decode_setup(raw, reference))

    await link.ask(
        Question(NAME, "setup"),
        codec.encode_setup(reference),
        frame=codec.answer_length,
        read=read,
        limit=codec.LONGEST_ANSWER,
    )


async def _read_list(link: Link, szl_id: int, slot: str, made_by: int | None) -> codec.Table | None:
    """The whole list, or what came of it; None if no fragment was readable."""
    collected = b""
    previous: codec.Fragment | None = None
    table: codec.Table | None = None
    for number in range(1, MOST_FRAGMENTS + 1):
        before = collected
        answer = await _ask_fragment(link, szl_id, slot, made_by, previous, before, number)
        if answer.value is None:
            break
        previous = answer.value
        collected = before + previous.data
        table = codec.decode_table(collected, szl_id)
        if not previous.more:
            break
    return table


async def _ask_fragment(
    link: Link,
    szl_id: int,
    slot: str,
    made_by: int | None,
    previous: codec.Fragment | None,
    before: bytes,
    number: int,
) -> Answer[codec.Fragment]:
    reference = link.next_id()
    known = codec.decode_table(before, szl_id) if before else None
    told = _facts(known, slot, made_by) if known else ()

    def read(raw: bytes) -> Reading[codec.Fragment]:
        fragment = codec.decode_fragment(raw, reference)
        table = codec.decode_table(before + fragment.data, szl_id)
        outcome, reason = _state(table, fragment, number)
        return Reading(
            fragment,
            facts=tuple(f for f in _facts(table, slot, made_by) if f not in told),
            outcome=outcome,
            reason=reason,
            items=len(table.records) - (len(known.records) if known else 0),
        )

    fragment_label = f" fragment {number}" if number > 1 else ""
    return await link.ask(
        Question(NAME, "read_szl", argument=f"0x{szl_id:04X}{fragment_label}"),
        codec.encode_next_szl(reference, previous)
        if previous
        else codec.encode_read_szl(reference, szl_id),
        frame=codec.answer_length,
        # The reference is made from target and probe: a stored answer bears the same one.
        read=Anew(read, read),
        limit=codec.LONGEST_ANSWER,
    )


def _facts(table: codec.Table, slot: str, made_by: int | None) -> tuple[Fact, ...]:
    if table.id == identity.COMPONENT_IDENTIFICATION:
        return identity.component_facts(table, slot)
    return identity.module_facts(table, made_by)


def _state(table: codec.Table, fragment: codec.Fragment, number: int) -> tuple[Outcome, str]:
    """Whether the list ended by itself, goes on, was cut by us, or lacks announced records."""
    if fragment.more:
        return Outcome.PARTIAL, Reason.OUR_CAP if number == MOST_FRAGMENTS else _MORE
    if not table.announced:
        return Outcome.EMPTY, ""
    if len(table.records) < table.announced:
        if not table.records:
            raise Garbled(f"expected {table.announced} records, got none")
        return Outcome.PARTIAL, Reason.CONTINUATION_LOST
    return Outcome.COMPLETE, ""


def _read_connect(raw: bytes) -> Reading[bool]:
    codec.decode_connect(raw)
    return Reading(True)


def _slot(heard: Sequence[Observation]) -> str | None:
    """The slot whose transport is open, if S7 communication is set up on it."""
    connected = [o for o in heard if _answered(o, "connect")]
    ready = any(_answered(o, "setup") for o in heard)
    return connected[-1].question.argument if connected and ready else None


def _answered(observation: Observation, operation: str) -> bool:
    question = observation.question
    return (
        question.protocol == NAME
        and question.operation == operation
        and observation.outcome is Outcome.COMPLETE
    )


def _discover_cost(size: Size) -> Cost:
    """`size.parts` is the number of TSAPs tried."""
    connects = max(1, min(size.parts, len(SLOTS)))
    return Cost(connects, connects + 1, 44 * connects + 52, ("cotp connect", "s7 setup"))


def _identify_cost(size: Size) -> Cost:
    """`size.pages` is the number of fragments beyond the first of each list.

    Bytes: a request of at most 37 and an answer that fills the offered PDU.
    """
    requests = 2 + size.pages
    return Cost(0, requests, requests * (37 + 7 + codec.OFFERED_PDU_BYTES), ("s7 read szl",))


def _tried(heard: Sequence[Observation]) -> Size:
    return Size(parts=max(1, sum(o.question.operation == "connect" for o in heard)))


def _pages(heard: Sequence[Observation]) -> Size:
    lists = [o for o in heard if o.question.operation == "read_szl"]
    return Size(pages=sum(" fragment " in o.question.argument for o in lists))


def _standing(cut: Sequence[Observation]) -> Sequence[Observation]:
    """Lists that came whole: a fragment is nothing without those that follow."""
    lists = [o for o in cut if o.question.operation == "read_szl" and o.outcome in SPOKE]
    while lists and lists[-1].reason == _MORE:
        lists.pop()
    return lists


PROBE = Probe(
    name=NAME,
    title="Siemens S7 communication",
    transport="tcp",
    ports=(102,),
    openness=Openness.O3,
    guard=codec.guard,
    rungs={
        Depth.DISCOVER: Rung(
            _discover_cost, discover, usual=Size(), most=Size(parts=len(SLOTS)), size=_tried
        ),
        Depth.IDENTIFY: Rung(
            _identify_cost,
            identify,
            usual=Size(),
            most=Size(pages=2 * (MOST_FRAGMENTS - 1)),
            size=_pages,
        ),
    },
    likelihood=20,
    most_connections=2,
    session=True,
    standing=_standing,
    data=True,
    roles=("plc",),
)
