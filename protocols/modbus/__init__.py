"""Modbus/TCP: who answers, which units stand behind it, and what its registers mean.

    discover  43/14 to unit 255 (else one read of unit 1)
    identify  43/14 to unit 1, further pages, then each declared unit; SunSpec where nothing else
    points    by register map, by SunSpec, or only as ranges
    sample    what has a meaning, again and again

Only functions 1, 2, 3, 4, 43/14 and (option `modbus.fc17`) 17 can leave (`guard.py`).
"""

from __future__ import annotations

from protocols.contract import Depth, Openness, Probe, Rung
from protocols.modbus import plan
from protocols.modbus.guard import guard
from protocols.modbus.ladder import discover, identify
from protocols.modbus.points import points, sample

PROBE = Probe(
    name="modbus",
    title="Modbus/TCP",
    transport="tcp",
    ports=(502,),
    openness=Openness.O1,
    guard=guard,
    rungs={
        Depth.DISCOVER: Rung(
            plan.costs((*plan.IDENTIFIES, plan.READS[2])),
            discover,
            plan.DISCOVER_USUAL,
            plan.DISCOVER_MOST,
            plan.found_first,
        ),
        Depth.IDENTIFY: Rung(
            plan.costs((*plan.IDENTIFIES, plan.READS[2])),
            identify,
            plan.IDENTIFY_USUAL,
            plan.IDENTIFY_MOST,
            plan.found,
        ),
        Depth.POINTS: Rung(
            plan.costs(plan.READS),
            points,
            plan.POINTS_USUAL,
            plan.POINTS_MOST,
            plan.found,
        ),
        Depth.SAMPLE: Rung(
            plan.costs(plan.READS),
            sample,
            plan.SAMPLE_USUAL,
            plan.SAMPLE_MOST,
            plan.found,
        ),
    },
    likelihood=80,
    roles=("plc", "gateway", "meter", "drive", "sensor", "ups", "inverter", "hmi", "controller"),
)
