"""What an answer says beside its outcome: why a client would be kept out, why a list is not whole.

One rule keeps it simple: the newest answer to a question speaks; what it no longer says is settled.
"""

from __future__ import annotations

from collections.abc import Iterable

from protocols.contract import Observation, Outcome, Reason

MOST_REMARKS = 12
_WHOLE = frozenset({"get_endpoints"})
"""Questions whose complete answer may still say what would keep a client out."""
_TELLING = frozenset(
    {
        *(Outcome.REFUSED_AUTH, Outcome.REFUSED_CAPABILITY, Outcome.REFUSED_RESOURCE),
        *(Outcome.REFUSED_DOWNSTREAM, Outcome.PARTIAL, Outcome.NOT_ASKED),
    }
)


def remarks(observations: Iterable[Observation]) -> tuple[Observation, ...]:
    """The newest answer to each question, where it tells more than its outcome, in time's order."""
    newest: dict[tuple[object, ...], Observation] = {}
    for item in observations:
        target = item.target
        asked = (target.address, target.transport, target.port, item.question, item.credential)
        known = newest.get(asked)
        if known is None or item.time >= known.time:
            newest[asked] = item
    return tuple(sorted(filter(_tells, newest.values()), key=lambda item: item.time))


def _tells(item: Observation) -> bool:
    if not item.detail:
        return False
    if item.outcome is Outcome.PARTIAL:
        return item.reason != Reason.REFUSED_PART or item.question.operation == "browse"
    return item.outcome in _TELLING or item.question.operation in _WHOLE
