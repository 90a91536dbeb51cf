"""Who answers on Modbus: device identification (43/14), page by page, and what it says.

    unit 255  43/14 basic ─► (more follows …) ─► regular ─► extended, as its conformity says
    unit 1    43/14 basic: the same device, or another one

One rule keeps it simple: an object of the standard becomes the fact that the standard names; a
vendor's own object (0x80 and up) has no published meaning and stays in the raw answer, unless its
text says by itself that it is a serial number ("S/N: 12345").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from protocols._cursor import text
from protocols._identity import usable
from protocols.contract import DATA, SPOKE, Answer, Fact, Observation, Outcome, Reading, Reason
from protocols.modbus.codec import (
    NAMES,
    SERVER_ID_PDU,
    Page,
    identification_pdu,
    parse_identification,
    parse_server_id,
)
from protocols.modbus.talk import IDENTITY, SERVER_ID, Talk, unit_of

BASIC, REGULAR, EXTENDED = 1, 2, 3  # read codes, V1.1b3, 6.21
CODES = {BASIC: "basic", REGULAR: "regular", EXTENDED: "extended"}
CONFORMITY = {
    0x01: "basic, stream",
    0x02: "regular, stream",
    0x03: "extended, stream",
    0x81: "basic, stream and individual",
    0x82: "regular, stream and individual",
    0x83: "extended, stream and individual",
}
OBJECTS = {  # V1.1b3, 6.21; 0x03 VendorUrl names no device and is kept in the raw answer only
    0x00: "vendor",  # VendorName
    0x01: "product",  # ProductCode
    0x02: "firmware",  # MajorMinorRevision
    0x04: "description",  # ProductName
    0x05: "model",  # ModelName
    0x06: "name",  # UserApplicationName
}
BEYOND_BASIC = 0x03  # first object of the regular ones
PRIVATE = 0x80  # first vendor object
LABELLED = re.compile(
    r"(?:S[/.]?N|SER(?:IAL)?[ ._-]?(?:NO|NR|NUM(?:BER)?)?|SERIENNUMMER)[.#]?\s*[:=]\s*"
    r"([A-Z0-9][A-Z0-9._/-]{3,31})",
    re.IGNORECASE,
)
MOST_PAGES = 16

Objects = tuple[tuple[int, bytes], ...]
Label = Callable[[Objects], str | None]
"""Part of the facts of a first page; None holds the facts back until the part is known."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one unit answered to 43/14 so far."""

    outcome: Outcome
    reason: str = ""
    part: str | None = ""
    conformity: int = 0
    objects: Objects = ()
    following: int | None = None

    @property
    def named(self) -> bool:
        """Whether it gave at least one object that is not blank."""
        return any(text(value) for _, value in self.objects)

    @property
    def alike(self) -> tuple[Outcome, str, Objects]:
        """What must be equal for two units to be taken for one device."""
        return self.outcome, self.reason, self.objects


def facts_of(objects: Objects, part: str = "") -> tuple[Fact, ...]:
    """The identity statements in 43/14 objects; blank ones say nothing."""
    facts = []
    for number, raw in objects:
        name, value = OBJECTS.get(number), usable(text(raw))
        if name and value:
            facts.append(Fact(name, value, f"modbus 43/14 object 0x{number:02X}", part))
    return (*facts, *_serial(objects, part))


def _serial(objects: Objects, part: str) -> tuple[Fact, ...]:
    """The serial number that a vendor's own object labels as one; none where two disagree."""
    found: dict[str, int] = {}
    for number, raw in objects:
        match = LABELLED.fullmatch(text(raw).strip()) if number >= PRIVATE else None
        if match and any(c.isdigit() for c in match[1]) and match[1].strip("0.-"):
            found.setdefault(match[1], number)
    if len(found) != 1:
        return ()
    ((value, number),) = found.items()
    return (Fact("serial", value, f"modbus 43/14 object 0x{number:02X}, labelled", part),)


def _support(page: Page, part: str) -> tuple[Fact, ...]:
    facts = [Fact("function", f"{NAMES[43]}=supported", "modbus 43/14 answer", part)]
    if page.conformity in CONFORMITY:
        word = CONFORMITY[page.conformity]
        facts.append(Fact("conformity", word, "modbus 43/14 conformity level", part))
    if part:
        facts.append(Fact("unit", "present", "modbus 43/14 answer", part))
    return tuple(facts)


