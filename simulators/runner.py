"""Plays a plant: starts every double, writes the files, says that it is ready, and waits.

One rule keeps it simple: nothing is written and nothing is said before every listener is up.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from simulators import network, registry, witness, written
from simulators.contract import Bind, Device, Handle, Service, Simulator
from simulators.plant import Plant
from simulators.switchboard import Switchboard

SHIFT = 10_000
SPARE_DESCRIPTORS = 200
UNPRIVILEGED = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


@dataclass(frozen=True, slots=True)
class Stage:
    """How a plant is played. `shift` is added to every port; `wildcard` shares sockets;
    `spares` are shifts to try where a port is taken;
    `own_network` says that this process has a network namespace to itself."""

    shift: int
    write: Path | None = None
    seconds: float | None = None
    witness: Path | None = None
    wildcard: bool = False
    spares: tuple[int, ...] = ()
    own_network: bool = False


class PlayError(Exception):
    """The plant cannot be played here; the text is one line for the user."""


class PortTakenError(PlayError):
    """Another program listens there already; other ports would do."""


def default_shift(lowest_port: int, *, root: bool) -> int:
    """0 where this user may listen on standard ports, else 10 000."""
    try:
        free_from = int(UNPRIVILEGED.read_text(encoding="ascii"))
    except (OSError, ValueError):
        free_from = 1024
    return 0 if root or lowest_port >= free_from else SHIFT


def needed(plant: Plant) -> dict[str, Simulator]:
    """The doubles that the plant names; raises PlantError."""
    protocols = {service.protocol for device in plant.devices for service in device.services}
    found = registry.simulators(protocols)
    registry.check_faults(plant)
    return found


def ports(plant: Plant, simulators: dict[str, Simulator]) -> list[int]:
    """Every standard port of the plant."""
    return [
        service.port or simulators[service.protocol].default_port
        for device in plant.devices
        for service in device.services
    ]


def _write(plant: Plant, stage: Stage, simulators: dict[str, Simulator]) -> None:
    """What a person needs to scan the plant; an error names the folder where no file is named."""
    assert stage.write is not None  # noqa: S101 - the caller has looked
    try:
        written.write(plant, stage.write, simulators, stage.shift)
    except OSError as error:
        place = error.filename or stage.write
        raise PlayError(f"{place}: {error.strerror or error}") from error


async def play(plant: Plant, stage: Stage, say: Callable[[str], None]) -> None:
    """Run until a signal or the end of the time; raises PlayError, PlantError."""
    simulators = needed(plant)
    if stage.own_network:
        network.lay(device.address for device in plant.devices)
    witnesses = {
        device.id: witness.DeviceWitness(address=device.address) for device in plant.devices
    }
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if stage.witness is not None:
        path = stage.witness
        loop.add_signal_handler(signal.SIGUSR1, lambda: witness.write(path, plant.name, witnesses))
    board = Switchboard() if stage.wildcard or _too_many(plant) else None
    handles: list[Handle] = []
    try:
        for device in plant.devices:
            for service in device.services:
                counts = witnesses[device.id]
                handle = await _start(device, service, simulators, stage, board, counts)
                handles.append(handle)
        if stage.write is not None:
            _write(plant, stage, simulators)
        say('{"ready":true}')
        if stage.own_network:
            inside = f"nsenter --preserve-credentials -U -n -t {os.getpid()}"
            sys.stderr.write(f"simulate: scan it from inside: {inside} untrap scan TARGET\n")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(stage.seconds):
                await stop.wait()
    finally:
        if stage.witness is not None:  # before closing: what is open now was left open
            witness.write(stage.witness, plant.name, witnesses)
        for handle in handles:
            await handle.close()
        if board is not None:
            board.close()


async def _start(
    device: Device,
    service: Service,
    simulators: dict[str, Simulator],
    stage: Stage,
    board: Switchboard | None,
    counts: witness.DeviceWitness,
) -> Handle:
    simulator = simulators[service.protocol]
    port = (service.port or simulator.default_port) + stage.shift
    if not 1 <= port <= 65_535:
        raise PlayError(f"{device.id}: port {port} is out of range; choose another --base-port")
    try:
        return await simulator.start(device, service, Bind(device.address, port, board), counts)
    except OSError as error:
        failed = PortTakenError if error.errno == errno.EADDRINUSE else PlayError
        raise failed(
            f"{device.id}: cannot listen on {device.address}:{port}/{simulator.transport} "
            f"({error.strerror or error}); stop what uses it, or try --base-port 20000"
        ) from error
    except ValueError as error:  # an option or point that this double cannot play
        raise PlayError(f"{device.id}: {service.protocol}: {error}") from error


def _too_many(plant: Plant) -> bool:
    """Whether a socket each would not fit; lifts the soft limit to the hard one first."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    listeners = sum(len(device.services) for device in plant.devices)
    return hard != resource.RLIM_INFINITY and 2 * listeners + SPARE_DESCRIPTORS > hard
