"""Bounded walks: several columns of one table at once, page by page, each page evidence by itself.

A row is read when no column can add to it any more, so a page's facts come from whole rows. The
walk ends at the end of every column (`complete`, or `empty`), at our bounds (`partial`, our_cap),
or when the agent stops answering or loops (the codec refuses OIDs that do not increase).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from protocols.contract import Answer, Fact, Link, Outcome, Point, Reading, Reason, Sample
from protocols.snmp import codec
from protocols.snmp.codec import Binding, Oid, Response
from protocols.snmp.exchange import Session, exchange, question

# safety.md 2
MOST_ROWS_TABLE = 1_000
MOST_ROWS_HOST = 5_000
MOST_PAGES_TABLE = 250
MOST_PAGES_HOST = 550
REPETITIONS = 10
BINDINGS_A_PAGE = 60
MOST_LOST = 3  # tables that may loop before the agent is left alone

Row = Mapping[Oid, Binding]


@dataclass(frozen=True, slots=True)
class Harvest:
    """What rows say."""

    facts: tuple[Fact, ...] = ()
    points: tuple[Point, ...] = ()
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Columns that share an index, and how one row is read."""

    name: str
    columns: tuple[Oid, ...]
    read: Callable[[Oid, Row], Harvest]


@dataclass(slots=True)
class Allowance:
    """What is left of this host's bounds, and how much this agent was found to take at once; the
    one thing here that changes."""

    rows: int = MOST_ROWS_HOST
    pages: int = MOST_PAGES_HOST
    lost: int = 0
    silent: bool = False
    restart: bool = False
    width: int = BINDINGS_A_PAGE  # names a request
    repetitions: int = REPETITIONS
    bulked: bool = False  # it answered GetBulk

    @property
    def spent(self) -> bool:
        """Whether nothing more may be asked."""
        return self.silent or self.rows <= 0 or self.pages <= 0 or self.lost >= MOST_LOST

    def account(self, outcome: Outcome, *, answered: bool) -> None:
        """Take in what became of a question: garbled is not silent, and a few are borne."""
        garbled = not answered and outcome is Outcome.GARBLED
        self.lost += garbled
        self.restart = garbled
        self.silent = not answered and not garbled

    def fitted(self, told: int, asked: int) -> None:
        """Take in that a page held fewer columns than were asked for: so many fit."""
        if 0 < told < asked:
            self.width = told

    def smaller(self, asked: int, repetitions: int = 0) -> bool:
        """Ask less after an error that names no name: fewer rows, then fewer names; or nothing
        smaller is left."""
        if repetitions:
            self.repetitions = repetitions // 2
        elif asked > 1:
            self.width = asked // 2
        else:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Position:
    """How far a walk is: a cursor per live column, rows that still wait for a column."""

    cursors: Mapping[Oid, Oid]
    waiting: Mapping[Oid, Row] = field(default_factory=dict)
    rows: int = 0
    lost: int = 0  # columns that looped or could not be read on

    def asked(self, width: int) -> tuple[Oid, ...]:
        """The columns to ask next: all of them, or as many as fit of those that lag behind."""
        live = tuple(self.cursors)
        if len(live) <= width:
            return live
        return tuple(sorted(live, key=lambda column: self.cursors[column][len(column) :])[:width])


def advance(
    table: Table, position: Position, live: tuple[Oid, ...], response: Response
) -> tuple[Position, Harvest]:
    """The position after one page of the columns `live`, and what its finished rows say. Pure;
    raises `Garbled`."""
    cursors = dict(position.cursors)
    waiting = {index: dict(row) for index, row in position.waiting.items()}
    for place, binding in enumerate(response.bindings):
        column = live[place % len(live)]
        if column not in cursors or not binding.oid:
            continue
        if binding.missing or binding.oid[: len(column)] != column:
            del cursors[column]
            continue
        cursors[column] = binding.oid
        waiting.setdefault(binding.oid[len(column) :], {})[column] = binding
    told = live[: len(response.bindings)] or live  # what a cut page leaves out is asked again
    stuck = [c for c in told if c in cursors and cursors[c] == position.cursors[c]]
    for column in stuck:
        del cursors[column]  # nothing of it could be read, and the same question gets the same
    reached = min((c[len(column) :] for column, c in cursors.items()), default=None)
    done = sorted(i for i in waiting if reached is None or i <= reached)
    read = [table.read(index, waiting.pop(index)) for index in done]
    harvest = Harvest(
        tuple(f for h in read for f in h.facts),
        tuple(p for h in read for p in h.points),
        tuple(s for h in read for s in h.samples),
    )
    lost = position.lost + len(stuck)
    return Position(cursors, waiting, position.rows + len(done), lost), harvest


