"""What was not looked at, what was sent, and what the report rests on.

One rule keeps it simple: it repeats what the last scan's own summary says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

from inventory.conclude import rules_digest
from inventory.derive.declared import yes
from inventory.model import Kind, Scan
from inventory.outputs.records import time
from inventory.outputs.report import page

if TYPE_CHECKING:
    from inventory.store import Store


def honest(
    store: Store, scans: Sequence[Scan], unseen: Sequence[tuple[str, str]], unseen_count: int
) -> page.Honest:
    """What was not looked at, and why."""
    last = _last_scan(scans)
    summary = last.summary if last else {}
    reasons: Counter[str] = Counter()
    for (outcome, reason), count in store.tally(last.id if last else "").items():
        if outcome == "not_asked":
            reasons[reason or "unstated"] += count
    stopped = summary.get("stopped")
    places = store.declarations(None, Kind.VANTAGE)
    collection = any(yes(one.fields.get("collection", "")) for one in places)
    return page.Honest(
        int(number(summary.get("hosts"))),
        int(number(summary.get("answered"))),
        int(number(summary.get("unasked_hosts"))),
        store.lifeless(),
        tuple(reasons.most_common()),
        last.excluded if last else (),
        tuple((str(i["host"]), str(i["reason"])) for i in stopped)
        if isinstance(stopped, list)
        else (),
        tuple(unseen),
        unseen_count,
        not collection,
    )


def _last_scan(scans: Sequence[Scan]) -> Scan | None:
    """The last scan that sent something; imports have no summary."""
    return next((one for one in reversed(scans) if one.summary), None)


def harm(scans: Sequence[Scan]) -> page.Harm | None:
    """What the last scan sent and did; None where none was made."""
    last = _last_scan(scans)
    if last is None:
        return None
    summary = last.summary
    return page.Harm(
        last.id,
        time(last.started) or "",
        {name: _map(one) for name, one in _map(summary.get("planned")).items()},
        _map(summary.get("sent")),
        tuple((name, int(number(n))) for name, n in _map(summary.get("outcomes")).items()),
        tuple((name, int(number(n))) for name, n in _map(summary.get("functions")).items()),
        _map(summary.get("harm")),
        int(number(summary.get("retries"))),
    )


def _map(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def number(value: object) -> float:
    """A figure of a summary; 0 where it has none."""
    return float(value) if isinstance(value, int | float) else 0.0


def about(scans: Sequence[Scan]) -> page.About:
    """Program, rules and the last scans and imports."""
    rows = tuple(
        (
            one.id,
            time(one.started) or "",
            one.status,
            one.vantage,
            f"{len(one.targets)}" if len(one.targets) > 3 else " ".join(one.targets),
        )
        for one in scans[-10:]
    )
    return page.About(version("untrap"), rules_digest(), rows)
