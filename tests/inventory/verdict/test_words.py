"""What an observation says in words: every outcome has its own, with its own word and place."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib.resources import files

import pytest

from inventory.judge.logic import describe
from inventory.judge.openness import known_roles
from protocols.contract import Outcome
from tests.inventory.making import observed

SEEN = replace(observed("10.0.0.1", operation="read", part="unit 3"), vantage="cell", reason="")


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_told_with_where_what_and_from_where(outcome: Outcome) -> None:
    said = describe(replace(SEEN, outcome=outcome))
    for word in ("10.0.0.1 unit 3", "modbus read", "tcp/502", f"({outcome.value})", "from cell"):
        assert word in said


def test_no_two_outcomes_are_told_alike() -> None:
    said = {describe(replace(SEEN, outcome=one)).partition(" (")[0] for one in Outcome}
    assert len(said) == len(Outcome)


def test_a_reason_stands_behind_its_outcome() -> None:
    refused = replace(SEEN, outcome=Outcome.REFUSED_AUTH, reason="bad_user")
    assert "(refused_auth: bad_user)" in describe(refused)


UNDECIDED = frozenset({"serial device server"})
"""Roles of which a probe says no more than what the device is called."""


def test_every_role_that_a_recording_may_get_is_one_that_the_rules_know() -> None:
    """`time server` was one word of the probe's and `timeserver` another of the rules'."""
    rules = tomllib.loads(files("protocols.snmp").joinpath("identity.toml").read_text("utf-8"))
    told = {one["role"] for one in rules["rule"] if "role" in one}
    assert told - known_roles() - UNDECIDED == set()
