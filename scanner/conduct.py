"""A prepared scan with its store around it: begin, run, record how it ended."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import click

from inventory.model import Scan
from inventory.store import Store, StoreError
from inventory.store.lock import scanning as only_scan
from protocols.contract import Observation, Outcome
from scanner import progress
from scanner import scan as scans
from scanner import summary as ending
from scanner.clock import NEVER_ENDS, Ends
from scanner.console import note
from scanner.declare import declarations
from scanner.planning.cost import Total
from scanner.planning.prepare import Prepared
from scanner.scan import Run
from scanner.statements import record_site
from scanner.wire.record import AnyRecorder


def conduct(
    prepared: Prepared,
    planned: Mapping[str, Total],
    ends: Ends = NEVER_ENDS,
    *,
    keep_raw: bool = True,
    quiet: bool | None = None,
    recording: Callable[[], AnyRecorder] | None = None,
) -> tuple[Run, dict[str, object]]:
    """Run the scan and store it. Raises `click.ClickException` when the store cannot be used.

    `recording` makes the recording's file, once nothing else can refuse the scan.
    """
    silent = prepared.settings.quiet if quiet is None else quiet
    try:
        with Store.open(prepared.settings.db, prepared.site_name) as store, only_scan(store):
            recorder = recording() if recording else None
            return _run(prepared, planned, ends, store, keep_raw, silent, recorder)
    except StoreError as error:
        raise _Unusable(str(error)) from error


class _Unusable(click.ClickException):
    exit_code = 2


def _run(
    prepared: Prepared,
    planned: Mapping[str, Total],
    ends: Ends,
    store: Store,
    keep_raw: bool,
    quiet: bool,
    recorder: AnyRecorder | None,
) -> tuple[Run, dict[str, object]]:
    figures = {name: item.as_json() for name, item in planned.items()}
    scan = prepared.resumes or scans.new_scan(
        prepared, {"request": dict(prepared.request), **figures}
    )
    with _signals() as interrupts:
        return _noted(prepared, planned, ends, store, scan, keep_raw, quiet, recorder, interrupts)


@dataclass(slots=True)
class Interrupts:
    """What a first signal does while no packet can leave: before the wire it is noted, so that
    nothing is sent; afterwards it ends the conclusions. A second one leaves at once."""

    came: bool = False
    concluding: bool = False

    def __call__(self, *_: object) -> None:
        if self.came:
            scans.leave_at_once()
        self.came = True

    def look(self) -> None:
        """Raises `KeyboardInterrupt` where the conclusions are to end."""
        if self.came and self.concluding:
            raise KeyboardInterrupt


@contextmanager
def _signals() -> Iterator[Interrupts]:
    """From the record of a scan to its last word no signal goes by its default."""
    interrupts = Interrupts()
    before = {name: signal.signal(name, interrupts) for name in scans.SIGNALS}
    try:
        yield interrupts
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _noted(
    prepared: Prepared,
    planned: Mapping[str, Total],
    ends: Ends,
    store: Store,
    scan: Scan,
    keep_raw: bool,
    quiet: bool,
    recorder: AnyRecorder | None,
    interrupts: Interrupts,
) -> tuple[Run, dict[str, object]]:
    store.begin_scan(scan)
    stated = declarations(prepared.site, prepared.site_name, prepared.settings.config)
    said = record_site(store, stated, prepared.site_name, prepared.settings.config)
    if said and not quiet:
        note(said)
    finished = frozenset(store.finished_visits(scan.id))
    writing = store.another()
    try:
        run = asyncio.run(
            scans.run(
                prepared,
                scan,
                writing,
                ends=ends,
                finished=finished,
                past=heard_before(store, scan, finished) if prepared.resumes else None,
                answered_before=len(answered(store, scan) & finished) if prepared.resumes else 0,
                keep_raw=keep_raw,
                recorder=recorder,
                watch=progress.watcher(quiet),
                interrupted=lambda: interrupts.came,
            )
        )
    finally:
        writing.close()
    figures: Figures = (None, None, None)
    worst = ""
    try:
        interrupts.concluding = True
        store.looks(interrupts.look)
        if not run.error:
            figures = concluded(store)
            worst = severest(store)
            run.concluded = True
    except StoreError as error:
        run.error = str(error)  # what was heard is stored; only the conclusions are missing
    except KeyboardInterrupt:
        run.interrupted = True  # the same
    finally:
        interrupts.concluding = False
    assets, gaps, questions = figures
    summed = ending.summary(run, planned, assets) | {"gaps": gaps, "questions": questions}
    summed["worst"] = worst
    status = "part" if run.tally.unasked else "done"
    if run.interrupted and ending.resume(run) is not None:
        status = "interrupted"
    ended = replace(scan, status=status, summary=summed, finished=datetime.now(UTC))
    try:
        store.finish_scan(replace(ended, excluded=prepared.excluded))
    except StoreError as error:
        run.error = run.error or str(error)
    return run, summed


Figures = tuple[int | None, int | None, int | None]
"""Assets, gaps and open questions; None where they are not known."""

LIFELESS = frozenset(
    {
        *(Outcome.NOT_ASKED, Outcome.NO_PATH, Outcome.SILENT, Outcome.BLOCKED, Outcome.CLOSED),
        *(Outcome.FAILED_HERE, Outcome.BROKEN),
    }
)


def answered(store: Store, scan: Scan) -> frozenset[str]:
    """Addresses where somebody answered an earlier run of `scan`."""
    heard = store.finished_questions(scan.id)
    return frozenset(target.address for target, _, how, _ in heard if how not in LIFELESS)


def heard_before(
    store: Store, scan: Scan, finished: frozenset[str]
) -> dict[str, tuple[Observation, ...]]:
    """What an earlier run of `scan` heard of the hosts that it did not finish with.

    Bounded by how many hosts are under way at once.
    """
    begun = {target.address for target, *_ in store.finished_questions(scan.id)} - finished
    return {
        address: tuple(store.observations(scan=scan.id, address=address, raw=True))
        for address in begun
    }


def severest(store: Store) -> str:
    """The severity of the severest gap that nobody has accepted; "" when there is none."""
    from inventory.model import Severity

    found = store.severities()
    return max(found, key=tuple(Severity).index).value if found else ""


def concluded(store: Store) -> Figures:
    """Assets, gaps and open questions of the whole site, as they stand after this scan."""
    from inventory.conclude import conclude
    from scanner.commands.gaps import SHOWN_FAMILIES

    conclude(store)
    gaps = store.ranked_count(SHOWN_FAMILIES)  # as `untrap gaps` lists them
    return store.assets_count(), gaps, store.questions_count()
