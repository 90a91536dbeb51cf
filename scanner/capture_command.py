"""`untrap import pcap`: one capture file into the inventory.

One rule keeps it simple: reading is `scanner.capture_import`; this stores and tells.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from scanner.capture_import import CaptureError, read_file
from scanner.cli import Settings
from scanner.console import next_step, note
from scanner.opening import opened, site_name

STEP = 2_000
"""Observations in one transaction."""


def run(settings: Settings, path: Path) -> None:
    """Imports one capture; importing it again changes nothing."""
    try:
        found = read_file(path, site_name(settings))
    except CaptureError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror or error}") from error
    new = 0
    with opened(settings, create=True) as store:
        store.begin_scan(found.scan)
        for start in range(0, len(found.observations), STEP):
            new += store.append(found.observations[start : start + STEP])
        store.finish_scan(replace(found.scan, finished=found.scan.finished or found.scan.started))
    note(f"{path.name}: {found.packets} packets, {len(found.observations)} observations, {new} new")
    for text, count in found.notes:
        note(f"not looked into: {text}, {count} times")
    if found.problem:
        note(f"read in part: {found.problem}")
    next_step("untrap assets")
