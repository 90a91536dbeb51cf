"""What the capture helper writes is taken within bounds, however much comes."""

from __future__ import annotations

import asyncio
import sys

import pytest

from protocols.contract import Observation
from scanner.capture.live import answering
from scanner.capture.observations import Origin
from scanner.layer2.helper import Heard, Helper, Layer2Error
from scanner.layer2.plan import Layer2, Segment
from scanner.layer2.run import Before
from scanner.targets import Range
from tests.scanner.capture.packets import ethernet, mac

ORIGIN = Origin("here", "scan", "test")
WORDS = ("listen", "here0", "1")
STRANGERS = 300
SENT = '{"sent": 2}'
SEGMENT = Segment("here", "10.7.0.254", (Range(4, 0x0A070001, 0x0A070009),))


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
        command=says(*frames(STRANGERS), SENT),
    )
    heard = helper.run(WORDS, ORIGIN)
    assert (heard.packets, heard.sent) == (STRANGERS, 2)
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


FLOOD = (sys.executable, "-c", f"while True: print({frames(1)[0]!r})")
"""A helper that never ends, and whose pipe is full whenever nobody reads."""


def test_at_the_limit_of_packets_listening_ends_and_what_was_heard_is_kept() -> None:
    heard = Helper(command=FLOOD, most=STRANGERS).run(WORDS, ORIGIN)
    assert heard.packets == STRANGERS
    assert heard.answered == {"10.7.0.0"}
    assert heard.problem == f"listening on here0 ended after {STRANGERS} packets"


def test_a_helper_that_dies_leaves_what_it_said() -> None:
    heard = Helper(command=says(*frames(3))).run(WORDS, ORIGIN)
    assert (heard.packets, heard.problem) == (3, "the capture helper on here0 ended early")


def test_a_helper_that_said_all_and_does_not_go_is_ended() -> None:
    stays = (sys.executable, "-c", f"import signal; print({SENT!r}, flush=True); signal.pause()")
    heard = Helper(command=stays, grace_seconds=0.0).run(WORDS, ORIGIN)
    assert (heard.sent, heard.problem) == (2, "")


def test_a_helper_that_is_cancelled_before_it_starts_is_ended_at_once() -> None:
    waits = (sys.executable, "-c", "import signal; signal.pause()")
    helper = Helper(command=waits)
    helper.cancel()
    heard = helper.run(WORDS, ORIGIN)
    assert (helper.cancelled, heard.packets, heard.problem) == (True, 0, "")


def test_a_helper_that_has_ended_is_not_called_cancelled() -> None:
    helper = Helper(command=says(SENT))
    helper.run(WORDS, ORIGIN)
    helper.cancel()
    assert not helper.cancelled


def test_a_helper_that_does_not_start_is_told_as_a_problem() -> None:
    with pytest.raises(Layer2Error, match="did not start"):
        Helper(command=("/nowhere/python",)).run(WORDS, ORIGIN)


def test_after_a_sweep_that_was_cut_nobody_counts_as_dead() -> None:
    async def run() -> Before:
        plan = Layer2(segments=(SEGMENT,))
        before = Before(plan, ORIGIN, list[Observation]().append, lambda: False)

        def job(*, helper: Helper) -> Heard:
            return Heard((), 7, 0, frozenset({"10.7.0.9"}), problem="too much")

        assert await before._one(job) is None
        return before

    before = asyncio.run(run())
    assert (before.found.packets, before.found.problems) == (7, ["too much"])
    assert before.found.heard("10.7.0.9")
    assert not before.found.asked
