"""Which rule versions changed what: the findings of a site under the rules of then and of now.

One rule keeps it simple: a change is put down to a rule's version only when nothing else changed,
so that the same records were judged twice; a new scan is no change of rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

GONE, NEW, ASKED, GRADED = "gone", "new", "now a question", "graded otherwise"
MORE, SETTLED = "a new question", "no longer asked"
MOST = 10_000
"""Changes that are kept; the rest is counted by nobody."""

Key = tuple[str, str, str]
"""Rule, asset and subject of a finding or an open question."""


@dataclass(frozen=True, slots=True)
class Said:
    """A finding, or an open question, as far as a comparison needs it."""

    asset_name: str = field(compare=False)  # another name is no other word of a rule
    severity: str = ""  # "" of a question
    confidence: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What another version of a rule says of one asset."""

    rule: str
    before: int  # version; 0 for a rule that did not exist
    after: int  # version; 0 for a rule that no longer exists
    asset: str
    asset_name: str
    subject: str
    what: str  # one of the six words above
    text: str = ""  # severity and confidence, then and now


def changed_rules(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[str, ...]:
    """Rules whose version differs, in order."""
    return tuple(
        sorted(name for name in {*before, *after} if before.get(name, 0) != after.get(name, 0))
    )


def compare(
    versions: tuple[Mapping[str, int], Mapping[str, int]],
    said: tuple[Mapping[Key, Said], Mapping[Key, Said]],
) -> tuple[Change, ...]:
    """What the rules that changed say otherwise: `said` are findings and open questions, then and
    now."""
    (old, new), (then, now) = versions, said
    changes = []
    for key in sorted({*then, *now}):
        was, is_ = then.get(key), now.get(key)
        if was == is_:
            continue
        rule, asset, subject = key
        one = is_ or was
        assert one is not None  # noqa: S101  (one of the two held it)
        graded = [item for item in (was, is_) if item and item.severity]
        grades = " -> ".join(f"{item.severity}/{item.confidence}" for item in graded)
        changes.append(
            Change(
                rule, old.get(rule, 0), new.get(rule, 0), asset, one.asset_name, subject,
                _what(was, is_), grades,
            )
        )  # fmt: skip
    return tuple(changes[:MOST])


def _what(was: Said | None, is_: Said | None) -> str:
    found, finds = bool(was and was.severity), bool(is_ and is_.severity)
    if finds:
        return GRADED if found else NEW
    if found:
        return ASKED if is_ else GONE
    return MORE if is_ else SETTLED


def summary(changes: Iterable[Change]) -> list[str]:
    """One line per rule: what its other version changed."""
    counts: dict[tuple[str, int, int], Counter[str]] = {}
    for one in changes:
        counts.setdefault((one.rule, one.before, one.after), Counter())[one.what] += 1
    return [
        f"{rule} version {before or 'none'} -> {after or 'none'}: "
        + ", ".join(f"{count} {what}" for what, count in sorted(found.items()))
        for (rule, before, after), found in sorted(counts.items())
    ]
