"""Signs that a host suffers: when to leave it alone (safety.md 2, rulings 6).

One rule keeps it simple: like is compared with like, the same operation on the same host, and a
host that never answered cannot be in distress. Pure: the wire tells it what happened.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median

from protocols.contract import SPOKE, Outcome

SAMPLES = 5
FACTOR = 5.0
EXTRA_SECONDS = 0.5
PAUSE_HOSTS = 3
LINE_HOSTS = 2
PAUSE_WINDOW_SECONDS = 60.0


@dataclass(slots=True)
class _Latency:
    """Answer times of one operation: the first five make the baseline, the last three speak."""

    first: list[float] = field(default_factory=list)
    last: deque[float] = field(default_factory=lambda: deque(maxlen=3))

    def slow(self, seconds: float) -> bool:
        if len(self.first) < SAMPLES:
            self.first.append(seconds)
            return False
        self.last.append(seconds)
        base = median(self.first)
        return len(self.last) == 3 and median(self.last) > max(FACTOR * base, base + EXTRA_SECONDS)


@dataclass(slots=True)
class Health:
    """What is known of one host's well-being; `sign` is "" until it must be left alone."""

    sign: str = ""
    _spoke: set[str] = field(default_factory=set)  # services that answered
    _unanswered: int = 0
    _busy: int = 0
    _latency: dict[tuple[str, str], _Latency] = field(default_factory=dict)

    @property
    def answered(self) -> bool:
        """Whether any of its services ever did."""
        return bool(self._spoke)

    def heard(self, service: str, operation: str, outcome: Outcome, seconds: float) -> str:
        """Take in one outcome; return the sign of distress, or "". `service` is one protocol on
        one port."""
        if outcome in SPOKE:
            self._spoke.add(service)
            self._unanswered = 0
            # A gateway that waits for a silent unit is not slow itself: only its own answers count.
            downstream = outcome is Outcome.REFUSED_DOWNSTREAM
            self._busy = self._busy + 1 if outcome is Outcome.REFUSED_RESOURCE else 0
            if self._busy >= 2:
                self._stop("busy twice")
            elif not downstream:
                known = self._latency.setdefault((service, operation), _Latency())
                if known.slow(seconds):
                    self._stop("answers far slower than at first")
        elif outcome in (Outcome.SILENT, Outcome.MUTE) and self.answered:
            # Silence of a port that never spoke is a firewall's as well: it begins no row.
            spoke = service in self._spoke or outcome is Outcome.MUTE
            self._unanswered += spoke or self._unanswered > 0
            if self._unanswered >= 2:
                self._stop("two time-outs in a row after it had answered")
        return self.sign

    def reset_after_data(self) -> str:
        """The peer reset a connection on which it had answered."""
        self._stop("connection reset after data")
        return self.sign

    def _stop(self, sign: str) -> None:
        self.sign = self.sign or sign


@dataclass(slots=True)
class Line:
    """Those that are reached through one gateway; `sign` is "" until all must be left alone.

    As with the units of a gateway (rulings 6): where one of them falls ill, another is asked, and
    when that fails too it is the gateway; its own address speaks for it at once.
    """

    gateway: str = ""
    own: str = ""  # its own address, where the register has it
    sign: str = ""
    ill: set[str] = field(default_factory=set)

    def admit(self, address: str) -> None:
        """One of them is in distress."""
        self.ill.add(address)
        if self.gateway and (address == self.own or len(self.ill) >= LINE_HOSTS):
            ill = " and ".join(sorted(self.ill))
            self.sign = self.sign or f"behind gateway {self.gateway} with {ill} in distress"


@dataclass(slots=True)
class Ward:
    """All hosts that are left alone; three in distress within a minute pause the scan."""

    stopped: dict[str, str] = field(default_factory=dict)
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=PAUSE_HOSTS))

    def admit(self, address: str, sign: str, now: float) -> bool:
        """Note a host; True when the scan must pause now."""
        if address in self.stopped:
            return False
        self.stopped[address] = sign
        self._recent.append(now)
        full = len(self._recent) == PAUSE_HOSTS
        if full and now - self._recent[0] <= PAUSE_WINDOW_SECONDS:
            self._recent.clear()
            return True
        return False
