"""`untrap simulate`: play a plant of simulated devices."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import click

from scanner.play import arguments


@click.command()
@click.argument("plant", required=False)
@click.option("--list", "show_list", is_flag=True, help="Name the bundled plants.")
@click.option(
    "--write", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Site files."
)
@click.option("--base-port", type=int, metavar="N", help="Shift every port by N.")
@click.option("--seconds", type=float, metavar="N", help="End after N seconds.")
@click.option("--namespace", is_flag=True, help="In a network of its own (unshare).")
@click.option("--witness", type=click.Path(path_type=Path), metavar="FILE", help="What arrived.")
@click.pass_context
def command(
    ctx: click.Context,
    plant: str | None,
    show_list: bool,
    write: Path | None,
    base_port: int | None,
    seconds: float | None,
    namespace: bool,
    witness: Path | None,
) -> None:
    """Play a bundled plant (or a plant file of your own) on loopback addresses.

    \b
    Example:  untrap simulate bottling --write plant
    """
    if show_list:
        done = subprocess.run(
            [sys.executable, "-m", "simulators", "--list"],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUTF8": "1"},
            encoding="utf-8",
            check=False,
        )
        click.echo(done.stdout, nl=False)  # text: bytes would go round our own stream
        ctx.exit(done.returncode)
    if plant is None:
        raise click.UsageError("name a plant, as in `untrap simulate bottling`; --list shows them")
    line = arguments(plant, write, base_port, seconds)
    if witness is not None:
        line += ["--witness", str(witness)]
    if namespace:
        line = ["unshare", "--map-root-user", "--net", *line, "--own-network"]
        if shutil.which(line[0]) is None:
            raise click.UsageError("--namespace needs the program unshare (util-linux)")
    child = subprocess.Popen(line)  # noqa: S603 - our own interpreter and module

    def end(*_: object) -> None:
        child.terminate()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, end)
    ctx.exit(child.wait())
