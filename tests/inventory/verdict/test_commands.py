"""The very command to run: each one that a question names is one that the command line takes."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest

from scanner.cli import untrap
from tests.inventory.verdict.plants import judged
from tests.inventory.verdict.plants.rows import ROWS


def commands() -> list[str]:
    """Every command of every plant's questions, each once."""
    said = {question.command for one in ROWS for question in judged(one).questions}
    return sorted(said - {""})


@pytest.mark.parametrize("command", commands())
def test_the_command_line_takes_it(command: str, tmp_path: Path) -> None:
    program, *words = shlex.split(command)
    assert program == "untrap"
    assert "…" not in command
    file = tmp_path / "file.csv"
    file.write_text("Tag\nP-101\n", encoding="utf-8")
    words = [str(file) if word == "FILE" else word for word in words]
    context = untrap.make_context("untrap", ["--db", str(tmp_path / "t.db"), *words])
    while isinstance(context.command, click.Group):
        rest = [*context._protected_args, *context.args]
        name, command_found, rest = context.command.resolve_command(context, rest)
        assert command_found is not None
        context = command_found.make_context(name, rest, parent=context)
