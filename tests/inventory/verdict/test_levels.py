"""Level 5: usable over time, on a protected path, with names in the register, and watched."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from inventory.judge.verdict import judge_device, judge_equipment
from inventory.model import Declaration, Device, Equipment, Evidence, Kind, Level, Link
from protocols.contract import Observation, Outcome, Quality, Sample
from tests.inventory.verdict.evidence import NOW, context, evidence, row, seen
from tests.inventory.verdict.plants import DRIVE, PLC, TEMPERATURE, motor, tag, window

VALUES: list[object] = [20.0 + n for n in range(8)]
WATCHED = {"attested": {"device-1": (
    Declaration("site", Kind.ATTEST, "device-1", {"statement": "monitored"}),
)}}  # fmt: skip
DECLARED = replace(PLC, register=row())


def scanned(*days_ago: float, credential: str = "reader", bad: int = 0) -> tuple[Observation, ...]:
    """A good window in each of several scans."""
    whole = window(TEMPERATURE, VALUES, bad=bad)
    return tuple(
        replace(whole, scan=f"scan-{n}", credential=credential, time=NOW - timedelta(days=days))
        for n, days in enumerate(days_ago)
    )


def level(found: Evidence, **changes: object) -> Level:
    return judge_device(found, context(found, **changes)).level


def test_three_good_scans_over_a_week_watched_and_named_are_level_5() -> None:
    found = evidence(*scanned(8, 4, 0.1), about=DECLARED)
    assert (level(found, **WATCHED).lo, level(found, **WATCHED).hi) == (5, 5)


@pytest.mark.parametrize(
    ("days", "about", "changes", "missing"),
    [
        ((8, 0.1), DECLARED, WATCHED, "over 3 scans"),  # one scan too few
        ((6, 4, 0.1), DECLARED, WATCHED, "in 7 days"),  # less than a week
        ((8, 4, 0.1), DECLARED, {}, "would be noticed"),
        ((8, 4, 0.1), PLC, WATCHED, "a register row"),
    ],
)
def test_what_is_not_shown_leaves_level_5_open(
    days: tuple[float, ...], about: object, changes: dict[str, object], missing: str
) -> None:
    found = evidence(*scanned(*days), about=about)  # type: ignore[arg-type]
    said = level(found, **changes)
    assert (said.lo, said.hi) == (4, 5)
    assert missing in said.blocking[0]


def test_a_window_of_exactly_the_share_and_exactly_the_days_suffices() -> None:
    many: list[object] = [20.0 + n for n in range(20)]
    whole = window(TEMPERATURE, many, bad=1)
    scans = (
        replace(whole, scan=f"scan-{days}", credential="reader", time=NOW - timedelta(days=days))
        for days in (7, 4, 0)
    )
    found = evidence(*scans, about=DECLARED)
    assert (level(found, **WATCHED).lo, level(found, **WATCHED).hi) == (5, 5)


def test_one_scan_of_which_too_few_values_were_good_is_not_level_5() -> None:
    first, *later = scanned(8, 4, 0.1)
    spoilt = scanned(8, bad=2)[0]
    good = replace(evidence(first, *later, about=DECLARED), samples=later[-1].samples)
    assert level(good, **WATCHED).lo == 5
    found = replace(evidence(spoilt, *later, about=DECLARED), samples=later[-1].samples)
    assert (level(found, **WATCHED).lo, level(found, **WATCHED).hi) == (4, 4)


@pytest.mark.parametrize("more", [{"samples": ()}, {"origin": "capture"}])
def test_only_what_a_scan_read_is_history(more: dict[str, object]) -> None:
    first, second, third = scanned(8, 4, 0.1)
    several = (replace(first, **more), second, third)  # type: ignore[arg-type]
    found = replace(evidence(*several, about=DECLARED), samples=third.samples)
    said = level(found, **WATCHED)
    assert (said.lo, said.hi) == (4, 5)
    assert "(2 so far)" in said.blocking[0]


def test_an_anonymous_path_is_not_level_5() -> None:
    found = evidence(*scanned(8, 4, 0.1, credential=""), about=DECLARED)
    assert (level(found, **WATCHED).lo, level(found, **WATCHED).hi) == (4, 4)


def test_a_register_row_without_an_owner_is_not_level_5() -> None:
    found = evidence(*scanned(8, 4, 0.1), about=replace(PLC, register=row(owner="")))
    assert level(found, **WATCHED).hi == 4


OWNED = motor(register=row("M-1"), owner="maintenance", criticality="C2", area="area 1")
OWN = (
    tag("M-1 current", "AMP"), tag("M-1 vibration", "C16"), tag("M-1 winding temp", "CEL"),
    tag("M-1 running", type="Boolean"),
)  # fmt: skip
OTHER = (tag("M-2 current", "AMP"), tag("M-2 Wert"))
"""Of a machine beside it, on the same device: one of them says nothing of what it is."""


def history(
    *days_ago: float, about: Device = DRIVE, credential: str = "reader", bad: int = 0
) -> Evidence:
    """All that the motor needs, read over a window in each of several scans; the first `bad` reads
    of its neighbour's values are bad."""
    samples = tuple(
        Sample(
            point.address, True if point.type == "Boolean" else 20.0 + n,
            Quality.BAD if point in OTHER and n < bad else Quality.GOOD,
            received_time=NOW - timedelta(seconds=100 - 10 * n),
        )
        for n in range(3)
        for point in (*OWN, *OTHER)
    )  # fmt: skip
    once = seen(
        "opcua", Outcome.COMPLETE, "browse", credential=credential, points=(*OWN, *OTHER),
        samples=samples,
    )  # fmt: skip
    scans = [
        replace(once, scan=f"scan-{n}", time=NOW - timedelta(days=days))
        for n, days in enumerate(days_ago)
    ]
    return replace(evidence(*scans, about=about), samples=samples, points=once.points)


