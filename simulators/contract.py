"""What a device double is: the values of a plant file, the witness, and how a double is started.

One rule keeps it simple: everything here is a value or a protocol class, and nothing comes from
the packages under test. A double lives in `simulators/<protocol>.py` and exports
`SIMULATOR = Simulator(protocol, transport, default_port, start)`; the runner finds it by scanning
the package, passing over modules that export no `SIMULATOR`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from simulators.switchboard import Switchboard

Scalar = str | int | float | bool
"""A value as TOML holds it. A sequence of scalars stands for an array or for raw registers."""


@dataclass(frozen=True, slots=True)
class Point:
    """One readable item of a double; `address` is the protocol's own word for the place.

    Modbus `holding:100`, `input:0`, `coil:3`, `discrete:9`; SNMP a numeric OID; OPC UA a NodeId
    text or a browse path. `status` is the quality that the protocol gives with the value
    (`BadNotConnected`). Keys of the plant file that are not named here stand in `options`.
    """

    address: str
    name: str = ""
    type: str = ""
    value: Scalar | tuple[Scalar, ...] | None = None
    unit: str = ""
    description: str = ""
    status: str = ""
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave; `value` is by kind: see `simulators/faults.py`."""

    kind: str
    value: float = 0.0
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unit:
    """A Modbus unit behind a gateway. `answers` false: the gateway says 0x0B for it."""

    unit: int
    vendor: str = ""
    product: str = ""
    model: str = ""
    firmware: str = ""
    hardware: str = ""
    serial: str = ""
    answers: bool = True
    points: tuple[Point, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Service:
    """One listener of a device; `port` 0 stands for the protocol's default port."""

    protocol: str
    port: int = 0
    options: Mapping[str, object] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    points: tuple[Point, ...] = ()

    def fault(self, kind: str) -> Fault | None:
        """The fault of that kind, or None."""
        return next((fault for fault in self.faults if fault.kind == kind), None)


@dataclass(frozen=True, slots=True)
class Device:
    """One networked device as its plant file describes it."""

    id: str
    address: str
    mac: str = ""
    vendor: str = ""
    product: str = ""
    model: str = ""
    firmware: str = ""
    hardware: str = ""
    serial: str = ""
    name: str = ""
    location: str = ""
    contact: str = ""
    services: tuple[Service, ...] = ()
    units: tuple[Unit, ...] = ()


@dataclass(frozen=True, slots=True)
class Bind:
    """Where a double listens. With `board`, big plants share one wildcard socket per port."""

    host: str
    port: int
    board: Switchboard | None = field(default=None, repr=False, compare=False)


class Witness(Protocol):
    """Counts what really arrived at one device. A double calls it, tests and judges read it.

    Doubles built on `simulators.tcp` or `simulators.udp` need only `function` and `session_*`; the
    rest is called for them. A double that owns its sockets (asyncua) calls everything itself.
    """

    def connection_opened(self) -> None:
        """A TCP connection was accepted."""

    def connection_closed(
        self, *, exchanged: bool, reset: bool = False, bare: bool = False, ours: bool = False
    ) -> None:
        """It ended; `exchanged`: at least one valid request was answered; `reset`: by the peer's
        RST; `bare`: the peer never sent a byte; `ours`: the double closed first."""

    def request(self, function: str, *, forbidden: bool = False, early: bool = False) -> None:
        """One request arrived. `function` is "modbus 43/14", "snmp get", "opcua Read".

        `forbidden`: the double itself decoded a never-send request. `early`: it came before the
        answer to the previous one was sent on that connection.
        """

    def foreign(self, payload: bytes) -> None:
        """Bytes arrived that are not this protocol."""

    def session_opened(self) -> None:
        """An application session (OPC UA) began."""

    def session_closed(self) -> None:
        """It was closed by the client's own request, not by losing the connection."""


class Handle(Protocol):
    """A running double."""

    async def close(self) -> None:
        """Stop listening and drop every connection; idempotent."""


Start = Callable[[Device, Service, Bind, Witness], Awaitable[Handle]]
"""Start one listener; it accepts when this returns. Raises OSError where the port is taken."""


@dataclass(frozen=True, slots=True)
class Simulator:
    """One protocol's double."""

    protocol: str
    transport: str  # "tcp" or "udp"
    default_port: int
    start: Start
