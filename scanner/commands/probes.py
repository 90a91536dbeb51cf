"""`untrap probes`: what each probe sends."""

from __future__ import annotations

import json

import click

from protocols import probes
from protocols.contract import Probe
from scanner.console import next_step
from scanner.wording import wrapped


@click.command()
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
def command(as_json: bool) -> None:
    """List the probes: ports, credentials, and what each rung sends at most.

    \b
    Example:  untrap probes
    """
    for probe in probes():
        if as_json:
            click.echo(json.dumps(described(probe)))
        else:
            click.echo("\n".join(_text(probe)))
    next_step("plan", "TARGET")


def described(probe: Probe) -> dict[str, object]:
    """One probe as data."""
    return {
        "name": probe.name,
        "title": probe.title,
        "transport": probe.transport,
        "ports": list(probe.ports),
        "openness": probe.openness.value,
        "credentials": list(probe.credentials),
        "most_connections": probe.most_connections,
        "rungs": {
            depth.label: {
                "connections": cost.connections,
                "requests": cost.requests,
                "bytes": cost.bytes,
                "functions": list(cost.functions),
            }
            for depth, rung in sorted(probe.rungs.items())
            for cost in (rung.cost(rung.most),)
        },
    }


def _text(probe: Probe) -> list[str]:
    ports = ", ".join(f"{probe.transport}/{port}" for port in probe.ports)
    shown = [f"{probe.name}: {probe.title} ({ports}, openness {probe.openness.value})"]
    if probe.credentials:
        shown.append(f"  credentials: {', '.join(probe.credentials)}")
    for depth, rung in sorted(probe.rungs.items()):
        usual, most = rung.cost(rung.usual), rung.cost(rung.most)
        shown.append(
            f"  {depth.label:<9} usually {usual.requests:>4}, at most {most.requests:>5} requests"
        )
        if most.functions:
            shown += wrapped(", ".join(most.functions), 12)
    return shown
