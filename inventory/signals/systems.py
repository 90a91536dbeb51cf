"""Naming systems: what the code of a tag says by itself, before any word of it is looked up.

One rule keeps it simple: a code that follows a system is read by that system alone, and what it has
no letter for is not said (ANSI/ISA-5.1; KKS, VGB-B 105; RDS-PP, ISO 81346-2; IEC 61850-7-4).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from inventory.judge.openness import document
from inventory.signals.words import fold

PARTS = re.compile(r"[./\\\\:]+")
WORD = re.compile(r"\d+|[^\W\d_]+")

_KKS = r"(?<![A-Z0-9])\d{0,2}[A-Z]{3}\d{2}"
KKS_TAG = re.compile(rf"{_KKS}[ _-]?C([TPFLSGYMEQ])\d{{3}}(?:[ ._-]?([XYZ][A-Z])\d{{2}})?")
"""A measuring circuit, and the signal of it that is meant ("10LAB20CT001 XQ01")."""
RDS_TAG = re.compile(rf"{_KKS}[ ._-]{{0,2}}B([TPFLSGMEQ])\d{{1,3}}(?!\d)")
"""The same in the letters of ISO 81346-2 ("=MDK20 BT001")."""
ANALOGUE = "XQ"
"""The signal of a circuit that is its value; others are limits, commands and what is derived."""
ISA = re.compile(
    r"(?<![A-Za-z])([AFIJLPSTVWZ])(D?)([TIECRY]{1,3}|[IR]C?S?A|[IR]C?S)"
    r"[-_ .]?(\d{2,5}[A-Z]?)(?![A-Za-z0-9]{3})"
)
"""What is shown or recorded has a value, with switches and alarms too (DIN 19227: "PRSA")."""
ISA_SUFFIX = re.compile(
    r"(?<![A-Za-z0-9])\d{2,5}[-_ .]?(?!V(?:CC|CA|AC)(?![A-Za-z]))"
    r"([AFIJLPSTVWZ])(D?)([TIECRY]{1,3})(?![A-Za-z])"
)
"""The number first; "125VCC" is a voltage by its size."""
ISA_SWITCH = re.compile(r"(?<![A-Za-z])[AFIJLPSTVWZ]D?(?:S[HL]{0,2}|A[HL]{1,2})[-_ .]?\d{2,5}")
ISA_TOTAL = re.compile(r"(?<![A-Za-z])[FJW]Q[IT]?[-_ .]?\d{2,5}")
CONTROLLER_OUTPUT = frozenset({"cv", "co", "op", "out", "mv", "output"})
"""What a controller gives; "CV" is the current value of a tag that controls nothing."""
RESISTANCE_SENSOR = re.compile(r"(?<![A-Za-z])PT[-_ ]?(?:100|500|1000)(?![0-9])", re.IGNORECASE)
NODE = re.compile(r"(?<![A-Z])([A-Z][A-Z0-9]{3})(\d{0,3})(?=[.$/])")
"""What may be a logical node of IEC 61850 with its number ("MMXU1.A.phsA")."""
CONSTRAINTS = frozenset({"MX", "ST", "CF", "SP", "DC", "EX", "CO", "SG", "SV", "OR", "BL"})


@dataclass(frozen=True, slots=True)
class Tag:
    """What a tag says by a naming system."""

    measurand: str = ""  # "" where its letters say none of ours
    kind: str = ""  # "" a measurement; parameter, doubtful
    letters: str = ""  # of ISA-5.1, where they mean something else as often
    rest: str = ""  # the name without those letters
    whole: bool = False  # the system says it all: what its words mean elsewhere is nothing to it


def find_tag(text: str) -> Tag | None:
    """The tag that a name holds, by the system that it follows; None where it follows none."""
    return _node(text) or _circuit(text) or _loop(text)


def _circuit(text: str) -> Tag | None:
    """KKS and RDS-PP."""
    table = document("names")["kks"]
    found = KKS_TAG.search(text)
    if found is None:
        other = RDS_TAG.search(text)
        return Tag(_ours(table[other[1]])) if other else None
    return Tag(_ours(table[found[1]]), "" if found[2] in (None, ANALOGUE) else "doubtful")


def _loop(text: str) -> Tag | None:
    """ISA-5.1: the letter of what is measured, and letters of what is done with it."""
    if RESISTANCE_SENSOR.search(text):
        return None
    table = document("names")["isa"]
    found = ISA.search(text) or ISA_SUFFIX.search(text)
    if found is None or of_another(text[found.end() :], found[3]):
        return None
    name, letters = table[found[1]], found[1] + found[2] + found[3]
    if "Y" in found[3] or (found[2] and name != "pressure"):
        return Tag()  # a converter's or a computer's; the difference of two
    if letters in table["ambiguous"]:
        return Tag(name, letters=letters, rest=text.replace(found[0], " "))
    return Tag(_ours(name))


def _ours(name: str) -> str:
    return "" if name in ("analysis", "weight", "electrical") else name


def of_another(rest: str, functions: str = "") -> bool:
    """Whether a path goes on after a tag to something that is not the tag's own value: "PC_01.Run",
    "LIC101/OUT". The part after the tag says what it is, if anything does."""
    parts = [part for part in PARTS.split(rest)[1:] if part]
    if not parts:
        return False
    own = "".join(map(fold, WORD.findall(parts[-1])))
    if "C" in functions and own in CONTROLLER_OUTPUT:
        return True
    return own not in document("names")["isa"]["attributes"]


def _node(text: str) -> Tag | None:
    """IEC 61850: the object of a logical node says what is measured, and its attributes whether
    they are the value or something about it."""
    table = document("names")["iec61850"]
    for found in NODE.finditer(text):
        if found[1] not in table["nodes"]:
            continue
        path = [part for part in re.split(r"[.$/]", text[found.end() + 1 :]) if part]
        path = path[1:] if path and path[0] in CONSTRAINTS else path
        measurand = table["objects"].get(path[0], "") if path else ""
        if not measurand or found[1] not in table["measuring"]:
            return Tag(kind="doubtful", whole=True)
        value = set(path[1:]) <= set(table["values"])
        return Tag(measurand, "" if value else "parameter", whole=True)
    return None
