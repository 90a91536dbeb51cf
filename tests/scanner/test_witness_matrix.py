"""Every probe under every profile, witnessed by the device: nothing that harms, and the rates kept.

Device and scanner share one event loop in virtual time, so that every second of the conversation
is looked at and none is waited for. The probes come from the registry: a new one is covered
without an edit here, by the double that it has to bring.
"""

from __future__ import annotations

import asyncio
import itertools
from bisect import bisect_left
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest

from protocols import probes
from protocols.contract import (
    Credential,
    Depth,
    Observation,
    Options,
    Outcome,
    Probe,
    Reason,
    Secret,
)
from scanner.engine import Engine, Visit
from scanner.profile import PROFILES, Limits, Profile
from scanner.scan import stop
from scanner.targets import parse
from scanner.wire.wire import Wire
from simulators import registry
from simulators.contract import Bind, Device, Fault, Handle, Service
from simulators.witness import DeviceWitness
from tests.support.virtual import LoopClock, virtually

HOST = "127.0.0.1"
PACED = ("gentle", "standard", "brisk")
DEVICE = Device(
    *("device", HOST), vendor="Acme", product="Witness", model="W1", firmware="1.0", serial="W-1"
)
MANNERS: dict[str, tuple[Fault, ...]] = {
    "well": (),
    "slow": (Fault("slow", 0.4),),
    "mute": (Fault("mute"),),
    "hangup": (Fault("hangup"),),
    "garbage": (Fault("garbage"),),
    "echo": (Fault("echo"),),
    "dies": (Fault("dies_after", 3),),
}
ANSWERS = ("well", "slow")
"""Manners in which a device answers everything, so that every connection has had its exchange."""

CREDENTIALS = {
    "snmp-v1": Secret(lambda: "public"),
    "snmp-v2c": Secret(lambda: "public"),
    "opcua-user": Secret(lambda: "not-the-password"),
    "snmp-v3": Secret(lambda: "not-the-password"),
}


class Diary(DeviceWitness):
    """A witness that also writes down when each request arrived, in the time of its loop."""

    def __init__(self) -> None:
        super().__init__(address=HOST)
        self.times: list[float] = []
        self.said: list[tuple[float, str]] = []
        self.ended: list[float] = []

    def request(self, function: str, *, forbidden: bool = False, early: bool = False) -> None:
        self.times.append(asyncio.get_running_loop().time())
        self.said.append((self.times[-1], function))
        super().request(function, forbidden=forbidden, early=early)

    def connection_closed(
        self, *, exchanged: bool, reset: bool = False, bare: bool = False, ours: bool = False
    ) -> None:
        self.ended.append(asyncio.get_running_loop().time())
        super().connection_closed(exchanged=exchanged, reset=reset, bare=bare, ours=ours)

    def busiest_second(self) -> int:
        times = self.times
        counts = (bisect_left(times, first + 1.0) - at for at, first in enumerate(times))
        return max(counts, default=0)

    def least_gap(self) -> float:
        gaps = (later - earlier for earlier, later in itertools.pairwise(self.times))
        return min(gaps, default=1e9)


@dataclass
class Seen:
    """What the device and the wire say of one scan."""

    witness: Diary
    wire: Wire
    emitted: list[Observation] = field(default_factory=list)
    stopped: float = 0.0


async def scanned(
    asked: tuple[Probe, ...],
    profile: Profile,
    faults: tuple[Fault, ...],
    stop_after: float | None = None,
) -> Seen:
    """One scan of one device that speaks all of `asked`; stopped after so many seconds."""
    loop = asyncio.get_running_loop()
    emitted: list[Observation] = []

    def sink(observation: Observation) -> asyncio.Future[None]:
        emitted.append(observation)
        done: asyncio.Future[None] = loop.create_future()
        # Durable only after a while, as with a real disk: the next request waits for it.
        loop.call_later(0.02, done.set_result, None)
        return done

    wire = Wire(
        *("scan", "site", "here", parse([HOST]), profile, Limits(), LoopClock(loop), sink),
        options=Options(Depth.SAMPLE, sample_seconds=3.0, sample_every_seconds=1.0),
        credentials=tuple(
            Credential(kind, kind, secret, user="reader") for kind, secret in CREDENTIALS.items()
        ),
    )
    doubles = registry.simulators({probe.name for probe in asked})
    seen = Seen(Diary(), wire, emitted)
    async with AsyncExitStack() as stack:
        attempts = []
        for probe in asked:
            service = Service(probe.name, faults=faults)
            bind = Bind(HOST, 0)
            handle = await doubles[probe.name].start(DEVICE, service, bind, seen.witness)
            stack.push_async_callback(handle.close)
            attempts.append((probe, port_of(handle)))
        engine = Engine(wire, Depth.SAMPLE)
        if stop_after is not None:
            seen.stopped = loop.time() + stop_after
            loop.call_at(seen.stopped, stop, wire, engine, Reason.ABORTED)
        await engine.run(iter([Visit(HOST, tuple(attempts))]))
        wire.close()
        await asyncio.sleep(1.0)  # virtual: the device learns of the last FIN
    return seen


