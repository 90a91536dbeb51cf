"""Plant files: what is good is read, what is bad is named together with a good one."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from simulators import plant, registry, schema
from simulators.plant import PlantError, parse

GOOD = """
[plant]
name = "p"
site = "s"
[[device]]
id = "a"
address = "127.9.9.1"
[[device.service]]
protocol = "modbus"
faults = ["mute", { kind = "slow", value = 2, after = 3 }]
points = [{ address = "holding:0", type = "uint16", value = [1, 2] }]
[[device.unit]]
unit = 3
answers = false
[[equipment]]
tag = "P-1"
class = "pump"
monitored_by = ["a/unit 3"]
[expected]
gaps = [{ rule = "T06", subject = "a/unit 3", severity = "high", confidence = "medium" }]
"""


def read(text: str) -> plant.Plant:
    return parse(tomllib.loads(text), "plant.toml")


def test_a_plant_file_becomes_values() -> None:
    found = read(GOOD)
    device = found.devices[0]
    assert (found.name, found.site, device.id, device.address) == ("p", "s", "a", "127.9.9.1")
    assert [fault.kind for fault in device.services[0].faults] == ["mute", "slow"]
    slow = device.services[0].fault("slow")
    assert slow is not None
    assert (slow.value, slow.options) == (2.0, {"after": 3})
    assert device.services[0].points[0].value == (1, 2)
    assert (device.units[0].unit, device.units[0].answers) == (3, False)


@pytest.mark.parametrize(
    ("old", "new", "named", "good"),
    [
        ('site = "s"', 'sitee = "s"', "'sitee'", "site"),
        ('site = "s"', "", "'site' is missing", "name of the site"),
        ('address = "127.9.9.1"', 'address = "127.9.9"', "'127.9.9'", "127.20.1.11"),
        ("answers = false", 'answers = "no"', "'no'", "true or false"),
        ("unit = 3", "unit = 300", "unit 300", "0 to 255"),
        ('class = "pump"', 'class = "pump"\ncriticality = "high"', "'high'", "C1, C2, C3"),
        ('"a/unit 3"]', '"a/unit 4"]', "'a/unit 4'", "a/unit 3"),
        ('severity = "high"', 'severity = "bad"', "'bad'", "critical"),
        ('faults = ["mute"', 'faults = [7, "mute"', "faults is", "kind"),
        ('name = "p"', "name = 5", "5", "a text"),
        ("points = [{", "points = [3, {", "points", "list of tables"),
        ('protocol = "modbus"', 'protocol = "modbus"\nport = 70000', "70000", "65535"),
    ],
)
def test_a_bad_plant_is_named_with_a_good_one(old: str, new: str, named: str, good: str) -> None:
    assert old in GOOD
    with pytest.raises(PlantError) as caught:
        read(GOOD.replace(old, new))
    assert named in str(caught.value)
    assert good in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_devices_at_one_address_are_refused() -> None:
    twice = GOOD + '[[device]]\nid = "b"\naddress = "127.9.9.1"\n'
    with pytest.raises(PlantError, match=r"127\.9\.9\.1"):
        read(twice)


def test_an_unknown_plant_names_the_bundled_ones() -> None:
    with pytest.raises(PlantError, match="bottling"):
        plant.find("botling")


def test_a_file_that_is_no_toml_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"[plant\n")
    with pytest.raises(PlantError, match="not TOML"):
        plant.load(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(PlantError, match="UTF-8"):
        plant.load(path)


def test_an_unknown_protocol_or_fault_names_a_good_one() -> None:
    with pytest.raises(PlantError, match="modbus"):
        registry.simulators(["modbuss"])
    with pytest.raises(PlantError, match="a good one: slow"):
        registry.check_faults(read(GOOD.replace('kind = "slow"', 'kind = "slowly"')))


def test_the_schema_page_is_the_one_that_the_loader_checks_by() -> None:
    page = Path(__file__).parents[2] / "docs" / "plant-file.schema.json"
    assert page.read_text(encoding="utf-8") == schema.page(), "run python -m simulators.schema"


@pytest.mark.parametrize("name", plant.bundled())
def test_each_bundled_plant_can_be_played(name: str) -> None:
    found = plant.load(plant.find(name))
    simulators = registry.simulators(
        {service.protocol for device in found.devices for service in device.services}
    )
    registry.check_faults(found)
    assert simulators
    assert found.about


def test_every_module_that_looks_like_a_double_is_one() -> None:
    assert set(registry.simulators()) == set(registry.module_names())


def test_the_bottling_plant_is_as_large_as_promised() -> None:
    found = plant.load(plant.find("bottling"))
    listening = [device for device in found.devices if device.id != "dosing-plc"]
    assert len(listening) >= 24
    assert len({device.address.rsplit(".", 1)[0] for device in listening}) == 4
    assert len(found.equipment) >= 12
    assert len({unit.get("area") for unit in found.equipment}) == 2


def test_every_expected_row_of_the_bottling_plant_says_why() -> None:
    expected = plant.load(plant.find("bottling")).expected
    for key in ("gaps", "questions"):
        rows = expected[key]
        assert isinstance(rows, list)
        assert all(row.get("because") for row in rows)
