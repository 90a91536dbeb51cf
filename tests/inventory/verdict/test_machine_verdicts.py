"""A machine's level, category and last question, from what its devices are said to be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from inventory.judge.equipment import judge_equipment
from inventory.judge.thresholds import Thresholds
from inventory.model import (
    Category,
    Confidence,
    Declaration,
    Equipment,
    Evidence,
    Finding,
    Kind,
    Level,
    Link,
    Severity,
    Verdict,
)
from protocols.contract import Outcome, Point, Quality, Sample
from tests.inventory.verdict.evidence import NOW, context, device, evidence, row, seen
from tests.inventory.verdict.plants import DRIVE, FULL, listed, motor, tag, window
from tests.inventory.verdict.plants.machines import CURRENT, RUN, TEMP, VIBRATION
from tests.inventory.verdict.plants.trapped import attested

BOTH = (Link("M-1", "device-1"), Link("M-1", "device-2"))
OWNED = {"owner": "ops", "criticality": "C2", "area": "Hall 2", "register": row("M-1")}


def found(key: str = "device-1", *points: Point) -> Evidence:
    made = listed(*points) if points else seen("mystery", Outcome.COMPLETE)
    return evidence(made, about=replace(DRIVE, key=key))


def level(lo: int | None, hi: int | None, *blocking: str) -> Level:
    return Level(lo, hi, blocking)


def of(
    *levels: Level,
    unit: Equipment | None = None,
    findings: tuple[Finding, ...] = (),
    points: tuple[Point, ...] = (),
    **changes: object,
) -> Verdict:
    """The verdict on a motor whose devices were judged to be at these levels."""
    keys = [f"device-{n}" for n in range(1, len(levels) + 1)]
    known = {
        key: Verdict(key, "", one, None, findings) for key, one in zip(keys, levels, strict=True)
    }
    items = [found(key, *points) for key in keys]
    return judge_equipment(unit or motor(), items, context(*items, **{**FULL, **changes}), known)


# --- levels 1 to 3 -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("levels", "complete", "lo", "hi"),
    [
        ([level(3, 3)], True, 3, 3),
        ([level(2, 2)], True, 2, 2),
        ([level(2, 2)], False, 2, 5),  # another device may give more
        ([level(2, 3)], True, 2, 5),
        ([level(0, 0), level(1, 1)], True, 1, 1),
        ([level(1, 1), level(3, 3)], True, 3, 3),
        ([level(1, 2), level(0, 5)], True, 1, 5),
        ([level(None, None)], True, 0, 5),
        ([level(0, None)], True, 0, 5),
    ],
)
def test_a_machine_is_had_as_far_as_the_best_of_its_devices(
    levels: list[Level], complete: bool, lo: int, hi: int
) -> None:
    unit = motor("extruder", links=BOTH[: len(levels)], links_complete=complete)
    got = of(*levels, unit=unit).level
    assert (got.lo, got.hi) == (lo, hi if hi < 3 else got.hi)
    assert got.hi is not None
    assert got.hi >= hi if hi == 3 else got.hi == hi


def test_what_blocks_the_device_blocks_the_machine() -> None:
    assert (
        of(level(1, 5, "a word of it"), unit=motor("extruder")).level.blocking[0] == "a word of it"
    )
    silent = of(level(1, 5), unit=motor("extruder")).level.blocking
    assert silent[0] == "whether its devices can be read"


def test_a_link_to_a_device_that_nobody_knows_leaves_every_level_open() -> None:
    lost = Link("M-1", "PLC-77", complete=True, resolved=False)
    unit = motor(links=(lost,), links_complete=True, **OWNED)
    said = judge_equipment(unit, [], context(**FULL))  # type: ignore[arg-type]
    assert (said.level.lo, said.level.hi) == (0, 5)
    assert "PLC-77" in said.level.blocking[0]
    found = evidence(reads(CURRENT).observations[0], about=DRIVE)
    known = {"device-1": Verdict("device-1", "", level(2, 2), None, ())}
    unit = motor(links=(lost, Link("M-1", "device-1", complete=True)), **OWNED)
    said = judge_equipment(unit, [found], context(found, **FULL), known)  # type: ignore[arg-type]
    assert (said.level.lo, said.level.hi) == (2, 5)


def test_a_machine_that_nothing_monitors_is_dark() -> None:
    nobody = Link("M-1", "", complete=True, resolved=False)
    unit = motor(links=(nobody,), links_complete=True, **OWNED)
    said = judge_equipment(unit, [], context(**FULL))  # type: ignore[arg-type]
    assert (said.level.lo, said.level.hi) == (0, 0)


def test_a_machine_without_links_is_asked_for_them() -> None:
    unit = motor(links=(), links_complete=False)
    got = judge_equipment(unit, (), context(), {}).level
    assert (got.lo, got.hi) == (0, 5)
    assert got.blocking[0] == "which devices monitor it: no link is declared"
    none = judge_equipment(motor(links=(), links_complete=True), (), context(), {}).level
    assert (none.lo, none.hi) == (0, 0)


# --- level 4 -----------------------------------------------------------------------------------


def reads(*points: Point, count: int = 3, bad: int = 0, server: bool = False) -> Evidence:
    """Every value, read each ten seconds; the first `bad` reads are bad."""
    samples = tuple(
        Sample(
            point.address, True if point.type == "Boolean" else 20.0 + n,
            Quality.BAD if n < bad else Quality.GOOD,
            received_time=None if server else NOW.replace(second=10 * n),
            server_time=NOW.replace(second=10 * n) if server else None,
        )
        for n in range(count)
        for point in points
    )  # fmt: skip
    return evidence(
        seen("opcua", Outcome.COMPLETE, "browse", points=points, samples=samples), about=DRIVE
    )


def high(
    item: Evidence,
    unit: Equipment | None = None,
    device: Level | None = None,
    findings: tuple[Finding, ...] = (),
    **changes: object,
) -> Level:
    known = {"device-1": Verdict("device-1", "", device or Level(3, 5), None, findings)}
    return judge_equipment(
        unit or motor(), [item], context(item, **{**FULL, **changes}), known
    ).level


ALL = (CURRENT, VIBRATION, TEMP, RUN)


def test_all_that_the_profile_requires_is_level_4() -> None:
    assert high(reads(*ALL)).lo == 4
    assert high(reads(*ALL, server=True)).lo == 4  # the server's clock tells the interval too


def test_a_required_signal_that_is_absent_is_outweighed_by_coverage_alone() -> None:
    """Current and vibration show eight of nine failure modes: the target is met without."""
    without = reads(CURRENT, VIBRATION, RUN)
    assert high(without).lo == 4
    strict = Thresholds(coverage_target=0.99, coverage_target_c3=0.99)
    assert high(without, thresholds=strict).hi == 3
    exact = judge_equipment(motor(), [without], context(without, **FULL), {}).coverage
    assert exact is not None
    assert high(without, thresholds=Thresholds(coverage_target=exact.lo)).lo == 4
    more = Thresholds(coverage_target=exact.lo + 1e-9)
    assert high(without, thresholds=more).hi == 3


def test_what_may_lift_the_coverage_leaves_level_4_open() -> None:
    """Temperature is absent by a person's word; an unnamed value may be the vibration."""
    unit = motor(criticality="C3")
    item = reads(CURRENT, RUN, tag("AI_7", "C16"))
    said = attested("m-1", statement="no sensor", value="temperature")
    got = high(item, unit, attested=said["attested"])
    assert (got.lo, got.hi) == (3, 5)
    assert "lift the coverage" in " ".join(got.blocking)
    bare = judge_equipment(unit, [item], context(item, **{**FULL, **said}), {}).coverage
    assert bare is not None
    word, highest = said["attested"], bare.hi
    for target, hi in ((highest, 5), (highest + 1e-9, 3)):
        limits = Thresholds(coverage_target_c3=target)
        assert high(item, unit, attested=word, thresholds=limits).hi == hi


