"""Readiness for a use case, machine by machine and site by site."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from inventory.judge.variants import Variant, variants_of
from inventory.model import (
    Category,
    Confidence,
    Effort,
    Evidence,
    Finding,
    Link,
    Remedy,
    Severity,
    Truth,
)
from inventory.usecases import (
    EXPOSED_BY_NOTHING,
    NOT_FITTED,
    UNREADABLE,
    Missing,
    Obstacles,
    Ready,
    UseCase,
    _read,
    bundled,
    pilot_use_case,
    ready,
    use_case,
)
from protocols.contract import Outcome, Point, Quality
from tests.inventory.verdict.evidence import device, evidence, seen
from tests.inventory.verdict.plants import DRIVE, listed, motor, tag
from tests.inventory.verdict.plants.machines import CURRENT, HOLLOW, VIBRATION
from tests.inventory.verdict.plants.trapped import attested
from tests.inventory.verdict.test_presence import machine, owned

CASE = UseCase("case", {"motor": ("current", "vibration|axial_flux")})


# --- one machine -----------------------------------------------------------------------------


def lacks(found: Ready | None) -> list[tuple[str, str]]:
    assert found is not None
    return [(lack.signal, lack.state) for lack in found.missing]


def test_a_machine_is_ready_when_nothing_is_missing() -> None:
    found = ready(machine(owned(CURRENT, VIBRATION)), CASE)
    assert found is not None
    assert (found.truth, found.missing, found.unit) == (Truth.TRUE, (), "M-1")
    assert found.line()["verdict"] == "ready"


def test_one_absent_signal_blocks_and_no_mean_hides_it() -> None:
    found = ready(machine(owned(CURRENT)), CASE)
    assert lacks(found) == [("vibration|axial_flux", "absent")]
    assert found is not None
    assert found.truth is Truth.FALSE


def test_what_is_not_known_does_not_outweigh_what_is_absent() -> None:
    wanted = UseCase("case", {"motor": ("temperature:winding", "vibration")})
    found = ready(machine(owned(CURRENT, tag("AI_7", "CEL"))), wanted)
    assert lacks(found) == [("temperature:winding", "unknown"), ("vibration", "absent")]
    assert found is not None
    assert found.truth is Truth.FALSE
    assert found.missing[0].text


def test_a_machine_without_a_tag_goes_by_its_name() -> None:
    unit = replace(motor(), tag="", name="Fan motor", links=(Link("", "device-1"),))
    found = ready(machine(owned(CURRENT), unit=unit), CASE)
    assert found is not None
    assert found.unit == "Fan motor"


def test_a_use_case_about_other_machines_says_nothing() -> None:
    assert ready(machine(owned(CURRENT)), UseCase("case", {"pump": ("flow",)})) is None
    assert ready(machine(owned(CURRENT)), UseCase("case", {"motor": ()})) is None


def test_a_signal_that_nothing_is_wired_to_is_absent() -> None:
    found = ready(machine(evidence(HOLLOW, listed(VIBRATION), about=DRIVE)), CASE)
    assert lacks(found) == [("current", "absent")]


def test_a_part_that_the_machine_has_not_needs_a_variant() -> None:
    said = attested("m-1", statement="not fitted", value="vibration")
    found = ready(machine(owned(CURRENT), attested=said["attested"]), CASE)
    assert found is not None
    assert found.missing[0].text == NOT_FITTED
    known = ready(machine(owned(CURRENT)), CASE)
    assert known is not None
    assert known.missing[0].text == ""


def test_what_is_listed_and_not_to_be_had_is_unreadable_whatever_a_person_says() -> None:
    said = attested("m-1", statement="not fitted", value="current")
    found = ready(machine(owned(CURRENT), attested=said["attested"]), CASE, unreadable=True)
    assert lacks(found) == [("current", "unreadable"), ("vibration|axial_flux", "absent")]


def test_unreadable_blocks_what_is_unknown_and_leaves_what_is_absent() -> None:
    wanted = UseCase("case", {"motor": ("temperature:winding", "vibration", "current")})
    item = machine(owned(CURRENT, tag("AI_7", "CEL")))
    found = ready(item, wanted, unreadable=True)
    assert lacks(found) == [
        ("temperature:winding", "unreadable"),
        ("vibration", "absent"),
        ("current", "unreadable"),  # listed once, and not to be had today
    ]
    assert found is not None
    assert found.missing[0].text == found.missing[2].text == UNREADABLE


def test_a_variant_is_protocol_maker_and_model_of_what_gave_data() -> None:
    item = evidence(listed(CURRENT), seen("modbus", Outcome.COMPLETE), about=DRIVE)
    expected = f"opcua {DRIVE.vendor} {DRIVE.model or DRIVE.product}".strip()
    assert built(item) == [expected]
    told = device(vendor="Maker", model="D-1", product="Drives of all sizes")
    assert built(evidence(listed(CURRENT), about=told)) == ["opcua Maker D-1"]
    assert built(evidence(seen("modbus", Outcome.COMPLETE), about=DRIVE)) == []
    whole = listed(CURRENT)
    for part in (replace(whole, samples=()), replace(whole, points=())):  # listed, or read alone
        assert built(evidence(part, about=DRIVE)) == [expected]


def built(item: Evidence, *signals: str) -> list[str]:
    """The connections that a machine of one device needs."""
    return [one.text for one in variants_of(machine(item), signals)]


def test_a_connection_through_which_no_wanted_signal_comes_need_not_be_built() -> None:
    """The drive's own registers hold something too, and its agent describes the host."""
    registers = replace(seen("modbus", Outcome.COMPLETE), points=(Point("holding:0", "", ""),))
    agent = replace(
        seen("snmp", Outcome.COMPLETE), points=(Point("1.3.6.1.2.1.2.2.1.5.1", "ifSpeed.1", ""),)
    )
    item = evidence(listed(CURRENT), registers, agent, about=DRIVE)
    maker = f"{DRIVE.vendor} {DRIVE.model or DRIVE.product}".strip()
    assert built(item, "current", "vibration") == [f"opcua {maker}"]
    assert built(item, "vibration") == [f"modbus {maker}", f"opcua {maker}"]  # none of it is there
    assert built(item, "vibration|current") == [f"opcua {maker}"]


