"""`untrap import bundle FILE`: the records of another inventory enter this one.

One rule keeps it simple: nothing is stored before every byte was read once and agreed with the
manifest; what is stored has an id of its content, so that a second import adds nothing.

Types of what the lines hold are checked here, before use; the file itself by `bundle_file`.
"""

from __future__ import annotations

import base64
import binascii
import json
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from inventory.model import Declaration
from inventory.outputs.bundle import DECLARATIONS, OBSERVATIONS
from inventory.store import codec
from protocols.contract import RAW_BYTES, Observation, digest
from scanner.imports.bundle_file import BundleError, Manifest, checked, lines

if TYPE_CHECKING:
    from inventory.store import Store
    from scanner.cli import Settings

STEP = 2000


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


def take(store: Store, bundle: zipfile.ZipFile, manifest: Manifest) -> tuple[int, int]:
    """Stores what is new; returns how many observations and statements that were."""
    known = {scan.id for scan in store.scans()}
    ids = {scan.id for scan in manifest.scans}
    for scan in manifest.scans:
        if scan.id not in known:
            store.begin_scan(scan)
    stated = store.declare(_declaration(text, manifest) for text in lines(bundle, DECLARATIONS))
    new, step = 0, list[Observation]()
    for text in lines(bundle, OBSERVATIONS):
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
