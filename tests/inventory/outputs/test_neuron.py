"""Neuron nodes: its documented keys and addresses only, every tag readable and nothing more."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inventory.connection import Connection, Item, Login
from inventory.outputs import Request, neuron
from inventory.store import Store
from tests.inventory.making import SITE
from tests.inventory.outputs.connecting import plant

KNOWN: dict[str, Any] = tomllib.loads(
    (Path(__file__).parent / "receivers.toml").read_text("utf-8")
)["neuron"]
MODBUS = Connection("asset", SITE, "Drive", "modbus", "10.0.0.1", 502, 7)
OPCUA = replace(MODBUS, protocol="opcua", port=4840, unit=None, namespaces={"urn:x": 2})


@pytest.mark.parametrize("hostile", [False, True])
def test_only_documented_keys_and_addresses_are_written(tmp_path: Path, hostile: bool) -> None:
    with Store.open(plant(tmp_path, hostile=hostile), SITE) as store:
        said = neuron.write(store, Request(tmp_path / "n.json"))
    nodes = json.loads((tmp_path / "n.json").read_text("utf-8"))["nodes"]
    assert said.startswith(f"{len(nodes)} Neuron nodes") and "can read" in said
    assert len({one["name"] for one in nodes}) == len(nodes) > 1
    for one in nodes:
        assert set(one) == set(KNOWN["node"])
        plain = one["plugin"] == "OPC UA"
        assert set(one["params"]) <= set(KNOWN["opcua" if plain else "modbus"])
        (group,) = one["groups"]
        assert set(group) == set(KNOWN["group"]) and group["interval"] >= 1000
        assert len({tag["name"] for tag in group["tags"]}) == len(group["tags"])
        for tag in group["tags"]:
            assert set(tag) <= set(KNOWN["tag"])
            assert tag["attribute"] == 1  # read; 2 would be write
            pattern = r"\d+!.+" if plain else KNOWN["address"][str(tag["type"])]
            assert re.fullmatch(pattern, tag["address"]), tag


@pytest.mark.parametrize(
    ("item", "tag"),
    [
        (Item("holding:0", "a", "uint16"), ("7!400001", 4)),
        (Item("input:99", "a", "int16"), ("7!300100", 3)),
        (Item("holding:65535", "a", "uint16"), ("7!465536", 4)),
        (Item("coil:3", "a", "bit"), ("7!000004", 11)),
        (Item("discrete:0", "a", "bit"), ("7!100001", 11)),
        (Item("holding:9.4", "a", "bit"), ("7!400010.4", 11)),
        (Item("holding:2", "a", "float32"), ("7!400003#LL", 9)),
        (Item("holding:2", "a", "float32", words="little"), ("7!400003#BL", 9)),
        (Item("holding:2", "a", "int32", bytes="little"), ("7!400003#LB", 5)),
        (Item("holding:2", "a", "uint32", words="little", bytes="little"), ("7!400003#BB", 6)),
        (Item("holding:2", "a", "float64"), ("7!400003", 10)),
    ],
)
def test_registers_count_from_one_and_carry_their_order(item: Item, tag: tuple[str, int]) -> None:
    made = neuron.node(replace(MODBUS, items=(item,)))
    (found,) = made["groups"][0]["tags"]  # type: ignore[index]
    assert (found["address"], found["type"]) == tag


@pytest.mark.parametrize(
    ("item", "tag"),
    [
        (Item("nsu=urn:x;s=P.V", "a", "Double"), ("2!P.V", 10)),
        (Item("nsu=urn:x;i=7", "a", "Boolean"), ("2!7", 12)),
        (Item("i=2258", "a", "UInt32"), ("0!2258", 6)),
    ],
)
def test_nodes_carry_the_index_that_the_server_had(item: Item, tag: tuple[str, int]) -> None:
    made = neuron.node(replace(OPCUA, items=(item,)))
    (found,) = made["groups"][0]["tags"]  # type: ignore[index]
    assert (found["address"], found["type"]) == tag


@pytest.mark.parametrize(
    "one",
    [
        replace(MODBUS, items=(Item("holding:0", "", "uint16"),)),  # nobody named it
        replace(MODBUS, items=(Item("holding:0", "a", "uint16", offset=-40.0),)),
        replace(MODBUS, items=(Item("holding:0", "a", "float64", words="little"),)),
        replace(MODBUS, items=(Item("holding:0", "a", "string:8"),)),
        replace(OPCUA, items=(Item("nsu=urn:other;s=P", "a", "Double"),)),
        replace(OPCUA, items=(Item("nsu=urn:x;b=AA==", "a", "Double"),)),
        replace(OPCUA, mode="Sign", items=(Item("i=2258", "a", "UInt32"),)),
        replace(OPCUA, login=Login("historian"), items=(Item("i=2258", "a", "UInt32"),)),
        replace(MODBUS, protocol="snmp", items=(Item("1.3.6.1", "a", "INTEGER"),)),
    ],
)
def test_what_it_cannot_read_as_it_stands_is_left_out(one: Connection) -> None:
    assert neuron.node(one) is None


def test_a_scale_is_the_tags_factor() -> None:
    made = neuron.node(replace(MODBUS, items=(Item("holding:0", "a", "uint16", scale=0.1),)))
    assert made["groups"][0]["tags"][0]["decimal"] == 0.1  # type: ignore[index]