def test_the_pilot_is_what_its_machines_expose_for_sure() -> None:
    one, other = machine(owned(CURRENT)), machine(owned(VIBRATION, tag("AI_7", "CEL")))
    nothing = machine(owned(CURRENT), unit=motor("no such class"))
    empty = machine(owned(tag("Serial", "")), unit=motor("pump"))
    found = pilot_use_case([one, other, nothing, empty], "North")
    assert (found.name, found.signals) == ("pilot North", {"motor": ("current", "vibration")})


def test_a_pilot_asks_for_a_signal_once_at_the_place_where_it_is_measured() -> None:
    pump = replace(motor(), cls="pump")
    values = (tag("DischargePressure", "BAR"), tag("Flow", "MQH"), CURRENT)
    found = pilot_use_case([machine(owned(*values), unit=pump)], "North")
    assert "pressure" in machine(owned(*values), unit=pump).present()[0]
    assert found.signals == {"pump": ("flow", "pressure:discharge")}


# --- what stands in the way ------------------------------------------------------------------


def gap(rule: str, asset: str, subject: str = "", effort: Effort = Effort.E2) -> Finding:
    category = Category.TRAPPED if rule.startswith("T") else Category.UNINSTRUMENTED
    category = Category.UNGOVERNED if rule.startswith("G") else category
    return Finding(
        rule, 1, category, f"label {rule}", asset, f"name {asset}", "site", subject,
        Severity.MEDIUM, Confidence.HIGH, 1.0, (), (Remedy(f"fix {rule}", effort),),
    )  # fmt: skip


@dataclass
class Kept:
    """What `Obstacles` asks of a store."""

    levels: tuple[tuple[str, int | None], ...]
    gaps: tuple[Finding, ...] = ()
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def rated(self, columns: tuple[str, ...], kind: str) -> Iterator[tuple[object, ...]]:
        assert (columns, kind) == (("key", "level_hi"), "equipment")
        return iter(self.levels)

    def findings(self, *keys: str) -> Iterator[Finding]:
        self.asked.append(keys)
        return iter(self.gaps)


@pytest.mark.parametrize(
    ("high", "unreadable"), [(0, True), (2, True), (3, False), (5, False), (None, False)]
)
def test_a_machine_below_level_3_gives_nothing(high: int | None, unreadable: bool) -> None:
    kept = Obstacles(Kept((("machine-1", high), ("other", 1))))  # type: ignore[arg-type]
    assert kept.unreadable(machine(owned(CURRENT))) is unreadable
    assert not kept.unreadable(machine(unit=motor()))  # nothing monitors it: nothing is unreadable


def test_the_gaps_of_the_machine_come_by_signal_and_that_of_its_device_for_all() -> None:
    gaps = (
        gap("T02", "machine-1"),
        gap("U01", "machine-1", "vibration|axial_flux"),
        gap("U05", "machine-1", "x"),
        gap("G01", "device-1", "opcua"),
        gap("T01", "device-1"),
        gap("T03", "device-1"),
        gap("U03", "device-1", "flow"),  # of the device, whatever it says of its machines
    )
    kept = Kept((("machine-1", 2),), gaps)
    found = Obstacles(kept).of(machine(owned(CURRENT)))  # type: ignore[arg-type]
    assert {name: one.rule for name, one in found.items()} == {
        "vibration|axial_flux": "U01",
        "": "T01",
        "device-1 U03": "U03",
    }
    assert kept.asked == [("machine-1", "device-1")]
    readable = Obstacles(Kept((("machine-1", 3),), gaps))  # type: ignore[arg-type]
    assert "" not in readable.of(machine(owned(CURRENT)))