def page_reading(page: Page, part: str | None) -> Reading[Page]:
    """A page as a reading; `part` None holds its facts back."""
    facts: tuple[Fact, ...] = ()
    if part is not None:
        facts = _support(page, part) + facts_of(page.objects, part)
    outcome, reason = Outcome.COMPLETE, ""
    if not page.objects:
        outcome, reason = Outcome.EMPTY, "no_objects"
    elif page.lost:
        outcome, reason = Outcome.PARTIAL, str(Reason.CONTINUATION_LOST)
    elif page.following is not None:
        outcome, reason = Outcome.PARTIAL, "more_follows"
    return Reading(page, facts, outcome=outcome, reason=reason, items=len(page.objects))


async def first_page(
    talk: Talk,
    unit: int,
    label: Label,
    *,
    part: str = "",
    fact_part: str = "",
    shows: bool = True,
) -> Found:
    """Ask one unit for its basic objects; `label` names the part that its facts belong to."""
    labels: list[str | None] = []

    def parse(data: bytes) -> Reading[Page]:
        page = parse_identification(data, BASIC)
        labels.append(label(page.objects))
        return page_reading(page, labels[-1])

    pdu = identification_pdu(BASIC, 0)
    answer = await talk.ask(
        unit, IDENTITY, "basic 0x00", pdu, parse, part=part, fact_part=fact_part, shows=shows
    )
    page = answer.value
    if page is None:  # a refusal of its own shows that a unit is there, and says no more of it
        own_word = answer.outcome in SPOKE - {Outcome.REFUSED_DOWNSTREAM}
        shown = fact_part if shows and own_word else ""
        return Found(answer.outcome, answer.reason, part or shown)
    where = labels[-1]
    return Found(
        Outcome.COMPLETE, "", where, page.conformity, page.objects, _next(page, page.objects)
    )


async def whole_page(talk: Talk, unit: int, own: Found, part: str) -> tuple[Found, bool] | None:
    """Ask a unit at once for all that `own` said it offers, instead of the basic objects first.

    One answer then shows whether both are one device, and holds what the basic objects lack. Gives
    what the unit is, and whether it is `own`; None where only the basic objects can tell: the unit
    refused this listing, or began it elsewhere.
    """
    level, basic = own.conformity & 0x7F, {number for number, _ in own.objects}
    same: list[bool] = []

    def parse(data: bytes) -> Reading[Page]:
        page = parse_identification(data, level)
        listed = tuple(item for item in page.objects if item[0] in basic)
        if {number for number, _ in listed} != basic:
            return Reading(page, outcome=Outcome.PARTIAL, reason="begins_elsewhere", items=0)
        same.append(listed == own.objects)
        reading = page_reading(page, part)
        if not same[-1]:
            return page_reading(replace(page, objects=listed), part)
        fresh = tuple(item for item in page.objects if item[0] not in basic)
        return replace(reading, facts=facts_of(fresh), items=len(fresh))

    answer = await talk.ask(
        unit, IDENTITY, f"{CODES[level]} 0x00", identification_pdu(level, 0), parse
    )
    page = answer.value
    if page is None and answer.outcome in (Outcome.REFUSED_CAPABILITY, Outcome.EMPTY):
        return None
    if page is None:
        return Found(answer.outcome, answer.reason), False
    if not same:
        return None
    objects = tuple(item for item in page.objects if item[0] in basic)
    found = Found(Outcome.COMPLETE, "", "" if same[0] else part, page.conformity, objects)
    following = _next(page, page.objects)
    if same[0] and following is not None:
        await _pages(talk, unit, level, following, page.objects, "")
    return found, same[0]


def offers_more(own: Found | None) -> bool:
    """Whether a device named itself wholly in one page, and said that there is more than that."""
    if own is None or not own.named or own.following is not None:
        return False
    basic = all(number < BEYOND_BASIC for number, _ in own.objects)
    return basic and own.conformity & 0x7F in (REGULAR, EXTENDED)


def _next(page: Page, seen: Objects) -> int | None:
    """Where to go on; None at the end and where a device would lead us in a circle."""
    if page.following is None or page.following <= max((n for n, _ in seen), default=-1):
        return None
    return page.following


