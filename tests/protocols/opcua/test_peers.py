"""The probe against servers that nobody here wrote: asyncua and node-opcua, open and locked."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from protocols.contract import Credential, Depth, Options, Outcome, Point, Secret, Target
from protocols.opcua import PROBE
from protocols.opcua.visit import Visit, visited
from tests.protocols.opcua.test_probe import climb
from tests.support.peers import need
from tests.support.plain import PlainLink

ROOT = Path(__file__).parents[3]
USER = Credential("reader", "opcua-user", Secret(lambda: "right"), user="reader")
WRONG = Credential("wrong", "opcua-user", Secret(lambda: "guess"), user="reader")


@contextmanager
def child(command: list[str], **environment: str) -> Iterator[int]:
    """Start a peer, give its port, end it by its standard input."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | environment,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        lines = iter(process.stdout.readline, b"")
        said = next((line for line in lines if line.startswith(b'{"port"')), b"")
        assert said, "the peer did not start"
        yield json.loads(said)["port"]
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


@pytest.fixture(scope="session", params=["open", "user", "secured"])
def asyncua_peer(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, int]]:
    script = str(Path(__file__).with_name("asyncua_server.py"))
    folder = str(tmp_path_factory.mktemp("asyncua"))
    with child([sys.executable, script, request.param, folder]) as port:
        yield request.param, port


def modules() -> Path:
    place = Path(os.environ.get("UNTRAP_NODE_MODULES", ROOT / ".peers" / "node_modules"))
    if not (place / "node-opcua").is_dir():
        if os.environ.get("UNTRAP_REQUIRE_PEERS") == "1":
            pytest.fail("node-opcua is required and not installed")
        pytest.skip("node-opcua is not installed (make peers)")
    return place


@pytest.fixture(scope="session", params=["open", "user", "secured"])
def node_peer(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, int]]:
    script = str(ROOT / "tests" / "peers" / "node-opcua" / "server.js")
    folder = str(tmp_path_factory.mktemp("node"))
    place = str(modules())
    with child([need("node"), script, request.param, folder], UNTRAP_NODE_MODULES=place) as port:
        yield request.param, port


def link_of(port: int, *credentials: Credential) -> PlainLink:
    options = Options(sample_seconds=20.0)
    target = Target("site", "127.0.0.1", "tcp", port)
    return PlainLink(PROBE, target, credentials=credentials, options=options)


def visit(port: int, *credentials: Credential, depth: Depth = Depth.POINTS) -> PlainLink:
    link = link_of(port, *credentials)
    asyncio.run(climb(link, depth))
    asyncio.run(link.close())
    return link


def outcome(link: PlainLink, operation: str) -> tuple[Outcome, str]:
    seen = [s for s in link.observations if s.question.operation == operation]
    return seen[-1].outcome, seen[-1].reason


def points(link: PlainLink) -> dict[str, Point]:
    return {point.name: point for seen in link.observations for point in seen.points}


def facts(link: PlainLink, name: str) -> list[object]:
    return [f.value for seen in link.observations for f in seen.facts if f.name == name]


def test_asyncua_is_identified_and_read_as_far_as_it_lets(asyncua_peer: tuple[str, int]) -> None:
    mode, port = asyncua_peer
    link = visit(port)
    assert facts(link, "application_uri")[0] == "urn:asyncua:peer"
    if mode == "open":
        assert len(points(link)) == 251
        assert points(link)["Curve"].type == "Double[]"
        assert outcome(link, "browse") == (Outcome.COMPLETE, "")
        assert link.connections == 2
        assert len(link.requests) <= 5 + 8 + 4 + 12
    elif mode == "user":
        assert outcome(link, "session") == (Outcome.REFUSED_AUTH, "anonymous_not_offered")
        assert link.connections == 1
    else:
        assert outcome(link, "session") == (Outcome.REFUSED_AUTH, "mode_not_offered")
        assert facts(link, "certificate.hosts") == ["peer-host"]


def test_asyncua_samples_are_read_again(asyncua_peer: tuple[str, int]) -> None:
    mode, port = asyncua_peer
    link = visit(port, depth=Depth.SAMPLE)
    assert link.connections == (3 if mode == "open" else 1)
    assert len([s for s in link.observations if s.question.operation == "sample"]) == (
        mode == "open"
    )


def test_node_opcua_is_identified_and_read_as_far_as_it_lets(node_peer: tuple[str, int]) -> None:
    mode, port = node_peer
    link = visit(port)
    assert facts(link, "application_uri")[0] == "urn:node:peer"
    if mode == "open":
        temperature = points(link)["Temperature"]
        assert (temperature.unit, temperature.low, temperature.high) == ("CEL", -20.0, 120.0)
        assert temperature.semantic == "AnalogItemType"
        assert len(points(link)) >= 31
        assert "MaxNodesPerBrowse=7" in facts(link, "limit")
        assert facts(link, "vendor") == ["Peer works"]
        assert outcome(link, "browse") == (Outcome.COMPLETE, "")
    elif mode == "user":
        assert outcome(link, "session") == (Outcome.REFUSED_AUTH, "anonymous_not_offered")
    else:
        assert outcome(link, "session") == (Outcome.REFUSED_AUTH, "mode_not_offered")


@pytest.mark.parametrize("node_peer", ["user"], indirect=True)
def test_node_opcua_takes_an_encrypted_password(node_peer: tuple[str, int]) -> None:
    _mode, port = node_peer
    link = visit(port, USER)
    assert "Temperature" in points(link)
    assert not any(b"right" in request for request in link.requests)


@pytest.mark.parametrize("node_peer", ["user"], indirect=True)
def test_node_opcua_refuses_a_wrong_password_once(node_peer: tuple[str, int]) -> None:
    _mode, port = node_peer
    link = visit(port, WRONG)
    assert outcome(link, "session")[0] is Outcome.REFUSED_AUTH
    assert link.functions.count("OPC UA ActivateSession") == 1


@pytest.mark.parametrize("node_peer", ["open"], indirect=True)
def test_node_opcua_with_all_its_connections_taken_hangs_up_and_is_not_pressed(
    node_peer: tuple[str, int],
) -> None:
    """It takes ten connections with a session and closes the eleventh without a word."""
    _mode, port = node_peer
    eleventh = asyncio.run(_beside(port, 10))
    (hello,) = eleventh.observations
    assert (hello.question.operation, hello.outcome) == ("hello", Outcome.HUNG_UP)
    assert not hello.facts
    assert eleventh.connections == 1
    assert "Temperature" in points(visit(port))  # it recovers, and so do we


async def _beside(port: int, held: int) -> PlainLink:
    """A visit while so many sessions of others are held."""
    found: list[PlainLink] = []
    link = link_of(port)
    if not held:
        await climb(link, Depth.POINTS)
        await link.close()
        return link

    async def meanwhile(_visit: Visit) -> None:
        found.append(await _beside(port, held - 1))

    await climb(link, Depth.IDENTIFY)
    await visited(link, meanwhile, most_reads=1, most_seconds=60.0, says_why=True)
    await link.close()
    return found[0]
