"""`untrap report`: one HTML file that a plant manager can open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.cli import Settings
from scanner.output import Output, whole

if TYPE_CHECKING:
    from inventory.store import Store


@click.command()
@click.option(
    "-o",
    "--output",
    default="report.html",
    show_default=True,
    type=Output(dir_okay=False),
    metavar="FILE",
)
@click.option("--redact", is_flag=True, help="Stable pseudonyms for names and addresses.")
@click.pass_obj
def command(settings: Settings, output: Path, redact: bool) -> None:
    """Write one self-contained HTML file: the answer, the fixes, the proof.

    \b
    Example:  untrap report -o report.html
    """
    try:
        from inventory.outputs.report import write
    except ImportError as error:
        raise click.UsageError(f"the report needs {error.name}: pip install jinja2") from error
    from scanner.console import next_step, note
    from scanner.opening import concluded

    with concluded(settings) as store:
        others = _others(settings, store)
        try:
            with whole(output) as place:
                said = write(store, place, redact=redact, others=others)
                said = said.replace(str(place), str(output))
        except OSError as error:
            raise click.UsageError(f"-o {output}: {error.strerror or error}") from error
    note(said)
    next_step("export", "xlsx", "-o", "workbook.xlsx", why="the same as a workbook")


def _others(settings: Settings, store: Store) -> Iterator[Store]:
    """The other sites of the inventory, concluded, one open at a time."""
    from dataclasses import replace

    from scanner.opening import concluded

    for site in sorted(set(store.sites()) - {store.site}):
        with concluded(replace(settings, site=site)) as other:
            yield other
