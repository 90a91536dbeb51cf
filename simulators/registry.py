"""Finds the doubles: every module of this package that exports `SIMULATOR`, by its name.

One rule keeps it simple: a module is imported when a plant needs it, never before.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from pathlib import Path

from simulators.contract import Simulator
from simulators.faults import GENERIC
from simulators.plant import Plant, PlantError

INFRASTRUCTURE = frozenset(
    {
        "command",
        "contract",
        "faults",
        "generate",
        "listening",
        "network",
        "plant",
        "registry",
        "runner",
        "schema",
        "switchboard",
        "tcp",
        "turns",
        "udp",
        "witness",
        "written",
    }
)


def module_names() -> tuple[str, ...]:
    """Modules that may hold a double; helpers begin with an underscore."""
    found = pkgutil.iter_modules([str(Path(__file__).resolve().parent)])
    return tuple(
        sorted(
            one.name
            for one in found
            if not one.name.startswith("_") and one.name not in INFRASTRUCTURE
        )
    )


def simulators(protocols: Iterable[str] | None = None) -> dict[str, Simulator]:
    """The doubles of these protocols, or all; a module without `SIMULATOR` is passed over."""
    wanted = module_names() if protocols is None else sorted(set(protocols))
    found: dict[str, Simulator] = {}
    for name in wanted:
        if name not in module_names():
            near = difflib.get_close_matches(name, module_names(), n=1, cutoff=0.4)
            good = near[0] if near else ", ".join(module_names())
            raise PlantError(f"protocol {name!r} has no simulator; a good one: {good}")
        simulator = getattr(importlib.import_module(f"simulators.{name}"), "SIMULATOR", None)
        if isinstance(simulator, Simulator):
            found[simulator.protocol] = simulator
        elif protocols is not None:
            raise PlantError(f"protocol {name!r} has no simulator")
    return found


def check_faults(plant: Plant) -> None:
    """Every fault of the plant is one that its double knows; raises PlantError."""
    for device in plant.devices:
        for service in device.services:
            module = importlib.import_module(f"simulators.{service.protocol}")
            own: frozenset[str] | None = getattr(module, "FAULTS", None)
            if own is None:
                continue  # a double that judges its faults itself
            known = sorted(GENERIC | own)
            for fault in service.faults:
                if fault.kind not in known:
                    near = difflib.get_close_matches(fault.kind, known, n=1, cutoff=0.4)
                    good = near[0] if near else ", ".join(known)
                    raise PlantError(
                        f"{device.id}: {service.protocol} has no fault {fault.kind!r}; "
                        f"a good one: {good}"
                    )
