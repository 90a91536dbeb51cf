"""The habits of a listing: how its names use words, whatever each of them says.

One rule keeps it simple: a habit is shown by several names and by none alone, and is the same in
whatever order they come; every name is looked at once, and a few words of it only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from inventory.signals.compounds import compound
from inventory.signals.names import STATES, is_known, read_name
from inventory.signals.systems import find_tag, of_another
from inventory.signals.tokens import Piece, pieces
from inventory.signals.words import STRONG, repair, words

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
FEWEST_LOOPS = 5
"""Tags by which a listing follows ISA-5.1."""
MOST_NAMES = 0.8
"""The part of all names that begin with the letter of a type where a plant writes them so."""
TYPED_NAME = re.compile(r"(?:[bxfrniwtesdl]|d[wti]|ar|st|by|u[id]|lr)[A-ZÀ-Þ]")
"""IEC 61131-3 variables as TwinCAT and CODESYS users write them: bool, float, int, time, enum."""
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
class Gap:
    """A word or two of a name, and what stands around them; numbers and measurands alike."""

    around: Prefix
    between: Prefix
    bare: Prefix  # the name without them
    own: bool  # they mean the value itself ("ACTUAL")


def follow_types(names: Iterable[str]) -> bool:
    """Whether names begin with the letter of their type ("fTemperature", "bRunning")."""
    listed = list(names)
    return sum(bool(TYPED_NAME.match(name)) for name in listed) > MOST_NAMES * len(listed)


def tagged(names: frozenset[str]) -> frozenset[str]:
    """The names that hold a tag of ISA-5.1, where enough of them do, for several measurands."""
    found = {name: tag for name in names if (tag := find_tag(repair(name))) and tag.measurand}
    clear = [tag.measurand for tag in found.values() if not tag.letters]
    if len(clear) < FEWEST_LOOPS or len(set(clear)) < FEWEST_MEASURANDS:
        return frozenset()
    return frozenset(found)


# --- names of things -----------------------------------------------------------------------


@lru_cache(maxsize=65_536)
def votes(name: str) -> tuple[Vote, ...]:
    """The beginnings of a name that end in a word of a measurand, but where that word and the next
    are one ("flow rate"), and nothing behind it."""
    text, found = words_of(name)
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
        if joined in known.joined:
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


def names_of_things(texts: Iterable[str]) -> frozenset[Prefix]:
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
    return len(repeated) >= FEWEST_INSTANCES and any(map(is_strange, repeated))


@lru_cache(maxsize=16_384)
def _clear(text: str) -> frozenset[str]:
    """The one quantity that a text speaks of, or none."""
    said = read_name(text)
    names = {name for name, score in said.scores if score >= STRONG}
    if said.kind or said.unclear or len(names) != 1:
        return frozenset()
    return frozenset(names - STATES)


@lru_cache(maxsize=16_384)
def is_strange(text: str) -> bool:
    """Whether a word of a text is in no list of ours."""
    return any(_is_unknown(one.word) for one in words_of(text)[1])


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
def words_of(name: str) -> tuple[str, tuple[Piece, ...]]:
    """A name, repaired, and its words; none where they are too many."""
    text, found = pieces(repair(name))
    return text, found if len(found) <= MOST_PIECES else ()


# --- what is said of a value, and what units contradict --------------------------------------


def said_of_values(names: Iterable[str]) -> frozenset[Prefix]:
    """Words that nobody knows and that stand, between the same others, where names have "alarm" or
    "limit", beside the value itself: they say something of it, as those do ("MOTOR_TEMP",
    "MOTOR_ALM_TEMP", "MOTOR_XYZ_TEMP"). Where no name has the value, they may mean that."""
    spelled = {_spelled(name) for name in names}
    of_a_kind: set[Prefix] = set()
    with_a_value: set[Prefix] = set()
    stand: dict[Prefix, set[Prefix]] = {}
    for gap in (gap for name in names for gap in gaps(name)):
        if gap.bare in spelled or gap.own:
            with_a_value.add(gap.around)
        if _names_a_kind(gap.between):
            of_a_kind.add(gap.around)
        elif not gap.own:
            stand.setdefault(gap.between, set()).add(gap.around)
    shown = of_a_kind & with_a_value
    return frozenset(
        between for between, around in stand.items() if len(around & shown) >= FEWEST_FRAMES
    )


@lru_cache(maxsize=65_536)
def gaps(name: str) -> tuple[Gap, ...]:
    """One or two words of a name, behind the first, that nobody knows or that all name a kind or
    the value itself; of names that speak of a measurand."""
    found = words_of(name)[1]
    spelled = _spelled(name)
    if not any(one.word in words().measurands or compound(one.word) for one in found):
        return ()
    listed = []
    for start in range(1, len(found)):
        for end in range(start + 1, min(start + LONGEST_GAP, len(found)) + 1):
            between = tuple(one.word for one in found[start:end])
            own = not of_another(f".{' '.join(between)}")
            if own or all(map(_is_unknown, between)) or _names_a_kind(between):
                bare = spelled[:start] + spelled[end:]
                listed.append(Gap((*spelled[:start], "*", *spelled[end:]), between, bare, own))
    return tuple(listed)


def _spelled(name: str) -> Prefix:
    return tuple([_meant(one.word) for one in words_of(name)[1]])


def _meant(word: str) -> str:
    """A word, or the first word for what it measures: "TMP" and "TEMP" are one. No number."""
    if word.isdecimal():
        return "#"
    said = words().measurands.get(word, ())
    return said[0][0] if len(said) == 1 else word


@lru_cache(maxsize=16_384)
def _names_a_kind(between: Prefix) -> bool:
    return all(word in words().kinds for word in between)
