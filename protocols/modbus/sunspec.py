"""SunSpec: a chain of self-describing models in the holding registers.

    base "SunS"  base+2 model 1 (common: Mn Md Opt Vr SN)  … ID, L, points …  0xFFFF end

Source: SunSpec Device Information Model Specification v1.1, 6; points from `sunspec.csv`. One rule
keeps it simple: a point that the device marks "not implemented" does not exist.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from protocols.contract import (
    DATA,
    Answer,
    Fact,
    Observation,
    Outcome,
    Point,
    Quality,
    Question,
    Reading,
    Sample,
)
from protocols.modbus.codec import MOST_REGISTERS, parse_items, read_pdu
from protocols.modbus.engineering import code
from protocols.modbus.registers import LAYOUTS, decode
from protocols.modbus.talk import PROTOCOL, SUNSPEC, Talk, argument, unit_of

MARKER = (0x5375, 0x6E53)  # "SunS"
BASES = (40000, 50000, 0)  # zero-based holding addresses, in this order of likelihood
END = 0xFFFF
MOST_MODELS = 64
MOST_READS = 48
COMMON_LENGTHS = (65, 66)
IDENTITY = {"Mn": "vendor", "Md": "model", "Opt": "description", "Vr": "firmware", "SN": "serial"}
TYPES = {
    "acc16": "uint16", "acc32": "uint32", "acc64": "uint64",
    "enum16": "uint16", "enum32": "uint32", "count": "uint16",
    "bitfield16": "uint16", "bitfield32": "uint32", "bitfield64": "uint64",
    "sunssf": "int16",
}  # fmt: skip
UNITS = {"C": "CEL", "Degrees": "DD", "deg": "DD", "mps": "MTS", "meters": "MTR", "HPa": "A97"}
"""Spellings of the models whose meaning differs from the usual one or is not in `engineering`."""
UNITS |= {"ohms": "OHM", "Var": "D44", "Varh": "varh"}


@dataclass(frozen=True, slots=True)
class Row:
    """One point of a model, as the table has it; `size` in registers."""

    name: str
    type: str
    size: int
    sf: str
    units: str
    access: str
    label: str


@dataclass(frozen=True, slots=True)
class Block:
    """Points in sequence; `counted` is "" for the fixed block, a point's name or "*" otherwise."""

    name: str
    counted: str
    rows: tuple[Row, ...]

    @property
    def size(self) -> int:
        """Registers of one repetition."""
        return sum(row.size for row in self.rows)


@dataclass(frozen=True, slots=True)
class Placed:
    """A point at its register: `offset` counts from the first register after ID and L."""

    row: Row
    offset: int
    path: str


@cache
def models() -> dict[int, tuple[Block, ...]]:
    """The known models by number."""
    lines = Path(__file__).with_name("sunspec.csv").read_text("utf-8").splitlines()
    gathered: dict[int, dict[str, list[Row]]] = {}
    for r in csv.DictReader(line for line in lines if not line.startswith("#")):
        row = Row(
            r["name"], r["type"], int(r["size"]), r["sf"], r["units"], r["access"], r["label"]
        )
        gathered.setdefault(int(r["model"]), {}).setdefault(r["repeat"], []).append(row)
    return {
        number: tuple(
            Block(repeat.partition(":")[0], repeat.partition(":")[2], tuple(rows))
            for repeat, rows in blocks.items()
        )
        for number, blocks in gathered.items()
    }


def placed(model: int, words: Sequence[int]) -> Iterator[Placed]:
    """The points of a model's body, as far as the body reaches."""
    offset = 0
    counts: dict[str, int] = {}
    for block in models()[model]:
        room = (len(words) - offset) // max(1, block.size)
        times = 1 if not block.counted else counts.get(block.counted, room)
        for turn in range(min(times, max(1, room))):
            for row in block.rows:
                if offset + row.size > len(words):
                    return
                path = f"{block.name}[{turn + 1}]/" if block.counted else ""
                yield Placed(row, offset, path)
                if row.type in ("count", "uint16"):
                    counts[row.name] = words[offset]
                offset += row.size


def value_of(row: Row, words: Sequence[int]) -> int | float | str | None:
    """The raw value; None where the device says "not implemented" (specification, 5.1)."""
    if row.type == "string":
        value = decode(words, f"string:{2 * row.size}")
        return str(value) or None
    kind = TYPES.get(row.type, row.type)
    if kind not in LAYOUTS:
        return None
    number = decode(words, kind)
    if not isinstance(number, int | float):
        return None
    return None if _not_implemented(row.type, number, 16 * row.size) else number


