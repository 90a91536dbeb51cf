"""When a host is left alone: like compared with like, and never a host that did not answer.

Every threshold stands here from both sides (safety.md 2, rulings 6).
"""

from __future__ import annotations

import math

import pytest

from protocols.contract import SPOKE, Outcome
from scanner.wire.distress import EXTRA_SECONDS, FACTOR, SAMPLES, Health, Ward

SPOKEN = sorted(SPOKE - {Outcome.REFUSED_RESOURCE})


def well(health: Health, seconds: float = 0.02, times: int = SAMPLES) -> None:
    """So many answers that set the baseline."""
    for _ in range(times):
        assert not health.heard("modbus", "read", Outcome.COMPLETE, seconds)


def threshold(baseline: float) -> float:
    """The latency up to which a host with this baseline is well."""
    return max(FACTOR * baseline, baseline + EXTRA_SECONDS)


# ---- two time-outs in a row


@pytest.mark.parametrize("answer", SPOKEN)
@pytest.mark.parametrize("quiet", [Outcome.SILENT, Outcome.MUTE])
def test_two_time_outs_in_a_row_after_an_answer_stop_the_host(
    answer: Outcome, quiet: Outcome
) -> None:
    health = Health()
    health.heard("modbus", "read", answer, 0.01)
    assert not health.heard("modbus", "read", quiet, 3)
    assert "two time-outs" in health.heard("modbus", "read", quiet, 3)


def test_time_outs_of_two_protocols_count_together() -> None:
    health = Health()
    health.heard("modbus", "read", Outcome.COMPLETE, 0.01)
    assert not health.heard("modbus", "read", Outcome.SILENT, 3)
    assert health.heard("snmp", "get", Outcome.SILENT, 3)


def test_silence_of_ports_that_never_spoke_is_no_distress() -> None:
    """A host behind a firewall answers on one port, and the others drop what comes."""
    health = Health()
    health.heard("opcua 4840", "hello", Outcome.COMPLETE, 0.01)
    for service in ("modbus 502", "s7comm 102", "snmp 161", "opcua 48020", "snmp 161"):
        assert not health.heard(service, "ask", Outcome.SILENT, 3)


def test_silence_of_a_port_that_never_spoke_goes_on_with_a_row_and_begins_none() -> None:
    health = Health()
    health.heard("modbus 502", "read", Outcome.COMPLETE, 0.01)
    for service in ("snmp 161", "modbus 502"):
        assert not health.heard(service, "ask", Outcome.SILENT, 3)
    assert "two time-outs" in health.heard("s7comm 102", "ask", Outcome.SILENT, 3)


def test_a_port_that_accepts_and_then_says_nothing_begins_a_row() -> None:
    """Somebody is there and does not get round to it."""
    health = Health()
    health.heard("modbus 502", "read", Outcome.COMPLETE, 0.01)
    assert not health.heard("opcua 4840", "hello", Outcome.MUTE, 3)
    assert health.heard("s7comm 102", "ask", Outcome.MUTE, 3)


def test_an_answer_between_two_time_outs_clears_the_first() -> None:
    health = Health()
    for outcome in (Outcome.COMPLETE, Outcome.SILENT, Outcome.COMPLETE, Outcome.SILENT):
        assert not health.heard("modbus", "read", outcome, 1)


@pytest.mark.parametrize(
    "between", [Outcome.FAILED_HERE, Outcome.NOT_ASKED, Outcome.NO_PATH, Outcome.CLOSED]
)
def test_what_is_ours_or_no_answer_between_two_time_outs_clears_nothing(between: Outcome) -> None:
    health = Health()
    for outcome in (Outcome.COMPLETE, Outcome.SILENT, between):
        assert not health.heard("modbus", "read", outcome, 1)
    assert health.heard("modbus", "read", Outcome.SILENT, 3)


def test_a_host_that_never_answered_is_not_in_distress() -> None:
    health = Health()
    for _ in range(10):
        assert not health.heard("snmp", "get", Outcome.SILENT, 3)


def test_our_own_failures_are_never_its_distress() -> None:
    health = Health()
    health.heard("modbus", "read", Outcome.COMPLETE, 0.01)
    for _ in range(10):
        assert not health.heard("modbus", "read", Outcome.FAILED_HERE, 3)


# ---- latency


@pytest.mark.parametrize("baseline", [0.0, 0.02, 0.124, 0.125, 0.2, 1.0])
def test_the_latency_threshold_is_stopped_above_and_not_at(baseline: float) -> None:
    limit = threshold(baseline)
    at, above = Health(), Health()
    well(at, baseline)
    well(above, baseline)
    for _ in range(20):
        assert not at.heard("modbus", "read", Outcome.COMPLETE, limit)
    for _ in range(2):
        assert not above.heard("modbus", "read", Outcome.COMPLETE, math.nextafter(limit, 99))
    sign = above.heard("modbus", "read", Outcome.COMPLETE, math.nextafter(limit, 99))
    assert "slower" in sign


