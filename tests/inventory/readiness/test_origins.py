"""Required signals by their source, and variants by class, counted by hand."""

from __future__ import annotations

from inventory.model import Need, Truth, Way
from inventory.readiness.origins import Origins


def need(truth: Truth, way: Way = Way.UNKNOWN) -> Need:
    return Need("current", truth, way)


YES = [need(Truth.TRUE, way) for way in (Way.DESCRIBED, Way.MAPPED, Way.VENDOR, Way.UNKNOWN)]
NO, OPEN = need(Truth.FALSE), need(Truth.UNKNOWN)


def test_absent_and_not_known_are_told_apart() -> None:
    found = Origins()
    found.machine("pump", "modbus A", [*YES[:2], NO, OPEN, OPEN])
    assert found.required == 5
    assert found.known == "40% of 5; absent 20%, not known 40%"


def test_signals_by_what_they_come_and_what_is_not_known_of_it() -> None:
    found = Origins()
    found.machine("pump", "", [*YES, NO, OPEN])
    found.machine("pump", "", [YES[0], YES[0], YES[1], NO])
    assert found.by_way == (
        "of 10: 30% describe themselves (O0, typed), 20% by an open protocol and a map (O1),"
        " 10% by a vendor's protocol (O2 to O4), 20% absent, 20% not known"
    )


def test_a_machine_whose_class_has_no_profile_is_not_known() -> None:
    found = Origins()
    assert found.known == found.by_way == "nothing to count"
    found.machine("kiln", "", [])
    assert (
        found.known
        == found.by_way
        == ("nothing to count; not known of 1 machine without a signal profile")
    )
    found.machine("pump", "", [OPEN])
    beside = "; not known of 1 machine without a signal profile"
    assert found.known == f"0% of 1; absent 0%, not known 100%{beside}"
    assert found.by_way.endswith(f", 100% not known{beside}")


def test_reuse_is_machines_per_variant_of_a_class() -> None:
    found = Origins()
    for variant in ("modbus A", "modbus A", "opcua B", ""):
        found.machine("pump", variant, [])
    for variant in ("modbus A", "modbus A", "modbus A"):
        found.machine("fan", variant, [])
    found.machine("", "", [])
    found.machine("tank", "opcua B", [])
    assert found.reuse == (
        ("pump", "4, variants 2, reuse 1.5; not known of 1"),
        ("fan", "3, variants 1, reuse 3.0"),
        ("no class", "1, no variant known"),
        ("tank", "1, variants 1, reuse 1.0"),
    )
