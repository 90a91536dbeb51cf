"""What keeps a signal from being called absent, or present, for sure: the questions about values.

One rule keeps it simple: each function gives the question that one kind of value asks, or None
where no such value is there (domain model 4.4).
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from functools import cache

from inventory.judge.comparing import REGISTERS
from inventory.judge.fitting import could_be, fits
from inventory.judge.holding import Row
from inventory.judge.logic import cite, unknown
from inventory.judge.profiles import Profile, Signal
from inventory.judge.view import View
from inventory.model import Proposition
from inventory.rules.inaccessible import name_of
from inventory.signals.points import TEXT_TYPES, measure
from protocols.contract import Observation, Outcome

PROPOSED = "untrap export links -o links.csv"
"""The command that proposes links by the tags that devices and values bear."""
_RANGE = re.compile(r"(coil|discrete|holding|input):(\d+)-(\d+)")
"""The registers that a question of the Modbus probe was about."""
REFUSALS = (Outcome.EMPTY, Outcome.REFUSED_CAPABILITY)
"""What a device says to a read of registers that it has not: exceptions 02, 01 and 03."""
WIDEST = 4
"""Registers of the widest number: a refusal of more may be about its neighbours."""
_NUMBER = re.compile(r"\s*[-+]?[0-9]+(?:[.,][0-9]+)?\s*[^\s0-9]{0,6}\s*")
"""A number in words, with the unit behind it."""


def contradicted(signal: Signal, absent: Proposition, shown: Proposition) -> Proposition:
    """The question where a person says that there is none, and a value is listed as it."""
    who, value = absent.because[0], shown.because[0]
    return unknown(
        f"whether there is {signal.words}: {who.text}; and a value is listed that is taken"
        f" for it ({value.text})",
        'look at the machine; then attest it again, with "no" where it is there, or name'
        " that value by a map or a link",
        "untrap import attest FILE",
        who,
        value,
    )


def unclassified(signal: Signal, candidates: Sequence[Row]) -> Proposition | None:
    """The question that values which could be the signal ask."""
    if not candidates:
        return None
    view, point, _ = candidates[0]
    names = ", ".join(point.name or point.address for _, point, _ in candidates[:5])
    return unknown(
        f"{len(candidates)} unclassified value{'s' if len(candidates) > 1 else ''} could be"
        f" {signal.words}: {names}",
        *_naming(candidates),
        view.data_proof(point),
    )


def _naming(candidates: Sequence[Row]) -> tuple[str, str]:
    """How a person says what values are, and the command: a map holds registers only."""
    if all(point.address.startswith(REGISTERS) for _, point, _ in candidates):
        return "name them: import the register map", "untrap import map FILE"
    step = "say what they are: a link of the machine to each (Part: its name, Signal)"
    return step, "untrap import links FILE"


def of_whom(
    signal: Signal, unsure: Sequence[Row], about: Profile | None, tag: str
) -> Proposition | None:
    """The question that values ask which are the signal, or may be, of a machine not known."""
    found = [
        row for row in unsure
        if fits(signal, row[2], about) or could_be(signal, row[1], row[2], about)
    ]  # fmt: skip
    if not found:
        return None
    view, point, _ = found[0]
    names = ", ".join(point.name or point.address for _, point, _ in found[:5])
    return unknown(
        f"of which machine {names} of {name_of(view)} {'is' if len(found) == 1 else 'are'}:"
        f" {tag} is not the only one there, and the name is of none",
        "link that value to its machine (columns Part and Signal)",
        "untrap import links FILE",
        view.data_proof(point),
    )


def unread(signal: Signal, named: Sequence[Row], about: Profile | None) -> Proposition | None:
    """The question that lines of a complete map ask which name the signal, and were not read."""
    found = [
        row for row in named
        if fits(signal, row[2], about) or could_be(signal, row[1], row[2], about)
    ]  # fmt: skip
    if not found:
        return None
    view, point, _ = found[0]
    name = f"{point.name or point.address} ({point.address})"
    refusal = _refused(view, point.address)
    if refusal is not None:
        return unknown(
            f"whether {name} of {name_of(view)} is there: its register map names it as"
            f" {signal.words}, and the device refuses that register",
            "see whether the map is of this model and firmware, and import the right one",
            "untrap import map FILE",
            cite(refusal),
        )
    return unknown(
        f"the value of {name} of {name_of(view)}: its register map names it as {signal.words},"
        " and it was not read",
        "read it",
        view.ask("modbus", "points"),
    )


def _refused(view: View, address: str) -> Observation | None:
    """The device's refusal of one register, where it was asked for that alone."""
    table, _, place = address.partition(":")
    number = int(place.partition(".")[0])
    for door in view.spoke:
        for item in door.observations:
            asked = _RANGE.search(item.question.argument)
            if asked is None or asked[1] != table or item.outcome not in REFUSALS:
                continue
            first, last = int(asked[2]), int(asked[3])
            if first <= number <= last < first + WIDEST:
                return item
    return None


def of_the_drive(signal: Signal, may: Sequence[Row], tag: str) -> Proposition | None:
    """The question that values ask which tell the signal where they are of the machine's drive."""
    if not may:
        return None
    view, point, meaning = may[0]
    name = point.name or point.address
    return unknown(
        f"whether {name} of {name_of(view)} is the {meaning.measurand} of the drive of"
        f" {tag}, which tells its {signal.words}, or that of the mains",
        f"where it is the drive's, link it (Part: {name}, Signal: {signal.name})",
        "untrap import links FILE",
        view.data_proof(point),
    )


def bears_the_tag(
    signal: Signal,
    unlinked: Sequence[Row],
    others: Container[View],
    about: Profile | None,
    tag: str,
) -> Proposition | None:
    """The question that values ask which bear the machine's tag and are held by no link."""
    for view, point, meaning in unlinked:
        if fits(signal, meaning, about) or could_be(signal, point, meaning, about):
            name = point.name or point.address
            return unknown(
                f"whether {name} of {name_of(view)} is the {signal.words} of"
                f" {tag}: it bears the tag, and no link holds it",
                "link it too, where it is that",
                PROPOSED if view in others else "untrap import links FILE",
                view.data_proof(point),
            )
    return None


def as_text(signal: Signal, views: Sequence[View]) -> Proposition | None:
    """The question that a value asks which is the signal by its name, and is a text ("3.0 A")."""
    for view in views:
        if view.context.neighbours.get(view.device.key):
            continue  # it may be of another machine
        for point in view.evidence.points:
            if not _is_text(point.type):  # as nearly all: not measured once more for this
                continue
            meaning = measure(point)
            if not meaning.process or not fits(signal, meaning):
                continue
            if any(_NUMBER.fullmatch(str(one.value)) for one in view.values(point)):
                return unknown(
                    f"the {signal.words} as a number: {point.name or point.address} of"
                    f" {name_of(view)} is a text",
                    "publish it as a number, with its unit",
                    f"untrap points {view.address}",
                    view.data_proof(point),
                )
    return None


@cache
def _is_text(kind: str) -> bool:
    return kind.casefold().startswith(TEXT_TYPES)
