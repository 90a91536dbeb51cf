"""Which row of the ENTITY-MIB is taken for the device, against agents of our own."""

from __future__ import annotations

import pytest

from protocols.contract import Depth
from protocols.snmp import codec
from tests.protocols.snmp.measure import PUBLIC
from tests.protocols.snmp.player import agent, encode_oid, octets, signed, tlv
from tests.protocols.snmp.test_probe import facts, link_of, run

ENTITY = "1.3.6.1.2.1.47.1.1.1.1"
STACK, MODULE, POWER, CONTAINER, CHASSIS, OTHER = 11, 9, 6, 5, 3, 1


def row(index: int, kind: int | None, model: str, serial: str, **more: str) -> dict[str, bytes]:
    """One row; `inside` is the index of what contains it."""
    cells = {4: signed(int(more.get("inside", "0"))), 11: octets(serial), 13: octets(model)}
    if kind is not None:
        cells[5] = signed(kind)
    texts = {"hardware": 8, "boot": 9, "software": 10, "maker": 12}
    cells |= {column: octets(more[name]) for name, column in texts.items() if name in more}
    return {f"{ENTITY}.{column}.{index}": value for column, value in cells.items()}


def switch(enterprise: str, *rows: dict[str, bytes]) -> dict[str, bytes]:
    """An agent that says nothing of itself but its rows."""
    values = {
        "1.3.6.1.2.1.1.1.0": octets("Managed switch"),
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(codec.oid("1.3.6.1.4.1." + enterprise))),
    }
    for cells in rows:
        values |= cells
    return values


STACKED = switch(
    "9.1.1208",
    row(1, STACK, "stack", ""),
    row(1001, CHASSIS, "WS-C9999", "FOC0000A001", software="15.2", boot="12.1", hardware="V02"),
    row(1002, POWER, "PWR-1", "PWR000001", inside="1001"),
)


def test_the_chassis_behind_the_stack_is_the_device() -> None:
    link = run(link_of(agent(STACKED), PUBLIC))
    assert facts(link, "model") == ["WS-C9999"]
    assert facts(link, "serial") == ["FOC0000A001"]
    assert facts(link, "hardware") == ["V02"]
    assert facts(link, "firmware") == ["15.2"]
    assert len(link.requests) == 3


def test_a_chassis_that_comes_first_takes_no_further_row() -> None:
    values = switch("9.1.1", row(67_109_120, CHASSIS, "SG999", "DNI00001", software="2.5"))
    link = run(link_of(agent(values), PUBLIC))
    assert facts(link, "serial") == ["DNI00001"]
    assert len(link.requests) == 2


def test_what_nothing_contains_is_the_device_also_without_a_class() -> None:
    values = switch("13191.1.1", row(5, OTHER, "LBB_1", "T0000001"))
    assert facts(run(link_of(agent(values), PUBLIC)), "model") == ["LBB_1"]


@pytest.mark.parametrize(
    "rows",
    [
        (row(5, OTHER, "SFP-1", "S0000001", inside="2"),),
        (row(5, MODULE, "card", "S0000001"), row(6, POWER, "PWR", "S0000002")),
        tuple(row(n, MODULE, f"card {n}", f"S000000{n}") for n in range(1, 9)),
    ],
    ids=["contained", "no chassis", "chassis far behind"],
)
def test_a_part_is_not_taken_for_the_device(rows: tuple[dict[str, bytes], ...]) -> None:
    link = run(link_of(agent(switch("9.1.1", *rows)), PUBLIC))
    assert facts(link, "model") == []
    assert facts(link, "serial") == []
    assert len(link.requests) <= 6


def test_what_contains_a_part_is_asked_for_before_the_next_part() -> None:
    """Routers list hundreds of modules before the chassis that holds them."""
    cards = [row(n, MODULE, f"card {n}", f"S00000{n:02}", inside="8384513") for n in range(1, 20)]
    chassis = row(8_384_513, CHASSIS, "N5400-X", "FOC0000B001", inside="8384512", software="7.1")
    link = run(link_of(agent(switch("9.1.1", *cards, chassis)), PUBLIC))
    assert facts(link, "model") == ["N5400-X"]
    assert facts(link, "serial") == ["FOC0000B001"]
    assert len(link.requests) == 3


def test_parts_that_contain_each_other_are_not_asked_for_without_end() -> None:
    rows = (row(1, MODULE, "a", "S01", inside="2"), row(2, MODULE, "b", "S02", inside="1"))
    link = run(link_of(agent(switch("9.1.1", *rows)), PUBLIC))
    assert facts(link, "model") == []
    assert len(link.requests) <= 6


IMAGE = "Cisco IOS Software, C3560 Software (C3560-IPSERVICESK9-M), Version 15.0(2)SE11, RELEASE"


def test_an_image_names_a_family_and_the_object_id_its_member_where_the_device_does_not() -> None:
    values = switch("9.1.615") | {"1.3.6.1.2.1.1.1.0": octets(IMAGE)}
    link = run(link_of(agent(values), PUBLIC))
    assert (facts(link, "product"), facts(link, "model")) == (["C3560"], ["Catalyst 3560G24TS"])
    named = values | row(1, CHASSIS, "WS-C3560G-24TS-S", "FOC0000A001")
    assert facts(run(link_of(agent(named), PUBLIC)), "model") == ["WS-C3560G-24TS-S"]
    unknown = values | switch("9.1.999999") | {"1.3.6.1.2.1.1.1.0": octets(IMAGE)}
    assert facts(run(link_of(agent(unknown), PUBLIC)), "model") == []


