"""`untrap points`: what can be read, with value and meaning."""

from __future__ import annotations

from collections.abc import Iterator

import click

from scanner.cli import Settings


@click.command()
@click.argument("asset", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def command(settings: Settings, asset: str | None, as_json: bool) -> None:
    """List readable points of one ASSET (key, tag, name, address, MAC, serial), or of all.

    \b
    Example:  untrap points 127.11.1.1
    """
    from inventory.model import Device
    from inventory.outputs import records
    from scanner.console import lines, next_step, note, table
    from scanner.opening import concluded, the_asset

    with concluded(settings) as store:
        if asset is not None:
            thing = the_asset(store, asset).thing
            if not isinstance(thing, Device):
                names = ", ".join(link.device for link in thing.links) or "none is linked"
                raise click.UsageError(f"{thing.tag} is equipment; ask for its devices: {names}")
            evidences = iter([store.evidence(thing)])
        else:
            evidences = store.evidences()

        def found() -> Iterator[dict[str, object]]:
            for one in evidences:
                if one.points:
                    yield from records.points(one, store.signals(one.device.key))

        if as_json:
            lines(found())
            return
        shown = ("asset_name", "part", "address", "name", "value", "unit", "signal")
        count = table(
            ("Asset", "Part", "Address", "Name", "Value", "Unit", "Signal"),
            ([_shown(name, one[name]) for name in shown] for one in found()),
        )
    note(f"{count} points")
    next_step(*(["gaps"] if count else ["scan", "TARGET", "--depth", "points"]))


def _shown(name: str, value: object) -> object:
    """A value of the table as people read it; `--json` keeps the device's own text."""
    from inventory.signals.units import spoken

    return spoken(str(value)) if name == "unit" and value else value
