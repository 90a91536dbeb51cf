"""The lower rungs: is there Modbus, and who is it?

One rule keeps it simple: never a question whose answer would change nothing. A plain device costs
two or three exchanges; everything else is asked only where the answers before it call for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from protocols.contract import DATA, SPOKE, Fact, Link, Observation, Outcome, Question, Reading
from protocols.modbus import sunspec
from protocols.modbus.codec import other_unit, parse_items
from protocols.modbus.identity import (
    Found,
    Objects,
    first_page,
    offers_more,
    recall,
    rest,
    server_id,
    whole_page,
)
from protocols.modbus.talk import FAILURE, FIRST, PROTOCOL, READ, Talk, part_of, unit_of
from protocols.modbus.units import Gateway, label_one, note_unasked, numbers, survey

MOST_DISCOVER = 2
MOST_IDENTIFY = 120
AGAIN = frozenset({Outcome.MUTE, Outcome.HUNG_UP})
"""Ends of a first question that may be about unit 255 or function 43, not about Modbus."""
OWN_WORD = SPOKE - {Outcome.REFUSED_DOWNSTREAM}
"""Outcomes that are the asked unit's own word."""


async def discover(link: Link) -> None:
    """43/14 to unit 255; where nothing comes, one harmless read of unit 1 on a new connection.

    So also where unit 1 answers instead: there are devices that sign whatever they send as unit 1.
    Such an answer is not believed, but who sends it can be asked by that number.
    """
    talk = Talk(link, MOST_DISCOVER)
    own = await first_page(talk, 255, lambda _: "")
    as_one = own.outcome is Outcome.GARBLED and link.heard[-1].detail == other_unit(255, 1)
    if own.outcome in AGAIN or as_one:
        await talk.ask(1, READ, "holding:0-0", FIRST, _one_register, fresh=True)


def _one_register(data: bytes) -> Reading[tuple[int, ...]]:
    return Reading(parse_items(data, "holding", 1), items=1)


async def identify(link: Link) -> None:
    """Identity of the asset itself, then of each unit that was declared or asked for."""
    if not any(item.outcome in SPOKE for item in link.heard):
        return
    talk = Talk(link, MOST_IDENTIFY)
    gateway = _gateway(talk)
    if _others_first(gateway):
        await survey(gateway)
        return
    if gateway.own is not None and gateway.own.reason == FAILURE:
        # Many say 04 of a function that they do not know. A second ends the visit (safety.md 2),
        # so unit 1 is asked first what it can answer.
        await talk.ask(1, READ, "holding:0-0", FIRST, _one_register)
    if gateway.own is None or gateway.own.outcome is not Outcome.HUNG_UP:
        await _unit_one(gateway)  # a device that hangs up on 43/14 is not asked that again
    if talk.silent and not await talk.control():
        note_unasked(gateway)
        return
    unit, found = base(gateway.own, gateway.one)
    unit = next(iter(readers(link.heard)), None) if unit is None else unit
    if unit is not None and not talk.over:
        await _itself(talk, unit, None if gateway.whole else found, known=gateway.whole)
    if talk.over or (talk.silent and not await talk.control()):
        note_unasked(gateway)
        return
    await survey(gateway)


def _gateway(talk: Talk) -> Gateway:
    link = talk.link
    declared = numbers(link.parts)
    swept = tuple(u for u in numbers(str(u) for u in link.options.units) if u not in declared)
    own, one = recall(link.heard, 255), recall(link.heard, 1)
    gateway = Gateway(talk, declared, swept, own, one)
    if own is not None and own.outcome in OWN_WORD:
        gateway.voices[255] = own
    return gateway


def _others_first(gateway: Gateway) -> bool:
    """Whether unit 255 is in trouble, or a gateway says so of it, while others are declared.

    Asking unit 1 then may be the second refusal in a row that ends the visit (safety.md 2).
    """
    troubled = gateway.own is not None and gateway.own.outcome is Outcome.REFUSED_RESOURCE
    return troubled and any(unit not in (1, 255) for unit in gateway.declared)


