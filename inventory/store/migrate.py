"""Brings an older database to our revision, after a copy; refuses a newer one.

One rule keeps it simple: an SQLite file is copied before anything is changed. alembic takes a
second to import and is needed only here.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from inventory.store.errors import OlderError, StoreError
from inventory.store.where import is_url, shown

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection, Engine

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def upgrade(engine: Engine, where: str, found: str, *, readonly: bool) -> None:
    """From revision `found` to ours. Raises `StoreError` for a revision that we do not know."""
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if found not in known:
        raise StoreError(
            f"{shown(where)} was made by a newer untrap (schema {found}); "
            "upgrade untrap, or name another file with --db"
        )
    if readonly:
        raise OlderError(f"{shown(where)} is from an older untrap; open it once for writing")
    if not is_url(where):
        _copy(Path(where), found)
    with engine.begin() as connection:
        run(connection, "head")


def run(connection: Connection, revision: str) -> None:
    """Runs the migrations up to a revision inside the caller's transaction."""
    from alembic import command

    command.upgrade(_config(connection), revision)


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _copy(path: Path, found: str) -> None:
    """A whole copy beside the file, made by SQLite's own backup, readable by its owner only."""
    copy = path.with_name(f"{path.name}.before-{found}")
    if copy.exists():
        return
    draft = copy.with_name(f".{copy.name}.{os.getpid()}")  # takes the name when it is whole
    try:
        draft.touch(mode=0o600)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(draft)) as target:
            source.backup(target)
        draft.replace(copy)
    finally:
        for end in ("", "-journal", "-wal", "-shm"):
            draft.with_name(draft.name + end).unlink(missing_ok=True)
