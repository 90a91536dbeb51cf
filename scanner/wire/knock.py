"""Knocking at a TCP port before anything is made to talk there, and what is known of the answer.

Most addresses of a range refuse or are silent, and each says what the one before it said: the first
question of a probe, closed or silent, and what it did not ask. So the first hosts are asked by the
probe itself; once two of them have ended alike, the next such end is written down without it.

One rule keeps it simple: whatever is not known to end with that one packet is a conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from protocols.contract import Observation, Outcome, Probe, Question, Reason
from scanner.wire.door import DEAD, Door
from scanner.wire.failures import Failure, NetworkError
from scanner.wire.ledger import observed
from scanner.wire.overtcp import OverTcp
from scanner.wire.reply import empty
from scanner.wire.wire import Hold, Host, Wire

ALIKE = 2
"""Hosts that must have ended alike before their end is taken for that of the next one."""

SLEPT = "suspended"

Names = tuple[str, ...]
"""Of credentials."""

NOBODY = frozenset({Outcome.SILENT, Outcome.CLOSED, Outcome.NO_PATH})

LASTING = frozenset({Reason.NO_CREDENTIAL, Reason.DEPENDENCY})
"""Reasons for not asking that hold for the next host too: no stop, no budget, no distress."""


@dataclass(slots=True)
class Knocked:
    """A port that was knocked at: let in, or why not."""

    door: Door
    tcp: OverTcp
    tries: int
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Unasked:
    """What a probe adds to its question where nobody is: another one that it did not ask."""

    question: Question
    reason: str
    detail: str
    credential: str


@dataclass(frozen=True, slots=True)
class End:
    """What a probe makes of a port where nobody is: its only question, and what it then notes."""

    question: Question
    credential: str
    unasked: tuple[Unasked, ...] = ()


@dataclass(slots=True)
class Ends:
    """The ends that a scan has seen, by probe, port, outcome and the credentials that apply to the
    host. An end that differs from host to host (its question names the address) is never known."""

    _seen: dict[tuple[str, int, Outcome, Names], tuple[End | None, int]] = field(
        default_factory=dict
    )
    _begun: set[tuple[str, int]] = field(default_factory=set)

    def learn(
        self, probe: Probe, port: int, heard: Sequence[Observation], under: Names = ()
    ) -> None:
        """One conversation has ended with these observations."""
        self._begun.add((probe.name, port))
        outcome = heard[0].outcome if heard else Outcome.NOT_ASKED
        if outcome not in NOBODY:
            return
        key, end = (probe.name, port, outcome, under), _end(heard)
        known, times = self._seen.get(key, (end, 0))
        self._seen[key] = (end, times + 1) if known == end else (None, times + 1)

    def known(self, probe: Probe, port: int, outcome: Outcome, under: Names = ()) -> End | None:
        """How this ends; None where only the probe can tell."""
        end, times = self._seen.get((probe.name, port, outcome, under), (None, 0))
        return end if times >= ALIKE else None

    def begun(self, probe: Probe, port: int) -> bool:
        """Whether the guard has judged this probe's first request to this port before."""
        return (probe.name, port) in self._begun


def _end(heard: Sequence[Observation]) -> End | None:
    """The end that these observations are; None where more than one packet was waited for."""
    first, *others = heard
    if not all(o.outcome is Outcome.NOT_ASKED and o.reason in LASTING for o in others):
        return None
    unasked = (Unasked(o.question, o.reason, o.detail, o.credential) for o in others)
    return End(first.question, first.credential, tuple(unasked))


def ours(wire: Wire, tcp: OverTcp, address: str, failure: Failure, since: float) -> Failure:
    """Silence says nothing about the device when an interface of ours was down meanwhile, and the
    end of a connection nothing when this computer slept while it was open."""
    blind = (Outcome.SILENT, Outcome.MUTE, Outcome.NO_PATH)
    if failure.outcome in blind and wire.cut_off_since(address, since):
        return Failure(Outcome.FAILED_HERE, "ENETDOWN", "an interface went down")
    opened = tcp.opened if tcp.open else since
    wire.look()
    asleep = wire.woke_at >= min(since, opened)
    if asleep and failure.outcome in (*blind, Outcome.HUNG_UP):
        return Failure(Outcome.FAILED_HERE, SLEPT, "this computer slept")
    return failure


def unheard(wire: Wire, address: str, failure: Failure) -> bool:
    """Whether a second packet may hear what the first one did not: nothing came, or our kernel
    did not find a neighbour in time who answers ARP."""
    lost = failure.outcome is Outcome.NO_PATH and failure.reason == Reason.NEIGHBOUR
    return failure.outcome is Outcome.SILENT or (lost and wire.heard(address))


async def knock(
    wire: Wire, host: Host, probe: Probe, port: int, hold: Hold, likeliest: bool
) -> Knocked | None:
    """Knock as a conversation does, the second try included; None where it must not be done."""
    if wire.profile.durable_first:
        await host.remembered()
    await wire.pacer.running()
    if wire.stopping is not None or host.sign or wire.forbidden(host.address):
        return None
    if host.exhausted(wire.limits, probe, port):
        return None  # the conversation finds the same, and says so without a packet
    door = Door(wire, host, probe, port)
    tcp, tries = OverTcp(door), 0
    while True:
        tries += 1
        door.left = wire.clock.monotonic()
        try:
            await tcp.knock()
        except NetworkError as error:
            failure = ours(wire, tcp, host.address, error.failure, door.left)
            if not unheard(wire, host.address, failure) or tries > wire.limits.retries:
                return Knocked(door, tcp, tries, failure)
        else:
            return Knocked(door, tcp, tries)
        spent = door.spent
        left = door.left + wire.limits.retry_delay - wire.clock.monotonic()
        if likeliest or host.alive or host.units or host.left > 1:  # who is left may find it alive
            await hold.rest(wire.clock.sleep(left))
            await wire.pacer.running()
        stays = wire.stopping is not None or bool(host.sign)
        if stays or not (likeliest or host.alive or host.units):
            door.came = door.left + spent  # how long that try was waited for
            return Knocked(door, tcp, tries, failure)
        wire.sent.retries += 1


def nobody(wire: Wire, host: Host, probe: Probe, port: int, end: End) -> None:
    """Write down that ARP found nobody at this address: no packet is sent."""
    door = Door(wire, host, probe, port)
    door.left = door.came = wire.clock.monotonic()
    write_down(Knocked(door, OverTcp(door), 1), end, DEAD)


def write_down(knocked: Knocked, end: End, failure: Failure) -> None:
    """What the probe would say of a port where nobody is, and what that says of its host."""
    door = knocked.door
    wire, host = door.wire, door.host
    spent = door.spent
    reading = empty(failure.outcome, failure.detail, failure.reason)
    tries = knocked.tries
    observed(door, end.question, reading, credential=end.credential, tries=tries, spent=spent)
    for item in end.unasked:
        nothing = empty(Outcome.NOT_ASKED, item.detail, item.reason)
        observed(door, item.question, nothing, credential=item.credential)
    host.alive |= failure.outcome is Outcome.CLOSED
    operation = f"{end.question.operation} {end.question.part}"
    if host.health.heard(door.service, operation, failure.outcome, spent):
        wire.suffer(host)
