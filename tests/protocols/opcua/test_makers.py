"""Who stands behind a server, from its URIs and its build information."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pytest

from protocols.opcua import makers
from protocols.opcua.makers import Maker
from protocols.opcua.nodes import DataValue, Variant
from protocols.opcua.numbers import SERVER_STATUS
from protocols.opcua.values import of_a_kit, server_facts
from tests.support.patience import least_cpu

NOW = datetime(2026, 11, 29, tzinfo=UTC)
TEXT = 12  # String (OPC 10000-6, 5.1.2)


@pytest.mark.parametrize("maker", makers.makers(), ids=lambda maker: maker.name)
def test_every_example_gives_exactly_what_it_expects(maker: Maker) -> None:
    for uris in ((maker.example, ""), ("", maker.example)):
        found = makers.statements(*uris)
        assert {fact.name: fact.value for fact in found} == dict(maker.expect)
        assert all(fact.source.endswith(f"rule {maker.name}") for fact in found)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "urn:plc-7:server",
        "urn:open62541.server.application",
        "urn:UnifiedAutomation:UaServerCpp",
        "urn:host:NodeOPCUA-Server",
        "http://siemens.com.example.org/x",
        "http://example.org/siemens.com/",
        "https://notwago.com/",
    ],
)
def test_a_uri_of_a_kit_or_of_anybody_names_no_maker(uri: str) -> None:
    assert makers.statements(uri, uri) == ()


def built(**texts: str) -> dict[str, list[object]]:
    """The facts of a build information, by name."""
    numbers = {word: number for number, word in SERVER_STATUS.items()}
    values = {
        numbers[name]: DataValue(Variant(TEXT, (words,), None), 0, None, None)
        for name, words in texts.items()
    }
    found: dict[str, list[object]] = {}
    for fact in server_facts(values, NOW, kit=of_a_kit(values)):
        found.setdefault(fact.name, []).append(fact.value)
    return found


def test_a_makers_build_information_is_the_identity() -> None:
    found = built(ManufacturerName="Acme", ProductName="Dryer", SoftwareVersion="4.2")
    assert found == {"vendor": ["Acme"], "product": ["Dryer"], "firmware": ["4.2"]}


@pytest.mark.parametrize(
    "kit", ["open62541", "Unified Automation GmbH", "NodeOPCUA : MIT Licence ( see … )"]
)
def test_a_kits_build_information_is_kept_and_claims_nothing(kit: str) -> None:
    found = built(ManufacturerName=kit, ProductName="OPC UA Server", SoftwareVersion="1.3.2")
    assert set(found) == {"description"}
    assert "SoftwareVersion=1.3.2" in found["description"]


def test_patterns_stay_quick_on_hostile_text() -> None:
    for words in ("a." * 5_000, "http://" + "a." * 5_000, "urn:" + "a:" * 5_000, ":" * 9_000):
        assert least_cpu(partial(makers.statements, words, words)) < 0.2
