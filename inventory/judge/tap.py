"""The remedy that needs no new path: somebody already collects this device's values.

One rule keeps it simple: only who was overheard reading counts; what a device may be read by is
another rule's affair.
"""

from __future__ import annotations

from dataclasses import replace

from inventory.judge.door import title_of
from inventory.judge.openness import protocol
from inventory.judge.view import View
from inventory.judge.weigh import COST
from inventory.model import Category, Effort, Finding, Remedy

TAPPED = frozenset({Category.TRAPPED, Category.INACCESSIBLE})
ELSEWHERE = frozenset({"T10", "T11"})
"""Rules about what no collector of this device can help with."""

MOST = 2  # collectors that are named


def tapped(finding: Finding, view: View) -> Finding:
    """The finding with the existing collectors among its remedies, where there are any."""
    if finding.category not in TAPPED or finding.rule in ELSEWHERE:
        return finding
    taps = collectors(view)[:MOST]
    if not taps:
        return finding
    remedies = tuple(sorted((*taps, *finding.remedies), key=lambda item: COST[item.effort]))
    before = COST[finding.remedies[0].effort] if finding.remedies else 1.0
    value = round(finding.value * before / COST[remedies[0].effort], 4)
    return replace(finding, remedies=remedies, value=value)


def collectors(view: View) -> list[Remedy]:
    """One remedy for each client that was overheard reading process data: "ADDRESS PROTOCOL …"."""
    found: dict[str, Remedy] = {}
    for value in view.fact("consumer"):
        client, _, rest = value.partition(" ")
        name, _, period = rest.partition(" ")
        about = protocol(name)
        if about is None or not about.data or client in view.device.addresses:
            continue
        who = view.context.names.get(client) or client
        every = f" every {period}" if period else ""
        text = f"Tap the existing collector: {who} already reads it by {title_of(name)}{every}"
        found.setdefault(client, Remedy(text, Effort.E1, cause=f"tap:{client}"))
    return list(found.values())
