"""`untrap import pcap FILE…`: captures enter the inventory, and what they taught is told.

One rule keeps it simple: a capture is a scan that sent nothing; a damaged one keeps what could be
read and says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inventory.text import inert
from scanner.ticker import Ticker, bar
from scanner.wording import duration, size

if TYPE_CHECKING:
    from inventory.store import Store
    from protocols.contract import MapEntry
    from scanner.cli import Settings
    from scanner.imports.captures import Around, Capture

SLICE = 2_000  # observations in one transaction


def run(settings: Settings, *files: Path) -> None:
    """Import files; those that follow each other in time are one capture.

    A file that is no capture is a usage error, and nothing is stored.
    """
    from scanner.imports.captures import CaptureError, read_files
    from scanner.opening import site_name

    paths = _within(files)
    progress = _Progress(settings.quiet, paths)
    try:
        for capture in read_files(
            paths, site_name(settings), progress=progress, around=_around(settings)
        ):
            progress.doing = f"storing {capture.scan.vantage}"
            _kept(settings, capture, progress)
            progress.doing = progress.stored = ""
    except CaptureError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.UsageError(f"{error.filename}: {error.strerror or error}") from error
    except KeyboardInterrupt:
        progress.interrupted()
        raise
    finally:
        progress.ticker.end()


def _kept(settings: Settings, capture: Capture, progress: _Progress) -> None:
    """Store one capture and tell what it taught."""
    from scanner.console import next_step, note
    from scanner.opening import opened

    name = capture.scan.vantage
    with opened(settings, create=True) as store:
        if capture.scan.id in {s.id for s in store.scans() if s.status != "running"}:
            progress.ticker.end()
            note(f"{name}: known already, nothing new")
            return
        store.begin_scan(capture.scan)
        hosts, new = _stored(store, capture, progress)
        store.finish_scan(capture.scan)
    progress.ticker.end()
    note(told(name, capture, hosts, new))
    next_step("assets")


def _within(given: tuple[Path, ...]) -> list[Path]:
    """The files, and of folders the captures in them; what else lies there is told."""
    from scanner.capture.files import is_capture
    from scanner.console import note
    from scanner.wording import counted

    found: list[Path] = []
    for path in given:
        if not path.is_dir():
            found.append(path)
            continue
        there = sorted(one for one in path.iterdir() if one.is_file())
        captures = [one for one in there if is_capture(one)]
        if not captures:
            raise click.UsageError(f"{path}: no capture in this folder; name one, as in a.pcap")
        if len(captures) < len(there):
            others = counted(len(there) - len(captures), "other file is", "other files are")
            note(f"{path}: {others} left out")
        found += captures
    return found


def _around(settings: Settings) -> Around:
    """Register maps that were imported, and the addresses of this machine."""
    from inventory.derive import declared
    from scanner.capture.own import own_macs
    from scanner.imports.captures import Around
    from scanner.opening import opened

    maps: tuple[MapEntry, ...] = ()
    with suppress(click.UsageError), opened(settings, create=False) as store:
        maps = tuple(declared.maps(store.declarations()))
    return Around(maps, own_macs())


def _stored(store: Store, capture: Capture, progress: _Progress) -> tuple[int, int]:
    """(addresses, new observations): written in slices, so that memory does not grow with them."""
    hosts: set[str] = set()
    new = 0
    told = capture.stream()
    while part := tuple(islice(told, SLICE)):  # a kill between slices is made good on repeat
        hosts |= {observation.target.address for observation in part}
        new += store.append(part)
        progress.keeping(new)
    return len(hosts), new


def told(name: str, capture: Capture, hosts: int, new: int) -> str:
    """What came of the file: how much, who speaks what, and what was not looked into."""
    from scanner.capture.summary import spoken
    from scanner.capture.summary import told as told_spoken
    from scanner.wording import counted

    addresses = counted(hosts, "address", "addresses")
    lines = [f"{name}: {capture.packets} packets, {addresses}, {new} observations"]
    if capture.packets:
        lines += told_spoken(spoken(capture.conclusions.walk))
    if capture.problem:
        lines.append(f"{name}: {capture.problem}")
    if capture.notes:
        passed = ", ".join(f"{count} x {what}" for what, count in capture.notes[:6])
        lines.append(f"not looked into: {passed}")
    return "\n".join(lines)


class _Progress:
    """Tells how far the reading and the storing are, and what an interrupt leaves behind."""

    def __init__(
        self, quiet: bool, paths: Sequence[Path], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.ticker = Ticker(quiet, clock)
        self.sizes = {path: path.stat().st_size for path in paths}
        self.done: dict[Path, int] = {}
        self.packets = 0
        self.doing = self.stored = ""

    def __call__(self, path: Path, position: int, whole: int, packets: int) -> None:
        self.sizes[path], self.done[path] = whole, position
        self.packets, self.doing = packets, f"reading {path.name}"
        if self.ticker.due:
            self.ticker.tell(self.line(path))

    def line(self, path: Path) -> str:
        """Share, bytes, packets and the time left by the pace so far."""
        whole, done = max(sum(self.sizes.values()), 1), sum(self.done.values())
        seconds = self.ticker.clock() - self.ticker.began
        left = f"about {duration(seconds * (whole - done) / done)} left" if done and seconds else ""
        share, several = min(done / whole, 1.0), len(self.sizes) > 1
        where = f"file {len(self.done)} of {len(self.sizes)}" if several else ""
        figures = (f"{100 * share:.0f} % of {size(whole)}", f"{self.packets} packets", left, where)
        told = ", ".join(one for one in figures if one)
        return f"{bar(share)} {told}" if self.ticker.live else inert(f"{path.name}: {told}", 200)

    def keeping(self, count: int) -> None:
        """So many observations are stored."""
        self.stored = f"{count} observations of it are stored"
        if self.ticker.due:
            self.ticker.tell(f"storing: {count} observations so far")

    def interrupted(self) -> None:
        """What is there after Ctrl-C, and what makes it whole."""
        from scanner.console import note

        self.ticker.end()
        kept = self.stored or "nothing of it is stored"
        note(f"{self.doing or 'beginning'}: {kept}; import it again to have all of it")