def test_without_a_profile_or_a_requirement_level_4_is_open() -> None:
    got = high(reads(*ALL), motor("extruder"))
    assert (got.lo, got.hi) == (3, 5)
    assert "a signal profile for the class extruder" in got.blocking
    assert "a signal profile for the class of the machine" in high(reads(*ALL), motor("")).blocking


def gap(rule: str, waived: str = "") -> Finding:
    return Finding(
        rule, 1, Category.POOR_QUALITY, "label", "device-1", "PLC", "site", "", Severity.MEDIUM,
        Confidence.HIGH, 1.0, (), (), waived=waived,
    )  # fmt: skip


@pytest.mark.parametrize("rule", ["Q02", "Q12", "G01", "Q10"])
def test_a_gap_of_its_device_about_other_values_spoils_nothing(rule: str) -> None:
    assert high(reads(*ALL), findings=(gap(rule),)).hi == 5


BEARING = tag("BearingTemp", "CEL")


def beside(point: Point, **sample: object) -> Evidence:
    """A machine with all that it needs, and one more value whose reads are as given."""
    item = reads(*ALL)
    more = reads(point)
    spoilt = tuple(replace(one, **sample) for one in more.samples)  # type: ignore[arg-type]
    return evidence(*item.observations, replace(more.observations[0], samples=spoilt), about=DRIVE)