async def rest(talk: Talk, unit: int, found: Found, part: str) -> None:
    """The pages beyond the first, then regular and extended objects where it offers them."""
    seen = found.objects
    if found.following is not None:
        more, _ = await _pages(talk, unit, BASIC, found.following, seen, part)
        seen += more
    level, answered = found.conformity & 0x7F, False
    if level == EXTENDED and talk.alive:
        more, answered = await _pages(talk, unit, EXTENDED, 0, seen, part)
        seen += more
    regular = any(2 < number < PRIVATE for number, _ in seen)
    if level in (REGULAR, EXTENDED) and not (regular or answered) and talk.alive:
        await _pages(talk, unit, REGULAR, 0, seen, part)


async def _pages(
    talk: Talk, unit: int, code: int, first: int | None, seen: Objects, part: str
) -> tuple[Objects, bool]:
    """The objects of a read code from `first` on beyond `seen`; whether object 0 was listed."""
    covered: Objects = ()
    known = {number for number, _ in seen}
    for _ in range(MOST_PAGES):
        if first is None:
            break
        page = (await _page(talk, unit, code, first, (seen, covered), part)).value
        if page is None:
            break
        covered += page.objects
        first = _next(page, covered)
    listed = any(number == 0 for number, _ in covered)
    return tuple(item for item in covered if item[0] not in known), listed


async def _page(
    talk: Talk, unit: int, code: int, first: int, seen: tuple[Objects, Objects], part: str
) -> Answer[Page | None]:
    """One further page: only objects that were not seen become facts.

    `seen` is what other listings said, and what this one said so far: a listing that repeats
    itself goes in a circle, one that repeats another does not.
    """
    covered = {number for number, _ in seen[1]}
    known = {number for number, _ in seen[0]} | covered

    def parse(data: bytes) -> Reading[Page]:
        page = parse_identification(data, code)
        fresh = tuple(item for item in page.objects if item[0] not in known)
        outcome, reason = Outcome.COMPLETE, ""
        if page.following is not None:
            new = any(number not in covered for number, _ in page.objects)
            circle = _next(page, page.objects) is None or (first > 0 and not new)
            reason = str(Reason.CONTINUATION_LOST) if circle else "more_follows"
            outcome = Outcome.PARTIAL
            page = replace(page, following=None if circle else page.following)
        elif page.lost:
            outcome, reason = Outcome.PARTIAL, str(Reason.CONTINUATION_LOST)
        elif not page.objects:
            outcome = Outcome.EMPTY
        facts = facts_of(fresh, part)
        return Reading(page, facts, outcome=outcome, reason=reason, items=len(fresh))

    pdu = identification_pdu(code, first)
    what = f"{CODES[code]} 0x{first:02X}"
    return await talk.ask(unit, IDENTITY, what, pdu, parse, part=part)


async def server_id(talk: Talk, unit: int, part: str = "") -> None:
    """Function 17, where the user opted in: its readable text is a description, no more."""

    def parse(data: bytes) -> Reading[bytes]:
        raw = parse_server_id(data)
        runs = re.findall(rb"[ -~]{4,}", raw)
        words = " ".join(run.decode("ascii") for run in runs).strip()
        facts = [Fact("function", f"{NAMES[17]}=supported", "modbus 17", part)]
        if words:
            facts.append(Fact("description", words, "modbus 17 server id", part))
        return Reading(raw, tuple(facts))

    await talk.ask(unit, SERVER_ID, "server id", SERVER_ID_PDU, parse, part=part)


def recall(heard: Sequence[Observation], unit: int) -> Found | None:
    """What a unit answered to its first identity question, read again from the observations."""
    for observation in heard:
        question = observation.question
        if question.operation == IDENTITY and unit_of(observation) == unit:
            return _recalled(observation)
    return None


def _recalled(observation: Observation) -> Found:
    if observation.outcome not in DATA:
        return Found(observation.outcome, observation.reason, observation.question.part)
    code = observation.raw[9] if observation.raw[9] in CODES else BASIC
    page = parse_identification(observation.raw[8:], code)
    if code != BASIC:
        basic = tuple(item for item in page.objects if item[0] < BEYOND_BASIC)
        page = replace(page, objects=basic, following=None)
    part = next((fact.part for fact in observation.facts), observation.question.part)
    following = _next(page, page.objects)
    return Found(Outcome.COMPLETE, "", part, page.conformity, page.objects, following)
