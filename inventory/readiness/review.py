"""The six questions of a readiness review, in their order.

One rule keeps it simple: each theme answers for itself, with the share that is not known.
"""

from __future__ import annotations

from collections.abc import Mapping

from inventory.readiness import access, action, integration, priority, repeating, visibility
from inventory.readiness.answer import Answer, Concluded
from inventory.readiness.census import Census


def six_questions(
    census: Census,
    site_line: Mapping[str, object] | None,
    concluded: Concluded,
) -> list[Answer]:
    """The six diagnostic questions with their measures; `site_line` of the roll-up, if any."""
    line = site_line or {}
    return [
        access.answer(line, concluded),
        action.answer(census.action, census.devices),
        visibility.answer(census.visibility, line, concluded),
        integration.answer(census.integration, census.devices, concluded),
        repeating.answer(census.repeating),
        priority.answer(concluded),
    ]
