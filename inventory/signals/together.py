"""What the names of a listing say together that none of them says alone.

One rule keeps it simple: a word that a plant uses for a machine, a line or a tank gives no evidence
of what is measured there, and where other names show that it is used so, it loses its vote; what is
left may be the value of another word, or is open. Nothing is taken for a measurement that was none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from inventory.signals.compounds import compound
from inventory.signals.folders import folder_of
from inventory.signals.names import STATES, is_known, read_name
from inventory.signals.points import NAME_ONLY, UNIT_AND_NAME, Meaning, measure
from inventory.signals.systems import find_tag, of_another
from inventory.signals.tokens import Piece, pieces
from inventory.signals.words import STRONG, repair, words
from protocols.contract import Point

MOST_PIECES = 12
"""Words of a name that are looked at: a longer one is a text, or was made to be slow."""
LONGEST_GAP = 2
"""Words in a row that may say what other names call an alarm or a limit."""
FEWEST_FRAMES = 2
"""Places, each between other words, where such words and those of a kind must both stand."""
FEWEST_MEASURANDS = 2
"""Other measurands behind a word that make it the name of what has them ("PC_01.Level")."""
FEWEST_INSTANCES = 2
"""Numbers of a part, each with several words behind it, that make it the name of a series."""

LONGEST_KEPT = 512
"""Points of a listing that is remembered by its names."""

EDGE = re.compile(r"^[\W_]+|[\W_]+$")
Prefix = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vote:
    """A beginning of a name that ends in a word of a measurand, and what comes after it."""

    prefix: Prefix  # folded, numbers as "#"
    number: str  # of the instance that the beginning ends in, or ""
    measurands: frozenset[str]
    rest: str
    own: bool  # what comes after is the value itself ("TT101.PV")


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a listing says of its words."""

    things: frozenset[Prefix]
    said_of_values: frozenset[Prefix]

    def again(self, point: Point, meaning: Meaning, contradicted: frozenset[str]) -> Meaning:
        """What a point measures, without the votes of words that have none here."""
        if any(between in self.said_of_values for _, between in _gaps(point.name)):
            return replace(meaning, kind="doubtful")
        if meaning.match == UNIT_AND_NAME:
            return meaning
        said = {meaning.measurand, *meaning.candidates}
        for vote in votes(_full(point)):
            if vote.prefix in self.things and not vote.own and not vote.measurands.isdisjoint(said):
                behind = measure(replace(point, name=vote.rest, path=""))
                told = behind.measurand or behind.kind
                return behind if told else replace(meaning, kind="doubtful")
        voting = list(_voting(point.name, (meaning.measurand,)))
        if voting and contradicted.issuperset(voting):
            return replace(meaning, kind="doubtful")
        return meaning


def reread(points: Sequence[Point], alone: Sequence[Meaning]) -> tuple[Meaning, ...]:
    """What each point measures, its name read beside all others; `alone` is what each says by
    itself. Only what rests on a name can change, and a unit outweighs the name of a thing."""
    open_ones = [place for place, meaning in enumerate(alone) if _rests_on_a_name(meaning)]
    if not open_ones or len(points) == 1:
        return tuple(alone)
    names = tuple([point.name for point in points])
    texts = tuple([_full(point) if point.path else point.name for point in points])
    heard = _hear(names, texts) if len(names) <= LONGEST_KEPT else _hear.__wrapped__(names, texts)
    contradicted = _contradicted(points, alone)
    if not heard.things and not heard.said_of_values and not contradicted:
        return tuple(alone)
    found = list(alone)
    for place in open_ones:
        found[place] = heard.again(points[place], alone[place], contradicted)
    return tuple(found)


def _rests_on_a_name(meaning: Meaning) -> bool:
    """Whether other names can make a difference to what a point measures."""
    if meaning.kind or not meaning.process:
        return False
    if not meaning.measurand:
        return len(meaning.candidates) > 1
    return meaning.match in (NAME_ONLY, UNIT_AND_NAME)


@lru_cache(maxsize=256)
def _hear(names: tuple[str, ...], texts: tuple[str, ...]) -> _Heard:
    """The same for all devices whose points are called alike."""
    return _Heard(_names_of_things(frozenset(texts)), _said_of_values(frozenset(names)))


def _full(point: Point) -> str:
    """A name behind the folder that it lies in, as tags of parts are written."""
    folder = folder_of(point.name, point.path) if point.path else ""
    return f"{folder}/{point.name}" if folder else point.name


# --- names of things -----------------------------------------------------------------------


@lru_cache(maxsize=65_536)
def votes(name: str) -> tuple[Vote, ...]:
    """The beginnings of a name that end in a word of a measurand, but where that word and the next
    are one ("flow rate"), and nothing behind it."""
    text, found = _pieces(name)
    known = words()
    listed = []
    for place, piece in enumerate(found):
        measured = _measurands(text, found, place)
        last = place
        while last + 1 < len(found) and found[last + 1].word.isdecimal():
            last += 1
        if not measured or last + 1 >= len(found):
            continue
        joined = piece.word + found[place + 1].word
        if joined in known.measurands or joined in known.kinds or joined in known.stops:
            continue
        number = "".join(one.word for one in found[place + 1 : last + 1])
        rest = EDGE.sub("", text[found[last].end :])
        own = not of_another(f".{rest}")
        listed.append(Vote(_shape(found[: last + 1]), number, measured, rest, own))
    return tuple(listed)