def _not_implemented(kind: str, number: float, bits: int) -> bool:
    if kind.startswith("float"):
        return not math.isfinite(number)
    if kind.startswith("acc"):
        return number == 0
    if kind.startswith("int") or kind == "sunssf":
        return number == -(1 << bits - 1)
    return number == (1 << bits) - 1


def body(
    model: int, at: int, words: Sequence[int], part: str = "", block: int = 1
) -> Reading[tuple[int, ...]]:
    """A model's body as points and samples; `at` is the holding register of `words[0]`.

    A further common model names what follows it in the same map (a meter beside its inverter): it
    is a part of the device, of which the first one speaks.
    """
    known = list(placed(model, words))
    factors = {
        (p.path, p.row.name): value_of(p.row, words[p.offset :][: p.row.size])
        for p in known
        if p.row.type == "sunssf"
    }
    points, samples = [], []
    for place in known:
        row = place.row
        raw = value_of(row, words[place.offset : place.offset + row.size])
        if raw is None or row.type in ("sunssf", "pad"):
            continue
        value = _scaled(raw, row, place.path, factors)
        if value is None and raw == 0:
            continue  # of a group that is not implemented, without the marks that say so
        address = f"holding:{at + place.offset}"
        quality, status = (
            (Quality.BAD, "scale factor missing") if value is None else (Quality.GOOD, "")
        )
        factor = None if value is None else _factor(row, place.path, factors)
        points.append(_point(model, place, address, part, factor))
        samples.append(Sample(address, value, quality, status, part))
    facts = [Fact("model_id", model, f"sunspec model at holding:{at - 2}", part)]
    if model == 1 and block == 1:
        facts += identity(words, part)
    elif model == 1 and not part:
        facts += identity(words, f"block {block}")
    return Reading(tuple(words), tuple(facts), tuple(points), tuple(samples), items=len(points))


def _point(model: int, place: Placed, address: str, part: str, factor: object) -> Point:
    row = place.row
    return Point(
        address,
        row.name,
        f"sunspec/{model}/{place.path}{row.name}",
        UNITS.get(row.units, code(row.units)),
        row.type,
        row.access,
        part,
        f"sunspec:{model}:{row.name}",
        description=row.label,
        encoding=f"scale=1e{factor:d}" if isinstance(factor, int) and factor else "",
    )


def _scaled(
    raw: int | float | str, row: Row, path: str, factors: Mapping[tuple[str, str], object]
) -> int | float | str | None:
    """The value with its scale factor; None where that factor is missing or absurd."""
    if isinstance(raw, str) or not row.sf:
        return raw
    factor = _factor(row, path, factors)
    if not isinstance(factor, int) or not -10 <= factor <= 10:
        return None
    return float(f"{raw * 10.0**factor:.12g}") if factor else raw


def _factor(row: Row, path: str, factors: Mapping[tuple[str, str], object]) -> object:
    """The power of ten of a point; None where it has none or its factor is missing."""
    if not row.sf:
        return None
    if row.sf.lstrip("-").isdigit():
        return int(row.sf)
    return factors.get((path, row.sf), factors.get(("", row.sf)))


def identity(words: Sequence[int], part: str = "") -> tuple[Fact, ...]:
    """The identity in a common model's body."""
    facts = []
    for place in placed(1, words):
        value = value_of(place.row, words[place.offset : place.offset + place.row.size])
        if place.row.name in IDENTITY and value:
            source = f"sunspec model 1 {place.row.name}"
            facts.append(Fact(IDENTITY[place.row.name], value, source, part))
    return tuple(facts)


async def marker(talk: Talk, unit: int, base: int, part: str) -> tuple[int, int] | None:
    """ID and length of the first model where the marker stands at `base`, else None."""

    def parse(data: bytes) -> Reading[tuple[int, ...]]:
        words = parse_items(data, "holding", 4)
        if words[:2] == MARKER:
            return Reading(words, items=1)
        return Reading(words, outcome=Outcome.EMPTY, reason="no_marker", items=0)

    pdu = read_pdu("holding", base, 4)
    answer = await talk.ask(unit, SUNSPEC, f"marker holding:{base}", pdu, parse, part=part)
    found = answer.outcome in DATA and answer.value
    return (found[2], found[3]) if found else None


async def common(talk: Talk, unit: int, part: str) -> None:
    """Marker and common model at the usual base: the identity of a device without 43/14."""
    head = await marker(talk, unit, BASES[0], part)
    if head and head[0] == 1 and head[1] in COMMON_LENGTHS:
        await _model(talk, unit, part, 1, BASES[0] + 4, head[1])