def test_the_device_gap_that_says_most_stands_for_all_and_a_failed_instrument_for_itself() -> None:
    locked = tuple(
        replace(gap(rule, "device-1"), category=Category.INACCESSIBLE)
        for rule in ("A09", "A03", "A01")
    )
    failed = (gap("Q12", "machine-1"), gap("Q12", "device-1"), gap("Q12", "device-2"))
    kept = Kept((("machine-1", 2),), (*locked, *failed))
    found = Obstacles(kept).of(machine(owned(CURRENT)))  # type: ignore[arg-type]
    assert {name: (one.rule, one.asset) for name, one in found.items()} == {
        "": ("A03", "device-1"),
        "device-1 A03": ("A03", "device-1"),
        "device-1 A01": ("A01", "device-1"),
        "device-1 Q12": ("Q12", "device-1"),
        "device-2 Q12": ("Q12", "device-2"),
    }
    alone = Obstacles(Kept((("machine-1", 2),), locked[:1]))  # type: ignore[arg-type]
    assert alone.of(machine(owned(CURRENT)))[""].rule == "A09"


def test_what_is_exposed_and_failed_blocks_and_what_was_not_read_is_not_known() -> None:
    broken = listed(CURRENT, value=None, quality=Quality.BAD, status="BadSensorFailure")
    found = ready(machine(evidence(broken, listed(VIBRATION), about=DRIVE)), CASE)
    assert lacks(found) == [("current", "failing")]
    assert found is not None
    assert found.truth is Truth.FALSE
    gone = listed(CURRENT, value=None, quality=Quality.BAD, status="BadNoCommunication")
    other = ready(machine(evidence(gone, listed(VIBRATION), about=DRIVE)), CASE)
    assert lacks(other) == [("current", "unknown")]
    only = replace(listed(CURRENT, VIBRATION), samples=())
    assert lacks(ready(machine(evidence(only, about=DRIVE)), CASE)) == [
        ("current", "unknown"),
        ("vibration|axial_flux", "unknown"),
    ]


def line_of(one: Ready, gaps: Mapping[str, Finding]) -> dict[str, object]:
    return one.line(one.barred(gaps))


def test_a_line_names_the_gap_the_fix_and_the_effort_of_each_lack() -> None:
    lack = (Missing("axial_flux|vibration", Truth.FALSE, "", "absent"),
            Missing("flow", Truth.UNKNOWN, "why", "unknown"))  # fmt: skip
    one = Ready("site", "M-1", Truth.FALSE, lack, (Variant("opcua", "Maker", "Drive"),))
    gaps = {"current": gap("U01", "m", "current"), "vibration": gap("U03", "m", "vibration")}
    line = line_of(one, gaps)
    missing = line["missing"]
    assert isinstance(missing, list)
    first, second = missing
    assert (line["verdict"], line["variants"]) == ("blocked", ["opcua Maker Drive"])
    assert (first["gap"], first["effort"], first["fix"]) == (gaps["vibration"].id, "E2", "fix U03")
    assert first["why"] == "label U03: name m"
    assert (second["gap"], second["effort"], second["fix"], second["why"]) == (None, None, "", "")
    whole = line_of(one, {"": gap("U02", "m")})["missing"]
    assert [item["fix"] for item in whole] == ["fix U02"] * 2  # type: ignore[attr-defined]
    bare = replace(gap("U02", "m"), remedies=())
    assert line_of(one, {"": bare})["missing"][0]["effort"] is None  # type: ignore[index]
    assert replace(one, variants=()).line()["variants"] == []


def test_what_nothing_exposes_and_no_gap_speaks_of_is_told_with_the_sensor_it_takes() -> None:
    """A use case may ask for more than the machine's profile requires: that has no gap."""
    lack = (Missing("temperature:winding|temperature:bearing", Truth.FALSE, "", "absent"),
            Missing("flow", Truth.FALSE, NOT_FITTED, "absent"),
            Missing("power", Truth.UNKNOWN, "", "unknown"))  # fmt: skip
    one = Ready("site", "M-1", Truth.FALSE, lack, ())
    told = line_of(one, {})
    missing = told["missing"]
    assert isinstance(missing, list)
    assert [(item["gap"], item["effort"], item["why"], item["fix"]) for item in missing] == [
        (
            None,
            "E2",
            EXPOSED_BY_NOTHING,
            "Fit a clamp-on or wireless sensor for temperature winding",
        ),
        (None, None, "", ""),
        (None, None, "", ""),
    ]
    assert [item.cause for item in one.barred({})] == [
        "temperature:winding|temperature:bearing absent",
        "flow absent",
        "power unknown",
    ]
    assert line_of(one, {"": gap("U02", "m")})["missing"][0]["fix"] == "fix U02"  # type: ignore[index]


