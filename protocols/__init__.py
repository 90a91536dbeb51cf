"""Protocol probes: pure codecs and the questions that they ask. `probes()` finds them all."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from protocols.contract import Probe


@cache
def probes() -> tuple[Probe, ...]:
    """Every module of this folder that exports `PROBE`, likeliest first, then by name.

    A module whose name begins with an underscore is a helper of a probe and is not looked at.
    """
    found = []
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith("_"):
            continue
        probe = getattr(importlib.import_module(f"{__name__}.{module.name}"), "PROBE", None)
        if isinstance(probe, Probe):
            found.append(probe)
    return tuple(sorted(found, key=lambda probe: (-probe.likelihood, probe.name)))
