"""Programs that write one inventory take turns: none loses what it has, none does work twice."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from inventory.conclude import conclude
from inventory.judge.rows import judged
from inventory.store import Store, StoreError, Writer
from inventory.store.lock import concluding
from inventory.store.lock_file import derived_elsewhere
from inventory.store.values import Concluded
from tests.inventory.making import SITE, observed
from tests.inventory.test_conclude import TODAY, contents, declared, plant
from tests.support.patience import HUNG_SECONDS
from tests.support.plants import ROOT

OTHER = """
import sys
from inventory.store import Store
from inventory.store.lock import concluding
with Store.open(sys.argv[1], "other", create=False) as store:
    with concluding(store), store.writing():
        print("held", flush=True)
        sys.stdin.read()
"""
"""Derives another site of the same file, until its standard input ends."""


@pytest.fixture
def deriving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Store, subprocess.Popen[str]]]:
    """A store, and another program that derives another site of it and takes longer than a
    statement waits for a lock."""
    for name in ("BUSY_MILLISECONDS", "STEP_MILLISECONDS"):
        monkeypatch.setattr(f"inventory.store.engine.{name}", 10)
    with Store.open(tmp_path / "a.db", SITE) as store:
        command = [sys.executable, "-c", OTHER, str(tmp_path / "a.db")]
        with subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            try:
                assert other.stdout is not None
                assert other.stdout.readline() == "held\n"
                yield store, other
            finally:
                other.kill()


@pytest.mark.parametrize("end", ["ends", "is killed"])
def test_a_scan_waits_while_another_program_derives_another_site(
    deriving: tuple[Store, subprocess.Popen[str]], end: str
) -> None:
    store, other = deriving

    async def scan() -> None:
        waiting = Heard(asyncio.get_running_loop())
        logging.getLogger("inventory.store.engine").addHandler(waiting)
        async with Writer(store) as writer:
            heard = [writer.submit(observed(f"10.0.0.{n}")) for n in range(1, 6)]
            async with asyncio.timeout(HUNG_SECONDS):
                await waiting.came.wait()
            assert not any(one.done() for one in heard)
            assert writer.failure is None
            if end == "ends" and other.stdin is not None:
                other.stdin.close()
            else:
                other.kill()
            await asyncio.gather(*heard)
            await writer.put(observed("10.0.0.6"))
        logging.getLogger("inventory.store.engine").removeHandler(waiting)
        assert waiting.texts == ["waiting for another program that derives"]

    asyncio.run(scan())
    assert len(list(store.observations())) == 6


class Heard(logging.Handler):
    """Tells an event loop that something was logged, whichever thread logged it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.loop, self.came, self.texts = loop, asyncio.Event(), list[str]()

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage().partition(" inventory=")[0])
        self.loop.call_soon_threadsafe(self.came.set)


def test_it_does_not_wait_for_ever(
    deriving: tuple[Store, subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = deriving
    monkeypatch.setattr("inventory.store.engine.WAIT_SECONDS", 0)
    with pytest.raises(StoreError, match="locked by another program"):
        store.append([observed("10.0.0.1")])
    assert not list(store.observations())


def test_who_derives_is_known_while_it_does(tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    with Store.open(database, SITE) as store:
        left = database.with_name("a.db-derive-gone-00000000.lock")
        left.write_text("1\n", encoding="ascii")  # of a program that was killed
        with concluding(store):
            assert not derived_elsewhere(database)  # we ourselves are no other program
        assert not derived_elsewhere(database)
        assert [one.name for one in tmp_path.glob("*.lock")] == [left.name]


def test_a_second_program_finds_the_site_concluded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        Store.open(tmp_path / "a.db", SITE) as first,
        Store.open(tmp_path / "a.db", SITE) as second,
        ExitStack() as turn,
    ):
        first.append(plant(8))
        turn.enter_context(concluding(first))

        def waits(_: float) -> None:  # meanwhile the first comes to its end
            turn.close()
            assert conclude(first, today=TODAY)

        monkeypatch.setattr("inventory.store.lock.time.sleep", waits)
        assert not conclude(second, today=TODAY)
        assert second.devices_count() == first.devices_count() > 8


def test_who_does_not_end_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.store.lock.WAIT_SECONDS", 0)
    with Store.open(tmp_path / "a.db", SITE) as store, concluding(store):
        store.append(plant(2))
        with pytest.raises(StoreError, match=r"another program .* derives site 'plant'"):
            conclude(store, today=TODAY)


def test_others_may_write_while_a_site_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "a.db"
    with Store.open(database, SITE) as store, closing(sqlite3.connect(database)) as other:
        other.execute("PRAGMA busy_timeout=0")
        store.append(plant(12))
        store.declare(declared(12))
        conclude(store, today=TODAY)
        expected = contents(store)
        monkeypatch.setattr("inventory.store.store.HELD_SECONDS", 0)
        stamps = []

        def beside(coming: Iterator[Concluded]) -> Iterator[Concluded]:
            for some in coming:
                other.execute("BEGIN IMMEDIATE")  # raises where somebody holds the lock
                other.rollback()
                stamps.append(store.derived_stamp())
                yield some

        store.replace_concluded(beside(judged(store, TODAY, workers=0, size=3)))
        assert contents(store) == expected
        assert len(stamps) > 3
        assert stamps[0]
        assert not any(stamps[1:])  # half of the verdicts are never taken for all


def test_judging_that_was_cut_off_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.store.store.HELD_SECONDS", 0)
    with Store.open(tmp_path / "a.db", SITE) as store:
        store.append(plant(12))
        conclude(store, today=TODAY)
        expected = contents(store)

        def cut(coming: Iterator[Concluded]) -> Iterator[Concluded]:
            yield next(coming)
            yield next(coming)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            store.replace_concluded(cut(judged(store, TODAY, workers=0, size=3)))
        assert contents(store) != expected
        assert conclude(store, today=TODAY)
        assert contents(store) == expected
