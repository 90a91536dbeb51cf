"""The arguments of `python -m simulators`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from simulators import generate, plant, runner


def parse(arguments: Sequence[str] | None) -> tuple[plant.Plant | None, runner.Stage]:
    """The plant and how to play it; no plant after --list. Exits with 2 on a wrong flag."""
    parser = argparse.ArgumentParser(
        prog="simulate", description="Plays a bundled or own plant on loopback addresses."
    )
    parser.add_argument("plant", nargs="?", help="bundled name, TOML file, or generate:N[,KEY=…]")
    parser.add_argument("--list", action="store_true", help="list the bundled plants")
    parser.add_argument("--write", type=Path, metavar="DIR", help="write targets, site file, CSVs")
    parser.add_argument("--base-port", type=int, metavar="N", help="added to every port")
    parser.add_argument("--seconds", type=float, metavar="N", help="stop after N seconds")
    parser.add_argument("--witness", type=Path, metavar="FILE", help="counts, as JSON, at the end")
    parser.add_argument("--wildcard", action="store_true", help="share one socket per port")
    parser.add_argument(
        "--spare-port", type=int, action="append", default=[], metavar="N",
        help="a --base-port to try where a port is taken; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--own-network", action="store_true", help="lay a network; in a namespace made for it"
    )
    given = parser.parse_args(arguments)
    if given.list:
        for name in plant.bundled():
            sys.stdout.write(f"{name}\t{plant.load(plant.find(name)).about}\n")
        return None, runner.Stage(0)
    if given.plant is None:
        parser.error("which plant? a bundled one: " + ", ".join(plant.bundled()))
    found = _plant(given.plant)
    shift = given.base_port
    if shift is None:
        lowest = min(runner.ports(found, runner.needed(found)), default=0)
        shift = runner.default_shift(lowest, root=os.geteuid() == 0)
    return found, runner.Stage(
        shift,
        given.write,
        given.seconds,
        given.witness,
        given.wildcard,
        tuple(given.spare_port),
        given.own_network,
    )


def _plant(name: str) -> plant.Plant:
    if name.startswith("generate:"):
        return generate.from_text(name.removeprefix("generate:"))
    return plant.load(plant.find(name))
