"""What a scan heard before it was cut, replayed: so that `--resume` asks only what is missing.

One rule keeps it simple: a stored answer is used only where the probe asks the same question at the
same place of the same conversation and its decoder accepts the stored bytes; at the first
difference the past is over and the network is asked. Sends nothing and stores nothing.

Answers that are bound to a session (OPC UA, S7) are worth something only together with their
connection. Connections that had been closed again are replayed whole; one that was cut has to be
set up anew, with everything asked on it: `SessionCut` says so, and the engine begins that
conversation again with the connections before it (docs/decisions/0005-resume.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from protocols.contract import Observation, Outcome, Question, Reason

CUT = frozenset({Reason.ABORTED, Reason.MAX_TIME, Reason.OUR_SIDE, Reason.EXCLUDED})
"""Reasons for not asking that belong to the run that was cut, not to the host."""


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
        if ours or (item.outcome is Outcome.NOT_ASKED and item.reason in CUT):
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
