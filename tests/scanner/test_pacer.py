"""How fast, in virtual time: every 1 s window, every host, every /24."""

from __future__ import annotations

import asyncio
import itertools
import random
from bisect import bisect_left

import pytest

from scanner.profile import PROFILES, Profile, chosen
from scanner.wire.pacer import HostTurn, Pacer, Rate
from tests.support.clock import TurnedClock, turned


def busiest_second(times: list[float]) -> int:
    return max(bisect_left(times, start + 1.0) - at for at, start in enumerate(times))


@pytest.mark.parametrize("name", ["gentle", "standard", "brisk"])
def test_packets_keep_the_rate_in_every_second(name: str) -> None:
    async def work(clock: TurnedClock) -> list[float]:
        rate, times = Rate(clock, PROFILES[name].packets), []
        for _ in range(3_000):
            await rate.take()
            times.append(clock.monotonic())
        return times

    times = turned(work)
    assert busiest_second(times) <= PROFILES[name].packets
    lasted = times[-1] - times[0]
    assert lasted <= 1.05 * 3_000 / PROFILES[name].packets  # and is not slower than need be


@pytest.mark.parametrize("name", ["gentle", "standard", "brisk"])
def test_requests_to_one_host_keep_the_rate_and_the_least_gap(name: str) -> None:
    async def work(clock: TurnedClock) -> list[float]:
        turn, times = HostTurn(clock, PROFILES[name]), []
        for _ in range(200):
            await turn.take()
            turn.mark()
            times.append(clock.monotonic())
        return times

    times = turned(work)
    profile = PROFILES[name]
    assert busiest_second(times) <= profile.requests_per_host
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert min(gaps) >= profile.least_gap - 1e-9


def test_a_dense_subnet_never_holds_more_conversations_than_places() -> None:
    profile = PROFILES["standard"]

    async def work(clock: TurnedClock) -> int:
        pacer, peak, talking = Pacer(clock, profile), 0, 0

        async def host() -> None:
            nonlocal peak, talking
            async with pacer.knock("10.0.0") as place:
                await clock.sleep(0.001)
                place.accepted += 1
            await pacer.talk("10.0.0")
            talking += 1
            peak = max(peak, talking)
            await clock.sleep(3)
            talking -= 1
            pacer.leave("10.0.0")

        await asyncio.gather(*(host() for _ in range(100)))
        return peak

    assert turned(work) == profile.hosts_at_once


def test_empty_space_is_knocked_at_as_fast_as_the_packet_rate_allows() -> None:
    profile = PROFILES["standard"]

    async def work(clock: TurnedClock) -> float:
        pacer, begun = Pacer(clock, profile), clock.monotonic()

        async def dead() -> None:
            async with pacer.knock("10.0.0"):
                await pacer.packets.take()
                await clock.sleep(0.9)

        await asyncio.gather(*(dead() for _ in range(254)))
        return clock.monotonic() - begun

    lasted = turned(work)
    strict = 254 / profile.hosts_at_once * 0.9
    assert lasted < strict / 4  # places alone would take 28 s


def test_a_pause_holds_and_a_resume_lets_go() -> None:
    async def work(clock: TurnedClock) -> list[str]:
        pacer, log = Pacer(clock, PROFILES["standard"]), []
        pacer.pause()

        async def sender() -> None:
            await pacer.running()
            log.append("sent")

        async def resumer() -> None:
            await clock.sleep(60)
            log.append("resumed")
            pacer.resume()

        await asyncio.gather(sender(), resumer())
        return log

    assert turned(work) == ["resumed", "sent"]


def test_whoever_was_let_in_goes_before_a_new_knock() -> None:
    async def work(clock: TurnedClock) -> list[str]:
        pacer, log = Pacer(clock, PROFILES["gentle"]), []
        for _ in range(4):
            await pacer.talk("g")

        async def knocker() -> None:
            async with pacer.knock("g"):
                log.append("knock")

        async def talker() -> None:
            await pacer.talk("g")
            log.append("talk")

        async def leaver() -> None:
            await clock.sleep(1)
            pacer.leave("g")
            await clock.sleep(1)
            pacer.leave("g")

        await asyncio.gather(knocker(), talker(), leaver())
        return log

    assert turned(work) == ["talk", "knock"]


def test_there_is_room_once_the_backlog_is_short() -> None:
    async def work(clock: TurnedClock) -> list[float]:
        rate, times = Rate(clock, 100), []
        for _ in range(50):
            await rate.room(0.25)
            times.append(clock.monotonic())
            asyncio.ensure_future(rate.take())  # noqa: RUF006 - it only asks for its share
            await asyncio.sleep(0)
        return times

    times = turned(work)
    begun = [at - times[0] for at in times]
    assert sum(at == 0 for at in begun) <= 27  # a quarter of a second's worth at once
    assert begun[-1] == pytest.approx(0.25, abs=0.08)  # and the others at the rate


def late(chance: random.Random) -> float:
    """How late something is: mostly hardly, now and then by half a second."""
    return chance.choice((0.0, 0.001, 0.004, 0.02, 0.5)) * chance.random()


async def exchanges(clock: TurnedClock, profile: Profile, seed: int) -> list[float]:
    """When requests arrive at a device over a network and two machines that all are late at times.

    Between a request's turn and its leaving there is a queue, then the way, then the device's own
    queue, then its answer, which is lost now and then; a quarter of the requests follow a pause or
    belong to another conversation. The device notes the time at which it sees a request.
    """
    chance, turn, seen = random.Random(seed), HostTurn(clock, profile), []
    for _ in range(120):
        if chance.random() < 0.05:
            await clock.sleep(chance.random() * 3)  # a pause of the scan, a connection's end
        await turn.take()
        await clock.sleep(late(chance))  # the packet rate, the event loop
        request = turn.mark()
        await clock.sleep(late(chance))  # the way there
        seen.append(clock.monotonic())
        await clock.sleep(late(chance) if chance.random() < 0.9 else 3.0)  # its answer, or none
        turn.mark(request)
    return seen


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("seed", range(20))
def test_the_rate_holds_in_every_second_where_the_device_sees_it(name: str, seed: int) -> None:
    profile = PROFILES[name]
    seen = turned(lambda clock: exchanges(clock, profile, seed))
    assert busiest_second(seen) <= profile.requests_per_host
    gaps = [later - earlier for earlier, later in itertools.pairwise(seen)]
    assert min(gaps) >= profile.least_gap - 1e-9


@pytest.mark.parametrize("delay", [0.1, 0.3, 0.7, 1.0, 2.5])
def test_a_delay_that_the_user_asks_for_is_the_gap_that_the_device_sees(delay: float) -> None:
    profile = chosen("brisk", per_host_delay=delay)
    seen = turned(lambda clock: exchanges(clock, profile, 1))
    gaps = [later - earlier for earlier, later in itertools.pairwise(seen)]
    assert min(gaps) >= delay - 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_a_late_event_loop_does_not_crowd_the_next_second(seed: int) -> None:
    profile, chance = PROFILES["standard"], random.Random(seed)

    class Late(TurnedClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds + (chance.random() if chance.random() < 0.01 else 0.0))

    async def work(clock: TurnedClock) -> list[float]:
        rate, times = Rate(clock, profile.packets), []

        async def sender() -> None:
            for _ in range(10):
                units = chance.randint(1, 2)
                await rate.take(units)
                times.extend([clock.monotonic()] * units)

        await asyncio.gather(*(sender() for _ in range(100)))
        return times

    clock = Late()
    times = asyncio.run(clock.drive(work(clock)))
    assert busiest_second(times) <= profile.packets
