"""What the capture helper writes is taken within bounds, however much comes."""

from __future__ import annotations

import asyncio
import sys

from protocols.contract import Observation
from scanner.capture.live import answering
from scanner.capture.observations import Origin
from scanner.layer2.helper import Heard, Helper
from scanner.layer2.plan import Layer2, Segment
from scanner.layer2.run import Before
from scanner.targets import Range
from tests.scanner.capture.packets import ethernet, mac

ORIGIN = Origin("here", "scan", "test")
WORDS = ("listen", "here0", "1")
STRANGERS = 300


def announcement(number: int) -> bytes:
    """An ARP request (RFC 826) in which 10.7.x.y speaks for itself."""
    address = bytes((10, 7, number >> 8, number & 255))
    sender = f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"
    body = bytes.fromhex("0001080006040001") + mac(sender) + address + bytes(6) + address
    return ethernet(sender, "ff:ff:ff:ff:ff:ff", 0x0806, body)


def says(*lines: str) -> tuple[str, ...]:
    """A program in the helper's place that prints these lines and ends."""
    return (sys.executable, "-c", f"print({chr(10).join(lines)!r})")


def frames(count: int) -> list[str]:
    return [f'{{"time": {n}, "frame": "{announcement(n).hex()}"}}' for n in range(count)]


def test_of_those_that_speak_arp_only_who_was_asked_is_kept() -> None:
    told: list[set[str]] = []
    helper = Helper(
        told.append,
        asks=lambda address: address == "10.7.0.9",
        command=says(*frames(STRANGERS), '{"sent": 3}'),
    )
    heard = helper.run(WORDS, 1.0, ORIGIN)
    assert (heard.packets, heard.sent) == (STRANGERS, 3)
    assert heard.answered == {"10.7.0.9"}
    assert told == [{"10.7.0.9"}]


def test_the_plan_says_who_is_asked() -> None:
    async def run() -> list[bool]:
        plan = Layer2(
            segments=(Segment("here", "10.7.0.254", (Range(4, 0x0A070001, 0x0A070009),)),)
        )
        before = Before(plan, ORIGIN, list[Observation]().append, lambda: False)
        found: list[bool] = []

        def job(*, helper: Helper) -> Heard:
            found.extend(helper.asks(address) for address in ("10.7.0.9", "10.7.0.77"))
            return Heard((), 0, 0)

        await before._one(job)
        return found

    assert asyncio.run(run()) == [True, False]


def test_the_helper_itself_remembers_only_answers_of_those_it_asked() -> None:
    asked = frozenset({0x0A070009})
    assert [answering(announcement(n), asked) for n in (8, 9)] == [set(), asked]
    assert answering(announcement(9)[:30], asked) == set()
    assert (
        answering(ethernet("02:00:00:00:00:09", "02:00:00:00:00:05", 0x0800, b""), asked) == set()
    )
