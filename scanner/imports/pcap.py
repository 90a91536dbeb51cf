"""`untrap import pcap FILE…`: captures enter the inventory, and what they taught is told.

One rule keeps it simple: a capture is a scan that sent nothing; a damaged one keeps what could be
read and says so.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from inventory.store import Store
    from protocols.contract import MapEntry
    from scanner.cli import Settings
    from scanner.imports.captures import Around, Capture

SLICE = 2_000  # observations in one transaction
STEP = 16 << 20  # bytes of file between two lines of progress


def run(settings: Settings, *files: Path) -> None:
    """Import files; those that follow each other in time are one capture.

    A file that is no capture is a usage error, and nothing is stored.
    """
    from scanner.console import next_step, note
    from scanner.imports.captures import CaptureError, read_files
    from scanner.opening import opened, site_name

    progress = _Progress(settings.quiet)
    try:
        for capture in read_files(
            _within(files), site_name(settings), progress=progress, around=_around(settings)
        ):
            name = capture.scan.vantage
            with opened(settings, create=True) as store:
                if capture.scan.id in {s.id for s in store.scans() if s.status != "running"}:
                    note(f"{name}: known already, nothing new")
                    continue
                store.begin_scan(capture.scan)
                hosts, new = _stored(store, capture)
                store.finish_scan(capture.scan)
            note(told(name, capture, hosts, new))
            next_step("assets")
    except CaptureError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.UsageError(f"{error.filename}: {error.strerror or error}") from error


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


def _stored(store: Store, capture: Capture) -> tuple[int, int]:
    """(addresses, new observations): written in slices, so that memory does not grow with them."""
    hosts: set[str] = set()
    new = 0
    told = capture.stream()
    while part := tuple(islice(told, SLICE)):  # a kill between slices is made good on repeat
        hosts |= {observation.target.address for observation in part}
        new += store.append(part)
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
    """Tells how far the reading is, once every `STEP` bytes."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self.shown = 0
        self.path: Path | None = None

    def __call__(self, path: Path, position: int, size: int, packets: int) -> None:
        if path != self.path:
            self.path, self.shown = path, 0
        if self.quiet or position < self.shown + STEP:
            return
        from scanner.console import note

        self.shown = position
        note(f"{path.name}: {100 * position // max(size, 1)} %, {packets} packets")
