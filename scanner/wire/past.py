"""What a scan heard before it was cut, replayed: so that `--resume` asks only what is missing.

One rule keeps it simple: a stored answer is used only where the probe asks the same question at the
same place of the same conversation and its decoder accepts the stored bytes; at the first
difference the past is over and the network is asked. Sends nothing and stores nothing.

Answers that are bound to a session (OPC UA, S7) are worth something only together with their
connection. Connections that had been closed again are replayed whole; one that was cut has to be
set up anew: `SessionCut` says so, and the engine begins that conversation again with the
connections before it. Those answers of the cut session that the probe lets stand are `borrowed` in
the new one, in their order, up to the first question that must be asked (docs/decisions/0008).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from protocols.contract import CUT, Observation, Outcome, Question, Reason

ANEW = CUT | {Reason.EXCLUDED}
"""Reasons for not asking that may be gone by now."""


class SessionCut(Exception):
    """The rest of the past hangs on a connection that is gone; `kept` items do not."""

    def __init__(self, kept: int) -> None:
        super().__init__(f"the first {kept} observations hold")
        self.kept = kept


def usable(heard: Iterable[Observation]) -> tuple[Observation, ...]:
    """What may be replayed: everything up to where the scan itself was in the way."""
    kept: list[Observation] = []
    for item in heard:
        ours = item.outcome in (Outcome.FAILED_HERE, Outcome.BROKEN)
        if ours or (item.outcome is Outcome.NOT_ASKED and item.reason in ANEW):
            break
        kept.append(item)
    return tuple(kept)


@dataclass(slots=True)
class Past:
    """One conversation's stored observations, oldest first, and how far they were replayed."""

    items: Sequence[Observation] = ()
    bound: bool = False  # answers belong to their connection
    at: int = 0
    kept: int = 0  # items before this one are on connections that were closed again
    over: bool = False
    inside: bool = False  # a request was replayed since a connection was last closed
    standing: deque[Observation] = field(default_factory=deque)  # of the session that was cut

    @property
    def left(self) -> bool:
        """Whether there is anything more to replay."""
        return not self.over and self.at < len(self.items)

    def take(self, question: Question, *, asked: bool = True) -> Observation | None:
        """The stored observation of `question`, if it comes next; None otherwise."""
        if not self.left or self.items[self.at].question != question:
            return None
        self.at += 1
        self.inside = self.inside or asked
        if not self.inside:
            self.kept = self.at
        return self.items[self.at - 1]

    def borrow(self, question: Question) -> Observation | None:
        """The answer of the cut session to `question`, if that comes next; None otherwise, and if
        it is a question of that kind, nothing of that session is believed any more."""
        if self.standing and self.standing[0].question == question:
            return self.standing.popleft()
        if any(item.question.operation == question.operation for item in self.standing):
            self.standing.clear()
        return None

    def part(self) -> None:
        """A connection is closed here: what was replayed so far stands on its own."""
        if not self.over:
            self.kept, self.inside = self.at, False

    def leave(self) -> None:
        """From here on the network is asked. Raises `SessionCut` inside a session."""
        if self.over:
            return
        self.over = True
        if self.bound and self.inside:
            raise SessionCut(self.kept)
