"""From a finding's premises to the observations that prove them, each shown once.

One rule keeps it simple: the first gap that cites an observation shows it, later ones point there;
how many and how long is bounded, and what was cut is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inventory.model import Because, Finding
from inventory.outputs.records import time
from inventory.outputs.report.page import Premise, Proof
from protocols.contract import EXCERPT_BYTES, Observation

if TYPE_CHECKING:
    from inventory.store import Store

MOST = 600
"""Observations that a report shows."""
BUDGET = 48_000
"""Bytes of answers that a report shows in all, at most 512 of one; a dump is four times that."""
LEAST = 48
LINE = 16


@dataclass(slots=True)
class Proofs:
    """The observations that a report shows."""

    known: Mapping[str, Observation]
    excerpt: int
    shown: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, store: Store, findings: Iterable[Finding]) -> Proofs:
        """Reads what the findings cite, the most valuable ones' first."""
        ids = dict.fromkeys(
            item.observation for one in findings for item in one.because if item.observation
        )
        wanted = list(ids)[:MOST]
        known = {one.id: one for one in store.cited(wanted)}
        share = BUDGET // max(len(known), 1)
        return cls(known, max(LEAST, min(EXCERPT_BYTES, share // LINE * LINE)))

    def premise(self, item: Because) -> Premise:
        """One premise with its proof, a pointer to it, or the text alone."""
        found = self.known.get(item.observation)
        if found is None:
            named = item.observation or item.declaration
            link = f"untrap show {named[:13]}" if named else ""
            return Premise(item.text, item.outcome, None, link)
        if item.observation in self.shown:
            return Premise(item.text, item.outcome, None, f"#o-{item.observation[:13]}")
        self.shown.add(item.observation)
        return Premise(item.text, item.outcome, proof(found, self.excerpt))


def proof(one: Observation, most: int = EXCERPT_BYTES) -> Proof:
    """One observation as people check it."""
    asked, target = one.question, one.target
    question = " ".join(
        text for text in (asked.protocol, asked.operation, asked.part, asked.argument) if text
    )
    return Proof(
        one.id,
        question,
        f"{target.address} {target.transport}/{target.port}",
        one.outcome.value,
        one.reason,
        time(one.time) or "",
        one.detail,
        dump(one.raw[:most]),
        max(len(one.raw) - most, 0),
    )


def dump(raw: bytes) -> str:
    """Hexadecimal beside printable characters, sixteen bytes a line."""
    lines = []
    for start in range(0, len(raw), LINE):
        part = raw[start : start + LINE]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{start:04x}  {part.hex(' '):<47}  {shown}")
    return "\n".join(lines)
