"""Signal profiles: what a machine of each class must expose to be of use.

One rule keeps it simple: a signal is a measurand with an optional place; alternatives satisfy a
requirement each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from inventory.judge.openness import document
from inventory.signals.names import read_name
from inventory.signals.points import Meaning, dimensions, is_binary
from protocols.contract import Point


@dataclass(frozen=True, slots=True)
class Signal:
    """A measurand on a machine, at a place when `place` is not empty."""

    measurand: str
    place: str = ""

    @property
    def name(self) -> str:
        """`measurand` or `measurand:place`, as profiles and maps write it."""
        return f"{self.measurand}:{self.place}" if self.place else self.measurand

    @property
    def words(self) -> str:
        """As people say it: "discharge temperature"."""
        return f"{self.place} {self.measurand}".strip().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a class of equipment needs."""

    cls: str
    title: str
    interval_seconds: float
    required: tuple[tuple[Signal, ...], ...]
    recommended: tuple[Signal, ...]
    failure_modes: str = ""  # class of the failure-mode matrix, or ""
    parameters: Mapping[str, str] | None = None  # signal → parameter of the matrix
    own: Mapping[str, frozenset[str]] | None = None  # measurand → places where it is measured

    @property
    def signals(self) -> tuple[Signal, ...]:
        """Every signal the profile speaks of, each once."""
        listed = [signal for group in self.required for signal in group]
        listed += [*self.recommended, *(signal_of(name) for name in self.parameters or {})]
        return tuple(dict.fromkeys(listed))


@cache
def signal_of(text: str) -> Signal:
    """A signal as profiles and use cases write it."""
    measurand, _, place = text.partition(":")
    return Signal(measurand, place)


@cache
def profile(cls: str) -> Profile | None:
    """The profile of a class, or None when the class has none."""
    row = document("profiles")["class"].get(cls)
    if row is None:
        return None
    return Profile(
        cls,
        row["title"],
        float(row["interval_seconds"]),
        tuple(tuple(signal_of(name) for name in text.split("|")) for text in row["required"]),
        tuple(signal_of(name) for name in row["recommended"]),
        row.get("failure_modes", ""),
        row.get("parameters"),
        {name: frozenset(places) for name, places in row.get("own", {}).items()},
    )


def classes() -> tuple[str, ...]:
    """All classes that have a profile."""
    return tuple(document("profiles")["class"])


@cache
def nameable() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Measurands, and places, that a value may be taken for; profiles may ask for more."""
    about = (profile(cls) for cls in classes())
    asked = [signal for one in about if one for signal in one.signals]
    names = document("names")
    return (
        tuple(dict.fromkeys((*names["measurand"], *(signal.measurand for signal in asked)))),
        tuple(
            dict.fromkeys((*names["place"], *(signal.place for signal in asked if signal.place)))
        ),
    )


@cache
def _elsewhere(measurand: str) -> frozenset[str]:
    """Places at which a measurand is another thing's: its surroundings, its cabinet, its heater."""
    return frozenset(document("profiles")["elsewhere"].get(measurand, ()))


NO_PLACE = frozenset({"load", "phase"})
"""What a value may be of without being at another place."""


def fits(signal: Signal, meaning: Meaning, about: Profile | None = None) -> bool | None:
    """Whether a point is that signal: True, False, or None where its place is not said, or may be
    another's. `about` says where the signals of a class are measured that name no place."""
    if meaning.kind or meaning.measurand != signal.measurand:
        return False
    places = meaning.places - NO_PLACE
    if signal.place:
        return True if signal.place in meaning.places else False if places else None
    own = (about.own or {}).get(signal.measurand) if about else None
    if not places or (own is not None and places & own):
        return True
    if places & _elsewhere(signal.measurand):
        return None if meaning.near else False
    return True if own is None else None


def _is_bit(point: Point) -> bool:
    return point.type.casefold().startswith(("bool", "bit"))


def could_be(signal: Signal, point: Point, meaning: Meaning, about: Profile | None = None) -> bool:
    """Whether a value that is not taken for a signal may be it (domain model 4.4)."""
    if meaning.kind == "doubtful":
        return signal.measurand in (meaning.measurand, *meaning.candidates)
    if meaning.kind == "alarm" and signal.measurand == "fault":
        return all(map(is_binary, read_name(point.name).scores))  # of the whole, of no quantity
    if meaning.kind:
        return False
    if fits(signal, meaning, about) is None:
        return True
    if meaning.measurand:
        return False
    if is_binary(signal.measurand) and meaning.candidates:
        word = all(map(is_binary, meaning.candidates))  # a status word tells states of any kind
        return signal.measurand in meaning.candidates or (word and not _is_bit(point))
    if meaning.conflict and signal.measurand in meaning.candidates:
        return True  # its unit may be wrong, not its name
    guessed = meaning.vague and not meaning.dimension
    if (
        meaning.candidates
        and signal.measurand not in meaning.candidates
        and not (meaning.conflict or guessed)
    ):
        return False
    binary = _is_bit(point)
    if is_binary(signal.measurand):
        return binary or not point.type
    allowed = dimensions(signal.measurand)
    return not binary and (not meaning.dimension or meaning.dimension in allowed)
