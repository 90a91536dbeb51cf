"""Each rule of the first release: fires, stays quiet, and does not fall into its "not if" trap.

Every pair differs by one condition, so that a rule without it fails here.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from inventory.judge.logic import both, either, false, negate, true, unknown
from inventory.judge.survey import survey
from inventory.judge.verdict import judge_device
from inventory.model import Confidence, Declaration, Evidence, Kind, Severity, Strength, Truth
from inventory.rules import DEVICE_RULES, catalogue
from inventory.rules.document import gaps_page
from protocols import probes
from protocols.contract import Fact, Outcome, Point, Quality, Sample
from tests.inventory.verdict.evidence import NOW, context, device, evidence, row, seen

O = Outcome  # noqa: E741  (read as "outcome" in the table below)
PLC = device(role="plc", vendor="Maker", product="CPU", serial="S1234", firmware="1")
S7 = seen("s7comm", O.COMPLETE)
CLOSED = (seen("opcua", O.CLOSED), seen("modbus", O.CLOSED))
VALUE = Point("nsu=urn:x;s=T", "Temperature", unit="CEL", type="Double", access="r")


def listing(*points: Point, credential: str = "", **sample: object):  # type: ignore[no-untyped-def]
    samples = tuple(
        Sample(point.address, **{"value": 20.5, "received_time": NOW, **sample})  # type: ignore[arg-type]
        for point in points
    )
    return seen(
        "opcua", O.COMPLETE, "browse", points=points, samples=samples, credential=credential
    )


def registers(*values: int, facts: tuple[Fact, ...] = ()):  # type: ignore[no-untyped-def]
    points = tuple(Point(f"holding:{n}") for n in range(len(values)))
    samples = tuple(Sample(f"holding:{n}", value) for n, value in enumerate(values))
    return seen("modbus", O.COMPLETE, "read", points=points, samples=samples, facts=facts)


def fired(found: Evidence, **changes: object) -> set[str]:
    return {item.rule for item in judge_device(found, context(found, **changes)).findings}


def asked(found: Evidence, **changes: object) -> set[str]:
    return {item.rule for item in judge_device(found, context(found, **changes)).questions}


MAPPED = device(vendor="Maker", product="X", facts=(Fact("map", "Maker X", "library"),))
UNIT = device("unit-3", parent="gateway", part="unit 3")
DENIED = Point("nsu=urn:x;s=D", "Pressure", unit="BAR", type="Double", access="-")
WRITABLE = replace(VALUE, access="rw")
SOON = Fact("certificate.not_after", "2026-12-24T00:00:00Z", "endpoint")
LATER = Fact("certificate.not_after", "2028-12-24T00:00:00Z", "endpoint")
NETWORK = Fact("network", "10.9.0.0/24", "ipAddrTable")
OWN = Fact("network", "192.0.2.0/24", "ipAddrTable")
LOOPBACK = Fact("network", "127.0.0.0/8", "ipAddrTable")
SKEW = Fact("clock_skew_seconds", 90, "snmp")
SMALL = Fact("clock_skew_seconds", 1, "snmp")


def facts(*stated: Fact) -> Evidence:
    return evidence(seen("snmp", O.COMPLETE, facts=stated), about=replace(PLC, facts=stated))


CASES = [
    # rule, fires?, evidence, context
    ("T01", True, evidence(S7, *CLOSED, about=PLC), {}),
    ("T01", False, evidence(S7, CLOSED[0], about=PLC), {}),  # Modbus not asked
    ("T01", False, evidence(S7, CLOSED[0], seen("modbus", O.SILENT), about=PLC), {}),  # filtered
    ("T01", False, evidence(S7, CLOSED[0], seen("modbus", O.COMPLETE), about=PLC), {}),
    ("T01", False, evidence(*CLOSED, about=PLC), {}),
    ("T01", False, evidence(S7, *CLOSED, about=replace(PLC, role="switch")), {}),
    ("T02", True, evidence(seen("ethernetip", O.COMPLETE), *CLOSED, about=PLC), {}),
    ("T02", False, evidence(seen("ethernetip", O.COMPLETE), *CLOSED, about=PLC),
     {"connectors": frozenset({"ethernetip"})}),
    ("T01", False, evidence(seen("ethernetip", O.COMPLETE), *CLOSED, about=PLC), {}),
    ("T03", True, evidence(registers(1, 2, 3), about=PLC), {}),
    ("T03", False, evidence(registers(1, 2, 3), about=MAPPED), {}),
    ("T03", False, evidence(registers(*[7] * 12), about=PLC), {}),  # all the same
    ("T03", False, evidence(registers(1, 2, 3), about=UNIT), {}),  # then T07
    ("T05", True, evidence(seen("opcua", O.COMPLETE, "browse")),
     {"entitlements": {"anonymous": "full"}}),
    ("T05", True, evidence(seen("opcua", O.EMPTY, "browse")),
     {"entitlements": {"anonymous": "full"}}),
    ("T05", False, evidence(seen("opcua", O.COMPLETE, "browse")), {}),  # entitlement unknown
    ("T05", False, evidence(listing(VALUE)), {"entitlements": {"anonymous": "full"}}),
    ("T05", False, evidence(seen("opcua", O.PARTIAL, "browse")),
     {"entitlements": {"anonymous": "full"}}),
    ("T07", True, evidence(registers(1, 2), about=UNIT), {}),
    ("T07", False, evidence(registers(1, 2), about=replace(UNIT, vendor="Maker")), {}),
    ("T10", True, facts(NETWORK), {}),
    ("T10", False, facts(OWN), {}),
    ("T10", False, facts(LOOPBACK), {}),
    ("A01", True, evidence(S7, CLOSED[0], seen("modbus", O.BLOCKED), about=PLC), {}),
    ("A01", True, evidence(S7, CLOSED[0], seen("modbus", O.SILENT), about=PLC), {}),
    ("A01", False, evidence(seen("modbus", O.SILENT), about=PLC), {}),  # no live control
    ("A01", False, evidence(listing(VALUE), seen("modbus", O.SILENT), about=PLC), {}),
    ("A03", True, evidence(seen("opcua", O.REFUSED_AUTH, reason="user_rejected")), {}),
    ("A03", False, evidence(seen("opcua", O.REFUSED_AUTH, reason="certificate_untrusted")), {}),
    ("A03", False, evidence(seen("opcua", O.REFUSED_AUTH, reason="username_not_offered"),
                            seen("opcua", O.COMPLETE, "session")), {}),  # anonymous is in
    ("A03", False, evidence(seen("opcua", O.NOT_ASKED, reason="no_credential")), {}),
    ("A04", True, evidence(seen("opcua", O.REFUSED_AUTH, reason="mode_not_offered")), {}),
    ("A04", False, evidence(seen("opcua", O.REFUSED_AUTH, reason="user_rejected")), {}),
    ("A05", True, evidence(listing(VALUE, DENIED)), {}),
    ("A05", False, evidence(listing(VALUE)), {}),
    ("A08", True,
     evidence(seen("opcua", O.SILENT),
              about=device(register=row(address="192.0.2.10"), seen=False)),
     {}),
    ("A08", False, evidence(about=device(register=row(address="192.0.2.10"), seen=False)), {}),
    ("A08", False, evidence(seen("opcua", O.CLOSED), about=device(register=row())), {}),
    ("A08", False, evidence(seen("opcua", O.SILENT), about=device(seen=False)), {}),
    ("A09", True, evidence(seen("opcua", O.NOT_ASKED, reason="budget")), {}),
    ("A09", False, evidence(seen("opcua", O.CLOSED)), {}),
    ("Q02", True, evidence(listing(VALUE, quality=Quality.UNCERTAIN,
                                   status="UncertainLastUsableValue")), {}),
    ("Q02", False, evidence(listing(VALUE)), {}),
    ("Q02", False, evidence(listing(VALUE, source_time=NOW - timedelta(hours=3))), {}),
    ("Q04", True, evidence(listing(replace(VALUE, unit=""))), {}),
    ("Q04", False, evidence(listing(VALUE)), {}),
    ("Q05", True, evidence(listing(replace(VALUE, unit="BAR"))), {}),
    ("Q05", True, evidence(listing(replace(VALUE, low=0.0, high=10.0))), {}),
    ("Q05", True, evidence(listing(VALUE, value=8750.0)), {}),
    ("Q05", False, evidence(listing(VALUE, value=8750.0, quality=Quality.BAD)), {}),
    ("Q05", False, evidence(listing(VALUE)), {}),
    ("Q07", True, facts(SKEW), {"clock_synchronised": True}),
    ("Q07", False, facts(SKEW), {}),
    ("Q07", False, facts(SMALL), {"clock_synchronised": True}),
    ("Q10", True, evidence(seen("modbus", O.COMPLETE)), {}),
    ("Q10", False, evidence(seen("modbus", O.COMPLETE), about=replace(PLC, role="")), {}),
    ("Q10", False, evidence(seen("snmp", O.COMPLETE), seen("snmp", O.REFUSED_AUTH)), {}),
    ("G01", True, evidence(listing(VALUE)), {}),
    ("G01", False, evidence(listing(VALUE, credential="reader")), {}),
    ("G02", True, evidence(S7, about=PLC), {"register": True}),
    ("G02", False, evidence(S7, about=PLC), {}),
    ("G02", False, evidence(S7, about=replace(PLC, register=row())), {"register": True}),
    ("G03", True, evidence(S7, about=PLC),
     {"collisions": {"serial Maker S1234": ("device-1", "device-2")}}),
    ("G03", False, evidence(S7, about=PLC), {}),
    ("G04", True, facts(SOON), {}),
    ("G04", False, facts(LATER), {}),
    ("G05", True, evidence(listing(WRITABLE)), {}),
    ("G05", False, evidence(listing(VALUE)), {}),
    ("G07", True, evidence(S7, about=replace(PLC, register=row(owner=""))), {}),
    ("G07", False, evidence(S7, about=replace(PLC, register=row())), {}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "expected", "found", "changes"), CASES)
def test_rule(rule: str, expected: bool, found: Evidence, changes: dict[str, object]) -> None:
    assert (rule in fired(found, **changes)) is expected


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("T01", evidence(S7, CLOSED[0], about=PLC)),
        ("T05", evidence(seen("opcua", O.COMPLETE, "browse"))),
        ("A03", evidence(seen("opcua", O.NOT_ASKED, reason="no_credential"))),
        ("A08", evidence(about=device(register=row(address="192.0.2.10"), seen=False))),
        ("Q02", evidence(listing(VALUE, source_time=NOW - timedelta(hours=3)))),
        ("Q07", facts(SKEW)),
        ("Q01", evidence(listing(VALUE, quality=Quality.BAD, status="BadNoCommunication"))),
    ],
)
def test_what_is_undecided_is_a_question(rule: str, found: Evidence) -> None:
    assert rule in asked(found)
    assert rule not in fired(found)


@pytest.mark.parametrize(
    ("protocol", "first"),
    [
        ("opcua", "Switch on Sign & Encrypt and a read-only account"),
        ("modbus", "Keep the protocol inside its zone and collect behind a conduit"),
    ],
)
def test_only_what_a_protocol_has_can_be_switched_on(protocol: str, first: str) -> None:
    """Modbus TCP has neither encryption nor accounts, so no setting of the device secures it."""
    found = evidence(listing(VALUE) if protocol == "opcua" else registers(1, 2))
    judged = judge_device(found, context(found)).findings
    (finding,) = (item for item in judged if item.rule == "G01")
    assert finding.remedies[0].text == first


def test_ten_reads_with_three_bad_ones_are_q01() -> None:
    samples = tuple(
        Sample(VALUE.address, 20.0, Quality.BAD if n < 3 else Quality.GOOD) for n in range(10)
    )
    item = seen("opcua", O.COMPLETE, "browse", points=(VALUE,), samples=samples)
    assert "Q01" in fired(evidence(item))
    fine = samples[2:] + samples[8:]
    item = seen("opcua", O.COMPLETE, "browse", points=(VALUE,), samples=fine)
    assert "Q01" not in fired(evidence(item))


def test_siblings_that_differ_are_q11() -> None:
    usual = evidence(listing(VALUE, DENIED), about=PLC)
    odd = evidence(listing(VALUE), about=replace(PLC, key="device-3", serial="S9999"))
    whole = survey(
        [usual, replace(usual, device=replace(PLC, key="d2", serial="S2")), odd], today=NOW
    )
    assert "Q11" in {item.rule for item in judge_device(odd, whole).findings}
    assert "Q11" not in {item.rule for item in judge_device(usual, whole).findings}


def test_every_finding_says_that_the_vantage_was_assumed() -> None:
    found = evidence(S7, *CLOSED, about=PLC)
    verdict = judge_device(found, context(found))
    because = next(item.because for item in verdict.findings if item.rule == "T01")
    assert any(item.outcome == "assumed" for item in because)


def test_severity_follows_criticality_and_confidence_follows_evidence() -> None:
    for rated, expected in (("C1", "medium"), ("C2", "high"), ("C3", "critical")):
        about = replace(PLC, register=row(criticality=rated))
        found = evidence(S7, *CLOSED, about=about)
        finding = judge_device(found, context(found)).findings[0]
        assert (finding.rule, finding.severity) == ("T01", Severity(expected))
        assert finding.confidence is Confidence.MEDIUM


def test_old_evidence_loses_a_step_of_confidence() -> None:
    found = evidence(S7, *CLOSED, about=PLC)
    later = context(found, today=NOW + timedelta(days=40))
    finding = judge_device(found, later).findings[0]
    assert finding.confidence is Confidence.LOW


def test_a_waiver_counts_until_its_day() -> None:
    from inventory.model import Declaration, Kind

    found = evidence(S7, *CLOSED, about=PLC)
    gap = next(i for i in judge_device(found, context(found)).findings if i.rule == "T01")
    for expires, waived in (("2027-01-01", True), ("2026-01-01", False)):
        fields = {"finding": gap.id, "owner": "O", "reason": "R", "expires": expires}
        waiver = Declaration("site", Kind.WAIVER, gap.id, fields)
        again = judge_device(found, context(found, waivers={gap.id: waiver}))
        assert bool(next(i.waived for i in again.findings if i.rule == "T01")) is waived


def test_a_switch_is_not_data_bearing() -> None:
    found = evidence(seen("snmp", O.COMPLETE), about=device(role="switch"))
    assert judge_device(found, context(found)).category == "not-data-bearing"


def test_kleene() -> None:
    yes, no, maybe = true(Strength.E2), false(Strength.E3), unknown("a premise")
    assert both(yes, maybe).truth is Truth.UNKNOWN
    assert both(no, maybe).truth is Truth.FALSE
    assert either(yes, maybe).truth is Truth.TRUE
    assert either(no, maybe).truth is Truth.UNKNOWN
    assert negate(maybe).truth is Truth.UNKNOWN
    assert both(yes, true(Strength.E4)).strength is Strength.E2


def test_every_predicate_has_a_text_and_every_text_a_predicate() -> None:
    texts = {name for name in catalogue() if not name.startswith("N")}
    assert texts == {*DEVICE_RULES, "U01", "U02", "U04", "U05"}


def test_the_page_names_every_rule() -> None:
    page = gaps_page()
    assert all(f"### {name} " in page for name in catalogue())


def test_openness_is_that_of_the_probes() -> None:
    from inventory.judge.openness import protocols

    table = protocols()
    for probe in probes():
        if probe.rungs:
            assert table[probe.name].openness is probe.openness, probe.name
            assert table[probe.name].ports == frozenset(probe.ports), probe.name
            assert table[probe.name].data is probe.data, probe.name
            assert table[probe.name].ports == frozenset(probe.ports), probe.name


def test_a_pair_is_known_by_the_row_of_either_until_it_is_taken_back() -> None:
    twins = [
        evidence(seen("opcua", Outcome.COMPLETE), about=device(key, vendor="A", serial="S1234"))
        for key in ("PLC-R1", "PLC-R2")
    ]

    def gaps(*said: Declaration) -> list[str]:
        here = survey(twins, (), said, today=NOW)
        found = [one for item in twins for one in judge_device(item, here).findings]
        return [one.asset for one in found if one.rule == "G03"]

    def attest(value: str) -> Declaration:
        fields = {"subject": "PLC-R1", "statement": "redundant with", "value": value}
        return Declaration("site", Kind.ATTEST, "PLC-R1", fields)

    assert gaps() == ["PLC-R1", "PLC-R2"]
    assert gaps(attest("plc-r2")) == []
    assert gaps(attest("PLC-R2"), attest("no")) == ["PLC-R1", "PLC-R2"]
