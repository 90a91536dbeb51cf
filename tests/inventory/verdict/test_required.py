"""What gives a machine each signal that its class requires, and by what it comes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.judge.presence import Machine
from inventory.judge.required import needs
from inventory.judge.variants import variants_of
from inventory.judge.verdict import judge_device
from inventory.model import ELSEWHERE, Ages, Evidence, Merge, Need, Truth, Way
from inventory.store import values
from protocols.contract import Fact, Observation, Outcome, Point
from tests.inventory.verdict.evidence import NOW, context, evidence, seen
from tests.inventory.verdict.plants import DRIVE, listed, motor, tag
from tests.inventory.verdict.plants.machines import CURRENT, HOLLOW, RUN, VIBRATION
from tests.inventory.verdict.plants.quality import PRESSURE, TEMPERATURE, aged
from tests.inventory.verdict.plants.trapped import attested
from tests.inventory.verdict.test_presence import machine, owned

REGISTER = Point("holding:40", "Motor current", unit="AMP", type="UINT16", access="r")


def found(*observations: Observation, **changes: object) -> dict[str, Need]:
    given = machine(evidence(*observations, about=DRIVE), **changes)
    return {one.signal: one for one in needs(given)}


def test_each_required_signal_names_the_value_that_gives_it() -> None:
    told = found(listed(CURRENT, RUN))
    assert told == {
        "current": Need("current", Truth.TRUE, Way.DESCRIBED, DRIVE.key, "", CURRENT.address),
        "vibration|axial_flux": Need("vibration|axial_flux", Truth.FALSE),
        "temperature": Need("temperature", Truth.FALSE),
        "running": Need("running", Truth.TRUE, Way.DESCRIBED, DRIVE.key, "", RUN.address),
    }


def test_what_is_not_known_is_not_absent() -> None:
    told = found(listed(CURRENT), entitlements={})
    assert {one.truth for one in told.values()} == {Truth.TRUE, Truth.UNKNOWN}


def test_a_class_without_a_profile_requires_nothing() -> None:
    assert needs(machine(owned(CURRENT), unit=motor("kiln"))) == ()


def test_a_part_that_the_machine_has_not_is_not_required() -> None:
    said = attested("m-1", statement="not fitted", value="vibration")
    assert "vibration|axial_flux" not in found(listed(CURRENT), attested=said["attested"])


def test_a_point_that_nothing_is_wired_to_gives_nothing() -> None:
    assert found(HOLLOW)["current"] == Need("current", Truth.FALSE)


def test_of_alternatives_the_wired_one_gives_it() -> None:
    flux = tag("AxialFlux", "D33")
    both = found(HOLLOW, listed(VIBRATION, flux))
    assert both["vibration|axial_flux"].address in (VIBRATION.address, flux.address)


@pytest.mark.parametrize(
    ("protocol", "point", "way"),
    [
        ("opcua", CURRENT, Way.DESCRIBED),
        ("modbus", REGISTER, Way.MAPPED),
        ("ethernetip", CURRENT, Way.VENDOR),
        ("s7comm", CURRENT, Way.VENDOR),
        ("mystery", CURRENT, Way.UNKNOWN),
        ("modbus", replace(REGISTER, semantic="sunspec:103:A"), Way.DESCRIBED),  # typed
    ],
)
def test_the_way_is_that_of_the_protocol_unless_the_value_is_typed(
    protocol: str, point: Point, way: Way
) -> None:
    told = found(listed(point, protocol=protocol, operation="read"))["current"]
    assert (told.truth, told.way) == (Truth.TRUE, way)


def test_the_way_is_that_of_the_door_that_gave_the_value() -> None:
    told = found(listed(REGISTER, protocol="modbus", operation="read"), listed(RUN))
    assert (told["current"].way, told["running"].way) == (Way.MAPPED, Way.DESCRIBED)
    before = listed(CURRENT, protocol="ethernetip", operation="read")
    later = replace(before, scan="scan-2", points=(), samples=(), time=NOW)
    assert found(before, later, listed(RUN))["current"].way is Way.VENDOR  # an earlier scan's


def test_of_several_values_the_one_that_costs_least_to_connect_counts() -> None:
    told = found(listed(REGISTER, protocol="modbus", operation="read"), listed(CURRENT, RUN))
    assert (told["current"].way, told["current"].address) == (Way.DESCRIBED, CURRENT.address)
    both = found(listed(CURRENT, protocol="s7comm"), listed(CURRENT))["current"]
    assert both.way is Way.DESCRIBED  # the same value by two doors


def test_what_is_stored_comes_back() -> None:
    told = tuple(found(listed(CURRENT, RUN)).values())
    from inventory.model import Level, Verdict

    verdict = Verdict("m", "", Level(3, 3), needs=told, variant="opcua A B")
    (row,) = values.concluded(verdict, "site").levels.rows
    named = dict(zip((*values.LEVELS, "key"), row, strict=True))
    assert values.needs(str(named["required"])) == told
    assert (named["variant"], values.needs("")) == ("opcua A B", ())


# --- variants --------------------------------------------------------------------------------


def variant_of(found: Machine) -> str:
    return " + ".join(one.text for one in variants_of(found))


def test_a_variant_names_the_map_by_which_it_was_read() -> None:
    read = listed(REGISTER, protocol="modbus", operation="read")
    chosen = Fact("map", "library: acme_d (acme.example manual 3)", "vendor")
    mapped = replace(read, facts=(chosen, Fact("vendor", "A", "x")))
    assert variant_of(machine(evidence(mapped, about=DRIVE))) == "modbus A B (library: acme_d)"
    own = replace(read, facts=(Fact("map", "declared: own.csv sha256:12ab", "vendor"),))
    assert variant_of(machine(evidence(own, about=DRIVE))) == "modbus A B (declared: own.csv)"
    assert variant_of(machine(evidence(read, about=DRIVE))) == "modbus A B"
    nameless = replace(DRIVE, vendor="", product="")
    assert variant_of(machine(evidence(read, about=nameless))) == "modbus"


# --- ages of values --------------------------------------------------------------------------


def ages(item: Evidence, **changes: object) -> Ages:
    return judge_device(item, context(item, **changes)).ages


def test_values_are_counted_by_what_their_times_say() -> None:
    old = ages(evidence(aged(61), aged(0, PRESSURE), listed(tag("Level", "MTR"))))
    assert (old.judged, old.stale) == (2, 1)  # the third tells no time
    fresh = ages(evidence(aged(0), aged(0, PRESSURE)))
    assert (fresh.judged, fresh.stale) == (2, 0)
    stated = ages(evidence(listed(TEMPERATURE, status="STALE"), aged(0, PRESSURE)))
    assert (stated.judged, stated.stale) == (2, 1)


def test_an_old_stamp_alone_tells_nothing() -> None:
    only = ages(evidence(aged(61)))
    assert (only.judged, only.stale) == (0, 0)


def test_what_rests_or_is_away_may_be_old() -> None:
    item = evidence(aged(61), aged(0, PRESSURE))
    rests = ages(item, **attested("device-1", statement="out of service", value=""))
    assert (rests.judged, rests.read) == (0, item.observations[0].time)
    gone = replace(item.device, merges=(Merge(ELSEWHERE, "another one answers there"),))
    assert ages(replace(item, device=gone)).judged == 0


def test_values_were_read_when_the_last_one_came() -> None:
    first, silent = listed(TEMPERATURE), seen("modbus", Outcome.SILENT, seconds=9)
    later = replace(listed(PRESSURE), time=NOW)
    assert ages(evidence(later, first, silent)).read == NOW
    assert ages(evidence(silent)).read is None
    assert ages(evidence(replace(first, samples=()))).read is None  # listed, not read
