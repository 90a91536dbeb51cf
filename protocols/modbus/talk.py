"""One Modbus conversation: numbering, matching, patience, and when to stop asking.

One rule keeps it simple: what a rung needs to remember it reads from `link.heard`, so nothing is
kept here that another rung would have to know.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from protocols.contract import (
    SPOKE,
    Answer,
    Link,
    Observation,
    Outcome,
    Question,
    Reading,
    Reason,
    natural,
)
from protocols.modbus.codec import (
    LONGEST_FRAME,
    Expect,
    framer,
    identification_pdu,
    read_pdu,
    reader,
)

T = TypeVar("T")

PROTOCOL = "modbus"
IDENTITY, READ, SERVER_ID, CONTROL = "identity", "read", "server_id", "control"
SUNSPEC = "sunspec"
ASKED = frozenset({IDENTITY, READ, SERVER_ID, CONTROL, SUNSPEC})
"""Operations that sent a request; other observations of ours are conclusions."""
GATEWAY = frozenset({Outcome.REFUSED_DOWNSTREAM})
"""What a gateway says by itself of a unit that is not there."""
ANSWERED = SPOKE - GATEWAY - {Outcome.REFUSED_RESOURCE}
"""Outcomes of a unit that can be asked again to see whether it still answers."""
LATE_WINDOW = 4096  # how far back an id may lie that timed out in this conversation
PATIENCE = 3.0  # seconds: a gateway's serial side may take that long
LEAST_PATIENCE = 0.3
FIRST = read_pdu("holding", 0, 1)
"""The one harmless read."""
FAILURE, MOST_FAILURES = "server_device_failure", 3
SAMPLES = 5  # answers of a unit before its own speed is trusted


def part_of(unit: int) -> str:
    """The name of a unit as a part."""
    return f"unit {unit}"


def argument(unit: int, part: str, what: str) -> str:
    """The question's argument: it names the unit where the part does not."""
    return what if part else f"{part_of(unit)} {what}"


def unit_of(observation: Observation) -> int | None:
    """The unit that a question of ours went to."""
    question = observation.question
    words = (question.part or question.argument).split()
    return natural(words[1], 255) if len(words) > 1 and words[0] == "unit" else None


def late_ids(heard: tuple[Observation, ...], ours: int) -> Callable[[int], bool]:
    """Whether a transaction id belongs to an earlier question of this conversation.

    Ids of answered questions are known from their answers. Of unanswered ones only this is known:
    the id was given out before ours, a short while ago.
    """
    answered = {o.raw[:2] for o in heard if len(o.raw) > 1 and o.outcome in SPOKE}
    waited = any(o.outcome in (Outcome.SILENT, Outcome.MUTE) for o in heard)

    def late(transaction: int) -> bool:
        if transaction == 0:
            return False  # the link never gives out 0
        back = (ours - transaction) % 65_535
        return transaction.to_bytes(2, "big") in answered or (waited and 0 < back < LATE_WINDOW)

    return late


