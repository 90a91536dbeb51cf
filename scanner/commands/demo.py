"""`untrap demo`: play the bundled plant, scan it, list its gaps."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.demo import Demo, DemoError, StepError


@click.command()
@click.argument(
    "folder", default="demo", type=click.Path(file_okay=False, path_type=Path), metavar="[DIR]"
)
@click.option("--plant", default="bottling", metavar="PLANT", help="Bundled plant or plant file.")
@click.pass_context
def command(ctx: click.Context, folder: Path, plant: str) -> None:
    """Play the bundled plant on loopback, scan it and write what was found to DIR.

    \b
    Example:  untrap demo
    """
    try:
        Demo(folder, plant).run()
    except StepError as error:
        click.echo(str(error), err=True)
        ctx.exit(error.code)
    except DemoError as error:
        raise click.UsageError(str(error)) from error
