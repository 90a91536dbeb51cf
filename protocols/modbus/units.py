"""The truth behind a gateway: which units are there, absent, silent, or only an echo.

    255, 1 ─► declared units, one after the other ─► those that were refused, 10 s later, once more

One rule keeps it simple: a unit is told apart from its neighbours by what it answers, and equal
answers and refusals mean nothing until a unit that nobody declared was asked too (domain model
2.2): there are gateways that refuse for units that are not there with exceptions 01 to 06.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from protocols.contract import (
    CUT,
    DATA,
    SPOKE,
    Answer,
    Fact,
    Outcome,
    Question,
    Reading,
    Reason,
    natural,
)
from protocols.modbus.codec import parse_items, read_pdu
from protocols.modbus.identity import Found, Objects, facts_of, first_page, rest
from protocols.modbus.talk import FAILURE, FIRST, PROTOCOL, READ, Talk, part_of

Values = tuple[int, ...] | None
OWN = (0, 1, 255)
"""Units whose answers are the asset's own when they equal each other (rulings 16)."""
AGAIN_SECONDS = 10.0  # least distance of two refusals that count (rulings 17)
LOOK = 10  # registers that are compared when identities are equal


def numbers(parts: Iterable[str]) -> tuple[int, ...]:
    """Unit numbers in parts ("unit 3", "3", "1-16"); what is no unit of 0 to 255 is left out."""
    found: list[int] = []
    for part in parts:
        first, _, last = part.removeprefix("unit").strip().partition("-")
        low, high = natural(first, 255), natural(last or first, 65_535)
        if low is not None and high is not None:
            found += range(low, min(high, 255) + 1)
    return tuple(dict.fromkeys(found))


@dataclass(slots=True)
class Gateway:
    """What is known of the units of one target while they are asked."""

    talk: Talk
    declared: tuple[int, ...]
    swept: tuple[int, ...]  # asked for by the user, not declared
    own: Found | None  # unit 255
    one: Found | None  # unit 1
    voices: dict[int, Found] = field(default_factory=dict)
    refused: dict[int, datetime] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)
    again: set[int] = field(default_factory=set)
    echo: bool | None = None
    strangers: dict[int, Found] = field(default_factory=dict)  # units that nobody declared
    looks: dict[int, _Look] = field(default_factory=dict)  # their registers
    whole: bool = False  # unit 1 listed everything, and is unit 255

    def question_part(self, unit: int) -> str:
        """Only a declared unit is a part of questions: an unknown one may not be there at all."""
        return part_of(unit) if unit in self.declared else ""

    @property
    def one_untold(self) -> bool:
        """Whether unit 1 is declared and refused 43/14, which unit 255 answers.

        So it is not the asset itself, and like any other unit it may be there or not.
        """
        if self.one is None or self.own is None or 1 not in self.declared:
            return False
        refused = self.one.outcome in SPOKE - DATA - {Outcome.REFUSED_DOWNSTREAM}
        return refused and self.own.named

    def label(self, unit: int, objects: Objects) -> str | None:
        """Part of the facts of a unit; None while its answer equals another one's."""
        alike = [o for o, found in self.voices.items() if found.objects == objects and o != unit]
        if not alike or not objects:
            return part_of(unit)
        return "" if unit in OWN and any(other in OWN for other in alike) else None


def label_one(own: Found | None, declared: bool, many: bool) -> str:
    """Part of unit 1 where unit 255 gave no identity: behind a gateway it is a unit.

    So it is where the register says so (`declared`), and not only where the gateway does:
    there are some that keep silent at 255.
    """
    downstream = own is not None and own.outcome is Outcome.REFUSED_DOWNSTREAM
    told = own is not None and own.outcome in DATA
    return part_of(1) if (declared and not told) or (downstream and many) else ""


async def survey(gateway: Gateway) -> None:
    """Ask every declared and swept unit; ends early when the conversation does."""
    for unit in (*gateway.declared, *gateway.swept):
        if unit in gateway.voices or gateway.talk.over or gateway.echo:
            continue
        if unit == 1 and gateway.one is not None and gateway.one_untold:
            gateway.asked.add(unit)
            await _refusing(gateway, unit, gateway.one)
        else:
            await _ask(gateway, unit)
    if not gateway.echo and not gateway.talk.over:
        await _once_more(gateway)
    if gateway.talk.over and not gateway.echo:
        note_unasked(gateway)


