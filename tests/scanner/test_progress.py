"""The time left, as the progress line guesses it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from scanner.engine import Tally
from scanner.profile import PROFILES, Limits
from scanner.progress import line, remaining, watcher
from scanner.scan import Run
from scanner.targets import parse
from scanner.wire.wire import Wire
from scanner.wording import duration
from tests.support.virtual import LoopClock, virtually

BEGAN = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass
class Under:
    """A scan under way, as far as the guess looks at it."""

    hosts: int
    seconds: float
    packets: int
    tally: Tally
    prepared: object = field(init=False)
    wire: object = field(init=False)
    scan: object = field(init=False)
    engine: object = None

    def __post_init__(self) -> None:
        self.prepared = SimpleNamespace(
            hosts=self.hosts, profile=PROFILES["brisk"], limits=Limits()
        )
        clock = SimpleNamespace(
            now=lambda: BEGAN + timedelta(seconds=self.seconds), monotonic=lambda: self.seconds
        )
        self.wire = SimpleNamespace(
            sent=SimpleNamespace(packets=self.packets),
            clock=clock,
            pacer=SimpleNamespace(paused=False),
        )
        self.scan = SimpleNamespace(started=BEGAN)

    def said(self) -> str:
        return remaining(cast(Run, self))


def test_nothing_is_promised_before_a_few_hosts_are_done() -> None:
    assert "not known" in Under(65_534, 3, 3_000, Tally(begun=1_000, finished=4)).said()


@pytest.mark.parametrize("finished", [10, 500, 900])
def test_hosts_under_way_do_not_make_the_rest_look_longer(finished: int) -> None:
    under = Under(65_534, 5, 5_000, Tally(begun=1_000, finished=finished))
    assert under.said() == f"about {duration((65_534 - finished) * 5 / 1_000)} left"


def test_the_rate_bounds_the_guess_from_below() -> None:
    under = Under(2_000, 0.5, 5_000, Tally(begun=1_000, finished=500))
    assert under.said() == f"about {duration(1_500 * 5 / 1_000)} left"


def test_a_pause_says_how_long_and_why() -> None:
    under = Under(65_534, 5, 5_000, Tally(begun=1_000, finished=500))
    assert "PAUSED" not in line(cast(Run, under))
    vars(under.wire).update(
        pacer=SimpleNamespace(paused=True),
        paused_until=48.0,
        paused_for="10.0.0.9 is the third host in distress\x1b[2J",
    )
    said = line(cast(Run, under))
    assert said.startswith("PAUSED for 43 s: 10.0.0.9 is the third host in distress")
    assert "\x1b" not in said


def test_a_pause_is_said_when_it_begins(capsys: pytest.CaptureFixture[str]) -> None:
    """Not at the next turn of the display, when a short one is over already."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        under = Under(65_534, 5, 5_000, Tally(begun=1_000, finished=500))
        wire = Wire(
            *("scan", "site", "here", parse(["127.0.0.1"]), PROFILES["gentle"], Limits()),
            *(LoopClock(loop), lambda _: loop.create_future()),
        )
        under.wire = wire
        show = watcher(quiet=False)
        assert show is not None
        async with show(cast(Run, under)):
            wire.pause("our side: no buffers\x1b[2J", 2.0)
            wire.pause("our side: no buffers", 2.0)  # it goes on: the same pause
            await asyncio.sleep(1)
        wire.close()

    virtually(run())
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("PAUSED for 2 s: our side: no buffers")
    assert "\x1b" not in said


def test_the_last_hosts_may_be_silent() -> None:
    under = Under(100, 2, 300, Tally(begun=100, finished=99))
    assert under.said() == f"about {duration(Limits().answer_timeout)} left"


@pytest.mark.parametrize(
    ("reading", "named"),
    [(["10.0.0.7"], "10.0.0.7"), (["10.0.0.7", "10.0.0.9", "10.0.0.2"], "10.0.0.7 and 2 more")],
)
def test_nothing_is_promised_of_devices_that_still_tell(reading: list[str], named: str) -> None:
    under = Under(100, 2, 300, Tally(begun=100, finished=99))
    under.engine = SimpleNamespace(reading=reading)
    assert under.said() == f"time left: not known, still reading {named}"
    under.tally.begun = 60  # others are not begun yet: the rate tells
    assert under.said().startswith("about ")