def test_five_times_the_baseline_rules_from_an_eighth_of_a_second_on() -> None:
    assert threshold(0.125) == pytest.approx(0.625)
    assert threshold(0.1) == pytest.approx(0.6)
    assert threshold(0.2) == pytest.approx(1.0)


@pytest.mark.parametrize("samples", range(SAMPLES))
def test_fewer_than_five_samples_make_no_baseline(samples: int) -> None:
    health = Health()
    well(health, 0.01, samples)
    for _ in range(SAMPLES - samples):
        assert not health.heard("modbus", "read", Outcome.COMPLETE, 9.0)


def test_it_is_the_median_of_the_last_three_that_speaks() -> None:
    health = Health()
    well(health)
    for seconds in (2.0, 0.02, 0.02, 2.0, 0.02, 0.02, 2.0, 0.02):
        assert not health.heard("modbus", "read", Outcome.COMPLETE, seconds)
    assert health.heard("modbus", "read", Outcome.COMPLETE, 2.0)  # 2.0, 0.02, 2.0


def test_the_baseline_is_a_median_too() -> None:
    health = Health()
    for seconds in (9.0, 0.02, 0.02, 0.02, 9.0):  # two slow ones at first, as after a pause
        health.heard("modbus", "read", Outcome.COMPLETE, seconds)
    signs = [health.heard("modbus", "read", Outcome.COMPLETE, 0.6) for _ in range(3)]
    assert "slower" in signs[2]


def test_a_slow_operation_is_not_compared_with_a_quick_one() -> None:
    health = Health()
    for _ in range(5):
        health.heard("opcua", "hello", Outcome.COMPLETE, 0.01)
    for _ in range(5):
        assert not health.heard("opcua", "browse", Outcome.COMPLETE, 2.0)


def test_two_protocols_are_not_compared_with_each_other() -> None:
    health = Health()
    well(health)
    for _ in range(5):
        assert not health.heard("s7comm", "read", Outcome.COMPLETE, 2.0)


def test_an_unreachable_unit_behind_a_gateway_does_not_stop_the_gateway() -> None:
    health = Health()
    well(health)
    for _ in range(20):
        assert not health.heard("modbus", "read", Outcome.REFUSED_DOWNSTREAM, 2.5)


# ---- busy, reset


def test_busy_twice_stops_the_host() -> None:
    health = Health()
    assert not health.heard("modbus", "read", Outcome.REFUSED_RESOURCE, 0.01)
    assert health.heard("modbus", "read", Outcome.REFUSED_RESOURCE, 0.01) == "busy twice"


@pytest.mark.parametrize("between", SPOKEN)
def test_any_other_answer_between_makes_busy_count_anew(between: Outcome) -> None:
    health = Health()
    for outcome in (Outcome.REFUSED_RESOURCE, between, Outcome.REFUSED_RESOURCE):
        assert not health.heard("modbus", "read", outcome, 0.01)


def test_silence_between_does_not_make_busy_count_anew() -> None:
    health = Health()
    for outcome in (Outcome.REFUSED_RESOURCE, Outcome.SILENT):
        assert not health.heard("modbus", "read", outcome, 0.01)
    assert health.heard("modbus", "read", Outcome.REFUSED_RESOURCE, 0.01)


def test_a_reset_after_data_stops_the_host_at_once() -> None:
    assert Health().reset_after_data() == "connection reset after data"


def test_the_first_sign_is_the_one_that_is_told() -> None:
    health = Health()
    for _ in range(2):
        health.heard("modbus", "read", Outcome.REFUSED_RESOURCE, 0.01)
    assert health.reset_after_data() == "busy twice"
    assert health.heard("modbus", "read", Outcome.COMPLETE, 0.01) == "busy twice"


# ---- the ward


@pytest.mark.parametrize(("last", "pauses"), [(60.0, True), (math.nextafter(60.0, 61), False)])
def test_three_hosts_within_a_minute_pause_the_scan(last: float, pauses: bool) -> None:
    ward = Ward()
    assert not ward.admit("10.0.0.1", "busy twice", 0)
    assert not ward.admit("10.0.0.1", "busy twice", 1)  # the same host again counts once
    assert not ward.admit("10.0.0.2", "busy twice", 30)
    assert ward.admit("10.0.0.3", "busy twice", last) is pauses


def test_three_hosts_over_a_longer_time_do_not_pause() -> None:
    ward = Ward()
    assert not any(ward.admit(f"10.0.0.{n}", "busy twice", n * 40) for n in range(6))


def test_a_minute_is_any_minute() -> None:
    ward = Ward()
    paused = [ward.admit(f"10.0.0.{n}", "x", when) for n, when in enumerate((0, 50, 70, 90))]
    assert paused == [False, False, False, True]  # 50, 70 and 90


def test_after_a_pause_three_more_are_needed() -> None:
    ward = Ward()
    paused = [ward.admit(f"10.0.0.{n}", "busy twice", n) for n in range(6)]
    assert paused == [False, False, True, False, False, True]
    assert len(ward.stopped) == 6
