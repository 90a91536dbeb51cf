"""The one writer: a thread that makes observations durable while the event loop goes on.

One rule keeps it simple: a future is resolved only after the commit that holds its observation.
The thread lets answers gather for a few milliseconds, a tenth of the least gap between two requests
to one host, and commits them together: no host waits for the disk, and a fast scan does not pay
for a transaction each.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from dataclasses import dataclass

from inventory.store.errors import StoreError
from inventory.store.store import Store
from protocols.contract import Observation

log = logging.getLogger(__name__)

MOST_ROWS = 500
"""Observations in one commit."""

GATHER_SECONDS = 0.005
"""How long an answer waits for others to be committed with it."""

BACKLOG = 5_000
"""Observations that may wait; `put` holds its caller back beyond that."""


@dataclass(frozen=True, slots=True)
class Visited:
    """A host that a scan has finished with; it becomes durable after all that it said."""

    scan: str
    address: str


@dataclass(slots=True)
class _Waiting:
    item: Observation | Visited
    future: asyncio.Future[None]


class Writer:
    """Writes from the event loop that made it. `async with Writer(store) as writer: …`.

    The store is given over: nobody else uses it until the writer is closed.
    """

    def __init__(self, store: Store, *, keep_raw: bool = True) -> None:
        self._store = store
        self._keep_raw = keep_raw
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._waiting = 0
        self._room = asyncio.Event()
        self._room.set()
        self._failure: BaseException | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    async def __aenter__(self) -> Writer:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def backlog(self) -> int:
        """Observations that are not durable yet."""
        return self._waiting

    @property
    def failure(self) -> BaseException | None:
        """Why nothing can be written any more, once that is so: stop sending."""
        return self._failure

    def submit(self, item: Observation | Visited) -> asyncio.Future[None]:
        """Never blocks; the future is done when the item is durable.

        The future raises `StoreError` when it could not be stored; so do all later ones.
        """
        future: asyncio.Future[None] = self._loop.create_future()
        future.add_done_callback(_seen)
        if self._closed or self._failure is not None:
            future.set_exception(self._failure or StoreError("the writer is closed"))
            return future
        self._waiting += 1
        if self._waiting >= BACKLOG:
            self._room.clear()
        self._queue.put(_Waiting(item, future))
        return future

    async def put(self, observation: Observation) -> None:
        """Waits for room, then until the observation is durable. Raises `StoreError`."""
        await self._room.wait()
        await asyncio.shield(self.submit(observation))

    async def close(self) -> None:
        """Makes durable what waits, then ends the thread. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    # --- in the thread -----------------------------------------------------------------------

    def _run(self) -> None:
        going = True
        while going:
            batch, going = self._gather()
            self._write(batch)

    def _gather(self) -> tuple[list[_Waiting], bool]:
        """What waits now, at least one; False when the end was reached."""
        batch: list[_Waiting] = []
        item = self._queue.get()
        if item is not None and not self._closed:
            time.sleep(GATHER_SECONDS)
        while item is not None:
            batch.append(item)
            if len(batch) >= MOST_ROWS:
                return batch, True
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _write(self, batch: list[_Waiting]) -> None:
        """Stores a batch; whatever happens, every waiter hears of it."""
        error: BaseException | None = self._failure or StoreError("the writer stopped; see the log")
        try:
            if self._failure is None:
                self._keep(batch)
                error = None
        except StoreError as refused:
            log.error("not stored error=%s", refused)
            error = refused
        finally:
            self._failure = self._failure or error
            if batch:
                self._loop.call_soon_threadsafe(self._settle, batch, error)

    def _keep(self, batch: list[_Waiting]) -> None:
        items = [waiting.item for waiting in batch]
        observations = [item for item in items if isinstance(item, Observation)]
        self._store.append(observations, keep_raw=self._keep_raw)
        visits: dict[str, list[str]] = {}
        for item in items:
            if isinstance(item, Visited):
                visits.setdefault(item.scan, []).append(item.address)
        for scan, addresses in visits.items():
            self._store.finish_visits(scan, addresses)

    # --- in the loop -------------------------------------------------------------------------

    def _settle(self, batch: list[_Waiting], error: BaseException | None) -> None:
        self._waiting -= len(batch)
        if self._waiting < BACKLOG:
            self._room.set()
        for item in batch:
            if item.future.done():
                continue
            if error is None:
                item.future.set_result(None)
            else:
                item.future.set_exception(error)


def _seen(future: asyncio.Future[None]) -> None:
    """Marks an exception as looked at: `Writer.failure` tells who did not await it."""
    if not future.cancelled():
        future.exception()