async def _ask(gateway: Gateway, unit: int) -> None:
    talk, part = gateway.talk, gateway.question_part(unit)
    before = talk.ended
    found = await first_page(
        talk,
        unit,
        lambda objects: gateway.label(unit, objects),
        part=part,
        fact_part=part_of(unit),
        shows=False,
    )
    if talk.ended == before:
        gateway.asked.add(unit)
    if unit in gateway.swept:
        await talk.link.wait(talk.spent)  # line duty at most 50 % (safety.md 2)
    if talk.silent:
        await _silent(gateway, unit, part)
        return
    if talk.over:
        return
    if found.outcome is Outcome.REFUSED_DOWNSTREAM:
        if part:
            gateway.refused[unit] = talk.link.now()
        return
    if found.outcome in DATA:
        await _present(gateway, unit, found)
    else:
        await _refusing(gateway, unit, found)


async def _present(gateway: Gateway, unit: int, found: Found) -> None:
    """A unit answered: is it one of its own, and what else does it say?"""
    same = [o for o, other in gateway.voices.items() if other.alike == found.alike]
    gateway.voices[unit] = found
    if same and not (unit in OWN and set(same) & set(OWN)):
        if gateway.echo is None:
            gateway.echo = await _is_echo(gateway, same[0], unit)
            gateway.talk.over = gateway.talk.over or (
                gateway.talk.silent and not await gateway.talk.control()
            )
        if gateway.echo:
            _note_echo(gateway, (*same, unit))
            return
    if found.part is None:
        _note_held_back(gateway, unit, found)
    if not gateway.talk.over:
        await rest(gateway.talk, unit, found, part_of(unit))


async def _refusing(gateway: Gateway, unit: int, found: Found) -> None:
    """A unit refused: that is its own word where a unit that nobody declared is answered otherwise.

    Busy tells nothing, and is not asked for twice (safety.md 2).
    """
    busy = found.outcome is Outcome.REFUSED_RESOURCE and found.reason != FAILURE
    control = None if busy else _stranger(gateway, unit)
    if control is None:
        _note_undetermined(gateway, unit, found)
        return
    stranger = await _known_stranger(gateway, control)
    if stranger is None:
        return
    if stranger.alike == found.alike:
        await _look_closer(gateway, unit, found)
        return
    _note_present(gateway, unit, f"modbus {found.reason}, which an undeclared unit is not given")
    gateway.voices[unit] = found


async def _look_closer(gateway: Gateway, unit: int, said: Found | Answer[Values]) -> None:
    """A unit refused as one would that is not there: whether its registers tell it apart."""
    control = _stranger(gateway, unit)
    if control is None:
        _note_undetermined(gateway, unit, said)
        return
    ours = await _look(gateway, unit)
    if not await _goes_on(gateway):
        return
    if control not in gateway.looks:
        gateway.looks[control] = await _look(gateway, control)
        if not await _goes_on(gateway):
            return
    theirs = gateway.looks[control]
    if ours.outcome is Outcome.REFUSED_DOWNSTREAM:
        if unit in gateway.declared:
            gateway.refused[unit] = gateway.talk.link.now()
    elif not _similar(ours, theirs):
        _note_present(gateway, unit, "modbus read, answered unlike an undeclared unit's")
        gateway.voices[unit] = Found(ours.outcome, "answers reads only", part_of(unit))
    elif ours.outcome in DATA:
        gateway.echo = True
        _note_echo(gateway, (unit,))
    else:
        _note_undetermined(gateway, unit, said)


async def _goes_on(gateway: Gateway) -> bool:
    """Whether the conversation does, after an answer or a silence."""
    return gateway.talk.alive or (gateway.talk.silent and await gateway.talk.control())


