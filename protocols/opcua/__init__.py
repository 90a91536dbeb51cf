"""OPC UA over TCP: what a server says to anybody, and what it lets us read.

The codec is our own and bounded (docs/decisions/0003-own-opcua-codec.md); importing this package
costs the standard library only.
"""

from __future__ import annotations

from protocols.contract import Cost, Depth, Openness, Probe, Rung, Size
from protocols.opcua import identify
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
    },
    credentials=("opcua-user", "opcua-certificate"),
    likelihood=70,
    most_connections=3,
)
