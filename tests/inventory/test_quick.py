"""Values that the store makes quickly are those that their classes make."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest

from inventory.model import Because, Device, Service
from inventory.quick import quick
from protocols.contract import Fact, Observation, Outcome, Point, Sample, Target

KINDS = (Fact, Point, Sample, Observation, Target, Device, Service, Because)


@pytest.mark.parametrize("kind", KINDS)
def test_a_quick_value_is_one_of_its_class(kind: Any) -> None:
    given = [f"value {n}" for n in range(sum(one.init for one in fields(kind)))]
    made, usual = quick(kind)(*given), kind(*given)
    assert type(made) is kind
    assert (made, hash(made), repr(made)) == (usual, hash(usual), repr(usual))
    assert pickle.loads(pickle.dumps(made)) == copy.copy(made) == usual  # noqa: S301 - our own
    name = fields(kind)[0].name
    assert getattr(replace(made, **{name: "other"}), name) == "other"
    with pytest.raises(FrozenInstanceError):
        setattr(made, name, "other")


def test_defaults_are_those_of_the_class() -> None:
    assert quick(Sample)("p", 1) == Sample("p", 1)
    assert quick(Point)(address="a", unit="V") == Point("a", unit="V")
    assert quick(Service)("modbus", "tcp", 502, Outcome.CLOSED) == Service(
        "modbus", "tcp", 502, Outcome.CLOSED
    )