async def _known_stranger(gateway: Gateway, control: int) -> Found | None:
    """What a unit that nobody declared answers to 43/14; None where the conversation is over."""
    if control not in gateway.strangers:
        found = await first_page(gateway.talk, control, lambda _: None)
        if not await _goes_on(gateway):
            return None
        gateway.strangers[control] = found
    return gateway.strangers[control]


def _stranger(gateway: Gateway, unit: int) -> int | None:
    """A unit that nobody declared, and that is not this one; swept ones only where all are."""
    named = {*gateway.declared, *OWN, unit}
    free = [number for number in range(247, 1, -1) if number not in named]
    return next((n for n in free if n not in gateway.swept), free[0] if free else None)


async def _silent(gateway: Gateway, unit: int, part: str) -> None:
    """Silence counts for that unit only: if a known one still answers, try one harmless read."""
    talk = gateway.talk
    if not await talk.control():
        return
    answer = await _harmless(talk, unit, part)
    if talk.silent:
        if part:
            fact = Fact("unit", "silent", "modbus 43/14 and one read unanswered", part)
            _conclude(talk, part, Outcome.SILENT, fact)
        await talk.control()
    elif answer.outcome is Outcome.REFUSED_DOWNSTREAM and part:
        gateway.refused[unit] = talk.link.now()
    elif answer.outcome in DATA:
        gateway.voices[unit] = Found(answer.outcome, "answers reads only", part)
    elif answer.outcome in SPOKE and not talk.over:
        await _look_closer(gateway, unit, answer)


async def _once_more(gateway: Gateway) -> None:
    """The second try for declared units that the gateway could not reach (rulings 17)."""
    talk = gateway.talk
    if not gateway.refused:
        return
    if not await talk.control():
        return
    for unit, first in gateway.refused.items():
        left = AGAIN_SECONDS - (talk.link.now() - first).total_seconds()
        if left > 0:
            await talk.link.wait(left + 0.1)
        answer = await _harmless(talk, unit, part_of(unit))
        if not talk.ended:
            gateway.again.add(unit)
        if answer.outcome is Outcome.REFUSED_DOWNSTREAM:
            source = f"modbus {answer.reason}, twice"
            fact = Fact("unit", "absent", source, part_of(unit))
            _conclude(talk, part_of(unit), Outcome.REFUSED_DOWNSTREAM, fact)
        elif answer.outcome in DATA:
            gateway.voices[unit] = Found(answer.outcome, "answers reads only", part_of(unit))
        elif answer.outcome in SPOKE and not talk.over:
            await _look_closer(gateway, unit, answer)
        elif not await talk.control():
            return


async def _harmless(talk: Talk, unit: int, part: str) -> Answer[Values]:
    """One register: whoever is there answers it, with a value or an exception of its own."""

    def parse(data: bytes) -> Reading[tuple[int, ...]]:
        fact = Fact("unit", "present", "modbus read answer", part or part_of(unit))
        return Reading(parse_items(data, "holding", 1), (fact,), items=1)

    return await talk.ask(
        unit, READ, "holding:0-0", FIRST, parse, part=part, fact_part=part_of(unit), shows=False
    )


async def _is_echo(gateway: Gateway, first: int, second: int) -> bool:
    """Whether a unit that nobody declared answers like these two, identity and registers alike."""
    talk, control = gateway.talk, _stranger(gateway, second)
    if control is None:
        return False
    third = await _known_stranger(gateway, control)
    if third is None or third.alike != gateway.voices[second].alike:
        return False
    looks = []
    for unit in (first, second, control):
        if not talk.alive:
            return False
        looks.append(await _look(gateway, unit))
    return talk.alive and all(_similar(looks[0], look) for look in looks[1:])


@dataclass(frozen=True, slots=True)
class _Look:
    outcome: Outcome
    reason: str
    values: tuple[int, ...]


async def _look(gateway: Gateway, unit: int) -> _Look:
    """A few registers of a unit, for comparison only."""

    def parse(data: bytes) -> Reading[tuple[int, ...]]:
        return Reading(parse_items(data, "holding", LOOK), items=LOOK)

    pdu = read_pdu("holding", 0, LOOK)
    part = gateway.question_part(unit)
    answer = await gateway.talk.ask(unit, READ, f"holding:0-{LOOK - 1}", pdu, parse, part=part)
    return _Look(answer.outcome, answer.reason, answer.value or ())


