"""What each rung costs, and what it turned out to cost.

One rule keeps it simple: `Size.pages` counts requests and `Size.parts` connections, because Modbus
asks one unit at a time and every question is one request; `items` are points, which weigh bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from protocols.contract import Cost, Observation, Outcome, Size
from protocols.modbus.codec import NAMES
from protocols.modbus.ladder import MOST_DISCOVER, MOST_IDENTIFY
from protocols.modbus.points import MOST_POINTS, MOST_SAMPLE
from protocols.modbus.talk import ASKED

REQUEST_BYTES = 12 + 28  # request, and an answer without or with few values
ITEM_BYTES = 8  # the widest data type; a whole answer (260 bytes) counts as 30 items
IDENTIFIES = (f"Modbus {NAMES[43]}",)
READS = tuple(f"Modbus {NAMES[code]}" for code in (1, 2, 3, 4))

NOT_ACCEPTED = frozenset(
    {
        Outcome.NOT_ASKED,
        Outcome.NO_PATH,
        Outcome.SILENT,  # of a first question: the connection attempt stayed unanswered
        Outcome.BLOCKED,
        Outcome.CLOSED,
        Outcome.FAILED_HERE,
    }
)

DISCOVER_USUAL, DISCOVER_MOST = Size(1, 0, 1), Size(2, 30 * MOST_DISCOVER, MOST_DISCOVER)
IDENTIFY_USUAL, IDENTIFY_MOST = Size(0, 0, 2), Size(0, 30 * MOST_IDENTIFY, MOST_IDENTIFY)
POINTS_USUAL, POINTS_MOST = Size(0, 40, 12), Size(0, 30 * MOST_POINTS, MOST_POINTS)
SAMPLE_USUAL, SAMPLE_MOST = Size(0, 240, 12), Size(0, 30 * MOST_SAMPLE, MOST_SAMPLE)


def costs(functions: tuple[str, ...]) -> Callable[[Size], Cost]:
    """The cost function of a rung that uses these functions."""

    def cost(size: Size) -> Cost:
        weight = size.pages * REQUEST_BYTES + size.items * ITEM_BYTES
        return Cost(size.parts, size.pages, weight, functions)

    return cost


def found(observations: Sequence[Observation]) -> Size:
    """Requests that were sent and connections that were opened for them."""
    sent = [
        item
        for item in observations
        if item.question.operation in ASKED and item.outcome is not Outcome.NOT_ASKED
    ]
    items = sum(len(item.points) for item in observations)
    fresh = {Outcome.MUTE, Outcome.HUNG_UP}
    again = sum(item.outcome in fresh for item in sent[:-1])
    return Size(again, items, len(sent))


def found_first(observations: Sequence[Observation]) -> Size:
    """As `found`, for the rung that opens the connection; nothing where none was accepted."""
    size = found(observations)
    if any(item.outcome not in NOT_ACCEPTED for item in observations):
        return Size(size.parts + 1, size.items, size.pages)
    return Size(0, 0, 0)
