"""The upper rungs: one session each, a bounded walk, bounded reads, and a clean end.

Caps (the project's safety page): a session of a minute, 1000 nodes, 100 operations a request,
50 continuation pages; the server's own OperationLimits where they are lower.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from protocols.contract import (
    DATA,
    Answer,
    Fact,
    Garbled,
    Link,
    Outcome,
    Point,
    Question,
    Reading,
    Reason,
    Sample,
)
from protocols.opcua.binary import DataValue, NodeId, core, parse_node_id
from protocols.opcua.channel import Channel
from protocols.opcua.channel import reply_length as reply
from protocols.opcua.discovery import Endpoint, stored_endpoints
from protocols.opcua.identify import ask_endpoints, open_channel, say_hello, spoke
from protocols.opcua.numbers import (
    BROWSE,
    BROWSE_NEXT,
    MOST_MESSAGE,
    MOST_PER_REQUEST,
    NAME,
    NAMESPACE_ARRAY,
    OPERATION_LIMITS,
    READ,
    SERVER_STATUS,
    SESSION_DIAGNOSTICS,
    SESSION_SECONDS,
    Attribute,
)
from protocols.opcua.services import Listing, browse, browse_next, read, read_listings, read_values
from protocols.opcua.session import choose, end_session, open_session, report
from protocols.opcua.status import TOO_MUCH, is_bad
from protocols.opcua.values import (
    Attributes,
    Meaning,
    companions,
    is_nameplate,
    meaning,
    nameplate_fact,
    point_of,
    refused,
    sample_of,
    semantic_of,
    server_facts,
    session_facts,
    show,
)
from protocols.opcua.walk import Place, Variable, Walk

BROWSE_SECONDS = 30.0
READ_SECONDS = 52.0
MOST_BROWSES = 90
MOST_READS = 100
MOST_SAMPLE_READS = 60
_REFERENCES = 3000
_WANTED = (
    Attribute.VALUE,
    Attribute.DATA_TYPE,
    Attribute.ACCESS_LEVEL,
    Attribute.USER_ACCESS_LEVEL,
)


async def points(link: Link) -> None:
    """What could be read, each variable once."""
    await _visit(link, _read_everything)


async def sample(link: Link) -> None:
    """The variables that `points` could read, again and again over the stated window."""
    if any(point.access.startswith("r") for seen in link.heard for point in seen.points):
        await _visit(link, _read_again, most_reads=MOST_SAMPLE_READS)


async def _visit(
    link: Link, work: Callable[[Visit], Awaitable[None]], most_reads: int = MOST_READS
) -> None:
    """Open a session if the endpoints allow it, work in it, end it."""
    if not spoke(link):
        return
    known = _known(link)
    identity, verdicts = choose(known, link.credentials) if known else (None, ())
    if work is _read_everything:
        report(link, verdicts)
    if known and identity is None:
        return
    if not await say_hello(link, fresh=True):
        return
    channel = await open_channel(link)
    if channel is None:
        await link.close()
        return
    if identity is None:
        known = await ask_endpoints(link, channel)
        identity, verdicts = choose(known, link.credentials) if known else (None, ())
        report(link, verdicts)
    if identity is not None and await open_session(link, channel, identity, known):
        seconds = READ_SECONDS if work is _read_everything else SESSION_SECONDS - 2
        await work(Visit(link, channel, link.now(), most_reads=most_reads, most_seconds=seconds))
    await end_session(link, channel)


def _known(link: Link) -> tuple[Endpoint, ...]:
    """The endpoints that `identify` was told; empty when they were not kept whole."""
    for seen in reversed(link.heard):
        if seen.question.operation == "get_endpoints" and seen.outcome in DATA:
            try:
                return stored_endpoints(seen.raw)
            except Garbled:  # longer than what is kept of an answer
                return ()
    return ()


async def _read_everything(visit: Visit) -> None:
    await _read_server(visit)
    walk = Walk()
    while await _browse_step(visit, walk):
        pass
    _conclude(visit.link, walk)
    plates = [item for item in walk.variables if is_nameplate(item, visit.namespaces)]
    data = [item for item in walk.variables if not is_nameplate(item, visit.namespaces)]
    await _read_nameplates(visit, plates)
    await _read_meanings(visit, walk)
    await _read_types(visit, data)
    await _read_points(visit, data)


def _conclude(link: Link, walk: Walk) -> None:
    """One statement about the whole enumeration."""
    whole = Outcome.COMPLETE if walk.outside else Outcome.EMPTY
    outcome = Outcome.PARTIAL if walk.cut else whole
    detail = f"{walk.asked} nodes asked, {len(walk.variables)} variables"
    link.note(Question(NAME, "browse"), outcome, walk.cut, detail=detail, items=walk.found)


async def _browse_step(visit: Visit, walk: Walk) -> bool:
    """One request of the walk; False when it is over."""
    if visit.over:
        walk.stop(Reason.WENT_SILENT)
        return False
    if not (walk.open_points or walk.queue or walk.alone):
        return False
    if visit.browses >= MOST_BROWSES:
        walk.stop(Reason.OUR_CAP)
        return False
    if visit.seconds > BROWSE_SECONDS:
        walk.stop(Reason.BUDGET)
        return False
    if walk.open_points:
        return await _browse_on(visit, walk)
    batch = walk.next_batch(visit.browse_size)
    return bool(batch) and await _browse_batch(visit, walk, batch)


async def _browse_batch(visit: Visit, walk: Walk, batch: tuple[Place, ...]) -> bool:
    request = browse(tuple(place.node for place in batch), min(_REFERENCES // len(batch), 1000))
    answer = await _listings(visit, BROWSE, request, len(batch))
    if answer.value is not None:
        walk.add(batch, answer.value)
    elif answer.reason in TOO_MUCH and len(batch) > 1:
        visit.browse_size = max(len(batch) // 2, 1)
        walk.give_back(batch)
    elif not visit.over:
        walk.stop(Reason.REFUSED_PART)
    return True


async def _browse_on(visit: Visit, walk: Walk) -> bool:
    pages = walk.next_pages(visit.browse_size)
    if not pages:
        return False
    request = browse_next(tuple(point for point, _ in pages))
    answer = await _listings(visit, BROWSE_NEXT, request, len(pages))
    if answer.value is None:
        walk.stop(Reason.CONTINUATION_LOST)
    else:
        walk.add(tuple(place for _, place in pages), answer.value)
    return True


async def _listings(
    visit: Visit, service: int, request: bytes, expected: int
) -> Answer[tuple[Listing, ...]]:
    visit.browses += 1

    def use(found: tuple[Listing, ...]) -> Reading[tuple[Listing, ...]]:
        return Reading(found, items=sum(len(listing.references) for listing in found))

    answer = await visit.link.ask(
        Question(NAME, "browse_page", argument=str(visit.browses)),
        visit.channel.ask(service, request),
        frame=reply,
        read=visit.channel.read(service, lambda cursor, _: use(read_listings(cursor, expected))),
        limit=MOST_MESSAGE,
    )
    _watch(visit, answer.outcome)
    return answer


def _may_read(visit: Visit) -> bool:
    return not visit.over and visit.reads < visit.most_reads and visit.seconds < visit.most_seconds


async def _read_all(
    visit: Visit,
    operation: str,
    wanted: _Wanted,
    facts: Callable[[int, tuple[DataValue, ...]], tuple[Fact, ...]] = lambda _at, _values: (),
) -> dict[int, DataValue]:
    """Values by position, in as many requests as it takes and may take."""
    found: dict[int, DataValue] = {}
    for at in range(0, len(wanted), visit.read_size):
        if not _may_read(visit):
            break
        batch = wanted[at : at + visit.read_size]
        answer = await _read(
            visit,
            Question(NAME, operation, argument=str(at // visit.read_size + 1)),
            batch,
            lambda values, at=at: Reading(values, facts(at, values), items=len(values)),  # type: ignore[misc]
        )
        found |= dict(enumerate(answer.value or (), at))
    return found


async def _read_nameplates(visit: Visit, plates: list[Variable]) -> None:
    def facts(at: int, values: tuple[DataValue, ...]) -> tuple[Fact, ...]:
        pairs = zip(plates[at:], values, strict=False)
        found = (nameplate_fact(variable, value) for variable, value in pairs)
        return tuple(fact for fact in found if fact)

    wanted = tuple((item.node, Attribute.VALUE) for item in plates)
    await _read_all(visit, "read_nameplate", wanted, facts)


async def _read_meanings(visit: Visit, walk: Walk) -> None:
    """Units and ranges."""
    asked = [(owner, name, node) for owner, own in walk.meta.items() for name, node in own.items()]
    wanted = tuple((node, Attribute.VALUE) for _, _, node in asked)
    values = await _read_all(visit, "read_meaning", wanted)
    grouped: dict[NodeId, dict[str, DataValue]] = {}
    for position, value in values.items():
        owner, name, _ = asked[position]
        grouped.setdefault(owner, {})[name] = value
    visit.meanings = {owner: meaning(found) for owner, found in grouped.items()}


async def _read_types(visit: Visit, variables: list[Variable]) -> None:
    """Names of the companion types that variables have."""
    types = list(dict.fromkeys(v.definition for v in variables if v.definition.namespace))
    types = types[:MOST_PER_REQUEST]
    wanted = tuple((node, Attribute.BROWSE_NAME) for node in types)
    values = await _read_all(visit, "read_types", wanted)
    for position, value in values.items():
        node, name = types[position], show(value.variant)
        if isinstance(name, str) and name and not is_bad(value.status):
            space = visit.namespaces[node.namespace : node.namespace + 1]
            visit.types[node] = f"{space[0] if space else ''}#{name}"


async def _read_points(visit: Visit, variables: list[Variable]) -> None:
    """Value, type and rights of every variable, a batch at a time."""
    at = 0
    while at < len(variables) and _may_read(visit):
        batch = variables[at : at + max(visit.read_size // len(_WANTED), 1)]
        answer = await _read_batch(visit, batch, at)
        if answer.reason in TOO_MUCH and len(batch) > 1:
            visit.read_size = max(len(batch) * len(_WANTED) // 2, 1)
            continue
        if answer.value is None:
            break
        at += len(batch)
    left = variables[at:]
    if left:
        nothing = Attributes(*(DataValue(status=0x80000000) for _ in _WANTED))
        visit.link.note(
            Question(NAME, "read", argument="left"),
            Outcome.PARTIAL,
            Reason.WENT_SILENT if visit.over else Reason.BUDGET,
            detail=f"{len(left)} variables were found and not read",
            points=tuple(_point(visit, variable, nothing) for variable in left),
        )


def _point(visit: Visit, variable: Variable, attributes: Attributes) -> Point:
    return point_of(
        variable,
        attributes,
        visit.meanings.get(variable.node, Meaning()),
        semantic_of(variable.definition, visit.types),
        visit.namespaces,
    )


async def _read_batch(
    visit: Visit, batch: list[Variable], at: int
) -> Answer[tuple[DataValue, ...]]:
    width, now = len(_WANTED), visit.link.now

    def use(values: tuple[DataValue, ...]) -> Reading[tuple[DataValue, ...]]:
        rows = [Attributes(*values[n * width : (n + 1) * width]) for n in range(len(batch))]
        found = [_point(visit, *pair) for pair in zip(batch, rows, strict=True)]
        samples = [
            sample_of(point.address, row.value, now())
            for point, row in zip(found, rows, strict=True)
            if not refused(row)
        ]
        kept = tuple(item for item in samples if item)
        denied = sum(map(refused, rows))
        outcome, reason = _granted(len(batch), denied)
        detail = f"{denied} of {len(batch)} nodes not readable for this identity" if denied else ""
        return Reading(
            values, (), tuple(found), kept, outcome, reason, detail, items=len(batch) - denied
        )

    wanted = tuple((item.node, attribute) for item in batch for attribute in _WANTED)
    return await _read(visit, Question(NAME, "read", argument=str(at)), wanted, use)


def _granted(asked: int, denied: int) -> tuple[Outcome, str]:
    if not denied:
        return Outcome.COMPLETE, ""
    if denied == asked:
        return Outcome.REFUSED_AUTH, Reason.ACCESS_DENIED
    return Outcome.PARTIAL, Reason.REFUSED_PART
