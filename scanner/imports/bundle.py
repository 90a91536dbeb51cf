"""`untrap import bundle FILE`: the records of another inventory enter this one.

One rule keeps it simple: nothing is stored before every byte was read once and agreed with the
manifest; what is stored has an id of its content, so that a second import adds nothing.

A bundle is untrusted: names, sizes, ratio, line lengths and types are checked before use.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from inventory.model import Declaration, Scan
from inventory.outputs.bundle import DECLARATIONS, FORMAT, MANIFEST, OBSERVATIONS, VERSION
from inventory.store import codec
from protocols.contract import RAW_BYTES, Observation, digest

if TYPE_CHECKING:
    from inventory.store import Store
    from scanner.cli import Settings

SIGNATURE = "manifest.sig"
NAMES = {MANIFEST, OBSERVATIONS, DECLARATIONS, SIGNATURE}
MOST_MANIFEST = 64 << 20
MOST_LINE = 8 << 20
MOST_BYTES = 8 << 30
MOST_RATIO = 200  # observations compress 10 to 30 times; a bomb thousands of times
STEP = 2000


class BundleError(ValueError):
    """The bundle is damaged, was changed, or is not safe to read."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself."""

    site: str
    scans: tuple[Scan, ...]
    entries: Mapping[str, Mapping[str, object]]
    raw: bytes


def run(settings: Settings, file: Path) -> None:
    """Import one bundle (`untrap import bundle FILE`)."""
    from scanner.console import next_step, note
    from scanner.imports.bundle_key import accept
    from scanner.opening import opened

    try:
        with zipfile.ZipFile(file) as bundle:
            manifest = checked(bundle)
            signed = accept(bundle, manifest, settings)
            there = replace(settings, site=manifest.site, config=None)
            with opened(there, create=True) as store:
                new, stated = take(store, bundle, manifest)
    except BundleError as error:
        raise click.UsageError(f"{file.name}: {error}; nothing was imported") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise click.UsageError(f"{file.name} is no bundle: {error}") from error
    except OSError as error:
        raise click.UsageError(f"{file}: {error.strerror or error}") from error
    note(f"{file.name}: site {manifest.site!r}, {new} new observations, {stated} new statements")
    note(signed)
    next_step("gaps", settings=there)


def checked(bundle: zipfile.ZipFile) -> Manifest:
    """The manifest, when the whole bundle agrees with it. Raises `BundleError`."""
    infos = bundle.infolist()
    names = [info.filename for info in infos]
    if len(set(names)) != len(names) or not {MANIFEST, OBSERVATIONS, DECLARATIONS} <= set(names):
        raise BundleError(f"expected {MANIFEST}, {OBSERVATIONS} and {DECLARATIONS}, each once")
    if extra := set(names) - NAMES:
        raise BundleError(f"holds {sorted(extra)[0][:80]!r}, which no bundle has")
    if sum(info.file_size for info in infos) > MOST_BYTES:
        raise BundleError(f"is larger than {MOST_BYTES >> 30} GB unpacked: not read")
    for info in infos:
        if info.file_size > max(1 << 20, MOST_RATIO * info.compress_size):
            raise BundleError(f"{info.filename} unpacks to too much for its size: not read")
    manifest = _manifest(bundle)
    for name in (OBSERVATIONS, DECLARATIONS):
        found, lines = hashlib.sha256(), 0
        for text in _lines(bundle, name):
            found.update(text)
            lines += 1
        entry = manifest.entries.get(name, {})
        if found.hexdigest() != entry.get("sha256") or lines != entry.get("lines"):
            raise BundleError(f"{name} was changed: its digest is not the manifest's")
    return manifest


