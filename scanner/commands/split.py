"""`untrap split`: undo a merge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from scanner.cli import Settings

if TYPE_CHECKING:
    from inventory.model import Declaration, Device


@click.command()
@click.argument("asset")
@click.pass_obj
def command(settings: Settings, asset: str) -> None:
    """Undo the merges of ASSET, a person's and the program's; each part becomes its own asset.

    \b
    Example:  untrap split 127.11.1.1
    """
    from inventory.conclude import conclude
    from inventory.model import Device
    from scanner.console import next_step, note
    from scanner.opening import concluded, describe, the_asset
    from scanner.program import ours

    with concluded(settings) as store:
        one = the_asset(store, asset)
        thing = one.thing
        if not isinstance(thing, Device):
            raise click.UsageError(f"{thing.tag} is equipment and was never merged")
        statements = list(_statements(thing))
        if not statements:
            raise click.UsageError(
                f"{describe(one)} is not merged; `{ours('show', thing.key[:8])}` tells why not"
            )
        store.declare(statements)
        conclude(store)
        note(f"split {describe(one)}")
        next_step("assets")


def _statements(thing: Device) -> Iterator[Declaration]:
    """One statement per place that another one joined, and per key that was merged in."""
    from inventory.model import ELSEWHERE, Kind
    from scanner.statements import by_hand

    told = ("register row", ELSEWHERE)
    merged = [merge for merge in thing.merges if not merge.identity.startswith(told)]
    if not merged and not thing.aliases:
        return
    for merge in merged:
        if merge.identity.startswith("key:"):
            key = merge.identity.removeprefix("key:")
            fields = {"asset": key, "identity": merge.identity}
            yield by_hand(Kind.SPLIT, thing.site, key, fields)
    if any(not merge.identity.startswith("key:") for merge in merged):
        for address in thing.addresses[1:]:
            identity = f"at:{address} {thing.part}".strip()
            fields = {"asset": thing.key, "identity": identity}
            yield by_hand(Kind.SPLIT, thing.site, f"{thing.key} {identity}", fields)
