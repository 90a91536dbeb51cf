"""The two-command demonstration: every step is a command that a person could type.

One rule keeps it simple: nothing here knows a result; each step runs `untrap` as a child process
and shows the command line first.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from scanner.output import whole
from scanner.play import PlayError, arguments, playing

GAPS_FOUND = 1
SHOWN_GAPS = 40

SPARES = (20_000, 30_000, 40_000)
"""What is added to the plant's ports where another program listens on them."""


OURS = re.compile(
    r"plant|inventory\.db(-\w+)?|\.earlier-\d+"
    r"|(summary\.txt|gaps\.csv|assets\.jsonl|report\.html|workbook\.xlsx)"
    r"|\.(summary|gaps|assets|report|workbook)\.\d+\.\w+"
)
"""All that a demonstration makes in its folder, whole or cut short: a folder with anything else in
it is somebody's own."""

EARLIER = ".earlier-"
"""Begins the name of the folder in which an earlier demonstration waits."""


class DemoError(Exception):
    """The demonstration cannot be given; says why and what to do."""


class StepError(DemoError):
    """A command ended with an exit code that is none of success; it has said why itself."""

    def __init__(self, line: str, code: int) -> None:
        super().__init__(f"the demonstration stops at `{line}`")
        self.code = code


def _further(database: Path, config: Path) -> Iterator[str]:
    """How to go on by hand; `make demo` puts the command where no shell looks for it."""
    yield "\nGo on by hand:"
    if shutil.which("untrap") is None:
        yield f'  export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"'
    words = ["untrap", "--db", str(database), "--config", str(config), "questions"]
    yield f"  {shlex.join(words)}"


@dataclass(frozen=True, slots=True)
class Demo:
    """One demonstration in one folder."""

    folder: Path
    plant: str

    def run(self) -> None:
        """Play, plan, import, scan, conclude, write. Raises `DemoError`."""
        started = time.monotonic()
        site = self.folder / "plant"
        database = self.folder / "inventory.db"
        made = not self.folder.exists()
        earlier = self._put_aside()
        begun = False
        click.echo(f"Playing the plant {self.plant!r} on loopback …")
        try:
            with playing(arguments(self.plant, site, spares=SPARES)):
                begun = True
                if earlier:
                    shutil.rmtree(earlier)
                self._scan(site, database)
        except (PlayError, OSError) as error:
            if not begun:
                shutil.rmtree(site, ignore_errors=True)  # cut in the middle of being written
                self._put_back(earlier, made)
            raise DemoError(str(error)) from error
        try:
            self._write(site, database)
        except OSError as error:
            reason = f"{error.filename or self.folder}: {error.strerror or error}"
            raise DemoError(f"{reason}; free some space there, or name another folder") from error
        click.echo(f"\nDone in {time.monotonic() - started:.0f} s. Look at {self.folder}/:")
        for path in sorted(self.folder.iterdir()):
            if path.is_file() and not path.name.startswith("inventory.db-"):
                click.echo(f"  {path}")
        for line in _further(database, site / "site.toml"):
            click.echo(line)

    def _put_aside(self) -> Path | None:
        """What an earlier demonstration left, moved into a folder within until the plant is played;
        what is not ours is left alone. The folder itself stays: it may be the current one, or
        stand where only it may be written to. Raises `DemoError`."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            inside = list(self.folder.iterdir())
            if not inside:
                return None
            begun = any(one.name.startswith(EARLIER) for one in inside)
            begun = begun or (self.folder / "plant" / "site.toml").exists()
            if not begun or not all(OURS.fullmatch(one.name) for one in inside):
                raise DemoError(f"{self.folder} is not empty and not ours: name another folder")
            aside = self.folder / f"{EARLIER}{os.getpid()}"
            aside.mkdir()
            for one in inside:
                one.rename(aside / one.name)
        except OSError as error:
            reason = f"{error.filename or self.folder}: {error.strerror or error}"
            raise DemoError(f"{reason}; name a folder where you may write") from error
        return aside

    def _put_back(self, earlier: Path | None, made: bool) -> None:
        """The folder as it was before a demonstration that did not begin."""
        if earlier is not None:
            for one in earlier.iterdir():
                one.rename(self.folder / one.name)
            earlier.rmdir()
        if made:
            self.folder.rmdir()

    def _scan(self, site: Path, database: Path) -> None:
        config = ("--config", str(site / "site.toml"))
        steps: list[tuple[str, ...]] = [("import", "register", str(site / "register.csv"))]
        steps.append(("import", "links", str(site / "links.csv")))
        steps += [("import", "map", str(path)) for path in sorted((site / "maps").glob("*.csv"))]
        targets = ("-iL", str(site / "targets.txt"), "--profile", "brisk")
        steps += [("plan", *targets), ("scan", *targets)]
        for step in steps:
            self._step(database, (*config, *step))

    def _write(self, site: Path, database: Path) -> None:
        config = ("--config", str(site / "site.toml"))
        gaps = self._step(database, (*config, "gaps"), show=SHOWN_GAPS)
        scans = self._step(database, (*config, "scans"), show=0)
        summary = "\n".join((scans, gaps))
        self._text("summary.txt", summary)
        self._step(database, (*config, "export", "csv", "-o", str(self.folder / "gaps.csv")))
        assets = self._step(database, (*config, "assets", "--json"), show=0)
        self._text("assets.jsonl", assets)
        from importlib.util import find_spec

        if find_spec("scanner.commands.report") is not None:
            self._step(database, (*config, "report", "-o", str(self.folder / "report.html")))
        if find_spec("inventory.outputs.xlsx") is not None:
            name = str(self.folder / "workbook.xlsx")
            self._step(database, (*config, "export", "xlsx", "-o", name))

    def _text(self, name: str, text: str) -> None:
        """A file of the folder, whole or not at all. Raises OSError."""
        with whole(self.folder / name) as place:
            place.write_text(text, encoding="utf-8")

    def _step(self, database: Path, words: Sequence[str], show: int | None = None) -> str:
        """One `untrap` command, shown and run; its standard output. Raises `DemoError`."""
        line = ["untrap", "--db", str(database), *words]
        if show != 0:
            click.echo(f"\n$ {shlex.join(line)}")
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "scanner", *line[1:]],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if show == 0 else None,
            text=True,
            check=False,
        )
        lines = done.stdout.splitlines()
        for text in lines[:show]:
            click.echo(text)
        if show and len(lines) > show:
            click.echo(f"  … {len(lines) - show} more lines in {self.folder / 'summary.txt'}")
        if done.returncode not in (0, GAPS_FOUND):
            click.echo(done.stderr or "", err=True, nl=False)
            raise StepError(shlex.join(line), done.returncode)
        return done.stdout