FULL_LISTING = {"entitlements": {"reader": "full", "anonymous": "full"}}


def machine_level(found: Evidence, unit: Equipment = OWNED, **changes: object) -> Level:
    here = context(found, **FULL_LISTING, **changes)
    return judge_equipment(unit, [found], here, {"device-1": judge_device(found, here)}).level


def watching(subject: str) -> dict[str, object]:
    said = Declaration("site", Kind.ATTEST, subject, {"statement": "monitored"})
    return {"attested": {subject: (said,)}}


@pytest.mark.parametrize("subject", ["device-1", "m-1"])
def test_a_machine_answers_for_its_own_values_row_and_watchers(subject: str) -> None:
    found = history(8, 4, 0.1)
    assert level(found).hi == 5
    assert level(found).lo == 3  # one value of the device has no meaning: not the motor's concern
    said = machine_level(found, **watching(subject))
    assert (said.lo, said.hi) == (5, 5)


def test_bad_reads_of_a_neighbour_do_not_lower_a_machine() -> None:
    found = history(8, 4, 0.1, bad=3)
    said = machine_level(found, **watching("m-1"))
    assert (said.lo, said.hi) == (5, 5)


@pytest.mark.parametrize(
    ("found", "unit", "changes", "hi", "missing"),
    [
        (history(8, 0.1), OWNED, watching("m-1"), 5, "over 3 scans in 7 days (2 so far)"),
        (history(6, 4, 0.1), OWNED, watching("m-1"), 5, "over 3 scans in 7 days (3 so far)"),
        (history(8, 4, 0.1), OWNED, {}, 5, "would be noticed"),
        (history(8, 4, 0.1), replace(OWNED, owner=""), watching("m-1"), 4, ""),
        (history(8, 4, 0.1), replace(OWNED, criticality=""), watching("m-1"), 4, ""),
        (history(8, 4, 0.1), replace(OWNED, area=""), watching("m-1"), 4, ""),
        (history(8, 4, 0.1), replace(OWNED, area="", line="L 1"), watching("m-1"), 5, "none"),
        (history(8, 4, 0.1), motor(), watching("m-1"), 5, "a register row"),
        (history(8, 4, 0.1, credential=""), OWNED, watching("m-1"), 4, ""),
    ],
)
def test_what_keeps_a_machine_from_level_5(
    found: Evidence, unit: Equipment, changes: dict[str, object], hi: int, missing: str
) -> None:
    said = machine_level(found, unit, **changes)
    assert said.hi == hi
    if missing == "none":
        assert said.lo == 5
    else:
        assert said.lo == 4
        assert missing in " ".join(said.blocking)


def test_without_a_history_nothing_is_said_of_level_5() -> None:
    said = machine_level(history(0.1, credential=""), **watching("m-1"))
    assert (said.lo, said.hi) == (4, 5)


@pytest.mark.parametrize(("bad", "hi"), [(1, 4), (0, 5)])
def test_bad_reads_of_its_own_in_one_scan_keep_a_machine_from_level_5(bad: int, hi: int) -> None:
    found = history(8, 4, 0.1)
    first = found.observations[0]
    samples = tuple(
        replace(one, quality=Quality.BAD) if n < bad else one for n, one in enumerate(first.samples)
    )
    spoilt = (replace(first, samples=samples), *found.observations[1:])
    said = machine_level(replace(found, observations=spoilt), **watching("m-1"))
    assert said.hi == hi


@pytest.mark.parametrize(("part", "lo"), [("A", 5), ("", 5), ("B", 4)])
def test_what_was_read_of_another_part_is_no_history_of_this_one(part: str, lo: int) -> None:
    found = history(8, 4, 0.1)

    def moved(item: Observation, to: str) -> Observation:
        points = tuple(replace(one, part="A") for one in item.points)
        return replace(
            item, points=points, samples=tuple(replace(one, part=to) for one in item.samples)
        )

    first, *later = found.observations
    several = (moved(first, part), *(moved(one, "A") for one in later))
    now = several[-1]
    parted = replace(found, observations=several, samples=now.samples, points=now.points)
    assert machine_level(parted, **watching("m-1")).lo == lo


def test_values_of_two_devices_must_both_be_held() -> None:
    first, other = history(8, 4, 0.1), history(0.1, about=replace(DRIVE, key="device-2"))
    unit = replace(OWNED, links=(*OWNED.links, Link("M-1", "device-2", complete=True)))
    here = context(first, other, **FULL_LISTING, **watching("m-1"))
    known = {one.device.key: judge_device(one, here) for one in (first, other)}
    said = judge_equipment(unit, [first, other], here, known).level
    assert (said.lo, said.hi) == (4, 5)
    assert "(1 so far)" in said.blocking[0]
