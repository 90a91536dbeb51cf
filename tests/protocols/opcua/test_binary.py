"""Bytes and values: the tables of OPC 10000-6, 5.2, with asyncua's encoder as the other opinion."""

from __future__ import annotations

import struct
import uuid
from datetime import UTC, datetime

import pytest
from asyncua import ua
from asyncua.ua.ua_binary import nodeid_to_binary, variant_to_binary
from hypothesis import given
from hypothesis import strategies as st

from protocols.contract import Garbled, Quality
from protocols.opcua.binary import Cursor
from protocols.opcua.encode import put_node_id, put_time
from protocols.opcua.nodes import DataValue, NodeId, Variant, parse_node_id
from protocols.opcua.status import CODES, is_bad, name_of, quality_of, refusal
from protocols.opcua.values import sample_of, show, unit_of

GUID = uuid.UUID("72962b91-fa75-4ae6-8d28-b404dc7daf63")
NAMES = ("http://opcfoundation.org/UA/", "urn:plant")


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (NodeId(0, 85), "i=85"),
        (NodeId(0, 2253), "i=2253"),
        (NodeId(1, 70_000), "nsu=urn:plant;i=70000"),
        (NodeId(1, "a;i=3;s=b"), "nsu=urn:plant;s=a;i=3;s=b"),
        (NodeId(1, GUID), f"nsu=urn:plant;g={GUID}"),
        (NodeId(1, b"\x01\xff"), "nsu=urn:plant;b=Af8="),  # base64 (OPC 10000-6, 5.1.12)
        (NodeId(9, 4), "ns=9;i=4"),
    ],
)
def test_node_ids_go_round(node: NodeId, text: str) -> None:
    assert node.text(NAMES) == text
    assert parse_node_id(text, NAMES) == node
    assert Cursor(put_node_id(node)).node_id() == node


@pytest.mark.parametrize("text", ["b=01ff0", "b=Af8", "g=72962b91", "i=", "q=1", "ns=9"])
def test_a_text_that_names_no_node_is_none(text: str) -> None:
    assert parse_node_id(text, NAMES) is None


def test_node_ids_agree_with_asyncua() -> None:
    for text in ("i=85", "ns=1;i=70000", "ns=2;s=Pump", f"ns=3;g={GUID}", "ns=2;b=AQL/"):
        theirs = ua.NodeId.from_string(text)
        ours = Cursor(nodeid_to_binary(theirs)).node_id()
        assert (ours.namespace, ours.identifier) == (theirs.NamespaceIndex, theirs.Identifier)


def test_a_node_of_a_namespace_that_went_away_is_not_asked() -> None:
    assert parse_node_id("nsu=urn:gone;i=1", NAMES) is None
    assert parse_node_id("nonsense", NAMES) is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (ua.Variant(True), True),
        (ua.Variant(21.5), 21.5),
        (ua.Variant(-3, ua.VariantType.Int16), -3),
        (ua.Variant("pump"), "pump"),
        (ua.Variant(b"\x01\xab"), "01ab"),
        (ua.Variant(GUID), str(GUID)),
        (ua.Variant([1.0, 2.0]), "[2] 1.0, 2.0"),
        (ua.Variant(list(range(40)), ua.VariantType.Byte), "[40] 0, 1, 2, 3, 4, 5, 6, 7, …"),
        (ua.Variant(ua.LocalizedText("hot", "en")), "hot"),
        (ua.Variant(ua.QualifiedName("name", 2)), "name"),
        (ua.Variant(ua.NodeId(5, 0)), "i=5"),
        (ua.Variant(ua.Range(0.0, 1.0)), None),
        (ua.Variant(), None),
    ],
)
def test_values_agree_with_asyncua(value: ua.Variant, shown: object) -> None:
    cursor = Cursor(variant_to_binary(value))
    assert show(cursor.variant()) == shown
    assert cursor.left == 0


def test_times_go_round() -> None:
    now = datetime(2026, 11, 22, 20, 0, 0, 123456, tzinfo=UTC)
    assert Cursor(put_time(now)).time() == now
    for nothing in (0, -1, 2**63 - 1):
        assert Cursor(struct.pack("<q", nothing)).time() is None


@pytest.mark.parametrize(
    ("number", "symbol", "unit"),
    [
        (4408652, "°C", "CEL"),
        (5066068, "mm", "MMT"),
        (-1, "bar", "bar"),
        (0, "bar", "bar"),
        (7, "bar", "bar"),
        (0x7FFFFFFF, "bar", "bar"),
    ],
)
def test_a_unit_is_its_code_or_its_symbol(number: int, symbol: str, unit: str) -> None:
    raw = symbol.encode()
    body = struct.pack("<ii", -1, number) + b"\x02" + struct.pack("<i", len(raw)) + raw + b"\x00"
    assert unit_of(body) == unit


def test_status_names_agree_with_asyncua() -> None:
    for name, code in CODES.items():
        assert getattr(ua.StatusCodes, name) == code
    assert name_of(0x80AB0000) == "0x80AB0000"
    assert name_of(0x80560401) == "BadTooManySessions"
    assert quality_of(0x40900000) is Quality.UNCERTAIN
    assert is_bad(0xC0000000)
    assert refusal(0x80AB0000).outcome.value == "refused_resource"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (0x00000000, "Good"),
        (0x00000500, "Good (low limit)"),
        (0x00000600, "Good (high limit)"),
        (0x00000700, "Good (constant)"),
        (0x00000480, "Good"),  # an overflow of its queue
        (0x00000200, "Good"),  # no bits of a value
        (0x808C0500, "BadSensorFailure"),
    ],
)
def test_a_good_value_at_its_limit_says_so(code: int, status: str) -> None:
    value = DataValue(Variant(11, (100.0,)), code)
    found = sample_of("i=1", value, datetime.now(UTC))
    assert found is not None
    assert found.status == status


@given(st.binary(max_size=200))
def test_random_bytes_are_a_value_or_garbled(data: bytes) -> None:
    for read in ("variant", "data_value", "node_id", "structure", "diagnostic_info", "time"):
        try:
            getattr(Cursor(data), read)()
        except Garbled:
            continue


@given(st.floats(), st.integers(-(2**31), 2**31 - 1), st.text(max_size=20))
def test_what_asyncua_writes_we_read(real: float, whole: int, text: str) -> None:
    for value, kind in ((real, ua.VariantType.Double), (whole, ua.VariantType.Int32)):
        got = Cursor(variant_to_binary(ua.Variant(value, kind))).variant().scalar
        assert got == value or value != value
    assert Cursor(variant_to_binary(ua.Variant(text))).variant().scalar == text
