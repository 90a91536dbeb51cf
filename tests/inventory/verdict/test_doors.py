"""Whose answer it was: gateways that speak for units, openings that lead to another protocol."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.judge.levels import level_of
from inventory.judge.mapped import CompleteMap
from inventory.judge.survey import survey
from inventory.judge.verdict import judge_device, judge_equipment
from inventory.judge.view import View
from inventory.model import Declaration, Equipment, Evidence, Kind, Link, Truth
from inventory.rules.inaccessible import locked
from protocols.contract import Fact, Observation, Outcome, Point, Quality, Sample
from tests.inventory.verdict.evidence import NOW, context, device, evidence, row, seen


def about(item: Observation, argument: str) -> Observation:
    return replace(item, question=replace(item.question, argument=argument))


def fired(found: Evidence, **changes: object) -> set[str]:
    return {item.rule for item in judge_device(found, context(found, **changes)).findings}


def questions(found: Evidence, **changes: object) -> set[str]:
    return {item.rule for item in judge_device(found, context(found, **changes)).questions}


COTP = seen("s7comm", Outcome.COMPLETE, "connect")
MMS = seen("s7comm", Outcome.OTHER, "setup", seconds=1)
CLOSED = (seen("opcua", Outcome.CLOSED, "hello"), seen("modbus", Outcome.CLOSED, "identity"))


def test_a_connection_that_another_protocol_goes_on_with_has_not_spoken() -> None:
    found = evidence(COTP, MMS, *CLOSED, about=device(role="plc"))
    assert View(found, context(found)).spoke == []
    assert "T01" not in fired(found)


def test_an_identity_once_read_stands_against_later_foreign_bytes() -> None:
    named = seen("s7comm", Outcome.COMPLETE, "szl", facts=(Fact("vendor", "Siemens", "szl"),))
    found = evidence(COTP, named, MMS, *CLOSED, about=device(role="plc"))
    assert "T01" in fired(found)


def test_a_refusal_for_a_unit_that_nobody_declared_locks_nothing() -> None:
    named = seen("modbus", Outcome.COMPLETE, facts=(Fact("vendor", "Moxa", "43/14"),))
    empty = about(seen("modbus", Outcome.REFUSED_DOWNSTREAM, "identity"), "unit 7 basic 0x00")
    found = evidence(named, empty, about=device(vendor="Moxa", product="MGate"))
    view = View(found, context(found))
    assert locked(view) == ()
    assert not any("door that is not open" in text for text in level_of(view).blocking)


def declared_unit(*items: Observation) -> Evidence:
    unit = device("unit", parent="gateway", part="unit 4", seen=False, register=row("GW-1-4"))
    return evidence(*items, about=unit)


REFUSALS = tuple(
    seen("modbus", Outcome.REFUSED_DOWNSTREAM, part="unit 4", seconds=n) for n in (0, 11)
)


def test_what_a_gateway_says_of_a_dead_unit_is_no_sign_of_life() -> None:
    found = declared_unit(*REFUSALS)
    level = judge_device(found, context(found)).level
    assert level.lo == 0
    assert not {"A08", "A01"} & (fired(found) | questions(found))


def test_an_answer_of_the_gateway_s_own_unit_is_a_control_for_t06() -> None:
    own = about(seen("modbus", Outcome.COMPLETE, "control", seconds=5), "unit 255 again")
    unit = declared_unit(*REFUSALS)
    here = survey([evidence(own, about=device("gateway")), unit], today=NOW)
    assert "T06" in {item.rule for item in judge_device(unit, here).findings}
    alone = survey([unit], today=NOW)
    assert "T06" not in {item.rule for item in judge_device(unit, alone).findings}


def test_a_credential_that_was_held_back_makes_a03_a_question() -> None:
    refused = seen("opcua", Outcome.REFUSED_AUTH, "session", reason="anonymous_not_offered")
    kept = seen("opcua", Outcome.NOT_ASKED, "session", reason="safety_hold", credential="historian")
    assert "A03" in fired(evidence(refused))
    held = evidence(refused, kept)
    assert "A03" not in fired(held)
    assert "A03" in questions(held)
    tried = seen("opcua", Outcome.REFUSED_AUTH, "session", reason="user_rejected", credential="x")
    assert "A03" in fired(evidence(refused, kept, tried))


def test_a_refusal_of_the_proprietary_protocol_itself_leaves_t01_open() -> None:
    refused = seen("s7comm", Outcome.REFUSED_AUTH, reason="access_denied")
    lone = evidence(refused, about=device(role="plc"))
    assert "T01" in questions(lone)


def hollow(*names: str) -> tuple[Observation, ...]:
    points = tuple(Point(f"nsu=x;s={n}", n, unit="AMP", type="Double", access="r") for n in names)
    samples = tuple(
        Sample(p.address, None, Quality.BAD, "BadNotConnected", received_time=NOW) for p in points
    )
    return (seen("opcua", Outcome.COMPLETE, "read", points=points, samples=samples),)


def motor(key: str) -> Equipment:
    links = (Link("M-1", key, complete=True),)
    return Equipment("machine", "site", "M-1", cls="motor", links=links, links_complete=True)


def test_a_hollow_signal_is_a_gap_of_the_machine_and_not_twice() -> None:
    found = evidence(*hollow("Motor current"))
    here = survey([found], [motor("device-1")], today=NOW)
    of_machine = judge_equipment(motor("device-1"), [found], here)
    assert [(f.rule, f.subject) for f in of_machine.findings if f.rule == "U03"] == [
        ("U03", "current")
    ]
    assert of_machine.level.hi is not None
    assert of_machine.level.hi <= 3
    assert all(f.value > 0 for f in of_machine.findings if f.rule == "U03")
    assert "U03" not in {f.rule for f in judge_device(found, here).findings}


def test_a_hollow_point_of_no_machine_is_a_gap_of_the_device() -> None:
    assert "U03" in fired(evidence(*hollow("Motor current")))


def test_another_point_that_gives_the_signal_makes_the_hollow_one_no_gap() -> None:
    good = Point("nsu=x;s=2", "Drive current", unit="AMP", type="Double", access="r")
    read = Sample(good.address, 4.2, Quality.GOOD, "Good", received_time=NOW)
    fine = seen("opcua", Outcome.COMPLETE, "read", points=(good,), samples=(read,))
    found = evidence(*hollow("Motor current"), fine)
    here = survey([found], [motor("device-1")], today=NOW)
    assert "U03" not in {f.rule for f in judge_equipment(motor("device-1"), [found], here).findings}


@pytest.mark.parametrize(
    ("name", "unit", "measurand", "conflict"),
    [
        ("Reactive power L1", "D46", "", False),
        ("Reactive power L1", "D44", "reactive_power", False),
        ("Apparent power total", "KVA", "apparent_power", False),
        ("Reactive energy delivered", "varh", "reactive_energy", False),
        ("Active power total", "KWT", "power", False),
        ("Motor power", "CEL", "", True),
    ],
)
def test_reactive_and_apparent_are_no_conflict_with_power(
    name: str, unit: str, measurand: str, conflict: bool
) -> None:
    from inventory.signals.points import measure

    meaning = measure(Point("holding:1", name, unit=unit, type="float32"))
    if measurand:
        assert meaning.measurand == measurand
    assert meaning.conflict is conflict or not measurand


def test_a_map_may_name_the_product_where_the_device_names_a_model_too() -> None:
    found = evidence(seen("modbus", Outcome.COMPLETE), about=device(
        vendor="Kaeser", model="7.7000.1", product="SIGMA CONTROL 2"))  # fmt: skip
    maps = (CompleteMap("Kaeser", "Sigma Control 2", ""),)
    view = View(found, context(found, maps_complete=maps))
    assert view.enumerated(view.doors[0]).because
    assert not View(found, context(found)).enumerated(view.doors[0]).because


@pytest.mark.parametrize(
    ("declared", "stated", "licensed"),
    [
        (("",), "9.9", True),
        (("9.9",), "9.9", True),
        (("9",), "9.9", True),  # whole words at the beginning, as the map is chosen
        (("2.0", "9.9"), "9.9", True),
        (("2.0",), "9.9", False),
        (("9.9",), "9.90", False),
        (("9.9",), "", False),
    ],
)
def test_a_complete_map_of_another_firmware_licenses_no_absence(
    declared: tuple[str, ...], stated: str, licensed: bool
) -> None:
    item = evidence(
        seen("modbus", Outcome.COMPLETE),
        about=device(vendor="Acme", model="P-70", firmware=stated),
    )
    said = [
        Declaration(
            "site", Kind.MAP, f"map-{n}",
            {"vendor": "ACME", "model": "P70", "firmware": firmware, "complete": "yes"},
        )
        for n, firmware in enumerate(declared)
    ]  # fmt: skip
    view = View(item, survey([item], (), said, today=NOW))
    found = view.enumerated(view.doors[0])
    assert (found.truth is Truth.TRUE) is licensed
    if not licensed:
        assert declared[0] in found.unknown


def test_of_two_siblings_that_differ_the_one_that_publishes_less_is_named() -> None:
    def sibling(key: str, *names: str) -> Evidence:
        points = tuple(Point(name, name, type="float32") for name in names)
        return evidence(
            seen("modbus", Outcome.COMPLETE, "read", points=points),
            about=device(key, vendor="Acme", model="M1", firmware="1.0"),
        )

    more, less = sibling("one", "a", "b", "c", "d", "e"), sibling("two", "d")
    here = survey([more, less], today=NOW)
    assert "Q11" in {f.rule for f in judge_device(less, here).findings}
    assert "Q11" not in {f.rule for f in judge_device(more, here).findings}


def test_a_survey_needs_no_answers() -> None:
    points = (Point("nsu=x;s=1", "Motor current", unit="AMP"),)
    read = seen("opcua", Outcome.COMPLETE, "read", points=points,
                samples=(Sample("nsu=x;s=1", 4.0),), facts=(Fact("vendor", "A", "x"),))  # fmt: skip
    whole = evidence(read, about=device(vendor="A", model="M", firmware="1"))
    bare = evidence(replace(read, samples=(), facts=()), about=whole.device)
    assert survey([whole], today=NOW) == survey([bare], today=NOW)


READ = seen(
    "modbus", Outcome.COMPLETE, "read", seconds=1,
    points=(Point("holding:0", type="uint16", access="r"),), samples=(Sample("holding:0", 7),),
)  # fmt: skip
NAMED = (Fact("vendor", "Acme", "43/14"), Fact("product", "Drive", "43/14"))
THERE = seen("modbus", Outcome.COMPLETE, "identity", facts=NAMED)


def later(outcome: Outcome, operation: str = "identity", reason: str = "") -> Observation:
    """What a second scan, ten minutes later, was told."""
    return seen("modbus", outcome, operation, scan="scan-2", seconds=600, reason=reason)


@pytest.mark.parametrize(
    "second",
    [
        [],
        [later(Outcome.COMPLETE)],  # `--depth identify`: it did not come to ask for registers
        [later(Outcome.COMPLETE), later(Outcome.NOT_ASKED, "read", "aborted")],
        [later(Outcome.REFUSED_CAPABILITY), later(Outcome.NOT_ASKED, "read", "max_time")],
        [later(Outcome.NOT_ASKED, reason="aborted")],
    ],
)
def test_a_scan_that_asks_less_takes_nothing_back(second: list[Observation]) -> None:
    found = evidence(THERE, READ, *second, about=device(role="drive"))
    assert {"T03", "G01"} <= fired(found)


@pytest.mark.parametrize(
    "second",
    [
        [later(Outcome.CLOSED)],
        [later(Outcome.SILENT)],
        [later(Outcome.MUTE)],
        [later(Outcome.COMPLETE), later(Outcome.REFUSED_AUTH, "read")],
        [later(Outcome.COMPLETE), later(Outcome.HUNG_UP, "read")],
    ],
)
def test_what_is_refused_or_silent_now_does_not_stand_from_before(
    second: list[Observation],
) -> None:
    found = evidence(THERE, READ, *second, about=device(role="drive"))
    (door,) = View(found, context(found)).doors
    assert {item.scan for item in door.observations} == {"scan-2"}


def test_what_stands_is_what_the_scan_before_left_standing() -> None:
    """A refusal in between took it back; a look at who is there does not bring it again."""
    gone = replace(later(Outcome.CLOSED), scan="scan-1b")
    found = evidence(THERE, READ, gone, later(Outcome.COMPLETE), about=device(role="drive"))
    (door,) = View(found, context(found)).doors
    assert [item.question.operation for item in door.observations] == ["identity"]
    kept = evidence(THERE, READ, later(Outcome.COMPLETE), replace(
        later(Outcome.COMPLETE), scan="scan-3"), about=device(role="drive"))  # fmt: skip
    (door,) = View(kept, context(kept)).doors
    assert [item.question.operation for item in door.observations] == ["read", "identity"]


# --- another name than before ----------------------------------------------------------------

TEMPERATURE = Point("nsu=x;s=T", "Temperature", unit="CEL", type="Double", access="r")
ENDPOINTS = seen("opcua", Outcome.COMPLETE, "get_endpoints", seconds=60, scan="scan-2")


def entered(credential: str) -> tuple[Observation, ...]:
    """What a scan with that name read."""
    sample = Sample(TEMPERATURE.address, 20.5, received_time=NOW)
    return (
        seen("opcua", Outcome.COMPLETE, "session", credential=credential),
        seen(
            "opcua", Outcome.COMPLETE, "browse", credential=credential,
            points=(TEMPERATURE,), samples=(sample,),
        ),
    )  # fmt: skip


def turned_away(credential: str = "", outcome: Outcome = Outcome.REFUSED_AUTH) -> Observation:
    """The session of a later scan."""
    return seen(
        "opcua", outcome, "session", reason="user_rejected", credential=credential, seconds=61,
        scan="scan-2",
    )  # fmt: skip


def test_a_scan_without_the_credential_does_not_lock_what_it_opened() -> None:
    found = evidence(*entered("reader"), ENDPOINTS, turned_away())
    assert "A03" not in fired(found) | questions(found)
    view = View(found, context(found))
    assert locked(view) == ()
    before = evidence(*entered("reader"))
    assert level_of(view).lo == level_of(View(before, context(before))).lo


def test_a_name_that_is_refused_now_has_nothing_of_what_it_had() -> None:
    found = evidence(*entered("reader"), ENDPOINTS, turned_away("reader"))
    assert "A03" in fired(found)
    assert locked(View(found, context(found)))


def test_a_refused_name_does_not_take_what_anybody_may_read() -> None:
    assert "A03" not in fired(evidence(*entered(""), ENDPOINTS, turned_away("reader")))


def test_after_silence_nothing_stands_whoever_asked() -> None:
    found = evidence(*entered("reader"), turned_away(outcome=Outcome.REFUSED_RESOURCE))
    assert locked(View(found, context(found)))


def test_a_refusal_stands_though_other_questions_of_that_name_were_answered() -> None:
    denied = seen("opcua", Outcome.REFUSED_AUTH, "browse", credential="other", seconds=1)
    read = seen("opcua", Outcome.COMPLETE, "read", credential="reader", seconds=2)
    found = evidence(denied, read)
    assert locked(View(found, context(found)))


def let_in(scan: str, offer: str) -> tuple[Observation, ...]:
    """An OPC UA server that anybody may read, as one scan saw it."""
    point = Point("nsu=x;s=1", "Flow", unit="MQH", type="Double", access="r")
    sample = Sample(point.address, 4.2, Quality.GOOD, "Good", received_time=NOW)
    return (
        *listed(scan, offer),
        seen("opcua", Outcome.COMPLETE, "session", scan=scan, credential="anonymous"),
        seen("opcua", Outcome.COMPLETE, "browse", scan=scan, points=(point,)),
        seen("opcua", Outcome.COMPLETE, "read", scan=scan, points=(point,), samples=(sample,)),
    )


def listed(scan: str, offer: str, seconds: float = 0) -> tuple[Observation, ...]:
    fact = Fact("security", offer, "opcua GetEndpoints")
    return (
        seen("opcua", Outcome.COMPLETE, "get_endpoints", scan=scan, facts=(fact,), seconds=seconds),
    )


def shut(credential: str, reason: str) -> Observation:
    return seen(
        "opcua", Outcome.REFUSED_AUTH, "session",
        scan="scan-2", seconds=61, credential=credential, reason=reason,
    )  # fmt: skip


SECURED = "Basic256Sha256/SignAndEncrypt/username"


@pytest.mark.parametrize(
    ("offer", "credential", "reason", "gap"),
    [
        (SECURED, "op", "mode_not_offered", "A04"),
        ("None/None/username", "anonymous", "anonymous_not_offered", "A03"),
        ("None/None/username", "", "anonymous_not_offered", "A03"),
    ],
)
def test_a_server_that_was_secured_since_is_not_read_anonymously_any_more(
    offer: str, credential: str, reason: str, gap: str
) -> None:
    before = let_in("scan-1", "None/None/anonymous")
    found = evidence(*before, *listed("scan-2", offer, 60), shut(credential, reason))
    told = fired(found)
    assert gap in told
    assert "G01" not in told
    assert level_of(View(found, context(found))).lo == 2


@pytest.mark.parametrize("offer", ["None/None/anonymous+username", "None/None"])
def test_what_anybody_reads_stands_where_another_user_is_refused(offer: str) -> None:
    before = let_in("scan-1", "None/None/anonymous")
    found = evidence(*before, *listed("scan-2", offer, 60), shut("op", "certificate_untrusted"))
    assert "G01" in fired(found)
    assert level_of(View(found, context(found))).lo == 3


def test_what_a_user_read_stands_where_the_server_asks_for_names_now() -> None:
    one, *rest = let_in("scan-1", SECURED)
    named = [replace(item, credential="hist") for item in rest]
    found = evidence(one, *named, *listed("scan-2", SECURED, 60), shut("op", "mode_not_offered"))
    assert level_of(View(found, context(found))).lo == 3
