"""The negative control: one connect to a port that nobody uses (domain model 2.4, rulings 12).

A host on which many ports accept is either rich or a sham: a SYN proxy, a tarpit or a load balancer
accepts on every port, whoever stands behind it. One port that should be refused tells them apart.
Nothing is said on it: refused it is one packet, accepted it is closed by FIN and kept.

One rule keeps it simple: it waits for all that any other packet waits for, and concludes nothing.
"""

from __future__ import annotations

from collections.abc import Collection

from protocols.contract import NEGATIVE_CONTROL, Forbidden, Openness, Outcome, Probe
from scanner.wire.failures import Failure, NetworkError
from scanner.wire.link import Conversation

ENOUGH = 3
"""So many ports of a host accept before it is asked (rulings 12)."""
UNUSED = (61_234, 58_673, 55_919, 60_493)
"""High ports that no industrial protocol is registered at (IANA, dynamic range from 49 152)."""


def _nothing(_: bytes) -> str:
    """Guard: not a byte may be said here."""
    raise Forbidden("nothing is said to a port that nobody uses")


PROBE = Probe(
    name=NEGATIVE_CONTROL.protocol,
    title="Negative control",
    transport="tcp",
    ports=UNUSED[:1],
    openness=Openness.O0,
    guard=_nothing,
    rungs={},
    most_connections=1,
    data=False,
)


def port_for(asked: Collection[int]) -> int:
    """A high port that nothing else of this host was asked at."""
    return next(port for port in UNUSED if port not in asked)


class Control(Conversation):
    """The conversation in which nothing is said."""

    async def knock(self) -> None:
        """Connect once, say nothing, part; one observation comes of it, whatever happens."""
        if (item := self._ledger.recall(NEGATIVE_CONTROL)) is not None:
            self._ledger.keep(item)
            return
        reason = self._held_back(fresh=False, parting=False) or await self._my_turn(parting=False)
        if reason is not None:
            self.note(NEGATIVE_CONTROL, Outcome.NOT_ASKED, reason)
            return
        since = self.wire.clock.monotonic()
        try:
            await self._tcp.touch()
            failure = Failure(Outcome.MUTE, "", "a port that nobody uses accepts")
        except NetworkError as error:
            failure = self._ours(error.failure, since)
        self._ledger.emit(NEGATIVE_CONTROL, self._failed(failure), spent=self._door.spent)
        await self.close()
