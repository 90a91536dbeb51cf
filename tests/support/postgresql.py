"""A PostgreSQL server of the test's own: a cluster in a folder, reached by a socket in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.patience import HUNG_SECONDS
from tests.support.peers import need

PATIENTLY = ("-t", str(round(HUNG_SECONDS)))
PORT = 5432
"""Part of the socket's name only: the server listens on no network address."""


@dataclass(frozen=True)
class Server:
    """A running cluster."""

    programs: Path
    folder: Path

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"plant_{uuid.uuid4().hex}"
        _run(self.programs / "createdb", "-h", self.folder, "-U", "untrap", name)
        return f"postgresql://untrap@/{name}?host={self.folder}"


@contextmanager
def server() -> Iterator[Server]:
    """Plays PostgreSQL, newest installed version; skips or fails the test without it."""
    programs = _programs()
    # A socket's path holds 107 bytes: shorter than pytest's folders are.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        _run(programs / "initdb", "-D", data, "-U", "untrap", "-A", "trust", "-E", "UTF8", "-N")
        settings = f"-k {folder} -p {PORT} -c listen_addresses='' -c fsync=off"
        _run(
            *(programs / "pg_ctl", "-D", data, "-l", folder / "log", "-o", settings, "-w"),
            *PATIENTLY, "start", wait=False,
        )  # fmt: skip
        try:
            yield Server(programs, folder)
        finally:
            _run(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", *PATIENTLY, "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """Where Debian keeps the server's programs: a folder a version, on nobody's PATH."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3])
    )
    return versions[-1].parent if versions else Path(need("postgres")).parent


def _run(*words: object, wait: bool = True) -> None:
    """Runs a program of the server's as an ordinary user: it refuses to run as root."""
    who = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    # The server keeps what it inherits: a pipe would never end.
    sink = subprocess.PIPE if wait else subprocess.DEVNULL
    ran = subprocess.run(
        [*who, *map(str, words)], stdout=sink, stderr=sink, text=True, cwd="/", check=False
    )
    assert ran.returncode == 0, f"{words[0]}: {ran.stderr or ''}"
