"""What identification costs on the wire, counted by the agents that were asked.

The floor is one request and its answer (2 packets); a user of version 3 must learn the engine's
id and time first (RFC 3414, 4), so the floor there is 4.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest

from protocols.contract import Credential, Depth, Secret, Target
from protocols.snmp import PROBE, codec
from protocols.snmp.first import opening
from simulators.contract import Device
from simulators.generate import Recipe, generate
from simulators.snmp import Agent
from tests.protocols.snmp import measure
from tests.protocols.snmp.measure import climb, link_to
from tests.support.plain import PlainLink

PUBLIC = Credential("snmp-public", "snmp-v2c", Secret(lambda: "public"))
OLD = Credential("old", "snmp-v1", Secret(lambda: "public"))
USER = Credential(
    "user", "snmp-v3", Secret(lambda: "long-enough"), user="reader", auth="SHA-256",
    privacy="AES-128",
)  # fmt: skip
USERS = [
    {"name": "reader", "auth": "SHA-256", "auth_secret": "long-enough", "privacy": "AES-128",
     "privacy_secret": "long-enough"}
]  # fmt: skip
SMALLEST_BYTES = 484  # RFC 3417, 3: what every agent must take


def agents(version: str) -> tuple[Device, ...]:
    """Generated agents that speak one version only."""
    plant = generate(Recipe(devices=12, seed=4, protocols=("snmp",)))
    options: Mapping[str, object] = {"versions": [version], "users": USERS}
    return tuple(
        replace(d, services=tuple(replace(s, options={**s.options, **options}) for s in d.services))
        for d in plant.devices
    )


def identified(device: Device, credential: Credential) -> tuple[bool, Counter[str]]:
    """Whether the device was named wholly and rightly, and what its agent was asked."""
    agent = Agent(device, device.services[0])
    asked: Counter[str] = Counter()

    def answer(request: bytes) -> bytes | None:
        turn = agent.hear(request)
        asked[turn.function] += 1
        return turn.answer

    link = PlainLink(
        PROBE,
        Target("test", "127.0.0.1", "udp", 161),
        responder=answer,
        credentials=(credential,),
    )
    asyncio.run(climb(link, Depth.IDENTIFY))
    said: dict[str, set[object]] = {}
    for fact in (f for o in link.observations for f in o.facts):
        said.setdefault(fact.name, set()).add(fact.value)
    right = said.get("vendor") == {device.vendor} and said.get("serial") == {device.serial}
    right &= device.product in said.get("product", set()) | said.get("model", set())
    return right, asked


@pytest.mark.parametrize(
    ("version", "credential", "floor"), [("v1", OLD, 2), ("v2c", PUBLIC, 2), ("v3", USER, 4)]
)
def test_a_generated_agent_costs_the_floor(
    version: str, credential: Credential, floor: int
) -> None:
    devices = agents(version)
    results = [identified(device, credential) for device in devices]
    assert all(right for right, _ in results)
    packets = 2 * sum(sum(asked.values()) for _, asked in results)
    assert packets <= 1.3 * floor * len(devices)


def test_the_first_question_fits_into_what_every_agent_must_take() -> None:
    for version in (codec.V1, codec.V2C):
        kind, oids = opening(version)
        community = b"c" * 32
        request = codec.encode_request(version, community, kind, 65_535, oids)
        assert len(request) <= SMALLEST_BYTES


def _recordings() -> None:
    if not (measure.corpus() / "labels.csv").exists():
        pytest.skip("no recordings: set UNTRAP_CORPUS")


@pytest.mark.corpus
def test_a_recording_costs_at_most_four_packets() -> None:
    """The recordings are of rare devices, whose names stand in objects of their own (0015)."""
    _recordings()
    cases = measure.cases()
    assert 2 * sum(case.requests for case in cases) / len(cases) <= 4


@pytest.mark.corpus
def test_the_same_recording_in_version_1_says_no_less() -> None:
    """A version 1 agent is asked by GetNext and names itself as well."""
    _recordings()
    for name in ("scalance_xc206-2sfp", "moxa-etherdevice_edsg512e"):
        path = next(measure.corpus().rglob(f"{name}.snmprec"))
        links = [link_to(path, credential) for credential in (PUBLIC, OLD)]
        for link in links:
            asyncio.run(climb(link, Depth.IDENTIFY))
        new, old = (
            {(f.name, f.value) for o in link.observations for f in o.facts if f.name in wanted}
            for link in links
            for wanted in [("vendor", "model", "firmware", "serial")]
        )
        assert new == old
