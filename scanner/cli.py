"""The command line: parses global options, then imports just the one command that was named.

One rule keeps it simple: this module imports click and the standard library only, so that
`untrap --help` stays fast; `COMMANDS` is the table of contents.
"""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from scanner import ends

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Play the bundled plant, scan it and list its gaps."),
    "plan": ("plan", "Say what a scan would send; sends nothing."),
    "scan": ("scan", "Walk the targets gently and record what they say."),
    "import": ("import_", "Read a register, links, map, attestation, capture or scan file."),
    "assets": ("assets", "List what is known."),
    "show": ("show", "Show one asset, gap or observation with its evidence."),
    "points": ("points", "List what can be read."),
    "gaps": ("gaps", "List the gaps, most valuable fix first."),
    "questions": ("questions", "List what is not known yet, and the cheapest next step."),
    "readiness": ("readiness", "Levels, coverage, roll-ups and use cases."),
    "diff": ("diff", "What changed between two scans."),
    "report": ("report", "Write one self-contained HTML file."),
    "export": ("export", "Write the inventory for other tools."),
    "set": ("set_", "State a field of an asset by hand."),
    "merge": ("merge", "State that two assets are one."),
    "split": ("split", "Undo a merge."),
    "waive": ("waive", "Accept a gap, with owner, reason and expiry."),
    "sites": ("sites", "List the sites."),
    "scans": ("scans", "List the scans."),
    "probes": ("probes", "What each probe sends."),
    "rules": ("rules", "What each gap rule needs."),
    "simulate": ("simulate", "Play a plant of simulated devices."),
    "doctor": ("doctor", "What this machine can do, and what is off and why."),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The global options, as every command receives them (`@click.pass_obj`)."""

    db: str = "untrap.db"
    site: str = "default"
    config: Path | None = None
    verbose: int = 0
    quiet: bool = False


class LazyGroup(click.Group):
    """A group that imports a command only when it is run or its help is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Command names in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command itself, imported now; None when there is no such command."""
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"scanner.commands.{COMMANDS[name][0]}")
        command = module.command
        if not isinstance(command, click.Command):
            raise TypeError(f"scanner.commands.{COMMANDS[name][0]}.command is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the table of contents without importing what it names."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command when there is none of that name."""
        if args and args[0] not in COMMANDS:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else " `untrap --help` lists them."
            raise click.UsageError(f"no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, *, standalone_mode: bool = True, **extra: Any
    ) -> Any:
        """Run, and end with an exit code of the contract; see `scanner.ends`."""

        def run() -> object:
            return super(LazyGroup, self).main(args, standalone_mode=False, **extra)

        if not standalone_mode:
            return run()
        sys.exit(ends.code(run))


@click.group(
    cls=LazyGroup,
    context_settings={"auto_envvar_prefix": "UNTRAP", "help_option_names": ["-h", "--help"]},
)
@click.option("--db", default="untrap.db", metavar="PATH|URL", help="Inventory file or database.")
@click.option("--site", default="default", metavar="NAME", help="Site that is meant.")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Site file (TOML).",
)
@click.option("-v", "--verbose", count=True, help="Say more on standard error.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")
@click.version_option(package_name="untrap", prog_name="untrap")
@click.pass_context
def untrap(
    ctx: click.Context, db: str, site: str, config: Path | None, verbose: int, quiet: bool
) -> None:
    """Say, for every asset of a plant, whether its data can be had, why not, and the cheapest fix.

    \b
    Example:  untrap demo
    """
    level = (
        logging.ERROR if quiet else [logging.WARNING, logging.INFO, logging.DEBUG][min(verbose, 2)]
    )
    logging.basicConfig(level=level, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
    _within_reach(db)
    ctx.obj = Settings(db, site, config, verbose, quiet)


def _within_reach(db: str) -> None:
    """A folder that may not be entered is told before a command asks whether the file is there."""
    if "://" in db:
        return
    try:
        Path(db).stat()
    except PermissionError as error:
        message = f"{db}: no permission for its folder; choose another file with --db"
        raise click.UsageError(f"{message}, as in --db untrap.db") from error
    except (OSError, ValueError):  # told by the command, if it needs the file at all
        return


def main() -> None:
    """Entry point of the `untrap` command."""
    ends.streams()
    untrap()
