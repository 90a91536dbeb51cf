"""Signal profiles: what a machine of each class must expose to be of use.

One rule keeps it simple: a signal is a measurand, perhaps at a place; alternatives satisfy a
requirement each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from inventory.judge.openness import document

SETPOINT = "setpoint"
"""What stands for a place in a signal that is what is wanted, not what is ("position:setpoint")."""
ENDS = {"inlet": "suction", "outlet": "discharge"}
"""The ends of a machine in the words of one that does not pump."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A measurand on a machine; `place` holds the places that must all be stated, joined by +."""

    measurand: str
    place: str = ""
    places: frozenset[str] = field(init=False, compare=False, repr=False)
    """The places at which it is measured; empty where it names none."""
    kind: str = field(init=False, compare=False, repr=False)
    """The kind of value that it is: "" a measurement, or a set point."""

    def __post_init__(self) -> None:
        named = self.place.split("+")
        places = frozenset(ENDS.get(one, one) for one in named) - {"", SETPOINT}
        object.__setattr__(self, "places", places)
        object.__setattr__(self, "kind", SETPOINT if SETPOINT in named else "")

    @property
    def name(self) -> str:
        """`measurand` or `measurand:place`, as profiles and maps write it."""
        return f"{self.measurand}:{self.place}" if self.place else self.measurand

    @property
    def words(self) -> str:
        """As people say it: "discharge temperature"."""
        named = [one for one in self.place.split("+") if one != SETPOINT]
        return " ".join((*named, self.measurand, self.kind)).strip().replace("_", " ")


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
    own: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Measurand → the places where it is measured that a signal names no place of."""
    alias: Mapping[str, str] = field(default_factory=dict)  # a place → what it is of this class
    rivals: Mapping[Signal, tuple[Signal, ...]] = field(default_factory=dict)
    """Signals of the same measurand that only their places tell from each signal. Alternatives of
    one requirement are none."""
    supplied: bool = False  # whether it has a supply: what is called so is then no outlet

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
    made = Profile(
        cls,
        row["title"],
        float(row["interval_seconds"]),
        tuple(tuple(signal_of(name) for name in text.split("|")) for text in row["required"]),
        tuple(signal_of(name) for name in row["recommended"]),
        row.get("failure_modes", ""),
        row.get("parameters"),
        {name: frozenset(places) for name, places in row.get("own", {}).items()},
        row.get("alias", {}),
    )
    return replace(
        made,
        rivals={one: _rivals(made, one) for one in made.signals},
        supplied=any("supply" in one.places for one in made.signals),
    )


def _rivals(about: Profile, signal: Signal) -> tuple[Signal, ...]:
    kin = {one for group in about.required if signal in group for one in group}
    return tuple(
        one
        for one in about.signals
        if (one.measurand, one.kind) == (signal.measurand, signal.kind)
        and one.places
        and one != signal
        and one not in kin
    )


def classes() -> tuple[str, ...]:
    """All classes that have a profile."""
    return tuple(document("profiles")["class"])


@cache
def offline() -> Mapping[str, tuple[str, ...]]:
    """Signals that no scan sees on most machines, with what the matrices call each where somebody
    measures it online after all (domain model 4.2)."""
    return {name: tuple(listed) for name, listed in document("profiles")["offline"].items()}


@cache
def nameable() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Measurands, and places, that a value may be taken for; profiles may ask for more."""
    profiles = filter(None, map(profile, classes()))
    asked = [signal for about in profiles for signal in about.signals]
    names = document("names")
    placed = dict.fromkeys(part for one in asked for part in one.place.split("+"))
    placed.pop("")
    return (
        tuple(dict.fromkeys((*names["measurand"], *(one.measurand for one in asked), *offline()))),
        tuple(dict.fromkeys((*names["place"], *placed))),
    )


@cache
def elsewhere(measurand: str) -> frozenset[str]:
    """Places at which a measurand is another thing's: its surroundings, its cabinet, its heater."""
    return frozenset(document("profiles")["elsewhere"].get(measurand, ()))


@cache
def choices(place: str) -> frozenset[str]:
    """The places of which a value is at one only, with this one of them."""
    pairs: Iterable[list[str]] = document("profiles")["opposed"]["pairs"]
    return frozenset(one for pair in pairs if place in pair for one in pair)