def test_a_registered_name_without_its_marks_is_the_last_resort() -> None:
    values = switch("9.1.2139", row(1, CHASSIS, "SNS-3495-K9", "FCH0000A001"))
    link = run(link_of(agent(values), PUBLIC))
    assert facts(link, "product") == ["SNS-3495-K9"]
    link = run(link_of(agent(switch("9.1.1069")), PUBLIC))
    assert facts(link, "product") == facts(link, "model") == ["Cisco 5500Wlc"]


def test_a_row_of_the_switch_software_says_nothing_of_the_device() -> None:
    values = switch("35265.1", row(1, CHASSIS, "", "", software="6.2.0", maker="Aricent"))
    assert facts(run(link_of(agent(values), PUBLIC)), "firmware") == []


def test_the_maker_of_the_chassis_is_the_vendor_where_the_agent_names_none() -> None:
    values = switch("4413.1", row(1, CHASSIS, "MSN1", "MT0000001", maker="Mellanox"))
    assert facts(run(link_of(agent(values), PUBLIC)), "vendor") == ["Mellanox"]


@pytest.mark.parametrize(
    ("enterprise", "said", "vendor"),
    [
        ("9.1.1", "cisco", "Cisco"),
        ("99999.1", "Siemens AG,", "Siemens AG"),
        ("99999.1", "weber", "weber"),
    ],
)
def test_a_makers_name_is_spelled_as_its_number_has_it(
    enterprise: str, said: str, vendor: str
) -> None:
    values = switch(enterprise, row(1, CHASSIS, "WX-20", "S0000001", maker=said))
    link = run(link_of(agent(values), PUBLIC), Depth.POINTS)
    assert {f.value for o in link.observations for f in o.facts if f.name == "vendor"} == {vendor}


def named(*rows: dict[str, bytes]) -> dict[str, bytes]:
    """A switch that tells its product in its description, as Dell's stack does."""
    return switch("674.10895.4", *rows) | {"1.3.6.1.2.1.1.1.0": octets("PowerConnect 5224")}


def test_a_row_of_the_devices_own_model_is_its_own_whatever_its_class() -> None:
    """A stack's only unit stood there as a container (recorded: Dell PowerConnect 5224)."""
    rows = (
        row(1, STACK, "", ""),
        row(101, CONTAINER, "PowerConnect 5224", "TW03N3597", inside="1", hardware="A03"),
        row(201, MODULE, "card", "C0000001", inside="101"),
    )
    link = run(link_of(agent(named(*rows)), PUBLIC), Depth.POINTS)
    own = {(f.name, f.value) for o in link.observations for f in o.facts if not f.part}
    assert {("serial", "TW03N3597"), ("hardware", "A03")} <= own
    second = row(102, CONTAINER, "PowerConnect 5224", "TW03N3598", inside="1")
    link = run(link_of(agent(named(*rows, second)), PUBLIC), Depth.POINTS)
    own = {(f.name, f.value) for o in link.observations for f in o.facts if not f.part}
    assert "serial" not in {name for name, _ in own}
    assert ("product", "PowerConnect 5224") in own


def test_a_part_number_is_no_model() -> None:
    values = switch("1588.2.1.1.1", row(1, CHASSIS, "40-1000832-08", "BRC0000A001"))
    link = run(link_of(agent(values), PUBLIC))
    assert facts(link, "model") == []
    assert facts(link, "serial") == ["BRC0000A001"]


def test_a_stack_that_is_all_there_is_tells_the_software_and_no_more() -> None:
    values = switch(
        "10456.1.1516", row(1, STACK, "stack", "System MAC: 00-01", software="2.28f130731")
    )
    link = run(link_of(agent(values), PUBLIC))
    assert facts(link, "firmware") == ["2.28f130731"]
    assert not facts(link, "serial")
    assert not facts(link, "model")


def test_a_stack_with_parts_that_are_no_chassis_tells_nothing() -> None:
    values = switch(
        "10456.1.1516",
        row(1, STACK, "stack", "", software="1.0"),
        row(2, MODULE, "M-1", "", inside="1", software="2.0"),
    )
    assert not facts(run(link_of(agent(values), PUBLIC)), "firmware")


def typed_in(*rows: dict[str, bytes]) -> dict[str, bytes]:
    """An agent whose description is what an engineer typed in."""
    values = switch("21239.5.2", *rows)
    return values | {"1.3.6.1.2.1.1.1.0": octets("A-U32_PDU-B2")}


def test_a_typed_in_description_is_no_product_where_the_device_names_its_model() -> None:
    link = run(link_of(agent(typed_in(row(1, CHASSIS, "MG02E4W1", "ZY18120520"))), PUBLIC))
    assert facts(link, "model") == ["MG02E4W1"]
    assert facts(link, "product") == ["MG02E4W1"]
    link = run(link_of(agent(typed_in(row(7, CHASSIS, "MG02E4W1", "ZY18120520"))), PUBLIC))
    assert facts(link, "product") == ["MG02E4W1"]  # read behind the first datagram


def test_a_description_that_is_a_name_is_the_product_where_the_device_names_no_model() -> None:
    link = run(link_of(agent(typed_in()), PUBLIC))
    assert facts(link, "model") == []
    assert facts(link, "product") == ["A-U32_PDU-B2"]


def test_a_makers_code_is_no_vendor() -> None:
    values = switch("4413", row(1, CHASSIS, "E3248P", "TW0CC00001", maker="DNT00"))
    assert facts(run(link_of(agent(values), PUBLIC)), "vendor") == []


def test_a_maker_is_spelled_as_its_number_spells_it() -> None:
    values = switch("9.1.1208", row(1, CHASSIS, "WS-C9999", "FOC0000A001", maker="cisco"))
    assert set(facts(run(link_of(agent(values), PUBLIC)), "vendor")) == {"Cisco"}
