"""What the times of a device's values say, counted for a readiness review.

One rule keeps it simple: an old time is held against a value only where another is fresh beside it.
"""

from __future__ import annotations

from inventory.judge.view import View
from inventory.model import Ages
from inventory.quick import quick
from inventory.rules.quality import aged

_new_ages = quick(Ages)


def ages_of(view: View, unheld: bool) -> Ages:
    """How many values are known to be old or not, and when one was read last; of a device that
    rests or is away (`unheld`) none is known, since its values may be old."""
    read = max((item.time for item in view.evidence.observations if item.samples), default=None)
    if unheld:
        return _new_ages(read=read)
    found = view.once(aged)
    stale = len(found.stated) + (len(found.old) if found.fresh else 0)
    return _new_ages(stale + found.fresh, stale, read)
