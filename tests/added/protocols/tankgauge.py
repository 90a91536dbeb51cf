"""Automatic tank gauges on TCP 10001: which software answers there.

One rule keeps it simple: only the one report of this page is ever asked.

    request   01 "I90200" 0D                      software revision (Veeder-Root 576013-635)
    answer    01 "I90200" 0D 0A text ... 03
"""

from __future__ import annotations

from protocols.contract import (
    Cost,
    Depth,
    Fact,
    Forbidden,
    Foreign,
    Garbled,
    Link,
    Openness,
    Probe,
    Question,
    Reading,
    Rung,
    Size,
)

NAME = "tankgauge"
REVISION = b"\x01I90200\r"
LONGEST = 4096
FUNCTION = "tank gauge report 902"


def guard(frame: bytes) -> str:
    """The report's name. Raises Forbidden for anything else."""
    if frame == REVISION:
        return FUNCTION
    raise Forbidden("not a report that is read")


def answer_length(buffer: bytes) -> int | None:
    """Length of an answer; None while it is not whole. Raises Foreign, Garbled."""
    if not buffer:
        return None
    if buffer[:1] != b"\x01":
        raise Foreign("no SOH")
    end = buffer.find(b"\x03")
    if end < 0 and len(buffer) > LONGEST:
        raise Garbled("no ETX in 4096 bytes")
    return None if end < 0 else end + 1


def read(data: bytes) -> Reading[str]:
    """The report's text, and the software that it names."""
    text = data[1:-1].decode("latin-1")
    if not text.startswith("I90200"):
        raise Garbled(f"expected report I90200, got {text[:6]!r}")
    named = [line[10:].strip() for line in text.splitlines() if line.startswith("SOFTWARE# ")]
    facts = [
        Fact("vendor", "Veeder-Root", "tankgauge 902"),
        Fact("role", "tank-gauge", "tankgauge 902"),
    ]
    return Reading(text, (*facts, *(Fact("firmware", one, "tankgauge 902") for one in named)))


async def discover(link: Link) -> None:
    """Ask for the software revision."""
    asked = Question(NAME, "identity")
    await link.ask(asked, REVISION, frame=answer_length, read=read, limit=LONGEST)


def _cost(size: Size) -> Cost:
    return Cost(1, 1, 128, (FUNCTION,))


PROBE = Probe(
    name=NAME,
    title="Tank gauge",
    transport="tcp",
    ports=(10001,),
    openness=Openness.O1,
    guard=guard,
    rungs={Depth.DISCOVER: Rung(_cost, discover)},
    likelihood=5,
)
