"""The plan is a promise: its own arithmetic with what was found agrees with what was sent.

Seconds are those of the wire's own clock in virtual time, so no figure depends on the machine; what
a real run takes on a real machine is printed by `python -m benchmarks --parts promise`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.virtual import walked

MIXED = "protocols=modbus+snmp+gateway+opcua"
PLANTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "bottling": ("bottling", {"depth": "points"}),
    "500 healthy": (f"generate:500,prefix=127.51,{MIXED}", {}),
    "500, 15 % misbehaving": (f"generate:500,misbehaving=0.15,prefix=127.52,{MIXED}", {}),
    "120, 15 % misbehaving, standard rates": (
        f"generate:120,misbehaving=0.15,prefix=127.53,{MIXED}",
        {"profile_name": "standard", "names": ("snmp-public",)},
    ),
    "120 that drop datagrams and hang up": (
        f"generate:120,misbehaving=0.15,prefix=127.56,{MIXED} --wildcard",
        {"depth": "points"},
    ),
    "silence under three SNMP credentials": (
        "generate:60,misbehaving=0.15,prefix=127.57,protocols=modbus*5+snmp+snmp-v1+snmp-v3"
        " --wildcard",
        {"names": ("snmp-public", "snmp-public-v1", "ot-monitor")},
    ),
    "with a window to watch": (
        "bottling",
        {"depth": "sample", "sample_seconds": 30.0, "sample_every": 5.0},
    ),
}


@pytest.mark.parametrize("name", PLANTS)
def test_what_was_sent_agrees_with_the_plans_arithmetic(name: str, tmp_path: Path) -> None:
    plant, options = PLANTS[name]
    found = walked(plant, tmp_path, **options)
    cost, sent, ceiling = found.cost, found.sent, found.planned["ceiling"].as_json()
    off = {figure: cost[figure] / sent[figure] - 1 for figure in ("packets", "seconds")}
    print(  # noqa: T201 - the figures of the promise
        f"{name}: {cost['packets']} of {sent['packets']} packets ({off['packets']:+.1%}), "
        f"{cost['seconds']:.1f} of {sent['seconds']:.1f} s ({off['seconds']:+.1%}), "
        f"{found.summary['retries']} retries, {len(found.summary['stopped'])} stopped"
    )
    assert abs(off["packets"]) <= 0.05
    assert abs(off["seconds"]) <= 0.20
    assert cost["connections"] == sent["connections"]
    for figure in ("connections", "requests", "packets", "bytes"):
        assert sent[figure] <= ceiling[figure], figure
    assert found.planned["floor"].packets <= ceiling["packets"]