async def walk(link: Link, session: Session, table: Table, left: Allowance) -> None:
    """Walk one table within the allowance; emits one observation a page."""
    position = Position({column: column for column in table.columns})
    for _ in range(MOST_PAGES_TABLE):
        asked = position.asked(left.width)
        most = max(1, BINDINGS_A_PAGE // len(asked))
        repetitions = 0 if session.version == codec.V1 else min(left.repetitions, most)
        left.pages -= 1
        answer, response, moved = await _page(
            link, session, table, position, asked, repetitions, left
        )
        if response is None:
            if repetitions and not left.bulked and answer.outcome is Outcome.SILENT:
                left.repetitions = 0  # there are agents that drop GetBulk without a word
                continue
            return _lost(link, session, table, position, answer, left)
        left.bulked = left.bulked or bool(repetitions)
        left.fitted(len(response.bindings), len(asked))
        if response.error_status:
            ended = _ended(session, asked, response)
            if ended is not None:
                cursors = {c: o for c, o in position.cursors.items() if c != ended}
                position = replace(position, cursors=cursors)
            elif not left.smaller(len(asked), repetitions):
                return _conclude(link, session, table, position, Reason.REFUSED_PART)
        else:
            left.rows -= moved.rows - position.rows
            position = moved
        if not position.cursors or capped(position, left):
            return
    _conclude(link, session, table, position, Reason.OUR_CAP)


def capped(position: Position, left: Allowance) -> bool:
    """Whether a bound of ours ends the walk."""
    return position.rows >= MOST_ROWS_TABLE or left.rows <= 0 or left.pages <= 0


async def _page(
    link: Link,
    session: Session,
    table: Table,
    position: Position,
    asked: tuple[Oid, ...],
    repetitions: int,
    left: Allowance,
) -> tuple[Answer[tuple[Response, Position | None]], Response | None, Position]:
    def read(response: Response) -> Reading[Position]:
        moved, harvest = advance(table, position, asked, response)
        gained = moved.rows - position.rows
        after = replace(left, rows=left.rows - gained)
        outcome, reason = Outcome.PARTIAL, "continues"
        if not moved.cursors:
            outcome, reason = (Outcome.COMPLETE if moved.rows else Outcome.EMPTY), ""
            if moved.lost:
                outcome, reason = Outcome.PARTIAL, Reason.CONTINUATION_LOST.value
        elif capped(moved, after):
            reason = Reason.OUR_CAP.value
        return Reading(
            moved,
            harvest.facts,
            harvest.points,
            harvest.samples,
            outcome,
            reason,
            items=moved.rows,
        )

    answer, response = await exchange(
        link,
        session,
        question("walk", table.name),
        codec.GET_BULK if repetitions else codec.GET_NEXT,
        tuple(position.cursors[column] for column in asked),
        read,
        repetitions=repetitions,
        fresh=left.restart,
    )
    left.restart = False
    moved = answer.value[1] if answer.value else None
    return answer, response, moved or position


def _ended(session: Session, asked: tuple[Oid, ...], response: Response) -> Oid | None:
    """The column that nothing follows, as version 1 says it; None where the error says less."""
    if session.version == codec.V1 and response.error_status == codec.NO_SUCH_NAME:
        return asked[min(max(0, response.error_index - 1), len(asked) - 1)]
    return None


def _lost(
    link: Link,
    session: Session,
    table: Table,
    position: Position,
    answer: Answer[tuple[Response, Position | None]],
    left: Allowance,
) -> None:
    garbled = answer.outcome is Outcome.GARBLED
    left.account(answer.outcome, answered=False)
    if position.rows:
        reason = Reason.CONTINUATION_LOST if garbled else Reason.WENT_SILENT
        _conclude(link, session, table, position, reason)


def _conclude(
    link: Link, session: Session, table: Table, position: Position, reason: Reason
) -> None:
    link.note(
        question("walked", table.name),
        Outcome.PARTIAL,
        reason,
        detail=f"{position.rows} rows read",
        credential=session.credential.name,
    )
