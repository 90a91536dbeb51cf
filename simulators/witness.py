"""Counts what really arrived at each device: the judge of every promise about harm.

One rule keeps it simple: a witness only counts; it never changes what a double does.
"""

from __future__ import annotations

import json
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

WINDOW_SECONDS = 1.0


@dataclass(slots=True)
class DeviceWitness:
    """The counts of one device, over all its services. Implements `contract.Witness`."""

    address: str = ""
    connections: int = 0
    open_connections: int = 0
    peak_connections: int = 0
    requests: int = 0
    peak_requests_per_second: int = 0
    functions: Counter[str] = field(default_factory=Counter)
    forbidden: int = 0
    early: int = 0
    abandoned: int = 0
    bare: int = 0
    resets: int = 0
    foreign_payloads: int = 0
    sessions: int = 0
    open_sessions: int = 0
    _recent: deque[float] = field(default_factory=deque)

    def connection_opened(self) -> None:
        """A TCP connection was accepted."""
        self.connections += 1
        self.open_connections += 1
        self.peak_connections = max(self.peak_connections, self.open_connections)

    def connection_closed(
        self, *, exchanged: bool, reset: bool = False, bare: bool = False, ours: bool = False
    ) -> None:
        """A connection ended; only the peer's own doing counts as abandoned."""
        self.open_connections -= 1
        if ours:
            return
        self.resets += reset
        self.bare += bare
        self.abandoned += reset or not exchanged

    def request(self, function: str, *, forbidden: bool = False, early: bool = False) -> None:
        """One request arrived now."""
        now = time.monotonic()
        self._recent.append(now)
        while now - self._recent[0] >= WINDOW_SECONDS:
            self._recent.popleft()
        self.peak_requests_per_second = max(self.peak_requests_per_second, len(self._recent))
        self.requests += 1
        self.functions[function] += 1
        self.forbidden += forbidden
        self.early += early

    def foreign(self, payload: bytes) -> None:
        """Bytes of another protocol arrived."""
        self.foreign_payloads += 1

    def session_opened(self) -> None:
        """An application session began."""
        self.sessions += 1
        self.open_sessions += 1

    def session_closed(self) -> None:
        """The client closed its session."""
        self.open_sessions -= 1

    def counts(self) -> dict[str, object]:
        """Everything counted, as JSON holds it."""
        return {
            "address": self.address,
            "connections": self.connections,
            "open_connections": self.open_connections,
            "peak_connections": self.peak_connections,
            "requests": self.requests,
            "peak_requests_per_second": self.peak_requests_per_second,
            "functions": dict(sorted(self.functions.items())),
            "forbidden": self.forbidden,
            "early": self.early,
            "abandoned": self.abandoned,
            "bare": self.bare,
            "resets": self.resets,
            "foreign": self.foreign_payloads,
            "sessions": self.sessions,
            "open_sessions": self.open_sessions,
        }


def total(devices: Mapping[str, DeviceWitness]) -> dict[str, object]:
    """Sums over all devices; peaks are maxima."""
    everyone = devices.values()
    functions: Counter[str] = Counter()
    for one in everyone:
        functions.update(one.functions)
    counts = [one.counts() for one in everyone]
    found: dict[str, object] = {"functions": dict(sorted(functions.items()))}
    for name in DeviceWitness().counts().keys() - {"address", "functions"}:
        figures = [one[name] for one in counts]
        numbers = [figure for figure in figures if isinstance(figure, int)]
        found[name] = max(numbers, default=0) if name.startswith("peak_") else sum(numbers)
    return dict(sorted(found.items()))


def write(path: Path, plant: str, devices: Mapping[str, DeviceWitness]) -> None:
    """Write the counts as one JSON document; a reader never sees half of it."""
    document = {
        "plant": plant,
        "total": total(devices),
        "devices": {name: one.counts() for name, one in devices.items()},
    }
    draft = path.with_name(path.name + ".part")
    draft.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)
