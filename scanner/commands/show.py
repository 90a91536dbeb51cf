"""`untrap show`: one asset, gap, declaration or observation, down to the raw bytes."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.cli import Settings
from scanner.output import Output


@click.command()
@click.argument("what", metavar="ASSET|GAP|OBSERVATION")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--raw", type=Output(dir_okay=False), metavar="FILE", help="Write an answer's bytes.")
@click.pass_obj
def command(settings: Settings, what: str, as_json: bool, raw: Path | None) -> None:
    """Show one asset with every fact and its source; a gap or observation with its proof; a
    declaration, by the id that a gap names.

    \b
    Example:  untrap show 127.11.1.1
    """
    from scanner.opening import concluded
    from scanner.show import show

    with concluded(settings) as store:
        show(store, what, as_json, raw)
