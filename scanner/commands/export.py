"""`untrap export`: the inventory for other tools."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import click

from scanner.cli import Settings
from scanner.output import Output, reachable, whole

LATER = ("aas", "ocsf")
"""Formats that are spoken of and are not in this version."""


@click.command()
@click.argument("format_", metavar="FORMAT")
@click.option("-o", "--output", type=Output(), metavar="PATH", help="File or folder.")
@click.option("--table", default="gaps", help="csv: gaps, questions, assets or points.")
@click.option("--dialect", metavar="NAME", help="wot: w3c, node-wot or ua-edge.")
@click.option("--profile", metavar="FILE", help="A column profile of your own (TOML).")
@click.option("--redact", is_flag=True, help="Stable pseudonyms for names and addresses.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="For one format.")
@click.pass_obj
def command(
    settings: Settings,
    format_: str,
    output: Path | None,
    table: str,
    dialect: str | None,
    profile: str | None,
    redact: bool,
    options: tuple[str, ...],
) -> None:
    """Write the inventory in FORMAT: csv, json, or what `untrap export help` lists.

    \b
    Example:  untrap export csv -o gaps.csv
    """
    from inventory.outputs import Request, formats, load
    from scanner.console import next_step, note
    from scanner.console import table as show
    from scanner.opening import concluded

    if format_ == "help":
        show(("Format", "Is"), ((one.name, one.title) for one in formats().values()))
        return
    try:
        chosen = load(format_)
    except KeyError as error:
        state = "is not in this version" if format_ in LATER else "is no format"
        have = ", ".join(formats())
        raise click.UsageError(f"{format_!r} {state}; there are {have}") from error
    stated = dict(_pair(text) for text in options)
    named = {"dialect": dialect, "profile": profile}
    stated |= {name: text for name, text in named.items() if text is not None}
    for name in stated:
        if name not in chosen.options:
            takes = ", ".join(chosen.options) or "none"
            raise click.UsageError(f"{format_} takes no option {name!r}; it takes {takes}")
    if output:
        with _placed(output):
            reachable(output)
    with concluded(settings) as store:
        try:
            with _placed(output), whole(output) if output else nullcontext() as place:
                said = chosen.write(store, Request(place, table, redact, stated))
                if format_ == "bundle" and place and "key" in stated:
                    from scanner.imports.bundle_key import sign

                    said += f"; signed by {sign(place, Path(stated['key']))}"
        except ValueError as error:
            raise click.UsageError(str(error).replace(str(place), str(output))) from error
    said = said.replace(str(place), str(output))
    if said:
        note(said)
    if output:
        next_step("questions", why="what is not known yet")


@contextmanager
def _placed(output: Path | None) -> Iterator[None]:
    """Turns a place that cannot be written to into one line and exit code 2."""
    try:
        yield
    except OSError as error:
        message = f"{output}: {error.strerror or error}; name another place with -o"
        raise click.UsageError(message) from error


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise click.UsageError(f"--option {text!r}; write NAME=VALUE")
    return name, value
