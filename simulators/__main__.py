"""`python -m simulators PLANT`: plays it, and says in one line why it cannot."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace

from simulators.command import parse
from simulators.network import NetworkError
from simulators.plant import Plant, PlantError
from simulators.runner import PlayError, PortTakenError, Stage, play


def main(arguments: Sequence[str] | None = None) -> int:
    """Plays the plant that the arguments name; gives the exit code."""
    try:
        plant, stage = parse(arguments)
        if plant is None:
            return 0
        _played(plant, stage)
    except (PlantError, PlayError, NetworkError) as error:
        sys.stderr.write(f"simulate: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"simulate: {error.filename or 'its files'}: {error.strerror or error}\n")
        return 2
    return 0


def _played(plant: Plant, stage: Stage) -> None:
    """Plays it, on the spare ports where its own are taken."""
    for spare in (*stage.spares, None):
        try:
            return asyncio.run(play(plant, stage, _say))
        except PortTakenError as error:
            if spare is None:
                raise
            sys.stderr.write(f"simulate: {error.__cause__}; trying ports shifted by {spare} …\n")
            stage = replace(stage, shift=spare)
    return None


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
