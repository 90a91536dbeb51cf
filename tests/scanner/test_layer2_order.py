"""Who is visited when, while ARP goes on; and how fast ARP asks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from scanner.capture.observations import Origin
from scanner.layer2.plan import Layer2, Segment
from scanner.layer2.run import Before, in_order
from scanner.profile import PROFILES
from scanner.targets import Range
from scanner.wire.pacer import Pacer
from tests.support.virtual import LoopClock, virtually

A, B, C, FAR = "10.7.0.1", "10.7.0.2", "10.7.0.3", "10.9.0.1"


@dataclass(frozen=True)
class Visit:
    address: str


def segment(first: int, last: int) -> Segment:
    return Segment("here", "10.7.0.254", (Range(4, first, last),))


def test_those_that_answer_arp_are_visited_while_the_others_are_still_asked() -> None:
    async def run() -> list[str]:
        arrivals: asyncio.Queue[str | None] = asyncio.Queue()
        plan = Layer2(segments=(segment(0x0A070001, 0x0A070003),))
        seen = []
        arrivals.put_nowait(B)
        async for visit in in_order(map(Visit, (A, B, C, FAR)), plan.asks, arrivals):
            seen.append(visit.address)
            if visit.address == B:  # only then does the sweep go on, and end
                for news in (B, "10.7.0.77", C, None):
                    arrivals.put_nowait(news)
        return seen

    assert asyncio.run(run()) == [FAR, B, C, A]


@pytest.mark.parametrize(("address", "asked"), [(A, True), (FAR, False), ("fe80::1", False)])
def test_the_plan_knows_whom_arp_asks(address: str, asked: bool) -> None:
    plan = Layer2(segments=(segment(0x0A070001, 0x0A070001), segment(0x0A080001, 0x0A080009)))
    assert plan.asks(address) is asked
    assert not Layer2().asks(address)


def test_the_plan_counts_the_waits_of_both_rounds() -> None:
    small = Layer2(segments=(segment(1, 10),), per_second=100.0)
    large = Layer2(segments=(segment(1, 1_000),), per_second=100.0)
    assert small.arp_seconds == pytest.approx(1.0 + 0.1 + 1.0)  # the first round is waited for
    assert large.arp_seconds == pytest.approx(10.0 + 10.0 + 1.0)
    assert Layer2().arp_seconds == 0


@pytest.mark.parametrize(
    ("profile", "rate"), [("gentle", 100), ("standard", 200), ("brisk", 1_000), ("bench", 1_000)]
)
def test_arp_asks_no_faster_than_the_profile_knocks(
    monkeypatch: pytest.MonkeyPatch, profile: str, rate: float
) -> None:
    from scanner.layer2 import plan
    from scanner.targets import Scope
    from scanner.wire.neighbours import Links

    monkeypatch.setattr(plan, "missing", lambda: "")
    planned = plan.planned(Scope((Range(4, 1, 2),)), Links(), PROFILES[profile], dcp=True)
    assert planned.per_second == rate


class Sweeping(Before):
    """A sweep that takes nine seconds, whoever answers."""

    async def _sweep(self, segment: Segment) -> None:
        await asyncio.sleep(9)


def test_the_seconds_of_arp_are_without_those_of_a_pause() -> None:
    """The plan's arithmetic with what was found knows no pause: these are told apart."""

    async def run() -> float:
        loop = asyncio.get_running_loop()
        pacer = Pacer(LoopClock(loop), PROFILES["brisk"])
        below = Sweeping(
            Layer2(segments=(segment(0x0A070001, 0x0A070003),)),
            *(Origin("site", "scan", "here"), lambda _: None, lambda: False),
            *(lambda: pacer.paused, lambda: pacer.paused_seconds),
        )
        loop.call_later(2, pacer.pause)
        loop.call_later(6, pacer.resume)
        await below.sweep()
        assert below.found.seconds == pytest.approx(9, abs=0.1)
        return below.found.arp_seconds

    assert virtually(run()) == pytest.approx(5, abs=0.1)
