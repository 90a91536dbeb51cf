"""Q rules and U03: values arrive, and cannot be used as they are.

One rule keeps it simple: one finding per device and rule, which lists its points; a rule that
needs a window does not judge a single read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from inventory.judge.asking import nameless
from inventory.judge.logic import cite, declared, derived, true, unknown
from inventory.judge.openness import no_data_roles
from inventory.judge.profiles import profile
from inventory.judge.statements import lacking
from inventory.judge.view import View
from inventory.model import Because, Strength
from inventory.rules.inaccessible import name_of
from inventory.rules.refusals import never_opened
from inventory.rules.rule import Case, new_case
from inventory.signals.listing import is_loop
from inventory.signals.points import TYPED, Meaning, dimensions, is_binary
from protocols.contract import DATA, Observation, Outcome, Point, Quality, Reason, Sample

NEVER_WIRED = frozenset({"BadNotConnected", "BadConfigurationError"})
FAILED_WORDS = ("nonoperational", "sensorfailure", "devicefailure", "ne107:f", "failure(f)")
LAST_VALUE = frozenset(
    {"UncertainLastUsableValue", "UncertainNoCommunicationLastUsableValue", "STALE", "stale"}
)
_FIRST_YEAR = 2000  # OPC UA is of 2006; clocks that were never set stand at 1601, 1970 or 1980
LOWEST_LOOP_CURRENT = 3.6  # mA, NAMUR NE 43
MOST_LISTED = 10
Row = tuple[Point, Meaning, list[Sample]]


def _rows(view: View) -> list[Row]:
    """Process points that have at least one sample."""
    return view.sampled


def gap_of(
    view: View, rows: Iterable[Row], one: str, many: str, strength: Strength = Strength.E4
) -> Case:
    """One finding that lists its points; `one` says it of one of them, `many` of several."""
    listed = list(rows)
    proofs = (view.data_proof(row[0]) for row in listed[:MOST_LISTED])
    premise = declared(f"{len(listed)} {one if len(listed) == 1 else many}")
    device = view.device
    words = {
        "asset": name_of(view),
        "vendor": device.vendor or "the device",
        "model": device.model or device.product,
    }
    return new_case("", true(strength, premise, *proofs), words, unlocks=len(listed))


def reports_failure(sample: Sample) -> bool:
    """Whether the instrument says of itself that it failed."""
    return any(word in sample.status.casefold() for word in FAILED_WORDS)


def u03(view: View) -> list[Case]:
    """Points that nothing was ever wired to."""
    rows = [row for row in placeholders(view) if not _of_machine(view, row)]
    return [gap_of(view, rows, "point has no source", "points have no source")] if rows else []


def placeholders(view: View) -> list[Row]:
    """Process points that are listed and have no source; found once for a view."""
    return view.once(_sourceless)


def _sourceless(view: View) -> list[Row]:
    rows = [] if view.plain and not view.listing.loops else _rows(view)
    return [row for row in rows if is_placeholder(row[0], row[2])]


def _of_machine(view: View, row: Row) -> bool:
    """Whether a machine that the device monitors carries the finding, signal by signal."""
    point, meaning, _ = row
    linked = view.context.monitors.get(view.device.key, frozenset())
    mine = {"", point.part, point.address, point.name, view.device.part}
    return meaning.known and bool(linked & mine)


def is_placeholder(point: Point, samples: Sequence[Sample]) -> bool:
    """Whether nothing was ever wired to a point, by its last read (Part 4 7.39, NAMUR NE 43)."""
    if not samples:
        return False
    last = samples[-1]
    if last.status in NEVER_WIRED:
        return True
    if not is_loop(point):
        return False
    return isinstance(last.value, (int, float)) and last.value < LOWEST_LOOP_CURRENT


def failed(view: View) -> list[Row]:
    """Process points of which the last read tells that the instrument failed."""
    if view.plain:
        return []
    return [row for row in _rows(view) if reports_failure(row[2][-1])]


def q12(view: View) -> list[Case]:
    """The instrument says of itself that it failed."""
    rows = failed(view)
    one, many = "instrument reports a failure", "instruments report a failure"
    if rows:
        return [gap_of(view, rows, one, many)]
    states = view.said_last("health")
    proofs = [proof for state, proof in states.values() if state == "failure"]
    if not proofs:
        return []
    premise = declared(f"{len(proofs)} {one if len(proofs) == 1 else many}")
    words = {"asset": name_of(view)}
    return [Case("", true(Strength.E4, premise, *proofs[:MOST_LISTED]), words)]


def bad_reads(view: View) -> tuple[list[Row], list[Row]]:
    """Process points with too many bad reads in a window; those with too few reads to tell."""
    if view.plain:
        return [], []
    limits = view.context.thresholds
    bad: list[Row] = []
    short: list[Row] = []
    for row in _rows(view):
        samples = row[2]
        wrong = [
            item
            for item in samples
            if item.quality is Quality.BAD and item.status not in NEVER_WIRED
        ]
        if not wrong:
            continue
        if len(samples) >= limits.bad_reads:
            if len(wrong) / len(samples) >= limits.bad_share:
                bad.append(row)
        elif not reports_failure(samples[-1]):
            short.append(row)
    return bad, short


def q01(view: View) -> list[Case]:
    """Too many bad reads in a window."""
    bad, short = bad_reads(view)
    if bad:
        return [
            gap_of(
                view,
                bad,
                "value is bad in a fifth or more of its reads",
                "values are bad in a fifth or more of their reads",
            )
        ]
    if short:
        return [_window(view, short, "whether values that were bad once are bad as a rule")]
    return []


def _window(view: View, rows: list[Row], missing: str) -> Case:
    """An open question; every five seconds, the usual window gives more reads than Q01 needs."""
    said = unknown(
        f"{missing} ({len(rows)} of them)",
        "read them over a window",
        view.scan("--depth sample --sample-every 5"),
        *(view.data_proof(row[0]) for row in rows[:3]),
    )
    return Case("", said, {"asset": name_of(view)})


class Aged(NamedTuple):
    """What the times of a device's process values say."""

    stated: list[Row]  # that say that they hold the last value
    old: list[Row]  # with an old time
    fresh: int  # how many beside them are of now


