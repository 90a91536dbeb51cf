"""The third rung: a bounded walk over the address space, then a bounded read of what it found."""

from __future__ import annotations

from protocols.contract import Answer, Fact, Link, Outcome, Point, Question, Reading, Reason
from protocols.opcua.channel import reply_length as reply
from protocols.opcua.encode import put_node_id
from protocols.opcua.nodes import DataValue, NodeId
from protocols.opcua.numbers import (
    BROWSE,
    BROWSE_NEXT,
    MOST_MESSAGE,
    MOST_PER_REQUEST,
    NAME,
    Attribute,
)
from protocols.opcua.services import Listing, browse, browse_next, fitting, read_listings
from protocols.opcua.status import TOO_MUCH, is_bad
from protocols.opcua.values import (
    Attributes,
    Meaning,
    is_nameplate,
    meaning,
    nameplate_fact,
    parts_of,
    point_of,
    refused,
    sample_of,
    semantic_of,
    show,
)
from protocols.opcua.visit import Values, Visit, ask_all, ask_values, read_server, visited
from protocols.opcua.walk import Place, Variable, Walk

BROWSE_SECONDS = 30.0
READ_SECONDS = 52.0
MOST_BROWSES = 90
MOST_READS = 100
_REFERENCES = 2500
_WANTED = (
    Attribute.VALUE,
    Attribute.DATA_TYPE,
    Attribute.ACCESS_LEVEL,
    Attribute.USER_ACCESS_LEVEL,
)


async def points(link: Link) -> None:
    """What could be read, each variable once."""
    await visited(
        link, _read_everything, most_reads=MOST_READS, most_seconds=READ_SECONDS, says_why=True
    )


async def _read_everything(visit: Visit) -> None:
    await read_server(visit)
    walk = Walk()
    while await _browse_step(visit, walk):
        pass
    _conclude(visit, walk)
    plates = [item for item in walk.variables if is_nameplate(item, visit.namespaces)]
    data = [item for item in walk.variables if not is_nameplate(item, visit.namespaces)]
    await _read_nameplates(visit, plates)
    await _read_meanings(visit, walk)
    await _read_types(visit, data)
    await _read_points(visit, data)


def _conclude(visit: Visit, walk: Walk) -> None:
    """One statement about the whole enumeration."""
    whole = Outcome.COMPLETE if walk.outside else Outcome.EMPTY
    outcome = Outcome.PARTIAL if walk.cut else whole
    counted = f"{walk.asked} nodes asked, {len(walk.variables)} variables"
    detail = f"{counted}; {walk.why}" if walk.why else counted
    visit.link.note(
        Question(NAME, "browse"),
        outcome,
        walk.cut,
        detail=detail,
        items=walk.found,
        credential=visit.credential,
    )


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
    lengths = (len(put_node_id(place.node)) for place in walk.queue)
    batch = walk.next_batch(fitting(lengths, visit.browse_size), visit.folders)
    return bool(batch) and await _browse_batch(visit, walk, batch)


async def _browse_batch(visit: Visit, walk: Walk, batch: tuple[Place, ...]) -> bool:
    request = browse(tuple(place.node for place in batch), min(_REFERENCES // len(batch), 1000))
    answer = await _listings(visit, BROWSE, request, len(batch))
    if answer.value is not None:
        walk.add(batch, answer.value)
        full = any(listing.cut for listing in answer.value)
        visit.folders = max(visit.folders // 4, 1) if full else visit.folders * 2
    elif answer.reason in TOO_MUCH and len(batch) > 1:
        visit.browse_size = max(len(batch) // 2, 1)
        walk.give_back(batch)
    elif not visit.over:
        walk.stop(Reason.REFUSED_PART)
    return True


async def _browse_on(visit: Visit, walk: Walk) -> bool:
    lengths = (len(point) for point, _ in walk.open_points)
    pages = walk.next_pages(fitting(lengths, visit.browse_size))
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
        credential=visit.credential,
    )
    visit.watch(answer.outcome)
    return answer


async def _read_nameplates(visit: Visit, plates: list[Variable]) -> None:
    parts = parts_of(plates, visit.namespaces)

    def facts(at: int, values: Values) -> tuple[Fact, ...]:
        pairs = zip(plates[at:], values, strict=False)
        found = (nameplate_fact(plate, value, parts[plate.node]) for plate, value in pairs)
        return tuple(fact for fact in found if fact)

    wanted = tuple((item.node, Attribute.VALUE) for item in plates)
    await ask_all(visit, "read_nameplate", wanted, facts, listed=True)


async def _read_meanings(visit: Visit, walk: Walk) -> None:
    """Units and ranges."""
    asked = [(owner, name, node) for owner, own in walk.meta.items() for name, node in own.items()]
    wanted = tuple((node, Attribute.VALUE) for _, _, node in asked)
    values = await ask_all(visit, "read_meaning", wanted)
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
    values = await ask_all(visit, "read_types", wanted)
    for position, value in values.items():
        node, name = types[position], show(value.variant)
        if isinstance(name, str) and name and not is_bad(value.status):
            space = visit.namespaces[node.namespace : node.namespace + 1]
            visit.types[node] = f"{space[0] if space else ''}#{name}"


async def _read_points(visit: Visit, variables: list[Variable]) -> None:
    """Value, type and rights of every variable, a batch at a time."""
    at, reason = 0, Reason.BUDGET
    while at < len(variables) and visit.may_read:
        lengths = (4 * len(put_node_id(item.node)) + 60 for item in variables[at:])
        size = fitting(lengths, max(visit.read_size // len(_WANTED), 1))
        batch = variables[at : at + size]
        answer = await _read_batch(visit, batch, at)
        if answer.reason in TOO_MUCH and len(batch) > 1:
            visit.read_size = max(len(batch) * len(_WANTED) // 2, 1)
            continue
        if answer.value is None:
            reason = Reason.WENT_SILENT if visit.over else Reason.REFUSED_PART
            break
        at += len(batch)
    left = variables[at:]
    if left:
        nothing = Attributes(*(DataValue(status=0x80000000) for _ in _WANTED))
        visit.link.note(
            Question(NAME, "read", argument="left"),
            Outcome.PARTIAL,
            Reason.WENT_SILENT if visit.over else reason,
            detail=f"{len(left)} variables were found and not read",
            points=tuple(_point(visit, variable, nothing) for variable in left),
            credential=visit.credential,
        )


def _point(visit: Visit, variable: Variable, attributes: Attributes) -> Point:
    return point_of(
        variable,
        attributes,
        visit.meanings.get(variable.node, Meaning()),
        semantic_of(variable.definition, visit.types),
        visit.namespaces,
    )


async def _read_batch(visit: Visit, batch: list[Variable], at: int) -> Answer[Values]:
    width, now = len(_WANTED), visit.link.now

    def use(values: Values) -> Reading[Values]:
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
    return await ask_values(visit, Question(NAME, "read", argument=str(at)), wanted, use)


def _granted(asked: int, denied: int) -> tuple[Outcome, str]:
    if not denied:
        return Outcome.COMPLETE, ""
    if denied == asked:
        return Outcome.REFUSED_AUTH, Reason.ACCESS_DENIED
    return Outcome.PARTIAL, Reason.REFUSED_PART