def _similar(one: _Look, two: _Look) -> bool:
    """Equal outcome, and at least half of the registers equal: some may move between reads."""
    if one.outcome not in DATA or two.outcome not in DATA:
        return (one.outcome, one.reason) == (two.outcome, two.reason)
    equal = sum(a == b for a, b in zip(one.values, two.values, strict=True))
    return 2 * equal >= len(one.values)


def _note_echo(gateway: Gateway, units: tuple[int, ...]) -> None:
    names = ", ".join(str(unit) for unit in sorted(set(units)))
    source = f"modbus: units {names} and one that is not declared answer alike"
    _conclude(gateway.talk, "", Outcome.COMPLETE, Fact("unit", "echo", source))


def note_unasked(gateway: Gateway) -> None:
    """The visit ended before the list did: what is known is a part, and the rest is named."""
    if gateway.talk.ended in CUT:
        return  # a resume goes on with them
    budget = gateway.talk.ended == Reason.BUDGET
    link, every = gateway.talk.link, (*gateway.declared, *gateway.swept)
    known = {*gateway.asked, *gateway.voices}
    left = tuple(unit for unit in every if unit not in known)
    once = tuple(unit for unit in gateway.refused if unit not in gateway.again)
    said = [
        f"{words}: {_ranges(units)}"
        for words, units in (("not asked", left), ("asked once only", once))
        if units
    ]
    if not said:
        return
    more = " or allow more time" if budget else ""
    link.note(
        Question(PROTOCOL, "units"),
        Outcome.PARTIAL,
        gateway.talk.ended or Reason.WENT_SILENT,
        detail=f"{'; '.join(said)}; scan them by themselves (--units){more}",
        items=len(gateway.asked),
    )
    reason = gateway.talk.ended or Reason.DEPENDENCY
    why = "the budget ended before" if budget else "the conversation ended before"
    for unit in left:
        if unit in gateway.declared:
            question = Question(PROTOCOL, "units", part_of(unit))
            link.note(question, Outcome.NOT_ASKED, reason, detail=why)


def _ranges(units: tuple[int, ...]) -> str:
    """Numbers in a few words: "units 3-7, 9"."""
    runs: list[list[int]] = []
    for unit in sorted(units):
        if runs and unit == runs[-1][1] + 1:
            runs[-1][1] = unit
        else:
            runs.append([unit, unit])
    words = (str(a) if a == b else f"{a}-{b}" for a, b in runs)
    return "units " + ", ".join(words)


def _note_present(gateway: Gateway, unit: int, source: str) -> None:
    fact = Fact("unit", "present", source, part_of(unit))
    _conclude(gateway.talk, part_of(unit), Outcome.COMPLETE, fact)


def _note_undetermined(gateway: Gateway, unit: int, said: Found | Answer[Values]) -> None:
    """Of a declared unit: that its refusal does not tell whether it is there."""
    if unit not in gateway.declared:
        return
    source = f"modbus {said.reason}, which tells nothing here"
    gateway.talk.link.note(
        Question(PROTOCOL, "units", part_of(unit)),
        said.outcome,
        said.reason,
        detail="this gateway refuses alike for a unit that is not there; look at its own list",
        facts=(Fact("unit", "undetermined", source, part_of(unit)),),
    )


def _note_held_back(gateway: Gateway, unit: int, found: Found) -> None:
    """The facts that were held back: an undeclared unit answers otherwise, so this is a unit."""
    part = part_of(unit)
    source = "modbus 43/14, equal to another unit; an undeclared unit answers otherwise"
    facts = (Fact("unit", "present", source, part), *facts_of(found.objects, part))
    _conclude(gateway.talk, part, Outcome.COMPLETE, *facts)


def _conclude(talk: Talk, part: str, outcome: Outcome, *facts: Fact) -> None:
    talk.link.note(Question(PROTOCOL, "units", part), outcome, facts=facts)