def aged(view: View) -> Aged:
    """Process points by what their times say; asked for by several rules, so through `once`."""
    if view.plain:
        return Aged([], [], 0)
    stated: list[Row] = []
    old: list[Row] = []
    fresh = 0
    limit, skew = stale_after(view), clock_skew(view) or 0.0
    for row in _rows(view):
        _, meaning, samples = row
        last = samples[-1]
        if last.status in LAST_VALUE:
            stated.append(row)
            continue
        ages = _ages(last, skew)
        if ages is None or last.quality is Quality.BAD:
            continue
        if min(map(abs, ages)) <= limit:
            fresh += 1
        elif ages[1] < 0 or _stamps_advance(samples):
            continue  # the stamp is of a clock that is wrong, or of another zone's: it says no age
        elif meaning.known and not is_binary(meaning.measurand):
            old.append(row)
    return Aged(stated, old, fresh)


def q02(view: View) -> list[Case]:
    """Values that are no longer those of the process."""
    stated, old, fresh = view.once(aged)
    if stated:
        return [
            gap_of(
                view,
                stated,
                "value is only the last that was known",
                "values are only the last that was known",
            )
        ]
    if old and fresh:
        return [
            gap_of(
                view,
                old,
                "value carries an old time while others are fresh",
                "values carry an old time while others are fresh",
                Strength.E2,
            )
        ]
    if old:
        missing = "whether old time stamps mean old values: the server may stamp on change only"
        return [_window(view, old, missing)]
    return []


def stale_after(view: View) -> float:
    """Seconds after which a value is old: three intervals of the machine's class, or a minute."""
    about = profile(view.context.classes.get(view.device.key, ""))
    least = view.context.thresholds.stale_seconds
    return max(least, 3 * about.interval_seconds) if about else least


def _stamps_advance(samples: Sequence[Sample]) -> bool:
    """Whether the source stamped anew while it was read: what it writes is new by any clock.

    The last of the samples carries a stamp."""
    stamps = [item.source_time for item in samples if item.source_time is not None]
    return stamps[-1] > stamps[0]


def _ages(sample: Sample, skew: float) -> tuple[float, float] | None:
    """Seconds between the value's own time and its receipt, by our clock and by the device's;
    None when a time is not known.

    A stamp from before any of these servers was made is of a clock that was never set.
    """
    if sample.source_time is None or sample.source_time.year < _FIRST_YEAR:
        return None
    if sample.received_time is not None:
        ours = (sample.received_time - sample.source_time).total_seconds()
        return ours, ours + skew
    if sample.server_time is None:
        return None
    own = (sample.server_time - sample.source_time).total_seconds()
    return own, own


def has_unit(measurand: str) -> bool:
    """Whether its values mean nothing without a unit; those of a power factor do."""
    allowed = dimensions(measurand)
    return bool(allowed) and "count" not in allowed