FAILED = {"value": None, "quality": Quality.BAD, "status": "BadSensorFailure"}


def test_another_machines_sensor_spoils_nothing() -> None:
    mine = tuple(Link("M-1", "device-1", one.name, complete=True) for one in ALL)
    assert high(beside(BEARING, **FAILED), motor(links=mine)).lo == 4
    assert high(beside(tag("Pressure", "BAR"), **FAILED)).lo == 4  # its own, and not required


def test_of_two_sensors_of_a_signal_a_good_one_suffices() -> None:
    assert high(beside(BEARING, **FAILED)).lo == 4
    assert high(reads(CURRENT, VIBRATION, TEMP, BEARING, RUN)).lo == 4


@pytest.mark.parametrize(
    ("sample", "lo", "hi"),
    [
        (FAILED, 3, 3),
        ({"status": "UncertainLastUsableValue", "quality": Quality.UNCERTAIN}, 3, 3),
        ({"value": 8750.0}, 3, 3),
        ({"source_time": NOW - timedelta(hours=2)}, 3, 5),  # old, beside no fresh one: asked
        ({"value": None}, 3, 5),
    ],
)
def test_a_value_of_its_own_that_is_not_good_is_not_level_4(
    sample: dict[str, object], lo: int, hi: int
) -> None:
    three = (CURRENT, VIBRATION, RUN)
    item = beside(TEMP, **sample)
    own = evidence(reads(*three).observations[0], item.observations[-1], about=DRIVE)
    got = high(own)
    assert (got.lo, got.hi) == (lo, hi)


def test_only_required_values_have_to_be_steady() -> None:
    """Another value of it without a unit, read once, stands in no way."""
    item = reads(*ALL)
    more = evidence(*item.observations, listed(tag("Recipe step")), about=DRIVE)
    assert high(more).lo == 4


@pytest.mark.parametrize(
    ("count", "bad", "lo", "hi"),
    [(3, 0, 4, 5), (2, 0, 3, 5), (2, 2, 3, 5), (3, 3, 3, 3), (20, 1, 4, 5), (20, 2, 3, 3)],
)
def test_a_window_needs_three_reads_and_nineteen_of_twenty_good(
    count: int, bad: int, lo: int, hi: int
) -> None:
    item = reads(*ALL, count=min(count, 6), bad=bad) if count < 6 else spread(count, bad)
    got = high(item)
    assert (got.lo, got.hi) == (lo, hi)


def test_a_value_of_which_one_read_has_no_time_has_no_interval() -> None:
    item = reads(*ALL)
    untimed = tuple(
        replace(one, received_time=None) if n >= 2 * len(ALL) else one
        for n, one in enumerate(item.samples)
    )
    whole = replace(item.observations[0], samples=untimed)
    assert "at what times" in high(evidence(whole, about=DRIVE)).blocking[0]
    once = high(reads(*ALL, count=1), thresholds=Thresholds(window_reads=1))
    assert "at what times" in once.blocking[0]  # one read has no interval


