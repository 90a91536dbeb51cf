"""`untrap import pcap FILE…`: captures become observations, with each file as its own scan.

One rule keeps it simple: scan and observations follow from the file's bytes alone, so importing
a file twice stores everything once.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from inventory.model import Scan
from protocols.contract import NAMESPACE, Observation
from protocols.passive import Passive
from scanner.capture.files import CaptureError, CaptureFile
from scanner.capture.observations import Conclusions, Origin
from scanner.capture.walk import Walk, moment

Progress = Callable[[Path, int, int, int], None]
"""Called per batch with the file, bytes read, size in bytes and packets so far."""


@dataclass(frozen=True, slots=True)
class Capture:
    """One imported file. `problem` says in a sentence what of it could not be read."""

    scan: Scan
    observations: tuple[Observation, ...]
    packets: int
    problem: str = ""
    notes: tuple[tuple[str, int], ...] = ()  # what was not looked into, and how often


def read_file(
    path: Path,
    site: str = "default",
    vantage: str = "",
    progress: Progress | None = None,
    decoders: tuple[Passive, ...] | None = None,
) -> Capture:
    """Read one capture whole. Raises `CaptureError` (no capture at all) and `OSError`."""
    file = CaptureFile(path)
    walk = Walk(decoders)
    first, last = 0, 0
    for batch in file.batches():
        first = first or batch.times[0]
        last = batch.times[-1]
        walk.feed(batch)
        if progress is not None:
            progress(path, file.position, file.size, walk.packets)
    walk.finish()
    scan = str(uuid.uuid5(NAMESPACE, f"capture {site} {file.digest}"))
    name = vantage or path.name
    observations = tuple(Conclusions(walk, Origin(site, scan, name)).observations())
    notes = dict(walk.unread)
    if walk.fragments:
        notes["IP fragments"] = walk.fragments
    if file.empty:
        notes["empty records"] = file.empty
    summary = {
        "format": "untrap-capture",
        "file": path.name,
        "sha256": file.digest,
        "packets": walk.packets,
        "bytes": walk.octets,
        "hosts": len(walk.hosts),
        "conversations": len(walk.conversations),
        "problem": file.problem,
        "not_looked_into": notes,
    }
    record = Scan(
        id=scan,
        site=site,
        vantage=name,
        started=moment(first) if first else datetime(1970, 1, 1, tzinfo=UTC),
        finished=moment(last) if last else None,
        targets=(path.name,),
        depth="capture",
        status="part" if file.problem else "done",
        summary=summary,
    )
    return Capture(record, observations, walk.packets, file.problem, tuple(sorted(notes.items())))


def read_files(
    paths: Sequence[Path],
    site: str = "default",
    vantage: str = "",
    progress: Progress | None = None,
) -> Iterator[Capture]:
    """Each file in turn; a file that is no capture raises `CaptureError` when it is reached."""
    for path in paths:
        yield read_file(path, site, vantage, progress)


def read(
    paths: Sequence[Path],
    site: str = "default",
    vantage: str = "",
    progress: Progress | None = None,
) -> Iterator[Observation]:
    """The observations of all files, for who needs no more."""
    for capture in read_files(paths, site, vantage, progress):
        yield from capture.observations


__all__ = ["Capture", "CaptureError", "read", "read_file", "read_files"]