def unitless(point: Point, meaning: Meaning) -> bool:
    """Whether it is a measured value whose unit is not known by any route."""
    return (
        meaning.known
        and not point.unit
        and not meaning.dimension  # its name states the unit
        and has_unit(meaning.measurand)
        and meaning.match != TYPED
    )


def q04(view: View) -> list[Case]:
    """Measured values without a unit."""
    if view.device.role in no_data_roles():
        return []
    rows: list[Row] = [(*row, []) for row in view.process if unitless(*row)]
    return (
        [gap_of(view, rows, "measured value has no unit", "measured values have no unit")]
        if rows
        else []
    )


def clock_skew(view: View) -> int | float | None:
    """The device's clock minus ours, as last stated."""
    found: int | float | None = None
    for item in view.device.facts:
        if item.name == "clock_skew_seconds" and isinstance(item.value, (int, float)):
            found = item.value
    return found


def q07(view: View) -> list[Case]:
    """The device's clock is wrong, judged by a clock that is right."""
    value = clock_skew(view)
    if value is None:
        return []
    if abs(value) <= view.context.thresholds.skew_seconds + _half_answer_time(view):
        return []
    premise = view.source("clock_skew_seconds", value)
    words = {"zone": view.context.zone_of(view.device.addresses) or "its zone"}
    if view.context.clock_synchronised:
        return [Case("", true(Strength.E4, premise, declared("our clock is synchronised")), words)]
    if view.context.clock_synchronised is None and view.context.clocks_near >= 2:
        text = f"{view.context.clocks_near} other devices agree with our clock within 2 s"
        return [Case("", true(Strength.E2, premise, derived(text)), words)]
    side = "ahead of" if value > 0 else "behind"
    said = unknown(
        f"whether our own clock is right: the device's is {abs(value):.0f} s {side} ours",
        "synchronise this machine's clock and scan again",
        "untrap doctor",
        premise,
    )
    return [Case("", said, words)]


def _half_answer_time(view: View) -> float:
    for item in view.evidence.observations:
        if any(fact.name == "clock_skew_seconds" for fact in item.facts):
            return item.duration_seconds / 2
    return 0.0


def q10(view: View) -> list[Case]:
    """Maker, model, serial number or firmware missing after every identity question."""
    device = view.device
    missing = lacking(device)
    if not missing or (device.parent and not view.process) or view.discovery:
        return []
    doors = view.spoke
    open_ones = [
        item
        for door in doors
        for item in door.observations
        if item.outcome in (Outcome.REFUSED_AUTH, Outcome.REFUSED_RESOURCE)
        or (item.outcome is Outcome.NOT_ASKED and item.reason != Reason.DEPENDENCY.value)
        or item.outcome in (Outcome.SILENT, Outcome.GARBLED)
        or never_opened(item)
    ]
    text = ", ".join(missing)
    busy = [item for item in open_ones if item.outcome is Outcome.REFUSED_RESOURCE]
    row = device.register
    words = {"area": (row.area if row else "") or "the area"}
    if busy:
        why, step = _not_then(busy[0])
        said = unknown(
            f"its {text}: {why}",
            step,
            view.ask(doors[0].protocol),
            cite(busy[0]),
        )
        return [Case("", said, words)]
    if open_ones:
        said = unknown(
            f"its {text}: an identity question was refused, not asked or not answered",
            "ask again with a credential, or read the nameplate",
            view.ask(doors[0].protocol),
            Because(open_ones[0].id, open_ones[0].outcome.value, open_ones[0].question.operation),
        )
        return [Case("", said, words)]
    if (left := nameless(view)) is not None:
        said = replace(left, unknown=f"its {text}: {left.unknown}")
        return [Case("", said, words)]
    answered = [
        Because(item.id, item.outcome.value, f"{door.protocol} {item.question.operation} answered")
        for door in doors
        for item in door.observations
        if item.outcome in DATA or item.outcome in (Outcome.EMPTY, Outcome.REFUSED_CAPABILITY)
    ]
    if not answered:
        return []
    said = true(Strength.E4, declared(f"missing: {text}"), *answered[:3])
    return [Case("", said, words)]


_FULL = ("TooMany", "TooBusy", "MaxConnections", "NotEnoughResources", "busy")
"""What a reason says where somebody else uses all that there is."""


def _not_then(refused: Observation) -> tuple[str, str]:
    """Why it could not answer, and what to do: full is not the same as broken."""
    detail = f" ({refused.reason})" if refused.reason else ""
    if not refused.reason or any(word in refused.reason for word in _FULL):
        step = "ask again when a client has left it, or raise its limit of sessions"
        return f"it was too busy to be asked{detail}", step
    step = "ask again later; where it says so again, look into its own log"
    return f"it could not answer then{detail}", step