async def _unit_one(gateway: Gateway) -> None:
    """Unit 1: the asset itself where it answers like unit 255, or where 255 does not answer."""
    talk, own = gateway.talk, gateway.own
    many = any(unit not in (1, 255) for unit in (*gateway.declared, *gateway.swept))
    alone = label_one(own, 1 in gateway.declared, many)

    def label(objects: Objects) -> str:
        if own is None or own.outcome not in DATA:
            return alone
        return "" if objects == own.objects else part_of(1)

    part = alone if 1 in gateway.declared else ""
    told = None
    if own is not None and offers_more(own) and not part:
        told = await whole_page(talk, 1, own, part_of(1))
    if told is None and not talk.over:
        one = await first_page(talk, 1, label, part=part, fact_part=alone)
    elif told is not None:
        one, gateway.whole = told
    else:
        return
    gateway.one = one
    if one.outcome is Outcome.REFUSED_DOWNSTREAM and 1 in gateway.declared:
        gateway.refused[1] = talk.link.now()
        if not part:
            question = Question(PROTOCOL, "units", part_of(1))
            talk.link.note(question, one.outcome, one.reason, detail="asked as unit 1")
    elif gateway.one_untold:
        return  # behind a gateway that names itself: `survey` tells whether it is there
    elif one.outcome in OWN_WORD and not talk.over:
        gateway.voices[1] = one
        if one.part and one.objects:
            await rest(talk, 1, one, one.part)


def base(own: Found | None, one: Found | None) -> tuple[int | None, Found | None]:
    """The unit that speaks for the asset itself, and what it said; None where none does."""
    candidates = [(255, own), (1, one)]
    itself = [(u, f) for u, f in candidates if f and f.outcome in OWN_WORD and not f.part]
    named = [(unit, found) for unit, found in itself if found.named]
    chosen: list[tuple[int, Found]] = named or itself
    return chosen[0] if chosen else (None, None)


def readers(heard: Sequence[Observation]) -> tuple[int, ...]:
    """The units that speak for the asset itself, best for reading registers first.

    Unit 1 goes first where both say the same: many servers identify themselves at every unit and
    keep their registers at unit 1 (pymodbus does). It is none of them where it was found to be an
    asset of its own.
    """
    own, one = recall(heard, 255), recall(heard, 1)
    if one is None or one.outcome not in OWN_WORD:
        reads = (o for o in heard if not o.question.part and unit_of(o) == 1)
        first = (1,) if any(o.outcome in OWN_WORD for o in reads) else ()
    else:
        first = () if one.part else (1,)
    if 1 in present(heard):
        first = ()
    second = (255,) if own is not None and own.outcome in OWN_WORD else ()
    other = own is not None and own.named and one is not None and one.objects != own.objects
    return second + first if other else first + second


async def _itself(talk: Talk, unit: int, found: Found | None, *, known: bool) -> None:
    """Further pages; without a name of its own, the SunSpec common model may give one."""
    if found is not None and found.objects:
        await rest(talk, unit, found, "")
    if not known and (found is None or not found.named) and talk.alive:
        await sunspec.common(talk, next(iter(readers(talk.link.heard)), unit), "")
    if talk.alive and talk.link.options.settings.get("modbus.fc17", "") in ("1", "true", "yes"):
        await server_id(talk, unit)


def echoes(heard: Sequence[Observation]) -> bool:
    """Whether the units were found to be an echo of one device."""
    return any(fact.name == "unit" and fact.value == "echo" for o in heard for fact in o.facts)


def present(heard: Sequence[Observation]) -> tuple[int, ...]:
    """Units that answered as assets of their own."""
    facts = [f for o in heard for f in o.facts if f.name == "unit" and f.value == "present"]
    return numbers(dict.fromkeys(fact.part for fact in facts))


def facts_about(heard: Sequence[Observation], part: str) -> tuple[Fact, ...]:
    """All facts of the asset itself ("") or of one unit."""
    return tuple(fact for item in heard for fact in item.facts if fact.part == part)
