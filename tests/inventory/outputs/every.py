"""Every output of an inventory as text by file name, archives unpacked: what a canary must not
be in, what nothing may act in, and what the golden files are made of."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from inventory.outputs import Request, formats, load, report
from inventory.outputs.wot import dialects
from inventory.store import Store

ENDINGS = {"xlsx": ".xlsx", "servicenow": ".xlsx", "json": ".json", "maximo": ".csv"} | {
    "uns": ".csv",
    "walkdown": ".csv",
    "links": ".csv",
    "nmap-xml": ".xml",
    "bundle": ".zip",
    "neuron": ".json",
}
VARIANTS: dict[str, tuple[tuple[str, dict[str, str]], ...]] = {
    "csv": tuple((table, {}) for table in ("gaps", "questions", "assets", "points")),
    "wot": tuple((name, {"dialect": name}) for name in dialects()),
    "prometheus": tuple((f"style-{name}", {"style": name}) for name in ("0.23", "0.22")),
}


SHOWING = (
    *(("assets",), ("assets", "--json"), ("show", "ASSET"), ("show", "ASSET", "--json")),
    *(("points",), ("points", "--json"), ("gaps",), ("gaps", "--by", "fix"), ("gaps", "--json")),
    *(("questions",), ("questions", "--json"), ("readiness",), ("readiness", "--json")),
    *(("readiness", "--use-case", "predictive-maintenance"), ("diff",), ("diff", "--json")),
    *(("scans",), ("sites",), ("rules",), ("plan", "ASSET")),
    *(("export", "csv"), ("export", "csv", "--table", "assets"), ("export", "json")),
    *(
        ("export", "uns"),
        ("export", "walkdown"),
        ("export", "links"),
        ("export", "neuron"),
        ("export", "nmap-xml"),
    ),
)
"""Commands that print what is in an inventory; ASSET stands for the address of one."""
NOT_SHOWING = frozenset(
    {"scan", "import", "simulate", "demo", "doctor", "probes", "report"}  # files, or another plant
    | {"set", "merge", "split", "waive"}  # they repeat what the user typed
)
"""All other commands: a test holds that there is no further one."""


def outputs(
    store: Store, folder: Path, *, redact: bool = False, now: datetime | None = None
) -> Iterator[tuple[str, str]]:
    """Name and text of each file of each format and variant; a redacted bundle is refused, so
    there is none. The names are those that a user would see."""
    for name in formats():
        if name == "bundle" and redact:
            continue
        for variant, options in VARIANTS.get(name, (("", {}),)):
            place = folder / f"{name}{'-' if variant else ''}{variant}{ENDINGS.get(name, '')}"
            if name == "csv":
                place = place.with_suffix(".csv")
            load(name).write(store, Request(place, variant or "gaps", redact, options, now))
            yield from texts(place, folder)
    place = folder / "report.html"
    report.write(store, place, redact=redact, now=now)
    yield from texts(place, folder)


def texts(place: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """Name and text of each file at a place; the entries of a workbook or a bundle one by one."""
    files = [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file())
    for path in files:
        name = path.relative_to(folder).as_posix()
        if path.suffix in (".xlsx", ".zip"):
            with zipfile.ZipFile(path) as archive:
                for entry in sorted(archive.namelist()):
                    yield f"{name}/{entry}", archive.read(entry).decode("utf-8")
        else:
            yield name, path.read_bytes().decode("utf-8")
