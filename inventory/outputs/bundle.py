"""A bundle: everything recorded of a site in one file, for another inventory.

    manifest.json          format, site, scans, and the digest of each other entry
    observations.ndjson    one observation a line, with the bytes that were kept
    declarations.ndjson    one statement a line

One rule keeps it simple: it carries the tables of record and nothing derived, line by line, so
that importing it ends where the scan itself would have ended. It holds no secret: none is stored.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from inventory.outputs import Format
from inventory.store import codec
from protocols.contract import Observation

if TYPE_CHECKING:
    from inventory.outputs import Request
    from inventory.store import Store

KIND, VERSION = "untrap-bundle", 1
MANIFEST, OBSERVATIONS, DECLARATIONS = "manifest.json", "observations.ndjson", "declarations.ndjson"


def write(store: Store, request: Request) -> str:
    """Writes the bundle; streams. Raises ValueError without a file, and when it is to be redacted:
    pseudonyms would break the identity of what it carries."""
    if request.redact:
        raise ValueError("a bundle carries the records themselves; redact csv or json instead")
    if request.output is None:
        raise ValueError("a bundle needs a file; add -o site.untrap.zip")
    with zipfile.ZipFile(request.output, "w", zipfile.ZIP_DEFLATED) as bundle:
        entries = {
            OBSERVATIONS: _entry(bundle, OBSERVATIONS, map(line, store.observations(raw=True))),
            DECLARATIONS: _entry(bundle, DECLARATIONS, _declarations(store)),
        }
        scans = [codec.scan_row(scan) for scan in store.scans()]
        manifest = {
            "format": KIND,
            "version": VERSION,
            "site": store.site,
            "made": codec.stamp(request.now or datetime.now(UTC)),
            "tool": _version(),
            "scans": scans,
            "entries": entries,
        }
        bundle.writestr(MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=True))
    count = entries[OBSERVATIONS]["lines"]
    return f"{count} observations of {len(scans)} scans written to {request.output}"


def _version() -> str:
    try:
        return version("untrap")
    except PackageNotFoundError:
        return ""


def line(one: Observation) -> codec.Row:
    """An observation as a bundle carries it."""
    row = codec.observation_row(one)
    return row | {"raw": base64.b64encode(one.raw).decode("ascii")} if one.raw else row


def _declarations(store: Store) -> Iterator[codec.Row]:
    now = datetime.now(UTC)
    return (codec.declaration_row(one, now) for one in store.ever_stated())


def _entry(bundle: zipfile.ZipFile, name: str, rows: Iterable[codec.Row]) -> dict[str, object]:
    digest, count, size = hashlib.sha256(), 0, 0
    with bundle.open(name, "w", force_zip64=True) as file:
        for row in rows:
            text = json.dumps(row, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"
            digest.update(text)
            file.write(text)
            count, size = count + 1, size + len(text)
    return {"sha256": digest.hexdigest(), "lines": count, "bytes": size}


FORMAT = Format("bundle", "observations and declarations, for another inventory", write, ("key",))
