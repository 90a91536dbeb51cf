"""SNMP: identity, structure and sensors of everything that has an agent.

Read-only by construction: the guard passes Get, GetNext, GetBulk and v3 engine discovery. The
modules: `codec`, `message`, `engine`, `usm` (bytes and keys), `guard`, `exchange` (one request),
`sessions` and `secured` (who asks), `discover`, `identify`, `points` (the rungs), `identity`
(rules as data), `walk` and `tables` (bounded walks), `sensors`.
"""

from __future__ import annotations

from protocols.contract import Openness, Probe
from protocols.snmp.discover import knocks
from protocols.snmp.guard import guard
from protocols.snmp.rungs import RUNGS

PROBE = Probe(
    name="snmp",
    title="SNMP",
    transport="udp",
    ports=(161,),
    openness=Openness.O0,
    guard=guard,
    rungs=RUNGS,
    credentials=("snmp-v1", "snmp-v2c", "snmp-v3"),
    likelihood=90,
    data=True,
    knocks=knocks,
)
