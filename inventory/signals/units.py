"""Engineering units: code or symbol to dimension, and nothing when it is not known.

One rule keeps it simple: try the UNECE code, then the exact symbol, then the symbol without case;
an ambiguous symbol keeps the dimension that all its codes share, else it is unknown.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

COMMENT = "#"


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: UNECE Recommendation 20 code and dimension."""

    code: str
    dimension: str


def rows(name: str) -> list[dict[str, str]]:
    """Rows of a bundled CSV table; lines that begin with # are its header of sources."""
    text = files("inventory").joinpath(f"data/{name}").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith(COMMENT)]
    return list(csv.DictReader(lines))


@cache
def _tables() -> tuple[dict[str, Unit], dict[str, set[Unit]], dict[str, set[Unit]]]:
    codes: dict[str, Unit] = {}
    exact: dict[str, set[Unit]] = {}
    folded: dict[str, set[Unit]] = {}
    for row in rows("units.csv"):
        unit = Unit(row["code"], row["dimension"])
        codes[unit.code] = unit
        for symbol in row["symbols"].split():
            exact.setdefault(symbol, set()).add(unit)
            folded.setdefault(symbol.casefold(), set()).add(unit)
    return codes, exact, folded


@lru_cache(maxsize=4096)
def unit_of(text: str) -> Unit | None:
    """The unit that a code or a symbol means; None for none, or for an ambiguous one."""
    text = text.strip()[:40]
    if not text:
        return None
    codes, exact, folded = _tables()
    if text in codes:
        return codes[text]
    found = exact.get(text) or folded.get(text.casefold()) or set()
    return next(iter(found)) if len(found) == 1 else None


@cache
def _symbols() -> dict[str, str]:
    found = {row["code"]: row["symbols"].split()[0] for row in rows("units.csv") if row["symbols"]}
    return {code: symbol for code, symbol in found.items() if unit_of(symbol) == _tables()[0][code]}


def spoken(text: str) -> str:
    """A unit as people write it: the symbol of a UNECE code, any other text as it is."""
    return _symbols().get(text, text)


BRACKETED = re.compile(r"\s*[\[(]\s*([^\s\])]{1,12})[^\])]{0,8}[\])]\s*$")
UNDERSCORED = re.compile(
    r"_((?:m?bar|[km]pa|psi|k[wv]|[km]wh|kva|kvar|rpm|hz|degc|°c|u/min|l/min|m³/h|m3/h))$",
    re.IGNORECASE,
)
"""Symbols at the end of a tag that are no place, phase or statistic ("_in", "_A", "_min")."""
AFTER_IN = re.compile(r"\s+in\s+(\S{1,8})\s*$")


def stated_unit(name: str) -> tuple[str, str]:
    """A name without the unit at its end ("Flow [m3/h]", "Pressure in bar", "Druck_bar"), and that
    unit."""
    for form in (BRACKETED, AFTER_IN, UNDERSCORED):
        found = form.search(name)
        if found and dimension(found[1]):
            return name[: found.start()], found[1]
    return name, ""


def dimension(text: str) -> str:
    """Dimension of a unit, or "" when there is none or it is not known."""
    unit = unit_of(text)
    return unit.dimension if unit else ""


@lru_cache(maxsize=4096)
def other_dimension(text: str) -> str:
    """What a text means as a symbol where it is a code of something else too, or "": "PS" is the
    code of psi, and how Germans write horse power."""
    codes, exact, _ = _tables()
    text = text.strip()
    found = exact.get(text, set()) - {codes[text]} if text in codes else set()
    return next(iter(found)).dimension if len(found) == 1 else ""
