"""The file of a bundle: its manifest and its lines, read within bounds.

One rule keeps it simple: every byte was read once and agreed with the manifest before `checked`
returns. A bundle is untrusted: names, sizes, ratio and line lengths are checked before use.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inventory.model import Scan
from inventory.outputs.bundle import DECLARATIONS, KIND, MANIFEST, OBSERVATIONS, VERSION
from inventory.store import codec

SIGNATURE = "manifest.sig"
NAMES = {MANIFEST, OBSERVATIONS, DECLARATIONS, SIGNATURE}
MOST_MANIFEST = 64 << 20
MOST_LINE = 8 << 20
MOST_BYTES = 8 << 30
MOST_RATIO = 200  # observations compress 10 to 30 times; a bomb thousands of times


class BundleError(ValueError):
    """The bundle is damaged, was changed, or is not safe to read."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself."""

    site: str
    scans: tuple[Scan, ...]
    entries: Mapping[str, Mapping[str, object]]
    raw: bytes


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
        found, count = hashlib.sha256(), 0
        for text in lines(bundle, name):
            found.update(text)
            count += 1
        entry = manifest.entries.get(name, {})
        if found.hexdigest() != entry.get("sha256") or count != entry.get("lines"):
            raise BundleError(f"{name} was changed: its digest is not the manifest's")
    return manifest


def _manifest(bundle: zipfile.ZipFile) -> Manifest:
    with bundle.open(MANIFEST) as file:
        raw = file.read(MOST_MANIFEST + 1)
    if len(raw) > MOST_MANIFEST:
        raise BundleError("its manifest is too long: not read")
    try:
        given = json.loads(raw)
        if given["format"] != KIND:
            raise BundleError(f"format {str(given['format'])[:40]!r}, expected {KIND}")
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


def lines(bundle: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """The lines of an entry, never more than the directory announces."""
    left = bundle.getinfo(name).file_size
    with bundle.open(name) as file:
        while text := file.readline(MOST_LINE + 1):
            left -= len(text)
            if len(text) > MOST_LINE or left < 0:
                raise BundleError(f"{name} has a line that is too long: not read")
            yield text
