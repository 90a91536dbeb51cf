"""Whether a value is a signal of a machine, and whether it could be.

One rule keeps it simple: what a value says of its place counts: at the signal's places it is the
signal, at another's it is not, and where it does not say, it may be (decisions 0045 and 0065).
"""

from __future__ import annotations

import re

from inventory.judge.profiles import SETPOINT, Profile, Signal, choices, elsewhere
from inventory.signals.folders import SIDES
from inventory.signals.names import COUNTED, read_name
from inventory.signals.points import DOUBTFUL, Meaning, dimensions, is_binary, may_be
from protocols.contract import Point

BESIDE = frozenset({"load", "phase"} | {"primary", "secondary", "hot", "cold", "shell", "tube"})
"""What a value may be of without being at another place."""
NO_PLACE = BESIDE | {"input", "output", "mains"}
"""The same for a signal that names no place: what goes in and out of it is its own."""
WHOLE = re.compile(r"(?i)u?int(?:eger)?\d*|s?byte|d?word|enumeration|gauge\d*|unsigned\d*|bits")
"""Types of a whole number, in which a device may pack its states."""


def fits(signal: Signal, meaning: Meaning, about: Profile | None = None) -> bool | None:
    """Whether a point is that signal: True, False, or None where its place is not said, or may be
    another's. `about` says where the signals of a class are measured that name no place, and which
    of its signals only their places tell apart."""
    if meaning.measurand != signal.measurand and meaning.alone != signal.measurand:
        return False
    if meaning.kind != signal.kind and not meaning.alone:
        return False
    said = _at(signal, meaning, about)
    if said is False or about is None:
        return said
    others = [
        one for one in about.rivals.get(signal, ())
        if _at(one, meaning, about) is True and not _unlike(one, signal)
    ]  # fmt: skip
    if not others:
        return said
    if said is None:
        return False
    if not signal.places:
        own = about.own.get(signal.measurand)
        return own is None or not own.isdisjoint(meaning.places)
    if any(signal.places < one.places for one in others):
        return False
    return True if all(one.places < signal.places for one in others) else None


def _unlike(one: Signal, other: Signal) -> bool:
    """Whether two signals call their sides by words that say nothing of each other: the hot side
    may be the primary or the secondary one."""
    first, second = one.places & SIDES, other.places & SIDES
    return bool(first and second) and not any(choices(place) & first for place in second)


def _at(signal: Signal, meaning: Meaning, about: Profile | None) -> bool | None:
    """The same by the places alone."""
    said = _said(meaning, about)
    if not signal.places:
        return _anywhere(signal, said - NO_PLACE, meaning, about)
    if signal.places <= said:
        return True
    if len(signal.places) == 1:
        return False if said - BESIDE or choices(signal.place) & said else None
    if any(choices(place) & said for place in signal.places - said):
        return False
    if said & elsewhere(signal.measurand):
        return None if meaning.near else False
    return None if signal.places & said or not said - NO_PLACE else False


def _said(meaning: Meaning, about: Profile | None) -> frozenset[str]:
    """The places of a value as the class calls them. A difference is at no single end, and a word
    for the outlet of a pump is the supply of what has one ("mandata", "impulsión")."""
    places = meaning.places
    if about is not None and about.alias:
        places = frozenset(about.alias.get(one, one) for one in places)
    if "differential" in places:
        places -= {"suction", "discharge", "supply", "return"}
    if about is not None and about.supplied and "supply" in places:
        places -= {"discharge"}
    return places


def _anywhere(
    signal: Signal, said: frozenset[str], meaning: Meaning, about: Profile | None
) -> bool | None:
    """Of a signal that names no place."""
    own = about.own.get(signal.measurand) if about else None
    if not said or (own is not None and said & own):
        return True
    if said & elsewhere(signal.measurand):
        return None if meaning.near else False
    return True if own is None else None


def _is_bit(point: Point) -> bool:
    return point.type.casefold().startswith(("bool", "bit"))


def _holds_states(point: Point, meaning: Meaning) -> bool:
    """Whether it may tell states of any kind: a bit, a value of no type, or a whole number that
    has no unit (a packed word)."""
    if _is_bit(point) or not point.type:
        return True
    return not meaning.dimension and not point.unit and bool(WHOLE.fullmatch(point.type))


def _of_another(signal: Signal, meaning: Meaning) -> bool:
    """Whether the place that its name says is one of other things."""
    return bool((meaning.places - signal.places) & elsewhere(signal.measurand))


def could_be(signal: Signal, point: Point, meaning: Meaning, about: Profile | None = None) -> bool:
    """Whether a value that is not taken for a signal may be it (domain model 4.4)."""
    counts = meaning.kind == "total" and signal.measurand in COUNTED  # a total is what it is
    kind = "" if counts or meaning.kind == signal.kind == SETPOINT else meaning.kind
    if kind == DOUBTFUL and meaning.measurand:
        return signal.measurand in (meaning.measurand, *meaning.candidates)
    if kind == "alarm" and signal.measurand == "fault":
        scores = read_name(point.name).scores
        return all(is_binary(name) for name, _ in scores)  # of the whole, of no quantity
    if kind not in ("", DOUBTFUL):
        return False
    if fits(signal, meaning, about) is None:
        return True
    if meaning.measurand:
        return False
    if meaning.alone:
        return signal.measurand in may_be(meaning.alone)
    guessed = meaning.vague and not meaning.dimension
    if is_binary(signal.measurand) and meaning.candidates and not guessed:
        word = all(map(is_binary, meaning.candidates))  # a status word tells states of any kind
        return signal.measurand in meaning.candidates or (word and not _is_bit(point))
    if meaning.conflict and signal.measurand in meaning.candidates:
        return True  # its unit may be wrong, not its name
    if (
        meaning.candidates
        and signal.measurand not in meaning.candidates
        and not (meaning.conflict or guessed)
    ):
        return False
    if is_binary(signal.measurand):
        return _holds_states(point, meaning)
    if meaning.dimension and not meaning.near and _of_another(signal, meaning):
        return False
    allowed = dimensions(signal.measurand)
    return not _is_bit(point) and (not meaning.dimension or meaning.dimension in allowed)
