"""Connectors of odd devices: names that a receiver would act on, the same name twice, several
servers on one device, and values that need a conversion."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

from inventory.connection import Connection, Item, Login, connections, logins
from inventory.model import Device, Evidence, Service
from inventory.outputs import prometheus, telegraf, uns
from inventory.outputs.neuron import node
from inventory.outputs.wot import dialects
from inventory.outputs.wot.thing import describe
from protocols.contract import Outcome, Point
from tests.inventory.making import SITE, observed
from tests.inventory.outputs.connecting import reading

DRIVE = Connection("11111111-aaaa", SITE, "Drive", "modbus", "10.0.0.1", 502, 1)


def modbus(*items: Item, **changed: object) -> dict[str, Any]:
    """What Telegraf reads of a connection with these points."""
    text = telegraf.config(replace(DRIVE, items=items, **changed))  # type: ignore[arg-type]
    (one,) = tomllib.loads(text)["inputs"]["modbus"]
    found: dict[str, Any] = one
    return found


def test_telegraf_fields_of_all_requests_have_names_of_their_own() -> None:
    """Telegraf refuses the whole file where two requests of one slave name a field alike."""
    one = modbus(
        Item("holding:0", "Power", "float32"),
        Item("holding:2", "Power", "float32", words="little"),
        Item("coil:0", "Power", "bit"),
        Item("input:0", "Power", "uint16"),
    )
    names = [field["name"] for request in one["request"] for field in request["fields"]]
    assert len(names) == len(set(names)) == 4


def test_telegraf_puts_no_environment_into_a_device_s_name() -> None:
    """It replaces `$NAME` and `${NAME}` in the text of a file before it reads it."""
    name = "$HOME ${INFLUX_TOKEN} $$ x"
    text = telegraf.config(replace(DRIVE, name=name, items=(Item("holding:0", name, "uint16"),)))
    assert "$HOME" not in text and "${" not in text and "$$" not in text
    (one,) = tomllib.loads(text)["inputs"]["modbus"]
    assert one["name"] == name  # TOML gives it back as it is
    assert one["request"][0]["fields"][0]["name"] == name


def test_a_bit_of_a_register_is_read_as_the_register_and_says_which_bit() -> None:
    """Nobody reads single bits of registers over Modbus; a map may name them all the same."""
    points = (Point("holding:5.3", "Fault", type="bit:3", access="r"),
              Point("holding:6", "Run", type="bit", access="r"))  # fmt: skip
    heard = (reading("10.0.0.1", "modbus", 502, points, (1, 0), argument="unit 1 holding:5-6"),)
    found = Evidence(Device("k", SITE, addresses=("10.0.0.1",)), heard, points, heard[0].samples)
    (one,) = connections(found, logins(()))
    assert [(item.register, item.bit) for item in one.items] == [(5, 3), (6, 0)]
    text = telegraf.config(one)
    (told,) = tomllib.loads(text)["inputs"]["modbus"]
    assert {field["type"] for field in told["request"][0]["fields"]} == {"UINT16"}
    assert "bit 3 of the register is meant" in text and "bit 0 of the register is meant" in text
    thing = describe(one, dialects()["w3c"])
    assert thing is not None
    kept = thing["properties"]
    assert [(kept[name]["type"], kept[name]["untrap:bit"]) for name in ("Fault", "Run")] == [  # type: ignore[index]
        ("integer", 3), ("integer", 0)]  # fmt: skip


def test_telegraf_gets_factors_whole_and_as_numbers_with_a_point() -> None:
    """1/8192 is no 0.00012207, and a whole number is no float to its TOML reader."""
    one = modbus(Item("holding:0", "A", "int16", scale=1 / 8192), Item("holding:1", "B", "int16",
                 scale=10.0))  # fmt: skip
    (request,) = one["request"]
    assert [field["scale"] for field in request["fields"]] == [1 / 8192, 10.0]
    assert all(isinstance(field["scale"], float) for field in request["fields"])


def two_servers() -> Evidence:
    """One computer with two OPC UA servers: other namespaces, endpoints, security and login."""
    said = {4840: ("urn:a", "/A", "None/None/anonymous", ""),
            4841: ("urn:b", "/B", "Basic256Sha256/Sign/username", "op")}  # fmt: skip
    heard, services = [], []
    for port, (uri, path, security, credential) in said.items():
        facts = {"namespace": f"2={uri}", "endpoint_url": f"opc.tcp://10.0.0.9:{port}{path}"}
        heard.append(observed("10.0.0.9", facts, protocol="opcua", port=port, operation="session"))
        point = Point("nsu=urn:a;s=X" if port == 4840 else "nsu=urn:b;s=X", "X", type="Double",
                      access="r")  # fmt: skip
        heard.append(reading("10.0.0.9", "opcua", port, (point,), (1.5,), credential=credential))
        services.append(Service("opcua", "tcp", port, Outcome.COMPLETE, "10.0.0.9",
                                security=(security,)))  # fmt: skip
    facts_ = tuple(fact for one in heard for fact in one.facts)
    points = tuple(point for one in heard for point in one.points)
    samples = tuple(sample for one in heard for sample in one.samples)
    device = Device("k", SITE, addresses=("10.0.0.9",), services=tuple(services), facts=facts_)
    return Evidence(device, tuple(heard), points, samples)


def test_each_server_of_a_device_has_its_own_login_path_and_namespaces() -> None:
    known = logins(()) | {"op": Login("op", "opcua-user", "joe")}
    first, second = sorted(connections(two_servers(), known), key=lambda one: one.port)
    assert (first.path, first.policy, first.mode, first.login.label) == ("/A", "None", "None", "")
    assert first.namespaces == {"urn:a": 2}
    assert (second.path, second.policy, second.mode) == ("/B", "Basic256Sha256", "Sign")
    assert second.login.label == "op" and second.namespaces == {"urn:b": 2}


def test_a_login_goes_by_the_strongest_policy_that_is_offered() -> None:
    offers = ("Basic128Rsa15/SignAndEncrypt/username", "Basic256Sha256/SignAndEncrypt/username")
    evidence = two_servers()
    services = tuple(
        replace(one, security=offers) if one.port == 4841 else one
        for one in evidence.device.services
    )
    evidence = replace(evidence, device=replace(evidence.device, services=services))
    found = connections(evidence, logins(()) | {"op": Login("op", "opcua-user", "joe")})
    (policy,) = (one.policy for one in found if one.port == 4841)
    assert policy == "Basic256Sha256"


def test_topics_say_how_a_raw_value_becomes_its_unit() -> None:
    item = Item("holding:7", "Temperature", "int16", "CEL", scale=0.1, offset=-40.0, words="little")
    one = replace(DRIVE, area="A", line="L", tag="D-1", items=(item,))
    (row,) = uns.rows(one)
    told = dict(zip(uns.HEADER, row, strict=True))
    assert told["Source"] == "modbus 10.0.0.1:502 unit 1 holding:7, x 0.1 - 40"


def test_two_services_of_one_machine_get_no_topic_twice() -> None:
    """A topic that two points write to would mix their values."""
    taken = uns.Taken()
    place = {"area": "A", "line": "L", "tag": "D 1"}
    first = replace(DRIVE, items=(Item("holding:0", "Speed", "uint16"),), **place)
    second = replace(first, protocol="opcua", port=4840, unit=None,
                     items=(Item("ns=2;s=Speed", "Speed", "Double"),))  # fmt: skip
    third = replace(first, asset="22222222-bbbb", tag="D-1")
    rows = [row for one in (first, second, third) for row in uns.rows(one, taken=taken)]
    topics = [row[0] for row in rows]
    assert len(topics) == len(set(topics)) == 3
    assert topics[0] == "plant/A/L/D-1/Speed"


def test_node_wot_is_given_no_node_whose_value_it_refuses() -> None:
    """Read back: of an Int64 it says "Invalid value according to DataSchema"."""
    kinds = ("Double", "Int64", "UInt64", "DateTime", "String")
    items = tuple(Item(f"ns=2;s={kind}", kind, kind) for kind in kinds)
    server = replace(DRIVE, protocol="opcua", port=4840, unit=None, items=items)
    thing = describe(server, dialects()["node-wot"])
    assert thing is not None
    assert list(thing["properties"]) == ["Double", "String"]  # type: ignore[call-overload]
    assert thing["untrap:leftOut"] == ["ns=2;s=Int64", "ns=2;s=UInt64", "ns=2;s=DateTime"]


def test_an_address_of_six_is_written_as_each_receiver_reads_it() -> None:
    one = replace(DRIVE, address="fd00::7", items=(Item("holding:0", "Speed", "uint16"),))
    (request,) = tomllib.loads(telegraf.config(one))["inputs"]["modbus"]
    assert request["controller"] == "tcp://[fd00::7]:502"
    thing = describe(one, dialects()["w3c"])
    assert thing is not None
    assert "modbus+tcp://[fd00::7]:502/1/0?quantity=1" in str(thing["properties"])
    made = node(one)
    assert made is not None and made["params"]["host"] == "fd00::7"  # type: ignore[index]
    agent = replace(one, protocol="snmp", port=161, login=Login("snmp-public", "snmp-v2c"))
    assert prometheus.target(agent, "m")["targets"] == ["[fd00::7]:161"]
