"""`untrap sites`: the sites of this inventory."""

from __future__ import annotations

import click

from scanner.cli import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def command(settings: Settings, as_json: bool) -> None:
    """List the sites, with their scans and the newest one.

    \b
    Example:  untrap sites
    """
    from inventory.outputs.records import time
    from scanner.console import lines, next_step, table
    from scanner.opening import opened

    found: list[dict[str, object]] = []
    with opened(settings) as store:
        for name in store.sites():
            scans = store.scans(name)
            last = max((scan.started for scan in scans), default=None)
            found.append({"site": name, "scans": len(scans), "last_scan": time(last)})
    if as_json:
        lines(found)
        return
    table(("Site", "Scans", "Last scan"), (tuple(one.values()) for one in found))
    next_step("assets", why="--site NAME names another one")