def port_of(handle: Handle) -> int:
    """The free port that a double took."""
    port = getattr(handle, "port", 0)
    assert port, "a double says on which port it listens"
    return int(port)


def harmless(seen: Seen, profile: Profile, asked: tuple[Probe, ...]) -> None:
    """What holds whatever a device does."""
    witness = seen.witness
    assert witness.forbidden == 0  # writes and everything else of the never-send list
    assert seen.wire.sent.never == seen.wire.sent.refused_by_guard == 0
    assert witness.foreign_payloads == 0
    assert seen.wire.sent.functions.total() == seen.wire.sent.requests  # each is accounted for
    assert witness.early == 0  # no request before the answer to the last one
    assert witness.peak_connections <= 1
    assert witness.open_connections == 0
    assert witness.bare == witness.resets == 0
    assert witness.connections <= sum(probe.most_connections for probe in asked)
    assert witness.busiest_second() <= max(1, profile.requests_per_host)
    assert witness.least_gap() >= profile.least_gap - 1e-6
    assert not [item for item in seen.emitted if item.outcome is Outcome.BROKEN]


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("profile", PACED)
@pytest.mark.parametrize("probe", probes(), ids=lambda probe: probe.name)
def test_a_device_sees_nothing_that_harms(probe: Probe, profile: str, manner: str) -> None:
    seen = virtually(scanned((probe,), PROFILES[profile], MANNERS[manner]))
    harmless(seen, PROFILES[profile], (probe,))
    assert seen.witness.requests >= 1
    if manner in ANSWERS:
        assert seen.witness.abandoned == 0
        assert seen.witness.open_sessions == 0
        assert seen.witness.requests == seen.wire.sent.requests
        assert seen.witness.connections == seen.wire.sent.connections


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("profile", PACED)
def test_all_protocols_together_are_one_client_to_a_device(profile: str, manner: str) -> None:
    asked = tuple(probes())
    seen = virtually(scanned(asked, PROFILES[profile], MANNERS[manner]))
    harmless(seen, PROFILES[profile], asked)
    if manner in ANSWERS:
        assert seen.witness.abandoned == 0
        assert seen.witness.open_sessions == 0
        assert seen.witness.requests == seen.wire.sent.requests


# Ctrl-C or SIGTERM, as the device sees it (safety.md 5.5).
LAST_REQUEST, CLOSED = 1.0, 3.0
GOODBYES = ("Close", "UnRegister")
INSTANTS = (0.01, 0.3, 0.7, 1.1, 1.9, 2.6, 3.3, 5.1, 8.2)
STOPPED = {**MANNERS, "slower": (Fault("slow", 2.5),)}


@pytest.mark.parametrize("manner", STOPPED)
@pytest.mark.parametrize("probe", probes(), ids=lambda probe: probe.name)
def test_after_a_stop_a_device_hears_no_more_and_its_sessions_are_closed(
    probe: Probe, manner: str
) -> None:
    for profile, instant in itertools.product(("standard", "brisk"), INSTANTS):
        seen = virtually(scanned((probe,), PROFILES[profile], STOPPED[manner], instant))
        witness, what = seen.witness, (profile, instant)
        late = [(at - seen.stopped, name) for at, name in witness.said if at > seen.stopped]
        assert not [one for one in late if one[0] > CLOSED], (what, late)
        asked = [one for one in late if not any(word in one[1] for word in GOODBYES)]
        assert not [one for one in asked if one[0] > LAST_REQUEST], (what, late)
        ended = [at - seen.stopped for at in witness.ended]
        assert not [after for after in ended if after > CLOSED], (what, ended)
        assert witness.open_connections == 0, what
        assert witness.bare == witness.resets == witness.forbidden == 0, what
        if probe.transport == "tcp" or manner != "slower":  # the one retry of a datagram
            assert witness.early == 0, what
        if manner in ANSWERS:
            assert witness.open_sessions == 0, what
