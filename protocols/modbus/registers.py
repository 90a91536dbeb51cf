"""Registers to values: data types, word order, byte order.

One rule keeps it simple: a value that is not a number comes back as None with a word that says so;
nothing here guesses an order.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

from protocols._cursor import text
from protocols.contract import Quality, Value, natural

LAYOUTS = {
    "uint16": ">H",
    "int16": ">h",
    "uint32": ">I",
    "int32": ">i",
    "uint64": ">Q",
    "int64": ">q",
    "float32": ">f",
    "float64": ">d",
}
BCD = {"bcd16": 1, "bcd32": 2, "bcd64": 4}  # four decimal digits a register, highest first
MOST_TEXT = 250  # bytes: what one read can carry
HUGE, TINY = 1e12, 1e-12  # a process value beyond these is a misread float


def size(kind: str) -> int | None:
    """Registers (or bits) that a type takes; None for a type that is not known.

    `string:N` holds N bytes; `bit` is a whole coil or the lowest bit of a register, `bit:N` is
    bit N of a register, `bcdN` is decimal digits of four bits each.
    """
    if kind in LAYOUTS:
        return struct.calcsize(LAYOUTS[kind]) // 2
    if kind in BCD:
        return BCD[kind]
    name, _, number = kind.partition(":")
    if name == "bit":
        return 1 if not number or natural(number, 15) is not None else None
    if name == "string" and (length := natural(number, MOST_TEXT)):
        return (length + 1) // 2
    return None


def decode(
    words: Sequence[int], kind: str, word_order: str = "big", byte_order: str = "big"
) -> Value:
    """The raw value of a type; floats may be not finite, and digits that are none are NaN.

    `words` has exactly `size(kind)` items.
    """
    name, _, number = kind.partition(":")
    if name == "bit":
        return words[0] >> int(number or 0) & 1
    raw = _bytes(words, word_order, byte_order)
    if name == "string":
        return text(raw[: int(number)])
    if name in BCD:
        digits = raw.hex()
        return int(digits) if digits.isdecimal() else math.nan
    value: int | float = struct.unpack(LAYOUTS[kind], raw)[0]
    return value


def _bytes(words: Sequence[int], word_order: str, byte_order: str) -> bytes:
    ordered = words if word_order == "big" else words[::-1]
    return struct.pack(f"{'<' if byte_order == 'little' else '>'}{len(words)}H", *ordered)


def scaled(value: Value, scale: float, offset: float) -> tuple[Value, Quality, str]:
    """The engineering value with its quality and the reason of a bad one."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return value, Quality.GOOD, ""
    if isinstance(value, float) and not math.isfinite(value):
        return None, Quality.BAD, "NaN" if math.isnan(value) else "Infinity"
    if (scale, offset) == (1.0, 0.0):
        return value, Quality.GOOD, ""
    # Twelve digits keep what 64 bits of register can mean and drop the noise of binary fractions.
    return float(f"{value * scale + offset:.12g}"), Quality.GOOD, ""


def implausible(value: Value) -> bool:
    """Whether a float can hardly be a measured value: not finite, enormous or vanishing."""
    if not isinstance(value, float) or value == 0:
        return False
    return not math.isfinite(value) or abs(value) > HUGE or abs(value) < TINY


def at_limit(value: Value, kind: str) -> bool:
    """Whether an integer is the greatest or least of its type: many devices say so that they have
    no value. Zero is the least of an unsigned one and means zero."""
    if not isinstance(value, int) or kind not in LAYOUTS or kind.startswith("float"):
        return False
    bits = 8 * struct.calcsize(LAYOUTS[kind])
    if kind.startswith("u"):
        return value == (1 << bits) - 1
    return value in (-(1 << bits - 1), (1 << bits - 1) - 1)


def looks_swapped(words: Sequence[int], kind: str) -> bool | None:
    """Whether two-register values make sense only with their words exchanged; None: cannot tell.

    A float is told by its size. A 32-bit integer is told by an empty low word under a filled high
    word: a multiple of 65 536, which a count or a power rarely is.
    """
    if kind == "float32" and any(words):
        given, other = decode(words, kind), decode(words, kind, "little")
        if implausible(given) == implausible(other):
            return None
        return implausible(given)
    if kind in ("uint32", "int32") and any(words) and 0 in words and words[0] != words[1]:
        return words[1] == 0
    return None
