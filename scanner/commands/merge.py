"""`untrap merge`: state that two assets are one."""

from __future__ import annotations

import click

from scanner.cli import Settings


@click.command()
@click.argument("asset")
@click.argument("other")
@click.pass_obj
def command(settings: Settings, asset: str, other: str) -> None:
    """State that ASSET and OTHER are one device; the older key stays, the other finds it too.

    \b
    Example:  untrap merge 127.11.1.1 127.11.1.2
    """
    from inventory.conclude import conclude
    from inventory.model import Device, Kind
    from scanner.console import next_step, note
    from scanner.opening import concluded, describe, the_asset
    from scanner.program import ours
    from scanner.statements import by_hand

    with concluded(settings) as store:
        pair = [the_asset(store, text) for text in (asset, other)]
        if not all(isinstance(one.thing, Device) for one in pair):
            raise click.UsageError("only devices are merged; equipment keeps the tag that it has")
        if pair[0].thing.key == pair[1].thing.key:
            raise click.UsageError(f"{asset!r} and {other!r} are one asset already")
        known = store.declarations(None, Kind.KEY)
        age = {one.fields["key"]: index for index, one in reversed(list(enumerate(known)))}
        pair.sort(key=lambda one: age.get(one.thing.key, len(age)))
        keep, drop = (one.thing.key for one in pair)
        fields = {"keep": keep, "drop": drop}
        store.declare([by_hand(Kind.MERGE, store.site, drop, fields)])
        conclude(store)
        note(f"kept   {describe(pair[0])}\nmerged {describe(pair[1])}")
        next_step("show", keep[:8], why=f"{ours('split', drop)} undoes it")
