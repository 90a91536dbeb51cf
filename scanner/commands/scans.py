"""`untrap scans`: what was run, when, from where and how it ended."""

from __future__ import annotations

import click

from scanner.cli import Settings

IMPORTED = frozenset({"capture", "nmap"})
"""Depths of what was imported: nothing to resume."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def command(settings: Settings, as_json: bool) -> None:
    """List the scans and imports of the site, oldest first.

    \b
    Example:  untrap scans
    """
    from inventory.outputs.records import time
    from scanner.console import lines, next_step, table
    from scanner.opening import at_site

    with at_site(settings) as store:
        found = store.scans()
    if as_json:
        lines(
            {
                "scan": one.id,
                "site": one.site,
                "vantage": one.vantage,
                "started": time(one.started),
                "finished": time(one.finished),
                "status": one.status,
                "depth": one.depth,
                "profile": one.profile,
                "interface": one.interface,
                "source_address": one.source_address,
                "targets": list(one.targets),
                "excluded": list(one.excluded),
                "summary": dict(one.summary),
            }
            for one in found
        )
        return
    rows = (
        (one.id[:8], time(one.started), one.status, one.depth, one.vantage, " ".join(one.targets))
        for one in found
    )
    table(("Scan", "Started", "Status", "Depth", "Vantage", "Targets"), rows)
    imported = [one for one in found if one.depth in IMPORTED]
    interrupted = [
        one
        for one in found
        if one.status in ("running", "interrupted", "part") and one not in imported
    ]
    halves = [one for one in imported if one.status == "running" and one.targets]
    if halves:
        next_step("import", "pcap", *halves[-1].targets, why="that import was interrupted")
    elif interrupted:
        next_step("scan", "--resume", interrupted[-1].id[:8], why="it did not end by itself")
    else:
        next_step(*(["assets"] if found else ["scan", "TARGET"]))
