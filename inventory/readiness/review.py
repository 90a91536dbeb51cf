"""The six questions of a readiness review, in their order.

One rule keeps it simple: each theme answers for itself, with the share that is not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from inventory.readiness import access, action, integration, priority, repeating, visibility
from inventory.readiness.answer import Answer, Concluded
from inventory.readiness.census import Census
from inventory.readiness.sites import Site


def six_questions(
    census: Census,
    site_line: Mapping[str, object] | None,
    concluded: Concluded,
    sites: Sequence[Site] = (),
    today: date = date.max,
) -> list[Answer]:
    """The six diagnostic questions with their measures; `site_line` of the roll-up, if any;
    `sites` are all of the inventory, as of `today`."""
    line = site_line or {}
    return [
        access.answer(line, concluded, census, sites, today),
        action.answer(census.action, census.devices),
        visibility.answer(census, line, concluded),
        integration.answer(census.integration, census.origins, census.devices, concluded),
        repeating.answer(census.repeating, len(sites)),
        priority.answer(concluded),
    ]
