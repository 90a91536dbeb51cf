"""`untrap plan`: what a scan would send. Sends nothing."""

from __future__ import annotations

import json
from pathlib import Path

import click

from scanner import consent
from scanner.console import next_step
from scanner.output import Output
from scanner.planning.lines import lines, table, total_line
from scanner.planning.options import Conditions, again, scan_options
from scanner.planning.prepare import Prepared
from scanner.scan import totals


@click.command()
@scan_options
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
@click.option("-o", "output", type=Output(), help="A page for the OT owner.")
@click.pass_context
def command(
    ctx: click.Context,
    prepared: Prepared,
    held: Conditions,
    as_json: bool,
    output: Path | None,
) -> None:
    """Say what a scan would send, per host and in total; sends nothing.

    Takes every option of `scan`, so that the plan of a whole command line can be looked at.

    \b
    Example:  untrap plan 127.20.1.0/24 --depth identify
    """
    consent.check(held)
    figures = totals(prepared)
    if output is not None:
        from scanner.planning.permission import write

        write(output, prepared, figures)
        click.echo(f"wrote {output}: print it, have it signed", err=True)
    elif as_json:
        for line in lines(prepared):
            click.echo(json.dumps(line))
        click.echo(json.dumps(total_line(prepared, figures)))
    else:
        click.echo("\n".join(table(prepared, figures)))
    next_step("scan", *again(ctx))
