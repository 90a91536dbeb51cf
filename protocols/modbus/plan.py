"""What each rung costs, and what it turned out to cost.

One rule keeps it simple: `Size.pages` counts requests and `Size.parts` connections, because Modbus
asks one unit at a time and every question is one request; `items` are points and cost nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from protocols.contract import Cost, Observation, Outcome, Size
from protocols.modbus.codec import NAMES
from protocols.modbus.ladder import MOST_DISCOVER, MOST_IDENTIFY
from protocols.modbus.points import MOST_POINTS, MOST_SAMPLE
from protocols.modbus.talk import ASKED

IDENTITY_BYTES = 12 + 60  # request and a usual page of 43/14
READ_BYTES = 12 + 60  # request and 25 registers
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

DISCOVER_USUAL, DISCOVER_MOST = Size(1, 0, 1), Size(2, 0, MOST_DISCOVER)
IDENTIFY_USUAL, IDENTIFY_MOST = Size(0, 0, 2), Size(0, 0, MOST_IDENTIFY)
POINTS_USUAL, POINTS_MOST = Size(0, 40, 8), Size(0, 4000, MOST_POINTS)
SAMPLE_USUAL, SAMPLE_MOST = Size(0, 40, 12), Size(0, 4000, MOST_SAMPLE)


def costs(functions: tuple[str, ...], bytes_each: int) -> Callable[[Size], Cost]:
    """The cost function of a rung whose requests carry about so many bytes each way together."""

    def cost(size: Size) -> Cost:
        return Cost(size.parts, size.pages, size.pages * bytes_each, functions)

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
