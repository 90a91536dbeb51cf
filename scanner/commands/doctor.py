"""`untrap doctor`: what this machine can do, and what is off and why."""

from __future__ import annotations

import json

import click

from scanner.cli import Settings
from scanner.console import next_step, say
from scanner.health import checks


@click.command()
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
@click.pass_obj
def command(settings: Settings, as_json: bool) -> None:
    """Say what this machine can do, and what is off and why.

    \b
    Example:  untrap doctor
    """
    for check in checks(settings):
        if as_json:
            click.echo(json.dumps({"check": check.name, "state": check.state, "why": check.text}))
        else:
            say(f"{check.state:<5} {check.name:<16} {check.text}", hang=23)
    next_step("plan", "TARGET")