def _measurands(text: str, found: Sequence[Piece], place: int) -> frozenset[str]:
    """What a word of a name votes for, or the letters of a tag that it is."""
    word = found[place].word
    said = words().measurands.get(word) or compound(word)
    if said:
        return frozenset(name for name, _ in said) - STATES
    if place + 1 < len(found) and found[place + 1].word.isdecimal():
        start = found[place - 1].end if place else 0
        tag = find_tag(text[start : found[place + 1].end])
        if tag is not None and tag.measurand:
            return frozenset({tag.measurand})
    return frozenset()


def _shape(found: Sequence[Piece]) -> Prefix:
    return tuple(["#" if one.word.isdecimal() else one.word for one in found])


def _names_of_things(texts: Iterable[str]) -> frozenset[Prefix]:
    """Beginnings that vote for a measurand, and are names: other measurands stand behind them, or
    they are numbered and each number has the same several words behind it, none of them known."""
    others: dict[Prefix, set[str]] = {}
    behind: dict[Prefix, dict[str, set[str]]] = {}
    for text in texts:
        for vote in votes(text):
            others.setdefault(vote.prefix, set()).update(_clear(vote.rest) - vote.measurands)
            if vote.number:
                numbers = behind.setdefault(vote.prefix, {}).setdefault(vote.rest, set())
                numbers.add(vote.number)
    return frozenset(
        prefix
        for prefix, measurands in others.items()
        if len(measurands) >= FEWEST_MEASURANDS or _is_series(behind.get(prefix, {}))
    )


def _is_series(behind: dict[str, set[str]]) -> bool:
    """Whether several words stand behind several numbers alike, one at least that is not known."""
    repeated = [rest for rest, numbers in behind.items() if len(numbers) >= FEWEST_INSTANCES]
    return len(repeated) >= FEWEST_INSTANCES and any(map(_unknown, repeated))


@lru_cache(maxsize=16_384)
def _clear(text: str) -> frozenset[str]:
    """The one quantity that a text speaks of, or none."""
    said = read_name(text)
    names = {name for name, score in said.scores if score >= STRONG}
    if said.kind or said.unclear or len(names) != 1:
        return frozenset()
    return frozenset(names - STATES)


@lru_cache(maxsize=16_384)
def _unknown(text: str) -> bool:
    """Whether a word of a text is in no list of ours."""
    return any(_is_unknown(one.word) for one in _pieces(text)[1])


@lru_cache(maxsize=16_384)
def _is_unknown(word: str) -> bool:
    known = words()
    return (
        len(word) > 1
        and not word.isdecimal()
        and not is_known(word)
        and word not in known.kinds
        and word not in known.machines
        and not compound(word)
    )


@lru_cache(maxsize=65_536)
def _pieces(name: str) -> tuple[str, tuple[Piece, ...]]:
    """A name, repaired, and its words; none where they are too many."""
    text, found = pieces(repair(name))
    return text, found if len(found) <= MOST_PIECES else ()


# --- what is said of a value, and what units contradict --------------------------------------


def _said_of_values(names: Iterable[str]) -> frozenset[Prefix]:
    """Words that nobody knows and that stand, between the same others, where names have "alarm" or
    "limit": they say something of a value, as those do ("MOTOR_ALM_TEMP", "MOTOR_XYZ_TEMP")."""
    kinds: set[Prefix] = set()
    stand: dict[Prefix, set[Prefix]] = {}
    for name in names:
        for frame, between in _gaps(name):
            if _names_a_kind(between):
                kinds.add(frame)
            else:
                stand.setdefault(between, set()).add(frame)
    return frozenset(
        between for between, frames in stand.items() if len(frames & kinds) >= FEWEST_FRAMES
    )


@lru_cache(maxsize=65_536)
def _gaps(name: str) -> tuple[tuple[Prefix, Prefix], ...]:
    """One or two words of a name, behind the first, that nobody knows or that all name a kind, and
    what stands around them; of names that speak of a measurand."""
    found = _pieces(name)[1]
    spelled = [_meant(one.word) for one in found]
    if not any(word in words().measurands or compound(word) for word in spelled):
        return ()
    listed = []
    for start in range(1, len(found)):
        for end in range(start + 1, min(start + LONGEST_GAP, len(found)) + 1):
            between = tuple(one.word for one in found[start:end])
            if all(map(_is_unknown, between)) or _names_a_kind(between):
                listed.append(((*spelled[:start], "*", *spelled[end:]), between))
    return tuple(listed)


def _meant(word: str) -> str:
    """A word, or the first word for what it measures: "TMP" and "TEMP" are one. No number."""
    if word.isdecimal():
        return "#"
    said = words().measurands.get(word, ())
    return said[0][0] if len(said) == 1 else word


def _names_a_kind(between: Prefix) -> bool:
    return all(word in words().kinds for word in between)


def _contradicted(points: Sequence[Point], alone: Sequence[Meaning]) -> frozenset[str]:
    """Words that vote for a measurand which the units of values so called contradict more often
    than they support it."""
    if not any(meaning.conflict for meaning in alone):
        return frozenset()
    against: Counter[str] = Counter()
    for point, meaning in zip(points, alone, strict=True):
        if meaning.conflict:
            against.update(set(_voting(point.name, meaning.candidates)))
        elif meaning.match == UNIT_AND_NAME:
            against.subtract(set(_voting(point.name, (meaning.measurand,))))
    return frozenset(word for word, count in against.items() if count > 0)


def _voting(name: str, measurands: Sequence[str]) -> Iterator[str]:
    """The words of a name that vote for one of the measurands."""
    for one in _pieces(name)[1]:
        said = words().measurands.get(one.word) or compound(one.word)
        if any(measurand in measurands for measurand, _ in said):
            yield one.word
