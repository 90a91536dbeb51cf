"""The rungs and what each costs: datagrams, and bytes of payload in both directions.

`Size.pages` counts the datagrams of a rung beyond the first (discover) or all of them (above).
Bytes are for answers that are long: the recordings that the tests play hold 490, 230, 510 and 370
bytes a datagram and its answer on average, rung by rung; a full page is one Ethernet frame. Users
of version 3 add engine discovery once, and in each rung at most one question asked again at the
time that the agent told.
"""

from __future__ import annotations

from collections.abc import Sequence

from protocols.contract import Cost, Depth, Observation, Outcome, Rung, Size
from protocols.snmp.discover import MOST_CREDENTIALS, MOST_RETRIES, discover
from protocols.snmp.identify import MOST_LEFT_OUT, MOST_ROUNDS, identify
from protocols.snmp.points import MOST_ROUNDS as SAMPLE_ROUNDS
from protocols.snmp.points import MOST_SAMPLED, ROOTS_A_REQUEST, points, sample
from protocols.snmp.walk import MOST_PAGES_HOST

DISCOVER_BYTES = 900
IDENTIFY_BYTES = 700
WALK_BYTES = 1_600
SAMPLE_BYTES = 700
WALKS = ("SNMP get", "SNMP getnext", "SNMP getbulk")
CONCLUDED = ("walked", "concluded")  # operations of what was concluded without a packet
FUNCTIONS = ("SNMP get", "SNMP v3 discovery")


def sent(observations: Sequence[Observation]) -> int:
    """Datagrams asked; a conclusion drawn without a packet has no bytes and no duration."""
    return sum(
        o.outcome is not Outcome.NOT_ASKED and o.question.operation not in CONCLUDED
        for o in observations
    )


def _discover_size(observations: Sequence[Observation]) -> Size:
    return Size(pages=max(0, sent(observations) - 1))


def _size(observations: Sequence[Observation]) -> Size:
    return Size(items=sum(len(o.points) for o in observations), pages=sent(observations))


def _discover_cost(size: Size) -> Cost:
    requests = 1 + size.pages
    return Cost(0, requests, requests * DISCOVER_BYTES, FUNCTIONS)


def _identify_cost(size: Size) -> Cost:
    return Cost(0, size.pages, size.pages * IDENTIFY_BYTES, ("SNMP get", "SNMP getnext"))


RUNGS = {
    Depth.DISCOVER: Rung(
        _discover_cost,
        discover,
        usual=Size(),
        most=Size(pages=2 * MOST_CREDENTIALS + MOST_RETRIES),
        size=_discover_size,
    ),
    Depth.IDENTIFY: Rung(
        _identify_cost,
        identify,
        usual=Size(pages=1),
        most=Size(pages=MOST_LEFT_OUT + (1 + MOST_RETRIES) * (1 + MOST_ROUNDS) + 1),
        size=_size,
    ),
    Depth.POINTS: Rung(
        lambda size: Cost(0, size.pages, size.pages * WALK_BYTES, WALKS),
        points,
        usual=Size(pages=12),
        most=Size(pages=MOST_PAGES_HOST + MOST_RETRIES + 1),
        size=_size,
    ),
    Depth.SAMPLE: Rung(
        lambda size: Cost(0, size.pages, size.pages * SAMPLE_BYTES, ("SNMP get",)),
        sample,
        usual=Size(pages=6),
        most=Size(pages=SAMPLE_ROUNDS * MOST_SAMPLED // ROOTS_A_REQUEST + 1),
        size=_size,
    ),
}
