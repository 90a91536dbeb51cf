"""SunSpec models that were read before, read once more: what a sample over a window asks.

One rule keeps it simple: what was found is read from what was heard, as everything else is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from protocols.contract import DATA, Observation, Outcome
from protocols.modbus.sunspec import Piece
from protocols.modbus.talk import SUNSPEC, Talk, unit_of


@dataclass(frozen=True, slots=True)
class Carried:
    """A model that a unit was found to carry: where its body begins, and how far it was read."""

    unit: int
    part: str
    model: int
    at: int
    total: int


def found(heard: Sequence[Observation]) -> tuple[Carried, ...]:
    """The measuring models that were read before, from what was heard."""
    carried: dict[tuple[int, int], Carried] = {}
    start: int | None = None
    for item in heard:
        words = item.question.argument.split()[-3:]
        unit = unit_of(item)
        asked = item.question.operation == SUNSPEC and len(words) == 3 and words[0] == "model"
        if not asked or unit is None or item.outcome not in DATA:
            continue
        first, last = (int(number) for number in words[2].removeprefix("holding:").split("-"))
        start = first if start is None else start
        if item.outcome is Outcome.PARTIAL:
            continue
        model = int(words[1])
        if item.points and model != 1:
            carried[unit, start] = Carried(unit, item.question.part, model, start, last + 1 - start)
        start = None
    return tuple(carried.values())


async def again(talk: Talk, carried: Carried) -> None:
    """Read one model once more; the head of the next model is left out of its body."""
    words: tuple[int, ...] = ()
    length = carried.total - 2
    while len(words) < length:
        piece = Piece(carried.model, carried.at, length, length, words, carried.part)
        value = (await piece.ask(talk, carried.unit)).value
        if value is None:
            return
        words = value
