"""What the names of a listing say together that none of them says alone.

One rule keeps it simple: a word that a plant uses for a machine, a line or a tank gives no evidence
of what is measured there, and where other names show that it is used so, it loses its vote; what is
left may be the value of another word, or is open. A habit takes away, but for letters of a tag.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from inventory.signals.compounds import compound
from inventory.signals.folders import folder_of
from inventory.signals.habits import (
    Prefix,
    follow_types,
    gaps,
    is_strange,
    names_of_things,
    said_of_values,
    tagged,
    votes,
    words_of,
)
from inventory.signals.points import (
    DOUBTFUL,
    NAME_ONLY,
    NONE,
    SCORES,
    UNIT_AND_NAME,
    Meaning,
    is_binary,
    measure,
)
from inventory.signals.systems import find_tag, of_another
from inventory.signals.words import repair, words
from protocols.contract import Point

LOOP_LETTERS = frozenset({"PI", "TI", "LI", "PE", "LE"})
"""Letters that are a controller, a time or a lamp elsewhere, and a loop's beside tags of loops."""
MARK = re.compile(r"[ _-]")
NO_NUMBER = re.compile(r"(?:[bxtes]|dt)[A-ZÀ-Þ]")
"""How a bool, a time, an enumeration, a text or a date is called where types lead the names."""
LONGEST_KEPT = 512
"""Points of a listing that is remembered by its names."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a listing says of its words and letters."""

    things: frozenset[Prefix]
    said_of_values: frozenset[Prefix]
    tagged: frozenset[str]  # names that hold a tag, where they follow ISA-5.1
    typed: bool  # names begin with the letter of their type ("fTemperature", "bRunning")

    def __bool__(self) -> bool:
        return bool(self.things or self.said_of_values or self.tagged or self.typed)

    def again(self, point: Point, meaning: Meaning, contradicted: frozenset[str]) -> Meaning:
        """What a point measures, without the votes of words that have none here."""
        if any(gap.between in self.said_of_values for gap in gaps(point.name)):
            return replace(meaning, kind=DOUBTFUL)
        if self.typed and NO_NUMBER.match(point.name) and not is_binary(meaning.measurand):
            return replace(meaning, kind=DOUBTFUL)
        if meaning.match == UNIT_AND_NAME:
            return meaning
        if self.tagged:
            meaning = self._of_a_loop(point, meaning)
        said = {meaning.measurand, *meaning.candidates}
        for vote in votes(_full(point)):
            if vote.prefix in self.things and not vote.own and not vote.measurands.isdisjoint(said):
                return measure(replace(point, name=vote.rest, path=""))
        voting = list(_voting(point.name, (meaning.measurand,)))
        if voting and contradicted.issuperset(voting):
            return _voteless(meaning)
        return meaning

    def _of_a_loop(self, point: Point, meaning: Meaning) -> Meaning:
        """What a tag of ISA-5.1 measures where others show that the listing follows it: letters
        that mean something else as often are the loop's, and a name that goes on behind another
        name of the listing is about that."""
        tag = find_tag(repair(point.name))
        if tag is None or not tag.measurand:
            return meaning
        if tag.letters in LOOP_LETTERS and not meaning.dimension and not meaning.measurand:
            score = SCORES[NAME_ONLY]
            meaning = replace(meaning, measurand=tag.measurand, match=NAME_ONLY, score=score)
        for mark in MARK.finditer(point.name):
            more = point.name[mark.end() :]
            if point.name[: mark.start()] in self.tagged and of_another(f".{more}"):
                return _voteless(meaning) if is_strange(more) else meaning
        return meaning


def reread(points: Sequence[Point], alone: Sequence[Meaning]) -> tuple[Meaning, ...]:
    """What each point measures, its name read beside all others; `alone` is what each says by
    itself. Only what rests on a name can change, and a unit outweighs the name of a thing."""
    open_ones = [place for place, meaning in enumerate(alone) if _rests_on_a_name(meaning)]
    if not open_ones or len(points) == 1:
        return tuple(alone)
    names = tuple([point.name for point in points])
    settled = all(alone[place].match == UNIT_AND_NAME for place in open_ones)
    texts = () if settled else tuple([_full(point) for point in points])
    heard = _hear(names, texts) if len(names) <= LONGEST_KEPT else _hear.__wrapped__(names, texts)
    contradicted = _contradicted(points, alone)
    if not heard and not contradicted:
        return tuple(alone)
    found = list(alone)
    for place in open_ones:
        found[place] = heard.again(points[place], alone[place], contradicted)
    return tuple(found)


def _voteless(meaning: Meaning) -> Meaning:
    """What a point measures whose words give no evidence of anything: not classified, so that it
    may be any signal that its unit, if it has one, allows (domain model 4.4)."""
    return replace(meaning, measurand="", match=NONE, score=0.0, candidates=(), vague=False)


def _rests_on_a_name(meaning: Meaning) -> bool:
    """Whether other names can make a difference to what a point measures."""
    if meaning.kind or not meaning.process:
        return False
    if not meaning.measurand:
        return bool(meaning.candidates) and not meaning.conflict
    return meaning.match in (NAME_ONLY, UNIT_AND_NAME)


@lru_cache(maxsize=256)
def _hear(names: tuple[str, ...], texts: tuple[str, ...]) -> _Heard:
    """The same for all devices whose points are called alike. No names of things are looked for
    where no texts are given: units settle what those would vote for."""
    spoken = frozenset(names)
    return _Heard(
        names_of_things(frozenset(texts)),
        said_of_values(spoken),
        tagged(spoken),
        follow_types(spoken),
    )


def _full(point: Point) -> str:
    """A name behind the folder that it lies in, as tags of parts are written."""
    folder = folder_of(point.name, point.path) if point.path else ""
    return f"{folder}/{point.name}" if folder else point.name


def _contradicted(points: Sequence[Point], alone: Sequence[Meaning]) -> frozenset[str]:
    """Words that vote for a measurand which the units of values so called contradict more often
    than they support it."""
    if not any(meaning.conflict for meaning in alone):
        return frozenset()
    against: Counter[str] = Counter()
    for point, meaning in zip(points, alone, strict=True):
        if not point.unit:
            continue  # one that stands in a name may be a word of it
        if meaning.conflict:
            against.update(set(_voting(point.name, meaning.candidates)))
        elif meaning.match == UNIT_AND_NAME:
            against.subtract(set(_voting(point.name, (meaning.measurand,))))
    return frozenset(word for word, count in against.items() if count > 0)


def _voting(name: str, measurands: Sequence[str]) -> Iterator[str]:
    """The words of a name that vote for one of the measurands."""
    for one in words_of(name)[1]:
        said = words().measurands.get(one.word) or compound(one.word)
        if any(measurand in measurands for measurand, _ in said):
            yield one.word
