"""The fourteen fields of an OT inventory, device by device."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.model import Device, RegisterRow, Service
from inventory.readiness.fields import FIELDS, NEVER, Fields
from protocols.contract import Fact, Outcome

SPOKEN = Service("opcua", "tcp", 4840, outcome=Outcome.COMPLETE)
CLOSED = replace(SPOKEN, outcome=Outcome.CLOSED)
SKIPPED = replace(SPOKEN, outcome=Outcome.NOT_ASKED)
EMPTY = Device("a", "S")


def known(device: Device, row: RegisterRow | None = None) -> set[str]:
    found = Fields()
    found.device(device, row)
    return set(found.known)


def test_there_are_fourteen_and_of_nothing_none_is_known() -> None:
    assert len(FIELDS) == len(set(FIELDS)) == 14
    assert set(NEVER) < set(FIELDS)
    assert known(EMPTY) == set()


@pytest.mark.parametrize(
    ("device", "row", "names"),
    [
        (replace(EMPTY, services=(SPOKEN, SKIPPED)), None,
         {"active and supported protocols", "ports and services"}),
        (replace(EMPTY, services=(CLOSED,)), None, {"ports and services"}),  # asked, and not there
        (replace(EMPTY, services=(SKIPPED,)), None, set()),  # nobody looked
        (replace(EMPTY, role="plc"), None, {"role or type"}),
        (replace(EMPTY, name="PLC of P-1"), None, set()),  # a person's name for it is no hostname
        (replace(EMPTY, facts=(Fact("name", "plc1", "snmp sysName"),)), None, {"hostname"}),
        (replace(EMPTY, addresses=("10.0.0.1",)), None, {"IP address"}),
        (replace(EMPTY, mac="00:11:22:33:44:55"), None, {"MAC address"}),
        (replace(EMPTY, vendor="V"), None, {"manufacturer"}),
        (replace(EMPTY, model="M"), None, {"model"}),
        (replace(EMPTY, product="P"), None, {"model"}),
        (replace(EMPTY, firmware="1"), None, {"operating system or firmware"}),
        (replace(EMPTY, facts=(Fact("location", "hall", "snmp"),)), None, {"physical location"}),
        (EMPTY, RegisterRow(area="A"), {"physical location"}),
        (EMPTY, RegisterRow(line="L"), {"physical location"}),
        (EMPTY, RegisterRow(tag="P-1", criticality="C1"), {"asset number", "criticality"}),
    ],
)  # fmt: skip
def test_what_makes_a_field_known(device: Device, row: RegisterRow | None, names: set[str]) -> None:
    assert known(device, row) == names


def test_a_unit_behind_a_gateway_is_not_asked_for_what_a_host_has() -> None:
    unit = Device("u", "S", vendor="V", parent="g", part="unit 3", addresses=("10.0.0.1",),
                  mac="00:11:22:33:44:55", facts=(Fact("name", "n", "x"),))  # fmt: skip
    found = Fields()
    found.device(unit, None)
    assert set(found.known) == {"manufacturer"}
    assert found.whole == "9% of 11"
    assert "IP address nothing to count" in found.each
    found.device(replace(EMPTY, addresses=("10.0.0.1",)), None)
    assert found.whole == "8% of 25"  # 2 of 11 + 14
    assert "IP address 100%" in found.each
    assert "manufacturer 50%" in found.each


def test_what_no_scan_fills_is_not_known_and_never_a_no() -> None:
    found = Fields()
    assert (found.whole, found.each) == ("nothing to count", "nothing to count")
    found.device(EMPTY, None)
    assert "user accounts not known (not asked, by policy)" in found.each
    assert "logging not known (no probe asks)" in found.each