@dataclass(slots=True)
class Talk:
    """Asks on one link. `over` turns true when asking on makes no sense."""

    link: Link
    left: int = 10_000  # requests that this rung may still send
    over: bool = False
    silent: bool = False  # the last question stayed unanswered
    spent: float = 0.0  # seconds that the last question took
    last: Outcome = Outcome.NOT_ASKED
    ended: str = ""  # why nothing more was asked, where that was our side's reason
    failures: int = 0  # exceptions 04 since the rung set it to 0
    _speed: dict[tuple[int, bool], list[float]] = field(default_factory=lambda: defaultdict(list))
    _known: tuple[int, bytes, str] | None = None
    _word: tuple[int, bytes, str] | None = None  # what the gateway itself said of an absent unit

    @property
    def alive(self) -> bool:
        """Whether the last question was answered and asking on makes sense."""
        return not self.over and not self.silent

    async def ask(
        self,
        unit: int,
        operation: str,
        what: str,
        pdu: bytes,
        parse: Callable[[bytes], Reading[T]],
        *,
        part: str = "",
        fact_part: str = "",
        shows: bool = True,
        fresh: bool = False,
    ) -> Answer[T | None]:
        """Ask one unit. With `fact_part` and `shows`, a refusal shows that this unit is there."""
        question = Question(PROTOCOL, operation, part, argument(unit, part, what))
        if self.left <= 0:
            self.over, self.ended = True, Reason.BUDGET
            self.link.note(question, Outcome.NOT_ASKED, Reason.BUDGET)
            return Answer(Outcome.NOT_ASKED, Reason.BUDGET)
        self.left -= 1
        number = self.link.next_id()
        late = late_ids(tuple(self.link.heard), number)
        shown = fact_part if shows else ""
        expect = Expect(number, unit, pdu, part or fact_part, late, shown)
        answer = await self.link.ask(
            question,
            expect.request,
            frame=framer(unit, pdu[0]),
            read=reader(expect, parse),
            limit=LONGEST_FRAME,
            timeout_seconds=self._patience(unit, pdu),
            fresh=fresh,
        )
        self._judge(unit, pdu, part, answer.outcome, answer.duration_seconds)
        if answer.outcome is Outcome.NOT_ASKED:
            self.ended = answer.reason
        if answer.reason == FAILURE and operation != CONTROL:
            # Exception 04 may be a unit without registers (pymodbus) or a device in trouble: a
            # question that it answered before tells, and nothing else is asked until it does. Where
            # nothing answered before, one 04 may be a gateway's word for a unit that is not there.
            self.failures += 1
            if self.failures > 1 or self._witness():
                await self.control()
        return answer

    @property
    def failing(self) -> bool:
        """Whether this unit answered with exception 04 too often to be asked on."""
        return self.failures >= MOST_FAILURES

    def _judge(self, unit: int, pdu: bytes, part: str, outcome: Outcome, seconds: float) -> None:
        self.last = outcome
        self.silent, self.spent = outcome is Outcome.SILENT, seconds
        self.over = outcome not in SPOKE and not self.silent
        if outcome in ANSWERED:
            self._speed[unit, _bulky(pdu)].append(seconds)
            self._known = (unit, pdu, part)
        elif outcome in GATEWAY:
            self._word = (unit, pdu, part)

    def _patience(self, unit: int, pdu: bytes) -> float:
        """Three times the slowest answer of this unit (its p99 as far as it is known)."""
        times = self._speed[unit, _bulky(pdu)]
        if len(times) < SAMPLES:
            return PATIENCE
        return max(LEAST_PATIENCE, min(PATIENCE, 3 * max(times[-100:])))

    def _witness(self) -> tuple[int, bytes, str] | None:
        return self._known or _remembered(self.link.heard, ANSWERED)

    async def control(self) -> bool:
        """Whether a unit that had answered still does, or else the gateway, for one that it said is
        not there; without either the conversation is over."""
        known = self._witness() or self._word or _remembered(self.link.heard, GATEWAY)
        if known is None or self.over:
            self.over = True
            return False
        unit, pdu, part = known
        answer = await self.ask(unit, CONTROL, "again", pdu, _anything, part=part)
        self.over = self.over or answer.outcome not in SPOKE
        return not self.over


def _remembered(
    heard: Sequence[Observation], outcomes: frozenset[Outcome]
) -> tuple[int, bytes, str] | None:
    """Unit, question and part of the last answer of an earlier rung that had such an outcome."""
    for observation in reversed(heard):
        unit = unit_of(observation)
        answered = observation.outcome in outcomes
        if unit is not None and answered and observation.question.operation in (IDENTITY, READ):
            again = (
                identification_pdu(1, 0) if observation.question.operation == IDENTITY else FIRST
            )
            return unit, again, observation.question.part
    return None


def _bulky(pdu: bytes) -> bool:
    """Whether the answer is long: at 9 600 baud 125 registers take ten times as long as ten."""
    return len(pdu) == 5 and int.from_bytes(pdu[3:5], "big") > 16


def _anything(data: bytes) -> Reading[int]:
    return Reading(len(data))