def test_what_fails_is_told_with_its_own_gap_else_with_that_of_the_whole_machine() -> None:
    lack = Missing("flow", Truth.FALSE, "", "failing", "Q12", "device-1")
    one = Ready("site", "M-1", Truth.FALSE, (lack,), ())
    gaps = {"device-1 Q12": gap("Q12", "d"), "": gap("A03", "device-1"), "flow": gap("U01", "m")}
    told = []
    while gaps:
        told += [item["fix"] for item in line_of(one, gaps)["missing"]]  # type: ignore[attr-defined]
        gaps.pop(next(iter(gaps)))
    assert told == ["fix Q12", "fix A03", ""]  # the last one speaks of the signal, not of its value


# --- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({}, "names no machine"),
        ({"class": {}}, "names no machine"),
        ({"class": []}, "names no machine"),
        ({"class": {"pump": {}}}, "needs a list of signals"),
        ({"class": 3}, "names no machine"),
        ({"class": {"pump": {"signals": "flow"}}}, "needs a list of signals"),
        ({"class": {"pump": {"signals": []}}}, "needs a list of signals"),
        ({"class": {"pump": {"signals": [3]}}}, "needs a list of signals"),
        ({"class": {"pump": ["flow"]}}, "needs a list of signals"),
        ({"klass": {"pump": {"signals": ["flow"]}}}, "did you mean 'class'"),
        ({"class": {"pump": {"signals": ["flow"], "zzz": 1}}}, "one of signals"),
        ({"class": {"pump": {"signals": ["flow:nowhere"]}}}, "unknown place of flow"),
        ({"class": {"pump": {"signals": ["pressure:"]}}}, "no place after the colon"),
        ({"class": {"pump": {"signals": ["flow|pressure:"]}}}, "no place after the colon"),
        ({"class": {"pump": {"signals": ["zzzzz"]}}}, "unknown signal in"),
        ({"class": {"motr": {"signals": ["current"]}}}, r"did you mean \[class.motor\]"),
        ({"class": {"mottor": {"signals": ["current"]}}}, r"did you mean \[class.motor\]"),
        ({"class": {"pump": {"signals": ["flow"]}, "Kreiselpumpe": {"signals": ["flow"]}}},
         "once more"),
    ],
)  # fmt: skip
def test_what_a_file_may_not_say(table: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        _read(table, "name")


def test_a_file_is_found_by_its_path_and_a_bundled_one_by_its_name() -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "pump-efficiency.toml"
        path.write_text('[class.pump]\nsignals = ["flow"]\n', "utf-8")
        assert use_case(str(path)).signals == {"pump": ("flow",)}  # not the bundled one
        path.write_text('[class.fan]\nsignals = ["speed"]\n', "utf-8-sig")  # a mark of Windows
        assert use_case(str(path)).signals == {"fan": ("speed",)}
        path.write_text("[class.Zähler]\n", "utf-8")
        with pytest.raises(ValueError, match=r'write \[class."Zähler"\]'):
            use_case(str(path))
        path.write_text("x = = 1\n", "utf-8")
        with pytest.raises(ValueError, match="line 1") as plain:
            use_case(str(path))
        assert "write [class" not in str(plain.value)
        path.write_text("[class.pump]\n", "utf-8")
        with pytest.raises(ValueError, match="needs a list") as other:
            use_case(str(path))
        assert 'write [class."' not in str(other.value)
    for name in bundled():
        assert name.endswith(".toml")
        assert use_case(name) == use_case(name.removesuffix(".toml"))
    with pytest.raises(ValueError, match="there is no such use case; bundled are energy"):
        use_case("no-such")


def test_what_a_file_may_say() -> None:
    table = {"class": {"Kreiselpumpe": {"signals": ["flow", "pressure:suction|power"]}}}
    assert _read(table, "mine") == UseCase("mine", {"pump": ("flow", "pressure:suction|power")})
    assert _read({**table, "name": "other", "version": 2}, "mine").name == "other"


@pytest.mark.parametrize("cls", ["filler", "tanker", "kiln"])
def test_a_class_without_a_profile_is_no_other_one_misspelt(cls: str) -> None:
    """ "filler" is as near to "chiller" as a slip, "tanker" holds two letters more than "tank"."""
    assert len(_read({"class": {cls: {"signals": ["flow"]}}}, "mine").signals) == 1
