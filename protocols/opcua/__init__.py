"""OPC UA over TCP: what a server says to anybody, and what it lets us read.

The codec is our own and bounded (docs/decisions/0003-own-opcua-codec.md); importing this package
costs the standard library only.
"""

from __future__ import annotations

from collections.abc import Sequence

from protocols.contract import Cost, Depth, Observation, Openness, Outcome, Probe, Rung, Size
from protocols.opcua import identify, points, sampling
from protocols.opcua.guard import guard
from protocols.opcua.numbers import NAME, PORT
from protocols.opcua.standing import standing


def _discover_cost(_size: Size) -> Cost:
    return Cost(1, 1, 120, ("OPC UA Hello",))


def _identify_cost(size: Size) -> Cost:
    functions = (
        "OPC UA OpenSecureChannel",
        "OPC UA GetEndpoints",
        "OPC UA FindServers",
        "OPC UA CloseSecureChannel",
    )
    return Cost(0, 4, 900 + 1600 * size.parts, functions)


_SESSION = (
    "OPC UA Hello",
    "OPC UA OpenSecureChannel",
    "OPC UA CreateSession",
    "OPC UA ActivateSession",
    "OPC UA Read",
    "OPC UA CloseSession",
    "OPC UA CloseSecureChannel",
)
MOST_TRIES = 2
"""Sessions of one rung: with a certificate, and anonymous where that was refused."""

_DATA = frozenset(
    {
        "browse_page",
        "read_limits",
        "read_server",
        "read_nameplate",
        "read_meaning",
        "read_types",
        "read",
        "sample_read",
    }
)
"""Operations of a session whose number depends on what the server holds."""


def _points_cost(size: Size) -> Cost:
    functions = (*_SESSION, "OPC UA GetEndpoints", "OPC UA Browse", "OPC UA BrowseNext")
    weight = 3000 * size.parts + 1200 * size.pages + 400 * size.items
    return Cost(size.parts, 6 * size.parts + size.pages, weight, functions)


def _sample_cost(size: Size) -> Cost:
    weight = 3000 * size.parts + 300 * size.pages + 60 * size.items
    return Cost(size.parts, 6 * size.parts + size.pages, weight, _SESSION)


def _found(observations: Sequence[Observation]) -> Size:
    """Sessions (none where nobody lets us in), points, and the data requests that it took."""
    sessions = any(seen.question.operation == "hello" for seen in observations)
    asked = sum(
        seen.question.operation in _DATA
        and seen.outcome is not Outcome.NOT_ASKED
        and bool(seen.digest or seen.duration_seconds)
        for seen in observations
    )
    return Size(
        int(sessions), sum(len(seen.points) + len(seen.samples) for seen in observations), asked
    )


PROBE = Probe(
    name=NAME,
    title="OPC UA",
    transport="tcp",
    ports=(PORT,),
    openness=Openness.O0,
    guard=guard,
    rungs={
        Depth.DISCOVER: Rung(_discover_cost, identify.discover),
        Depth.IDENTIFY: Rung(_identify_cost, identify.identify, Size(4), Size(32)),
        Depth.POINTS: Rung(
            _points_cost,
            points.points,
            Size(1, 100, 14),
            Size(MOST_TRIES, 1000, points.MOST_BROWSES + points.MOST_READS + 1),
            _found,
        ),
        Depth.SAMPLE: Rung(
            _sample_cost,
            sampling.sample,
            Size(1, 100, 8),
            Size(1, 6000, sampling.MOST_SAMPLE_READS),
            _found,
        ),
    },
    credentials=("opcua-user", "opcua-certificate"),
    likelihood=70,
    most_connections=3,
    session=True,
    standing=standing,
)
