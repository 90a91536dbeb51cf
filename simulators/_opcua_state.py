"""What all connections of one light OPC UA double share: sessions, options, faults, clock.

One rule keeps it simple: state lives here and nowhere else; it knows no byte of the wire.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from simulators import _opcua_identity as identity
from simulators._opcua_binary import NodeId
from simulators._opcua_space import Space, build
from simulators.contract import Device, Service, Witness


class Fault(Exception):
    """A service fault: the name of its status."""


@dataclass(slots=True)
class Session:
    """One session; `user` is None until it is activated, "" for anonymous."""

    id: NodeId
    token: NodeId
    nonce: bytes
    timeout_seconds: float
    last_used: float
    user: str | None = None
    pages: dict[bytes, list[bytes]] = field(default_factory=dict)


@dataclass(slots=True)
class Server:
    """State that all connections of one double share."""

    device: Device
    service: Service
    witness: Witness
    person: identity.Person
    sessions: dict[NodeId, Session] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _space: Space | None = None

    @property
    def space(self) -> Space:
        """The address space, built when it is first needed: thousands of doubles are idle."""
        if self._space is None:
            self._space = build(self.device, self.service, self.person.uri)
        return self._space

    def option(self, name: str, default: int) -> int:
        """An option that is a whole number."""
        value = self.service.options.get(name, default)
        return value if isinstance(value, int) else default

    def limit(self, name: str) -> int:
        """An operation limit; 0 is none."""
        limits = self.service.options.get("limits", {})
        value = limits.get(name, 0) if isinstance(limits, Mapping) else 0
        return value if isinstance(value, int) else 0

    def fault_at(self, kind: str, service: str, default: str) -> bool:
        """Whether a hostile fault concerns this service (option `at`)."""
        fault = self.service.fault(kind)
        return fault is not None and fault.options.get("at", default) == service

    def now(self) -> datetime:
        """The double's clock, which may be wrong."""
        return datetime.now(UTC) + timedelta(seconds=self.option("clock_skew_seconds", 0))

    def forget_expired(self) -> None:
        """Drop sessions whose time is over (OPC 10000-4, 5.6.2)."""
        now = asyncio.get_running_loop().time()
        for token, session in tuple(self.sessions.items()):
            if now - session.last_used > session.timeout_seconds:
                del self.sessions[token]
