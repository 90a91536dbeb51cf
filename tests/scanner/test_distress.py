"""When a host is left alone: like compared with like, and never a host that did not answer."""

from __future__ import annotations

from protocols.contract import Outcome
from scanner.wire.distress import Health, Ward


def test_two_time_outs_in_a_row_after_an_answer_stop_the_host() -> None:
    health = Health()
    health.heard("modbus", "read", Outcome.COMPLETE, 0.01)
    assert not health.heard("modbus", "read", Outcome.SILENT, 3)
    assert health.heard("modbus", "read", Outcome.SILENT, 3)


def test_an_answer_between_two_time_outs_clears_the_first() -> None:
    health = Health()
    for outcome in (Outcome.COMPLETE, Outcome.SILENT, Outcome.COMPLETE, Outcome.SILENT):
        assert not health.heard("modbus", "read", outcome, 1)


def test_a_host_that_never_answered_is_not_in_distress() -> None:
    health = Health()
    for _ in range(10):
        assert not health.heard("snmp", "get", Outcome.SILENT, 3)


def test_answers_far_slower_than_the_baseline_stop_the_host() -> None:
    health = Health()
    for _ in range(5):
        health.heard("modbus", "read", Outcome.COMPLETE, 0.02)
    signs = [health.heard("modbus", "read", Outcome.COMPLETE, 0.6) for _ in range(3)]
    assert signs[:2] == ["", ""]
    assert "slower" in signs[2]


def test_a_slow_operation_is_not_compared_with_a_quick_one() -> None:
    health = Health()
    for _ in range(5):
        health.heard("opcua", "hello", Outcome.COMPLETE, 0.01)
    for _ in range(5):
        assert not health.heard("opcua", "browse", Outcome.COMPLETE, 2.0)


def test_an_unreachable_unit_behind_a_gateway_does_not_stop_the_gateway() -> None:
    health = Health()
    for _ in range(20):
        assert not health.heard("modbus", "read", Outcome.REFUSED_DOWNSTREAM, 2.5)


def test_busy_twice_stops_the_host() -> None:
    health = Health()
    assert not health.heard("modbus", "read", Outcome.REFUSED_RESOURCE, 0.01)
    assert health.heard("modbus", "read", Outcome.REFUSED_RESOURCE, 0.01) == "busy twice"


def test_three_hosts_within_a_minute_pause_the_scan() -> None:
    ward = Ward()
    assert not ward.admit("10.0.0.1", "busy twice", 0)
    assert not ward.admit("10.0.0.1", "busy twice", 1)  # the same host again counts once
    assert not ward.admit("10.0.0.2", "busy twice", 30)
    assert ward.admit("10.0.0.3", "busy twice", 59)


def test_three_hosts_over_a_longer_time_do_not_pause() -> None:
    ward = Ward()
    assert not any(ward.admit(f"10.0.0.{n}", "busy twice", n * 40) for n in range(6))
