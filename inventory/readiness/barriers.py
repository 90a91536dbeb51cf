"""Indicators, never scores, of the other three barriers (domain model 8).

One rule keeps it simple: each indicator says of how many devices it is not known.
"""

from __future__ import annotations

from inventory.readiness.answer import Concluded, share
from inventory.readiness.census import Census


def barriers(census: Census, concluded: Concluded) -> list[tuple[str, str, str]]:
    """Barrier, indicator, its value."""
    paths, action, management = census.integration, census.action, census.management

    def of(value: object, known: int) -> str:
        return f"{value}; not known of {census.devices - known} of {census.devices} devices"

    return [
        ("handcrafted integrations", "variants of protocol and model",
         of(paths.variants, paths.modelled)),
        ("handcrafted integrations", "paths that do not describe themselves",
         share(paths.services - paths.described, paths.services)),
        ("handcrafted integrations", "siblings configured differently (Q11)",
         of(concluded.of("Q11"), paths.modelled)),
        ("no write path", "devices that state a writable value",
         of(action.writable, action.known)),
        ("no write path", "written values that readers may write too: also a risk (G05)",
         of(concluded.of("G05"), action.known)),
        ("not managed for AI", "wrong clocks (Q07)",
         of(concluded.of("Q07"), management.clocked)),
        ("not managed for AI", "certificates ending (G04)",
         of(concluded.of("G04"), management.certified)),
        ("not managed for AI", "most devices behind a single gateway",
         str(max(management.behind.values(), default=0))),
        ("not managed for AI", "intermittent paths (A07)", "not known: needs five scans in a day"),
    ]  # fmt: skip