def spread(count: int, bad: int) -> Evidence:
    samples = tuple(
        Sample(
            point.address, True if point.type == "Boolean" else 20.0 + n,
            Quality.BAD if n < bad else Quality.GOOD,
            received_time=datetime(2026, 11, 22, 11, n // 6, 10 * (n % 6), tzinfo=UTC),
        )
        for n in range(count)
        for point in ALL
    )  # fmt: skip
    return evidence(
        seen("opcua", Outcome.COMPLETE, "browse", points=ALL, samples=samples), about=DRIVE
    )


@pytest.mark.parametrize("name", ["WindingTemp", ""])
def test_a_value_without_a_unit_is_named(name: str) -> None:
    bare = Point("ns=2;s=T1", name, type="Double")
    unit = motor(
        links=(Link("M-1", "device-1"), Link("M-1", "device-1", bare.address, "temperature"))
    )
    unit = replace(unit, links=tuple(Link("M-1", "device-1", p.address, s) for p, s in (
        (CURRENT, ""), (VIBRATION, ""), (RUN, ""), (bare, "temperature:winding"))))  # fmt: skip
    said = high(reads(CURRENT, VIBRATION, RUN, bare), unit)
    assert said.blocking[0] == f"the unit of {name or bare.address}"


@pytest.mark.parametrize(("name", "unit"), [("WindingTemp_degC", ""), ("WindingTemp", "degrees X")])
def test_a_unit_in_the_name_is_one_and_so_is_one_that_nobody_knows(name: str, unit: str) -> None:
    assert high(reads(CURRENT, VIBRATION, RUN, tag(name, unit))).lo == 4


# --- level 5 -----------------------------------------------------------------------------------


@pytest.mark.parametrize("device", [Level(5, 5), Level(4, 4), Level(4, 5), Level(3, 4)])
def test_whatever_its_device_is_a_machine_answers_for_itself(device: Level) -> None:
    """See `test_levels`: one window of reads is no history."""
    got = high(reads(*ALL), device=device)
    assert (got.lo, got.hi) == (4, 5)


# --- category, label, last question ------------------------------------------------------------


def test_categories() -> None:
    unit = motor(**OWNED)  # type: ignore[arg-type]
    assert of(level(3, 5), points=ALL, unit=unit).category == "not-assessed"
    assert of(level(3, 5), points=(CURRENT,), unit=unit).category == "uninstrumented"
    nobody = motor(**{**OWNED, "owner": ""})  # type: ignore[arg-type]
    said = of(level(3, 5), points=ALL, unit=nobody)
    assert ([one.rule for one in said.findings], said.category) == (["G07"], "not-assessed")
    item = reads(*ALL)
    known = {"device-1": Verdict("device-1", "", Level(3, 5))}
    assert judge_equipment(motor(), [item], context(item, **FULL), known).category == "sufficient"


def waived(*gaps: Finding) -> dict[str, Declaration]:
    words = {"owner": "O", "reason": "R", "expires": "2027-01-01"}
    return {
        one.id: Declaration("site", Kind.WAIVER, one.id, {"finding": one.id, **words})
        for one in gaps
    }


def test_a_machine_is_accepted_when_all_of_its_gaps_are() -> None:
    points = (CURRENT, VIBRATION, RUN)
    gaps = of(level(3, 3), points=points).findings
    assert [one.rule for one in gaps] == ["U01"]
    assert of(level(3, 3), points=points, waivers=waived(*gaps)).category == "accepted"
    two = of(level(3, 3), points=(CURRENT, RUN)).findings
    assert len(two) > 1
    assert (
        of(level(3, 3), points=(CURRENT, RUN), waivers=waived(two[0])).category == "uninstrumented"
    )
    nobody = motor(**{**OWNED, "owner": ""})  # type: ignore[arg-type]
    record = of(level(3, 5), points=ALL, unit=nobody)
    assert (
        of(level(3, 5), points=ALL, unit=nobody, waivers=waived(*record.findings)).category
        == "accepted"
    )


def labels(said: Verdict) -> dict[tuple[str, str], str]:
    return {
        (one.rule, one.subject): one.label.rpartition("(")[2].rstrip(")") for one in said.findings
    }


def test_what_a_scan_shows_is_not_exposed_and_what_a_person_says_is_attested() -> None:
    points = (CURRENT, RUN)
    shown = labels(of(level(3, 3), points=points))
    assert shown["U01", "temperature"] == shown["U01", "vibration|axial_flux"] == "not exposed"
    assert shown["U05", ""] == "not exposed"
    said = attested("m-1", statement="no sensor", value="temperature|vibration")
    told = labels(of(level(3, 3), points=points, attested=said["attested"]))
    assert told["U01", "temperature"] == "attested"
    assert told["U01", "vibration|axial_flux"] == "not exposed"  # of one of the two it is
    assert told["U05", ""] == "not exposed"
    other = attested("m-1", statement="painted", value="temperature")
    assert labels(of(level(3, 3), points=points, attested=other["attested"]))[
        "U01", "temperature"
    ] == ("not exposed")
    nothing = judge_equipment(motor(links=()), (), context(), {})
    assert labels(nothing) == {("U02", ""): "attested"}
    hollow = evidence(
        listed(CURRENT, value=None, quality=Quality.BAD, status="BadNotConnected"), about=DRIVE
    )
    (one,) = [
        one for one in judge_equipment(motor(), [hollow], context(hollow, **FULL), {}).findings
        if one.rule == "U03"
    ]  # fmt: skip
    assert "(" not in one.label
    nobody = motor(**{**OWNED, "owner": ""})  # type: ignore[arg-type]
    (record,) = of(level(3, 5), points=ALL, unit=nobody).findings
    assert "(" not in record.label


def test_a_word_about_no_signal_attests_none() -> None:
    said = attested("m-1", statement="no sensor", value="")
    told = labels(of(level(3, 3), points=(CURRENT, RUN), attested=said["attested"]))
    assert set(told.values()) == {"not exposed"}


def asked(said: Verdict) -> tuple[str, str, str]:
    (one,) = said.questions
    return one.missing, one.next_step, one.command


def test_the_last_question_follows_the_level() -> None:
    unit = motor("extruder", **OWNED)
    missing, step, command = asked(of(level(3, 5), unit=unit))
    assert missing == "a signal profile for the class extruder"
    assert step == "state in the register a class that has a signal profile, where one fits"
    assert command == "untrap import register FILE"
    missing, step, command = asked(of(level(3, 5), unit=motor(**OWNED), points=ALL))  # type: ignore[arg-type]
    assert missing == "a window of reads (scan --depth sample)"
    assert step == "read the devices that monitor it over a window"
    assert command == "untrap scan 192.0.2.10 --depth sample"
    _, step, command = asked(of(level(2, 5, "x"), unit=unit))
    assert step == "read the devices that monitor it, from where the collector will stand"
    assert command == "untrap scan 192.0.2.10 --depth points"
    assert asked(of(level(2, 2), unit=unit)) == (
        "any value of it that the collector gets",
        "close the gaps of the devices that monitor it",
        "untrap show 192.0.2.10",
    )
    item = beside(BEARING, **FAILED)
    broken = evidence(reads(CURRENT, VIBRATION, RUN).observations[0], item.observations[-1],
                      about=DRIVE)  # fmt: skip
    known = {"device-1": Verdict("device-1", "", level(3, 3), None, ())}
    missing, step, command = asked(
        judge_equipment(motor(**OWNED), [broken], context(broken, **FULL), known)  # type: ignore[arg-type]
    )
    assert step == "close the gaps of the devices that monitor it"
    assert command == "untrap show 192.0.2.10"
    assert missing.startswith("values that are good throughout")
    known = {"device-1": Verdict("device-1", "", level(2, 5), None, ())}  # may be read, or not
    said = judge_equipment(motor(**OWNED), [broken], context(broken, **FULL), known)  # type: ignore[arg-type]
    assert (said.level.lo, said.level.hi) == (2, 3)
    assert asked(said)[1].startswith("read the devices that monitor it, from where")


@pytest.mark.parametrize(
    ("about", "command"),
    [
        ({}, "untrap set 192.0.2.10 vendor=MAKER model=TYPE serial=NUMBER"),
        ({"vendor": "Acme", "product": "X"}, "untrap set 192.0.2.10 serial=NUMBER"),
        ({"vendor": "Acme", "serial": "1"}, "untrap set 192.0.2.10 model=TYPE"),
        ({"vendor": "Acme", "model": "X", "part": "unit 3"}, "untrap set device-1 serial=NUMBER"),
    ],
)
def test_a_nameplate_is_read_on_the_spot_and_not_by_sampling(
    about: dict[str, str], command: str
) -> None:
    item = evidence(*reads(*ALL).observations, about=device(**about))
    said = judge_equipment(motor(**OWNED), [item], context(item, **FULL))  # type: ignore[arg-type]
    missing, *told = asked(said)
    assert missing.startswith("a complete nameplate of ")
    assert told == [
        "read its nameplate (maker, model, serial number), and state what it says", command,
    ]  # fmt: skip


def test_a_value_without_a_name_goes_by_its_address() -> None:
    nameless = replace(CURRENT, name="", signal="current")
    rest = (one for one in ALL if one != CURRENT)
    item = evidence(
        *(window(one, [20.0 + n for n in range(8)]) for one in (nameless, *rest)), about=DRIVE
    )
    said = judge_equipment(motor(**OWNED), [item], context(item, **FULL))  # type: ignore[arg-type]
    assert asked(said)[0].startswith(f"whether {nameless.address} comes every 10 s")


def test_values_that_were_read_too_seldom_are_read_at_the_interval_of_their_class() -> None:
    moving = [window(one, [20.0 + n for n in range(8)]) for one in ALL]  # over twenty minutes
    item = evidence(*moving, about=DRIVE)
    missing, step, command = asked(
        judge_equipment(motor(**OWNED), [item], context(item, **FULL))  # type: ignore[arg-type]
    )
    assert missing.startswith("whether MotorCurrent comes every 10 s")
    assert step == "read the devices that monitor it over a window"
    assert command == "untrap scan 192.0.2.10 --depth sample --sample-every 10"


# --- names and value ---------------------------------------------------------------------------


def test_a_machine_goes_by_its_tag_else_by_its_name() -> None:
    for tag_, name, shown in (("M-1", "Fan", "M-1"), ("", "Fan", "Fan")):
        unit = motor(tag=tag_, name=name, links=(), links_complete=True)
        (one,) = judge_equipment(unit, (), context(), {}).findings
        assert one.asset_name == shown


def test_the_value_of_a_gap_is_what_the_coverage_lacks_else_what_the_level_lacks() -> None:
    item = found("device-1", CURRENT, RUN)
    said = judge_equipment(motor(), [item], context(item, **FULL), {})
    assert said.coverage is not None
    short = 0.6 - said.coverage.lo
    (one,) = [one for one in said.findings if one.rule == "U05"]
    assert one.value == pytest.approx(3 * short / 4, abs=1e-3)  # C2, high, E2
    full = found("device-1", CURRENT, VIBRATION, RUN)
    said = judge_equipment(
        motor(), [full], context(full, **FULL), {"device-1": Verdict("device-1", "", Level(3, 5))}
    )
    (one,) = [one for one in said.findings if one.rule == "U01"]
    assert said.level.lo == 3
    assert said.coverage is not None
    assert said.coverage.lo > 0.6
    assert one.value == 0  # one signal more adds nothing above the target
    limits = Thresholds(coverage_target=said.coverage.lo)  # just met
    here = context(full, **FULL, thresholds=limits)
    met = judge_equipment(motor(), [full], here, {"device-1": Verdict("device-1", "", Level(3, 5))})
    assert [one.value for one in met.findings if one.rule == "U01"] == [0]
    bare = motor(links=(), links_complete=True)
    (one,) = judge_equipment(bare, (), context(), {}).findings
    assert one.value == pytest.approx(3 * 0.9 / 4, abs=1e-3)


def test_a_record_of_a_machine_at_level_4_frees_no_value() -> None:
    nobody = motor(**{**OWNED, "owner": ""})  # type: ignore[arg-type]
    known = {"device-1": Verdict("device-1", "", Level(3, 5))}
    for item, lo, value in ((reads(*ALL), 4, 0), (reads(*ALL, count=2), 3, 3 * 0.1)):
        said = judge_equipment(nobody, [item], context(item, **FULL), known)
        (one,) = [one for one in said.findings if one.rule == "G07"]
        assert said.level.lo == lo
        assert one.value == pytest.approx(value)


def test_a_device_that_nobody_judged_is_judged_with_its_machine() -> None:
    item = found("device-1", *ALL)
    here = context(item, **FULL)
    assert judge_equipment(motor(), [item], here) == judge_equipment(motor(), [item], here, {})


def test_a_machines_row_without_a_value_is_told() -> None:
    for name in ("owner", "criticality", "area"):
        unit = motor("extruder", **{**OWNED, name: ""})
        (one,) = of(level(3, 5), unit=unit).findings
        assert name.replace("area", "place") in one.because[0].text
    assert not of(
        level(3, 5), unit=motor("extruder", **{**OWNED, "area": "", "line": "L"})
    ).findings
    alone = motor("extruder", **{**OWNED, "owner": "", "register": None})
    assert not of(level(3, 5), unit=alone).findings
