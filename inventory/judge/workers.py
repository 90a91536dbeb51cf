"""A few worker processes that read a large inventory by themselves and answer with rows.

One rule keeps it simple: a task is the name of a plain function and values that can be pickled;
whether it runs here or in a worker, the answer is the same, and answers come in order. What all
tasks need is sent to each worker once. A worker that dies or fails is not started again: what it
had is done here, and fails here if it must.

Workers are spawned (no fork: threads and open database handles stay where they are), read only,
and end by themselves when their pipe closes, however this program ends.
"""

from __future__ import annotations

import importlib
import logging
import os
import pickle
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

from inventory.store.errors import StoreError

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

    from inventory.store import Store

log = logging.getLogger(__name__)

MOST = 3
"""Workers at once: each holds its own part of an inventory in memory. One more than two processors
take, because each waits now and then until the process that writes has time for its answer."""

FEW = 4_000
"""Devices or addresses up to which starting a worker would cost more than it saves."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done: `function(store, *values)` of a module."""

    module: str
    function: str
    values: tuple[object, ...] = ()


_shared: tuple[bytes, object] = (b"", None)


def shared() -> object:
    """What all tasks need, in the process that does one of them."""
    return _shared[1]


def share(packed: bytes) -> None:
    """Keeps what all tasks need, pickled; the very same again costs nothing."""
    global _shared
    if _shared[0] is not packed:
        made = pickle.loads(packed) if packed else None  # noqa: S301 - made by our own parent
        _shared = (packed, made)


def run(store: Store, task: Task) -> object:
    """Does a task here."""
    work: Callable[..., object] = getattr(importlib.import_module(task.module), task.function)
    return work(store, *task.values)


@dataclass(slots=True, eq=False)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    task: tuple[int, Task] | None = None
    shared: bytes = b""


class Workers:
    """Use it in `with`. With `count` 0, or where none can be started, all is done here."""

    def __init__(self, store: Store, count: int) -> None:
        self._store = store
        self._needed = b""
        self._workers = list(_started(store, count))

    def __enter__(self) -> Workers:
        return self

    def release(self) -> None:
        """Lets the workers end, which takes them half a second: there is nothing more to do."""
        for worker in self._workers:
            worker.pipe.close()

    def __exit__(self, *_: object) -> None:
        self.release()
        for worker in self._workers:
            worker.process.join(timeout=1 if worker.task else 10)
            if worker.process.is_alive():  # in the middle of a task that nobody waits for
                worker.process.terminate()
                worker.process.join()
        self._workers.clear()

    def answers(self, tasks: Iterable[Task], needed: bytes = b"") -> Iterator[object]:
        """The answer to each task, in their order; raises what a task raises. `needed`: what all
        of them need (`shared`), pickled."""
        self._needed = needed
        coming = enumerate(tasks)
        done: dict[int, object] = {}
        turn = 0
        self._hand_out(coming)
        while True:
            if self._busy():
                done.update(self._received())
                self._hand_out(coming)  # before the answers are used: nobody waits meanwhile
            elif (task := next(coming, None)) is not None:  # there is no worker
                done[task[0]] = self._run(task[1])
            else:
                return
            while turn in done:
                yield done.pop(turn)
                turn += 1

    def _run(self, task: Task) -> object:
        share(self._needed)
        return run(self._store, task)

    def _busy(self) -> bool:
        return any(worker.task for worker in self._workers)

    def _hand_out(self, coming: Iterator[tuple[int, Task]]) -> None:
        """Gives idle workers a task. One at a time: a worker that is still writing a long answer
        would not read the next task, and both ends would wait for each other."""
        for worker in self._workers:
            if worker.task is None and (task := next(coming, None)) is not None:
                worker.task = task
                with suppress(OSError):  # it died: found out when its answer is awaited
                    if worker.shared is not self._needed:
                        worker.pipe.send(self._needed)
                        worker.shared = self._needed
                    worker.pipe.send(task[1])

    def _received(self) -> Iterator[tuple[int, object]]:
        """At least one answer, from whichever worker has one."""
        busy = {worker.pipe: worker for worker in self._workers if worker.task}
        for pipe in wait(list(busy)):
            worker = busy[pipe]  # type: ignore[index]
            number, task = worker.task or (-1, None)
            try:
                answer = worker.pipe.recv()
            except (EOFError, OSError):
                self._dismiss(worker)
                answer = self._run(task) if task else None
            worker.task = None
            yield number, answer

    def _dismiss(self, worker: _Worker) -> None:
        """Goes on without a dead worker."""
        log.warning("worker_died exitcode=%s", worker.process.exitcode)
        self._workers.remove(worker)
        worker.pipe.close()


def processors() -> int:
    """Processors that this program may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


def wanted() -> int:
    """Workers for a large inventory: none where this program has one processor to itself."""
    count = processors()
    return min(MOST, count + 1) if count > 1 else 0


def _started(store: Store, count: int) -> Iterator[_Worker]:
    context = get_context("spawn")
    for _ in range(count):
        here, there = context.Pipe()
        process = context.Process(
            target=_serve, args=(there, store.where, store.site), name="untrap-worker", daemon=True
        )
        try:
            process.start()
        except OSError as error:  # no process, no memory, no descriptor left: it goes without
            log.warning("worker_not_started error=%s", error)
            here.close()
            return
        finally:
            there.close()
        yield _Worker(process, here)


def _serve(pipe: Connection, where: str, site: str) -> None:
    """What a worker does until its pipe is closed; an error ends it, the parent meets it too."""
    import gc

    from inventory.store import Store

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells everybody; the parent decides
    gc.disable()  # values hold no cycles, and looking for them costs a fifth
    with suppress(StoreError), Store.open(where, site, create=False) as store:
        while True:
            try:
                task = pipe.recv()
            except (EOFError, OSError):
                break
            if isinstance(task, bytes):
                share(task)
                continue
            answer = run(store, task)
            try:
                pipe.send(answer)
            except OSError:
                break
    os._exit(0)  # what it holds goes with it; taking that apart would cost half a second
