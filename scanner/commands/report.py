"""`untrap report`: one HTML file that a plant manager can open."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.cli import Settings
from scanner.output import Output, whole


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
        try:
            with whole(output) as place:
                said = write(store, place, redact=redact).replace(str(place), str(output))
        except OSError as error:
            raise click.UsageError(f"-o {output}: {error.strerror or error}") from error
    note(said)
    next_step("export", "xlsx", "-o", "workbook.xlsx", why="the same as a workbook")
