"""What one readable point measures, how that is known, and whether it is a process value at all.

One rule keeps it simple: typed meaning beats a map, a map beats unit and name, these beat a name;
a unit alone is necessary, never sufficient (domain model 4.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from inventory.judge.openness import document
from inventory.judge.profiles import offline, signal_of
from inventory.once import Once
from inventory.signals.folders import placed
from inventory.signals.names import Name, read_name, stands_alone
from inventory.signals.units import dimension, other_dimension, stated_unit
from inventory.signals.words import WEAK, fold, words
from protocols.contract import Point

TYPED, MAPPED, UNIT_AND_NAME, NAME_ONLY, NONE = "typed", "map", "unit+name", "name", "none"
SCORES = {TYPED: 1.0, MAPPED: 0.98, UNIT_AND_NAME: 0.95, NAME_ONLY: 0.85, NONE: 0.0}
ACCEPT, MARGIN = 0.8, 0.2
DOUBTFUL = "doubtful"
"""The kind of a value that may be a measurement, and hardly is one."""
RATES = frozenset({"power", "current", "volume_flow", "mass_flow"})
"""Dimensions that no counter has: a total in them is a sum of places, not over time."""
TEXT_TYPES = ("string", "octet", "bytestring", "localizedtext", "datetime", "guid", "qualifiedname")
BINARY_TYPES = ("bool", "boolean", "bit", "truthvalue")
NOT_PROCESS = re.compile(
    r"(?i)serverstatus|servercapabilit|serverdiagnos|nameplate|identification|diagnostics|buildinfo"
    r"|namespacearray|serverarray|opclimits|historyserver|urisversion|servicelevel"
    r"|^(?:revisioncounter|devicemanual|devicerevision|signaltag)$"
)
BASE_TYPE = re.compile(r"\w+Type")
"""An OPC UA type of namespace 0: it says how a value is given, and not what it is."""
OTHER_TYPE = re.compile(r"(?s)[^#]*:[^#]*#(.+?)(?:(?:Variable)?Type)?")
"""Any other: its name behind its namespace, which is no name ("http://…/UA/PADIM/#XType")."""
BASE_NODES = re.compile(r"^(?:ns=0;|nsu=http://opcfoundation\.org/UA/;|i=\d+$)")
SYSTEM_OBJECTS = re.compile(r"^\.?1\.3\.6\.1\.(?:2\.1\.(?:1|2|3|4|5|6|7|10|11|17|31|47|55)|6)\.")
"""SNMP groups that describe the agent and its network, not a process (RFC 3418, 2863, 6933)."""
BASE_PREFIXES = ("ns=0;", "nsu=http://opcfoundation.org/UA/;", "i=", "1.3.6.1.", ".1.3.6.1.")
"""What an address begins with before the two expressions above are tried: a cheap sieve."""
OPAQUE = re.compile(r"^(?:DB\d+|%?[MIQ][WBDX]?\d|N\d+:\d|Tag_?\d+|holding:|input:|coil:|discrete:)")
SUNSPEC = {
    "W": "power", "A": "current", "AphA": "current", "AphB": "current", "AphC": "current",
    "Hz": "frequency", "PhVphA": "voltage", "PhVphB": "voltage", "PhVphC": "voltage",
    "PPVphAB": "voltage", "PPVphBC": "voltage", "PPVphCA": "voltage", "WH": "energy",
    "DCV": "voltage", "DCA": "current", "DCW": "power", "TmpCab": "temperature",
    "TmpSnk": "temperature", "TmpTrns": "temperature", "TmpOt": "temperature", "PF": "power_factor",
    "TotWhExp": "energy", "TotWhImp": "energy", "SoC": "charge", "V": "voltage", "St": "running",
    "VphA": "voltage", "VphB": "voltage", "VphC": "voltage", "PhV": "voltage", "PPV": "voltage",
}  # fmt: skip
"""SunSpec point names by measurand (SunSpec models 1xx, 2xx, 802; commit 7abdf89)."""


ELECTRICAL = frozenset(
    {"voltage", "current", "power", "reactive_power", "apparent_power", "power_factor"}
    | {"energy", "reactive_energy", "apparent_energy", "frequency"}
)
"""Measurands that no fluid's side is said of: what goes in is an input."""
ELECTRICAL_SIDES = {"suction": "input", "discharge": "output"}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a point measures. `measurand` is "" when unclassified or ambiguous."""

    measurand: str = ""
    match: str = NONE
    score: float = 0.0
    kind: str = ""  # "" for a measurement; setpoint, limit, alarm, total, …, doubtful
    candidates: tuple[str, ...] = ()
    places: frozenset[str] = frozenset()
    dimension: str = ""
    process: bool = False  # a value of the process, not of the device's own housekeeping
    numeric: bool = False
    conflict: bool = False  # the unit contradicts the name
    near: bool = False  # its place may be where the machine stands, not what is measured
    vague: bool = False  # its candidates are guesses by a letter or three
    alone: str = ""  # what it is where only that is asked for: a mode, a program, a load

    @property
    def known(self) -> bool:
        """A measurement with an accepted measurand."""
        return bool(self.measurand) and not self.kind

    @property
    def open(self) -> bool:
        """Not classified: nothing says what it is, or only that it is hardly a measurement."""
        return self.kind == DOUBTFUL or not (self.measurand or self.kind)


def measure(point: Point) -> Meaning:
    """What a point measures; equal descriptions are decided once."""
    address = point.address
    base = address.startswith(BASE_PREFIXES) and _base(address)
    return _measure(
        point.name, point.path, point.unit, point.type, point.semantic, point.signal,
        point.description, base,
    )  # fmt: skip


@cache
def dimensions(measurand: str) -> frozenset[str]:
    """Dimensions that a measurand may have; empty for a binary one."""
    row = document("names")["measurand"].get(measurand, {})
    return frozenset(row.get("dimensions", ()))


@cache
def may_be(measurand: str) -> frozenset[str]:
    """What else a value of it may stand for: the load of a machine for its current or torque."""
    return frozenset(document("names")["measurand"].get(measurand, {}).get("may_be", ()))


@cache
def is_binary(measurand: str) -> bool:
    """Whether it is a state, not a quantity."""
    return bool(document("names")["measurand"].get(measurand, {}).get("binary", False))


@lru_cache(maxsize=131_072)
def _measure(
    name: str, path: str, unit: str, kind: str, semantic: str, signal: str, description: str,
    base: bool,
) -> Meaning:  # fmt: skip
    short, stated = stated_unit(name) if not unit else (name, "")
    if stated:
        found = _measure(short, path, stated, kind, semantic, signal, description, base)
        if found.measurand or not found.conflict or fold(stated) not in words().kinds:
            return found  # else it is a word of the name ("Temperature (min)")
    process = not (base or NOT_PROCESS.search(path) or NOT_PROCESS.search(name))
    lowered = kind.casefold()
    numeric = not lowered.startswith(TEXT_TYPES)
    size = dimension(unit)
    if signal:
        return _stated(signal, MAPPED, name, size, process, numeric)
    if semantic:
        typed = _stated(semantic, TYPED, name, size, process, numeric)
        if typed.measurand:
            return typed
    said = read_name(name)
    if not said.scores and (alone := _alone(name, size)):
        places = said.places
        counts = numeric or is_binary(alone)  # a program or a mode has a name
        return Meaning("", NONE, 0.0, said.kind, (), places, size, process, counts, alone=alone)
    if lowered == "enumeration":  # a numbered word: what its numbers are is not in its name
        return Meaning(kind=said.kind, dimension=size, process=process, numeric=numeric)
    if said.scores and path:
        places, near = placed(said, name, path)
        said = replace(said, places=places, near=near)
    if not said.scores and description:
        described = read_name(description)
        said = Name(described.scores, said.kind or described.kind, said.places | described.places)
    if not said.scores and path and process:  # housekeeping is not what its folder measures
        folder = path.replace("\\", "/").split("/")[-2] if "/" in path else path
        parent = read_name(folder)
        if parent.scores:  # a tag speaks for its own value only
            parent = read_name(f"{folder}/{name}")
        said = Name(parent.scores, said.kind or parent.kind, said.places | parent.places)
    if (other := other_dimension(unit)) and _speaks_of(said, other) and not _speaks_of(said, size):
        size = other
    return _decide(said, size, bool(unit), process, numeric, lowered.startswith(BINARY_TYPES))


def _alone(name: str, size: str) -> str:
    """What a name says that speaks of no measurement: a state without a unit, or a quantity with
    its own ("operating mode"; "spindle load" in %)."""
    said = stands_alone(name)
    if not said or bool(size) is is_binary(said) or _contradicts(said, size):
        return ""
    return said


def _stated(text: str, match: str, name: str, size: str, process: bool, numeric: bool) -> Meaning:
    measurand, places, kind = meaning_of(text)
    if not measurand and match == TYPED:
        return Meaning(dimension=size, process=process, numeric=numeric)
    if places <= (told := _sides(measurand, read_name(name).places)):
        places = told  # the name says where, and does not gainsay what was stated
    return Meaning(
        measurand, match, SCORES[match], kind, (), places, size, process, numeric,
        _contradicts(measurand, size),
    )  # fmt: skip


@lru_cache(maxsize=8192)
def meaning_of(text: str) -> tuple[str, frozenset[str], str]:
    """Measurand, places and kind that a person's or a standard's word states."""
    if text.startswith("sunspec:"):
        return SUNSPEC.get(text.rsplit(":", 1)[-1], ""), frozenset(), ""
    stated = signal_of(text)
    if stated.measurand in document("names")["measurand"] or stated.measurand in offline():
        return stated.measurand, stated.places, stated.kind
    if BASE_TYPE.fullmatch(text):
        return "", frozenset(), ""
    if (other := OTHER_TYPE.fullmatch(text)) is not None:
        text = other[1]
    said = read_name(text)
    names = [name for name, _ in said.scores]
    return (names[0] if len(names) == 1 else ""), said.places, said.kind


def _contradicts(measurand: str, size: str) -> bool:
    allowed = dimensions(measurand)
    return bool(size and allowed and size not in allowed)


def _speaks_of(said: Name, size: str) -> bool:
    """Whether a name states a measurand of that dimension."""
    return any(size in dimensions(name) for name, score in said.scores if score > WEAK)


def _decide(
    said: Name, size: str, has_unit: bool, process: bool, numeric: bool, binary: bool
) -> Meaning:
    """Accept the best candidate when it is good enough and well ahead; else abstain."""
    scored: list[tuple[float, str, str]] = []
    clash = False
    for name, score in said.scores:
        allowed = dimensions(name)
        if binary and not is_binary(name):
            continue
        if size and allowed and size not in allowed:
            clash = clash or score >= SCORES[NAME_ONLY]
        elif size and allowed:
            scored.append((SCORES[UNIT_AND_NAME], UNIT_AND_NAME, name))
        elif score:
            scored.append((WEAK if said.unclear else score, NAME_ONLY, name))
    scored.sort(reverse=True)
    if said.kind == "total" and size in RATES and scored:
        said = Name(said.scores, "", said.places)  # "total power" in kW is no counter
    fixed = (said.kind, tuple(sorted(name for _, _, name in scored)), said.places, size, process)
    if scored and scored[0][0] >= ACCEPT:
        second = scored[1][0] if len(scored) > 1 else 0.0
        if scored[0][0] - second >= MARGIN:
            score, match, name = scored[0]
            return Meaning(name, match, score, *_sided(name, fixed), numeric, near=said.near)
    conflict = clash and not scored
    strong = tuple(name for name, score in said.scores if score >= SCORES[NAME_ONLY])
    if conflict and len(strong) == 1:
        return Meaning("", NONE, 0.0, said.kind, strong, said.places, size, process, numeric, True)
    return Meaning("", NONE, 0.0, *fixed, numeric, near=said.near, vague=said.vague)


_Fixed = tuple[str, tuple[str, ...], frozenset[str], str, bool]


def _sided(measurand: str, fixed: _Fixed) -> _Fixed:
    """With the sides of a measurand; nor is the charge of a battery one of a load, which some
    languages call so."""
    kind, candidates, places, size, process = fixed
    if measurand == "charge":
        return kind, candidates, places - {"load"}, size, process
    return kind, candidates, _sides(measurand, places), size, process


def _sides(measurand: str, places: frozenset[str]) -> frozenset[str]:
    """What goes in and out: an "input voltage" is at no suction side."""
    if measurand not in ELECTRICAL:
        return places
    return frozenset(ELECTRICAL_SIDES.get(one, one) for one in places)


def _base(address: str) -> bool:
    """Whether an address belongs to the server or agent itself, not to the process."""
    return bool(BASE_NODES.match(address) or SYSTEM_OBJECTS.match(address))


def has_meaning(point: Point, meaning: Meaning, typed_protocol: bool) -> bool:
    """Whether somebody who reads the value would know what it is (level 3, rulings 18)."""
    if point.signal or point.semantic or meaning.measurand or not meaning.open:
        return True
    if point.unit and point.name:
        return True
    return typed_protocol and bool(point.name) and not OPAQUE.match(point.name)


@lru_cache(maxsize=65_536)
def labelled(name: str, unit: str) -> str:
    """One signal in a set that is compared with those of siblings."""
    return f"{name} [{unit}]" if unit else name


def _signature(points: Iterable[Point]) -> frozenset[str]:
    return frozenset([labelled(point.name or point.address, point.unit) for point in points])


signature = Once(_signature)
"""The set of signals that a device offers, to compare it with its siblings (Q11)."""