def _manifest(bundle: zipfile.ZipFile) -> Manifest:
    with bundle.open(MANIFEST) as file:
        raw = file.read(MOST_MANIFEST + 1)
    if len(raw) > MOST_MANIFEST:
        raise BundleError("its manifest is too long: not read")
    try:
        given = json.loads(raw)
        if given["format"] != FORMAT:
            raise BundleError(f"format {str(given['format'])[:40]!r}, expected {FORMAT}")
        if given["version"] != VERSION:
            version = str(given["version"])[:20]
            raise BundleError(f"version {version} is not known; this program reads {VERSION}")
        site = given["site"]
        scans = tuple(codec.scan_value(row) for row in given["scans"])
        entries = {str(name): dict(entry) for name, entry in given["entries"].items()}
    except BundleError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BundleError(f"its manifest is malformed ({type(error).__name__})") from error
    if not isinstance(site, str) or not site or any(scan.site != site for scan in scans):
        raise BundleError("its manifest names no site, or scans of another one")
    return Manifest(site, scans, entries, raw)


def _lines(bundle: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """The lines of an entry, never more than the directory announces."""
    left = bundle.getinfo(name).file_size
    with bundle.open(name) as file:
        while text := file.readline(MOST_LINE + 1):
            left -= len(text)
            if len(text) > MOST_LINE or left < 0:
                raise BundleError(f"{name} has a line that is too long: not read")
            yield text


def take(store: Store, bundle: zipfile.ZipFile, manifest: Manifest) -> tuple[int, int]:
    """Stores what is new; returns how many observations and statements that were."""
    known = {scan.id for scan in store.scans()}
    ids = {scan.id for scan in manifest.scans}
    for scan in manifest.scans:
        if scan.id not in known:
            store.begin_scan(scan)
    stated = store.declare(_declaration(text, manifest) for text in _lines(bundle, DECLARATIONS))
    new, step = 0, list[Observation]()
    for text in _lines(bundle, OBSERVATIONS):
        step.append(_observation(text, manifest, ids))
        if len(step) >= STEP:
            new += store.append(step)
            step.clear()
    new += store.append(step)
    for scan in manifest.scans:
        if scan.id not in known:
            store.finish_scan(scan)
    return new, stated


def _row(text: bytes) -> dict[str, object]:
    row = json.loads(text)
    if not isinstance(row, dict):
        raise BundleError("a line is no object")
    return cast("dict[str, object]", row)


_WRONG = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
_NUMBERS = {"port": int, "sequence": int, "tries": int, "duration_seconds": (int, float)}


def _observation(text: bytes, manifest: Manifest, scans: set[str]) -> Observation:
    try:
        row = _row(text)
        raw = base64.b64decode(str(row.get("raw", "")), validate=True)
        for name in codec.OBSERVATION_COLUMNS:
            good = _NUMBERS.get(name, (int, type(None)) if name == "items" else str)
            if not isinstance(row[name], good) or isinstance(row[name], bool):  # type: ignore[arg-type]
                raise BundleError(f"{name} of an observation has the wrong type")
        one = codec.observation([row[name] for name in codec.OBSERVATION_COLUMNS], raw)
        found = one.id
    except BundleError:
        raise
    except (*_WRONG, binascii.Error) as error:
        raise BundleError(f"an observation is malformed ({type(error).__name__})") from error
    if one.target.site != manifest.site or one.scan not in scans:
        raise BundleError("an observation is of another site, or of a scan that is not listed")
    if found != row["id"]:
        raise BundleError("an observation does not agree with its id")
    if len(raw) > RAW_BYTES or (raw and len(raw) < RAW_BYTES and digest(raw) != one.digest):
        raise BundleError("the bytes of an answer do not agree with their digest")
    return one


def _declaration(text: bytes, manifest: Manifest) -> Declaration:
    try:
        row = _row(text)
        one = codec.declaration_value(row)
        if not all(isinstance(v, str) for pair in one.fields.items() for v in pair):
            raise BundleError("a statement holds something that is no text")
        found = one.id
    except BundleError:
        raise
    except _WRONG as error:
        raise BundleError(f"a statement is malformed ({type(error).__name__})") from error
    if one.site != manifest.site or found != row["id"]:
        raise BundleError("a statement is of another site, or does not agree with its id")
    return one
