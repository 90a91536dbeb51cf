"""`untrap import pcap FILE…`: captures become observations, each capture as a scan of its own.

One rule keeps it simple: scan and observations follow from the files' bytes alone, so importing
a capture twice stores everything once. Files that follow each other in time are one capture that
was written in turns (a rotating set): their connections go on from file to file.
"""

from __future__ import annotations

import filecmp
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from inventory.model import Scan
from protocols.contract import NAMESPACE, MapEntry, Observation
from protocols.passive import Passive
from scanner.capture.files import CaptureError, CaptureFile
from scanner.capture.messages import moment
from scanner.capture.observations import Conclusions, Origin
from scanner.capture.walk import Walk

PORTS = 32  # services that are told although nobody knew their protocol
OVERLAP = 1_000_000_000  # nanoseconds by which a file of a set may begin before the last one ended

Progress = Callable[[Path, int, int, int], None]
"""Called per batch with the file, bytes read, size in bytes and packets so far."""


@dataclass(frozen=True)
class Capture:
    """One imported capture. `problem` says in a sentence what of it could not be read."""

    scan: Scan
    conclusions: Conclusions
    packets: int
    problem: str = ""
    notes: tuple[tuple[str, int], ...] = ()  # what was not looked into, and how often

    @cached_property
    def observations(self) -> tuple[Observation, ...]:
        """All observations at once; `stream` gives them one by one and keeps none."""
        return tuple(self.stream())

    def stream(self) -> Iterator[Observation]:
        """The observations, made as they are taken. Once per capture."""
        return self.conclusions.observations()


@dataclass(frozen=True, slots=True)
class Around:
    """What is known beside the file: register maps, and addresses of the machine that reads it."""

    maps: tuple[MapEntry, ...] = ()
    own: frozenset[str] = frozenset()


NOTHING = Around()


@dataclass(slots=True)
class _Reading:
    """One capture under way: what was walked so far, over one file or several."""

    walk: Walk
    files: list[CaptureFile] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    first: int = 0
    last: int = 0

    def add(self, path: Path, progress: Progress | None) -> None:
        """Walk one more file."""
        file = CaptureFile(path)
        self.files.append(file)
        self.names.append(path.name)
        for batch in file.batches():
            self.first = self.first or batch.times[0]
            self.last = batch.times[-1]
            self.walk.feed(batch)
            if progress is not None:
                progress(path, file.position, file.size, self.walk.packets)

    @property
    def problem(self) -> str:
        """What could not be read, with the name where there are several files."""
        told = zip(self.names, self.files, strict=True)
        several = len(self.files) > 1
        return "; ".join(
            f"{name}: {file.problem}" if several else file.problem
            for name, file in told
            if file.problem
        )


def read_file(
    path: Path,
    site: str = "default",
    vantage: str = "",
    progress: Progress | None = None,
    decoders: tuple[Passive, ...] | None = None,
    around: Around = NOTHING,
) -> Capture:
    """Read one capture whole. Raises `CaptureError` (no capture at all) and `OSError`."""
    reading = _Reading(Walk(decoders))
    reading.add(path, progress)
    return _captured(reading, site, vantage, around)


def read_files(
    paths: Sequence[Path],
    site: str = "default",
    vantage: str = "",
    progress: Progress | None = None,
    around: Around = NOTHING,
) -> Iterator[Capture]:
    """The captures in these files, in order of time; files that follow each other are one.

    Raises `CaptureError` for a file that is no capture, before any is read whole.
    """
    starts: dict[Path, int] = {}
    for path in dict.fromkeys(paths):
        start = _start(path)
        if not any(_same(path, other) for other, when in starts.items() if when == start):
            starts[path] = start
    reading: _Reading | None = None
    for path in sorted(starts, key=lambda one: (starts[one], one.name)):
        if reading is not None and starts[path] < reading.last - OVERLAP:
            yield _captured(reading, site, vantage, around)
            reading = None
        reading = reading or _Reading(Walk())
        reading.add(path, progress)
    if reading is not None:
        yield _captured(reading, site, vantage, around)


def _same(path: Path, other: Path) -> bool:
    """Whether two files hold the same bytes: one capture, given twice."""
    alike = path.stat().st_size == other.stat().st_size
    return alike and filecmp.cmp(path, other, shallow=False)


def _start(path: Path) -> int:
    """The time of the first packet; 0 for a capture without any."""
    batch = next(CaptureFile(path).batches(), None)
    return batch.times[0] if batch is not None else 0


def _captured(reading: _Reading, site: str, vantage: str, around: Around) -> Capture:
    walk, files, names = reading.walk, reading.files, reading.names
    walk.finish()
    digests = " ".join(file.digest for file in files)
    scan = str(uuid.uuid5(NAMESPACE, f"capture {site} {digests}"))
    name = vantage or (names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}")
    conclusions = Conclusions(walk, Origin(site, scan, name), around.maps, around.own)
    notes = dict(walk.unread) | _undecoded(walk)
    if empty := sum(file.empty for file in files):
        notes["empty records"] = empty
    if undescribed := sum(file.undescribed for file in files):
        notes["packets of an interface that the file does not describe"] = undescribed
    summary = {
        "format": "untrap-capture",
        "file": ", ".join(names),
        "sha256": digests,
        "packets": walk.packets,
        "bytes": walk.octets,
        "hosts": len(walk.hosts),
        "conversations": len(walk.conversations),
        "problem": reading.problem,
        "not_looked_into": notes,
    }
    record = Scan(
        id=scan,
        site=site,
        vantage=name,
        started=moment(reading.first) if reading.first else datetime(1970, 1, 1, tzinfo=UTC),
        finished=moment(reading.last) if reading.last else None,
        targets=tuple(names),
        depth="capture",
        status="part" if reading.problem else "done",
        summary=summary,
    )
    told = tuple(sorted(notes.items(), key=lambda note: (-note[1], note[0])))
    return Capture(record, conclusions, walk.packets, reading.problem, told)


def _undecoded(walk: Walk) -> dict[str, int]:
    """Packets of services that no decoder knew, by port: seen, and not taken for anything."""
    count: Counter[str] = Counter()
    for conversation in walk.conversations.values():
        if conversation.passive is None and conversation.answered:
            where = f"{conversation.transport}/{conversation.port}"
            count[f"{where} (seen, not decoded)"] += conversation.asked + conversation.answered
    return dict(count.most_common(PORTS))


def read(
    paths: Sequence[Path],
    site: str = "default",
    vantage: str = "",
    progress: Progress | None = None,
) -> Iterator[Observation]:
    """The observations of all files, for who needs no more."""
    for capture in read_files(paths, site, vantage, progress):
        yield from capture.stream()


__all__ = ["Around", "Capture", "CaptureError", "read", "read_file", "read_files"]