@dataclass(frozen=True, slots=True)
class Piece:
    """One read of a model: `before` is what earlier reads gave of its `total` registers."""

    model: int
    at: int
    length: int
    total: int
    before: tuple[int, ...]
    part: str
    block: int = 1  # how many common models the chain has had, this one included

    @property
    def count(self) -> int:
        return min(MOST_REGISTERS, self.total - len(self.before))

    def parse(self, data: bytes) -> Reading[tuple[int, ...]]:
        words = self.before + parse_items(data, "holding", self.count)
        if len(words) < self.total:
            return Reading(words, outcome=Outcome.PARTIAL, reason="more_follows")
        if self.model not in models():
            return Reading(words)
        whole = body(self.model, self.at, words[: self.length], self.part, self.block)
        return Reading(words, whole.facts, whole.points, whole.samples, items=whole.items)

    async def ask(self, talk: Talk, unit: int) -> Answer[tuple[int, ...] | None]:
        first = self.at + len(self.before)
        pdu = read_pdu("holding", first, self.count)
        what = f"model {self.model} holding:{first}-{first + self.count - 1}"
        return await talk.ask(unit, SUNSPEC, what, pdu, self.parse, part=self.part)


async def _model(
    talk: Talk, unit: int, part: str, model: int, at: int, length: int, block: int = 1
) -> tuple[int, int] | None:
    """Read a model's body and the head that follows it; None where that cannot be had."""
    # A chain without its end mark refuses the read beyond the last model, and one that announces
    # more than the model has may hold what the specification says.
    standard = sum(block.size for block in models()[model] if not block.counted)
    lengths = [(length, 2), (length, 0)] + [(standard, 0)] * (0 < standard < length)
    for length, tail in lengths:
        words: tuple[int, ...] = ()
        outcome = Outcome.COMPLETE
        while len(words) < length + tail and outcome in DATA:
            piece = Piece(model, at, length, length + tail, words, part, block)
            answer = await piece.ask(talk, unit)
            outcome, words = answer.outcome, answer.value or words
        if outcome in DATA:
            return (words[length], words[length + 1]) if tail else None
        if outcome is not Outcome.EMPTY:
            return None
    return None


async def _head(talk: Talk, unit: int, part: str, at: int) -> tuple[int, int] | None:
    """ID and length of a model, read alone after one that was skipped."""

    def parse(data: bytes) -> Reading[tuple[int, ...]]:
        return Reading(parse_items(data, "holding", 2), items=1)

    pdu = read_pdu("holding", at, 2)
    answer = await talk.ask(unit, SUNSPEC, f"head holding:{at}", pdu, parse, part=part)
    return (answer.value[0], answer.value[1]) if answer.value else None


def has_none(heard: Sequence[Observation], unit: int) -> bool:
    """Whether the unit said that it has no holding registers at all."""
    asked = (o for o in heard if o.question.operation == SUNSPEC and unit_of(o) == unit)
    return any(o.reason == "illegal_function" for o in asked)


def refused_before(heard: Sequence[Observation], unit: int, base: int) -> bool:
    """Whether the marker was already looked for at that base, in vain."""
    mark = f"marker holding:{base}"
    asked = (o for o in heard if o.question.operation == SUNSPEC and unit_of(o) == unit)
    return any(o.question.argument.endswith(mark) and o.outcome not in DATA for o in asked)


async def walk(talk: Talk, unit: int, part: str) -> bool:
    """All models of the chain; False where no marker stands. Bounded in models and reads."""
    head, at = None, 0
    for base in BASES:
        if not talk.alive or talk.failing or has_none(talk.link.heard, unit):
            return False
        if not refused_before(talk.link.heard, unit, base):
            head, at = await marker(talk, unit, base, part), base + 2
        if head is not None:
            break
    if head is None:
        return False
    reserve, block = talk.left - MOST_READS, 0
    for _ in range(MOST_MODELS):
        model, length = head
        end = at + 2 + length
        if model == END or not talk.alive or talk.left <= reserve:
            break
        if end + 2 > 0x1_0000 or length == 0:
            detail = f"model {model} at holding:{at} announces {length} registers"
            question = Question(PROTOCOL, SUNSPEC, part, argument(unit, part, "chain"))
            talk.link.note(question, Outcome.GARBLED, detail=detail)
            break
        block += model == 1
        if model in models():
            following = await _model(talk, unit, part, model, at + 2, length, max(block, 1))
        else:
            following = await _head(talk, unit, part, end)
        if following is None:
            break
        head, at = following, end
    return True
