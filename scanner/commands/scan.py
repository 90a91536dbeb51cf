"""`untrap scan`: walk the targets gently and record what they say."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import click

from scanner import consent
from scanner import scan as scanning
from scanner import summary as ending
from scanner.clock import Ends
from scanner.conduct import conduct
from scanner.layer2.plan import raw_rights
from scanner.planning.options import Conditions, scan_options
from scanner.planning.prepare import Prepared
from scanner.secrets import SecretError, revealed
from scanner.wire.record import AnyRecorder, PayloadRecorder, RecordError, recorder


@click.command()
@scan_options
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON line.")
@click.pass_context
def command(
    ctx: click.Context,
    prepared: Prepared,
    held: Conditions,
    as_json: bool,
) -> None:
    """Walk the targets gently and record what they say.

    \b
    Example:  untrap scan 127.20.1.0/24 --profile brisk
    """
    now = datetime.now().astimezone()
    open_for = consent.windows(held.window, prepared.site.windows, now)
    consent.refuse(prepared, held.yes, held.own_lab)
    consent.check(held)
    closes = None if open_for is None else now + timedelta(seconds=open_for)
    longest = consent.seconds(held.max_time) if held.max_time else None
    planned = scanning.totals(prepared)
    for difference in prepared.differences:
        click.echo(difference, err=True)
    consent.ask(prepared, planned, held.yes)
    _resolvable(prepared)
    run, summed = conduct(
        prepared,
        planned,
        Ends(closes, longest),
        keep_raw=not held.no_raw,
        recording=partial(_recorder, held.record, prepared) if held.record else None,
    )
    if as_json:
        click.echo(json.dumps(summed))
    else:
        click.echo("\n".join(ending.text(run, summed)))
    click.echo(f"next: {summed['resume'] or ending.next_command(run)}", err=True)
    worst = str(summed["worst"])
    ctx.exit(ending.exit_code(run) or int(ending.at_least(worst, held.fail_on)))


def _resolvable(prepared: Prepared) -> None:
    """A secret that cannot be had is said now, not in the middle of the plant."""
    try:
        revealed(prepared.credentials)
    except SecretError as error:
        raise click.UsageError(str(error)) from error


def _recorder(path: Path, prepared: Prepared) -> AnyRecorder:
    try:
        secrets = revealed(prepared.credentials)
        made = recorder(path, prepared.scope, raw_rights(), secrets)
    except RecordError as error:
        raise click.UsageError(f"--record {error}") from error
    if isinstance(made, PayloadRecorder):
        click.echo(f"recording payloads to {made.file.name}", err=True)
    return made
