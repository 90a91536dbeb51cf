"""What can be read: by a map, by SunSpec, or only as ranges; and whether the values are alive.

    a map fits ─► its blocks, halved around holes
    else SunSpec marker ─► the chain of models
    else ─► a few reads at likely places: which ranges answer

One rule keeps it simple: no more than ten registers at a time unless somebody described them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from protocols.contract import DATA, SPOKE, Fact, Link, Outcome, Question, Reading, Reason
from protocols.modbus import sunspec, sunspec_again
from protocols.modbus.codec import BIT_TABLES, NAMES, TABLES, parse_items, read_pdu
from protocols.modbus.ladder import echoes, facts_about, present, readers
from protocols.modbus.maps import Map, Span, address_of, fitting, read_span, spans, unmapped
from protocols.modbus.talk import PROTOCOL, READ, Talk, argument, part_of, unit_of

MOST_POINTS = 300  # requests of this rung
MOST_SAMPLE = 600
MOST_VAIN = 24  # refusals in a row after which the map is taken not to fit
LOOK = 10  # items of a read without a description (safety.md 2)
PLACES = {
    # Where devices without a self-description usually begin: 0 and 1 nearly all, 100 and 1000 many
    # meters (Schneider, Socomec, ABB begin higher and have maps), bits at 0.
    "holding": (0, 1, 100, 1000),
    "input": (0, 1, 100, 1000),
    "coil": (0,),
    "discrete": (0,),
}


@dataclass(frozen=True, slots=True)
class Place:
    """One asset behind the target: the asset itself ("") or a unit."""

    unit: int
    part: str


def places(link: Link) -> tuple[Place, ...]:
    """The asset itself and every unit that was found to be one of its own."""
    heard = link.heard
    own = tuple(Place(unit, "") for unit in readers(heard)[:1])
    if echoes(heard):
        return own
    return own + tuple(Place(unit, part_of(unit)) for unit in present(heard))


async def points(link: Link) -> None:
    """List and read once what each place offers."""
    talk = Talk(link, MOST_POINTS)
    for place in places(link):
        if talk.over or (talk.silent and not await talk.control()):
            return
        await _place(talk, place)
        gave_up = talk.failing or talk.last is Outcome.REFUSED_DOWNSTREAM
        if not place.part and not talk.over and gave_up:
            for unit in readers(link.heard)[1:]:  # identity here, registers there
                await _place(talk, Place(unit, ""))


async def _place(talk: Talk, place: Place) -> None:
    link, talk.failures = talk.link, 0
    chosen = fitting(facts_about(link.heard, place.part), link.maps, place.unit)
    described = chosen is None and await sunspec.walk(talk, place.unit, place.part)
    if described:
        chosen = fitting(facts_about(link.heard, place.part), link.maps, place.unit)
    if chosen is not None and talk.alive:
        described |= await _by_map(talk, place, chosen)
    if not described and talk.alive:
        await _ranges(talk, place)


async def _by_map(talk: Talk, place: Place, chosen: Map) -> bool:
    """Read the blocks of a map; a block that touches a hole is halved until the rest is found.

    Whether any of it answered: a map of another edition fits by name, and its registers are none.
    """
    question = Question(PROTOCOL, "map", place.part, argument(place.unit, place.part, "choice"))
    waiting = list(reversed(spans(chosen.entries)))
    vain = answered = 0  # refusals since the last block that answered, and blocks that did
    while waiting and talk.alive and not talk.failing and vain < MOST_VAIN:
        span = waiting.pop()
        outcome, reason = await read_block(talk, place, span)
        if outcome in DATA and not answered:
            fact = Fact("map", chosen.chosen, chosen.by, place.part)
            talk.link.note(question, Outcome.COMPLETE, facts=(fact,))
        answered += outcome in DATA
        vain = 0 if outcome in DATA else vain + 1
        if outcome is Outcome.EMPTY or reason == "illegal_data_value":
            waiting.extend(reversed(span.halves))
        elif reason == "illegal_function":
            waiting = [other for other in waiting if other.table != span.table]
    if waiting and not talk.over:
        left = ", ".join(span.name for span in waiting)
        talk.link.note(question, Outcome.PARTIAL, Reason.OUR_CAP, detail=f"left unread: {left}")
    elif not answered and talk.alive:
        detail = f"{chosen.chosen} fits by name, and none of its registers answers"
        talk.link.note(question, Outcome.EMPTY, detail=detail)
    return bool(answered)


async def read_block(talk: Talk, place: Place, span: Span) -> tuple[Outcome, str]:
    """One block of a map."""

    def parse(data: bytes) -> Reading[tuple[int, ...]]:
        return read_span(span, parse_items(data, span.table, span.count), place.part)

    pdu = read_pdu(span.table, span.first, span.count)
    answer = await talk.ask(place.unit, READ, span.name, pdu, parse, part=place.part)
    return answer.outcome, answer.reason


async def _ranges(talk: Talk, place: Place) -> None:
    """Which ranges answer: per table the first likely place that does."""
    refused = {
        fact.value
        for fact in facts_about(talk.link.heard, place.part)
        if fact.name == "function" and str(fact.value).endswith("=refused")
    }
    for table, starts in PLACES.items():
        if f"{NAMES[TABLES[table]]}=refused" in refused:
            continue  # the look for SunSpec's mark was told so
        for start in starts:
            if not talk.alive or talk.last is Outcome.REFUSED_DOWNSTREAM or talk.failing:
                return
            outcome, reason = await _range(talk, place, table, start, LOOK)
            fewer = outcome is Outcome.EMPTY or reason == "illegal_data_value"
            if fewer and start == 0 and table not in BIT_TABLES:
                outcome = await _shorter(talk, place, table, start)
            if outcome in DATA or reason == "illegal_function":
                break


async def _shorter(talk: Talk, place: Place, table: str, start: int) -> Outcome:
    """The longest run of registers from `start` where ten were too many."""
    outcome, _ = await _range(talk, place, table, start, 1)
    low, high = 1, LOOK
    while outcome in DATA and high - low > 1 and talk.alive:
        middle = (low + high) // 2
        longer, _ = await _range(talk, place, table, start, middle)
        low, high = (middle, high) if longer in DATA else (low, middle)
    return outcome


async def _range(
    talk: Talk, place: Place, table: str, first: int, count: int
) -> tuple[Outcome, str]:
    """One read without a description; says whether the function is supported."""

    def parse(data: bytes) -> Reading[tuple[int, ...]]:
        found = unmapped(table, first, parse_items(data, table, count), place.part)
        name = f"{NAMES[TABLES[table]]}=supported"
        support = Fact("function", name, "modbus read answer", place.part)
        return Reading(
            found.value, (*found.facts, support), found.points, found.samples, items=count
        )

    pdu = read_pdu(table, first, count)
    what = f"{table}:{first}-{first + count - 1}"
    answer = await talk.ask(place.unit, READ, what, pdu, parse, part=place.part)
    return answer.outcome, answer.reason


async def sample(link: Link) -> None:
    """Read what has a meaning again and again over the stated window."""
    talk = Talk(link, MOST_SAMPLE)
    blocks = tuple(_readable(link))
    every = max(1.0, link.options.sample_every_seconds)
    models = sunspec_again.found(link.heard)
    turns = max(1, int(link.options.sample_seconds // every))
    for _ in range(turns if blocks or models else 0):
        await link.wait(every)
        for place, span in blocks:
            if talk.over or (talk.silent and not await talk.control()):
                return
            await read_block(talk, place, span)
        for model in models:
            if talk.over or (talk.silent and not await talk.control()):
                return
            await sunspec_again.again(talk, model)


def _readable(link: Link) -> Iterator[tuple[Place, Span]]:
    """The blocks that gave mapped values before."""
    for place in places(link):
        chosen = fitting(facts_about(link.heard, place.part), link.maps, place.unit)
        read = {
            (point.part, point.address)
            for item in link.heard
            if item.question.operation == READ and item.outcome in SPOKE
            for point in item.points
            if point.name and unit_of(item) == place.unit
        }
        entries = chosen.entries if chosen else ()
        there = (e for e in entries if (place.part, address_of(e)) in read)
        yield from ((place, span) for span in spans(there))
