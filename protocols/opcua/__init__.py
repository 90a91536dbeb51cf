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
    return Cost(1, 6 + size.pages, 3000 + 1200 * size.pages + 400 * size.items, functions)


def _sample_cost(size: Size) -> Cost:
    return Cost(1, 6 + size.pages, 3000 + 300 * size.pages + 60 * size.items, _SESSION)


def _found(observations: Sequence[Observation]) -> Size:
    """Points, and the data requests that it took to get at them."""
    asked = sum(
        seen.question.operation in _DATA
        and seen.outcome is not Outcome.NOT_ASKED
        and bool(seen.digest or seen.duration_seconds)
        for seen in observations
    )
    return Size(1, sum(len(seen.points) + len(seen.samples) for seen in observations), asked)


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
            Size(1, 1000, points.MOST_BROWSES + points.MOST_READS + 1),
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
)
