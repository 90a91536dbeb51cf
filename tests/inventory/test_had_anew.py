"""What a device told in an earlier scan, and was asked anew since: today's word counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from inventory.judge.anew import stale
from inventory.judge.evidence import assemble
from inventory.judge.survey import survey
from inventory.judge.verdict import judge_device
from inventory.model import Device, RegisterRow
from protocols.contract import Fact, Observation, Outcome, Question, Target
from tests.inventory.verdict.evidence import NOW

ENDPOINTS = ("opcua", "get_endpoints")
EXPIRED = Fact("certificate.not_after", "2025-01-01T00:00:00Z", "opcua GetEndpoints certificate")
RENEWED = Fact("certificate.not_after", "2035-01-01T00:00:00Z", "opcua GetEndpoints certificate")
NETWORK = Fact("network", "10.9.0.0/24", "snmp IP-MIB ipAdEntNetMask", "if 2")


def told(
    scan: int,
    *facts: Fact,
    outcome: Outcome = Outcome.COMPLETE,
    question: Question | None = None,
    address: str = "192.0.2.10",
    **more: Any,
) -> Observation:
    """One answer of scan 1, 2, …, a day apart."""
    return Observation(
        f"scan-{scan}",
        more.pop("vantage", "here"),
        Target("site", address, "tcp", more.pop("port", 4840)),
        question or Question(*ENDPOINTS),
        outcome,
        NOW - timedelta(days=9 - scan),
        facts=facts,
        **more,
    )


def device(*observations: Observation) -> Device:
    facts = tuple(dict.fromkeys(fact for one in observations for fact in one.facts))
    return Device("key", "site", addresses=("192.0.2.10",), facts=facts)


def facts(*observations: Observation) -> tuple[Fact, ...]:
    return assemble(device(*observations), observations).device.facts


def rules(*observations: Observation) -> set[str]:
    found = assemble(device(*observations), observations)
    return {one.rule for one in judge_device(found, survey([found], today=NOW)).findings}


def test_a_certificate_that_was_renewed_is_no_gap() -> None:
    assert "G04" in rules(told(1, EXPIRED))
    assert "G04" not in rules(told(1, EXPIRED), told(2, RENEWED))
    assert "G04" in rules(told(1, RENEWED), told(2, EXPIRED))


def test_a_network_that_is_named_no_more_is_no_gap() -> None:
    assert "T10" in rules(told(1, NETWORK))
    assert "T10" not in rules(told(1, NETWORK), told(2, outcome=Outcome.EMPTY))


def test_a_device_that_was_replaced_contradicts_the_row_of_the_old_one() -> None:
    plate = Question("opcua", "read_nameplate", "", "1")
    old, new = (Fact("serial", text, "opcua nameplate") for text in ("S-100", "T-200"))
    several = (told(1, old, question=plate), told(2, new, question=plate))
    about = replace(
        device(*several), seen=True, serial="T-200", register=RegisterRow("P-1", serial="S-100")
    )
    found = assemble(about, several)
    said = judge_device(found, survey([found], today=NOW))
    assert "G10" in {one.rule for one in said.findings}


def test_a_fact_that_is_told_again_stands() -> None:
    assert facts(told(1, NETWORK), told(2, NETWORK, RENEWED)) == (NETWORK, RENEWED)


@pytest.mark.parametrize(
    "later",
    [
        told(2, outcome=Outcome.PARTIAL),  # a lower bound
        told(2, outcome=Outcome.SILENT),
        told(2, outcome=Outcome.REFUSED_AUTH),
        told(2, outcome=Outcome.NOT_ASKED),
        told(2, question=Question("opcua", "find_servers")),
        told(2, question=Question("opcua", "get_endpoints", "unit 3")),
        told(2, credential="reader"),  # another identity may see less
        told(2, address="192.0.2.11"),
        told(2, port=4841),
        told(2, origin="pcap"),
        told(1),  # of the same scan: it is one answer in two parts
    ],
    ids=lambda one: f"{one.outcome.value} {one.question.operation} {one.origin} {one.scan}",
)
def test_what_is_no_whole_answer_to_the_same_question_takes_nothing_back(
    later: Observation,
) -> None:
    assert facts(told(1, NETWORK), later) == (NETWORK,)


def test_the_same_identity_by_another_word_is_the_same() -> None:
    assert facts(told(1, NETWORK, credential="anonymous"), told(2)) == ()


def test_another_vantage_asks_the_same_device() -> None:
    assert facts(told(1, NETWORK), told(2, vantage="collector")) == ()


def test_what_follows_a_whole_answer_and_is_none_leaves_what_that_one_said() -> None:
    silent = told(3, outcome=Outcome.SILENT)
    assert facts(told(1, EXPIRED), told(2, RENEWED), silent) == (RENEWED,)


def test_an_answer_in_parts_is_whole_when_all_of_them_are() -> None:
    rest = told(2, outcome=Outcome.PARTIAL, sequence=1)
    assert facts(told(1, EXPIRED), told(2, RENEWED), rest) == (EXPIRED, RENEWED)


def test_of_an_answer_in_parts_all_are_taken_back() -> None:
    assert stale((told(1, EXPIRED), told(1, NETWORK, sequence=1), told(2))) == {0, 1}


def test_a_capture_is_taken_back_by_no_scan() -> None:
    assert facts(told(1, NETWORK, origin="pcap"), told(2)) == (NETWORK,)


def test_what_no_observation_tells_is_kept() -> None:
    by_hand = Device("key", "site", facts=(NETWORK, EXPIRED))
    found = assemble(by_hand, (told(1, EXPIRED), told(2, RENEWED)))
    assert found.device.facts == (NETWORK,)
