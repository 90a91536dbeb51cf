"""`untrap set`: a person's word about an asset, over a scan's."""

from __future__ import annotations

import re

import click

from scanner.cli import Settings


@click.command()
@click.argument("asset")
@click.argument("fields", nargs=-1, required=True, metavar="FIELD=VALUE…")
@click.pass_obj
def command(settings: Settings, asset: str, fields: tuple[str, ...]) -> None:
    """State fields of ASSET by hand; they survive every rescan.

    \b
    Example:  untrap set 127.11.1.1 owner="A. Weber" criticality=C3
    """
    from inventory.conclude import conclude
    from inventory.model import Kind
    from scanner.console import next_step, note
    from scanner.opening import concluded, describe, the_asset
    from scanner.statements import by_hand

    stated: dict[str, str] = {}
    for name, value in map(_pair, fields):
        if stated.setdefault(name, value) != value:
            raise click.UsageError(f"{name} is {stated[name]!r} and {value!r}; state it once")
    with concluded(settings) as store:
        one = the_asset(store, asset)
        key = one.thing.key
        store.declare(
            by_hand(
                Kind.FIELD,
                store.site,
                f"{key} {name}",
                {"asset": key, "name": name, "value": value},
            )
            for name, value in stated.items()
        )
        conclude(store)
        note(f"{describe(one)}: " + ", ".join(f"{n} is {v!r}" for n, v in stated.items()))
        next_step("show", key[:8])


MAC = re.compile(r"[0-9A-Fa-f]{2}(?:[:.-]?[0-9A-Fa-f]{2}){5}")
FIELDS = (
    "name",
    "role",
    "vendor",
    "product",
    "model",
    "firmware",
    "hardware",
    "serial",
    "mac",
    "area",
    "line",
    "criticality",
    "redundancy",
    "owner",
    "class",
)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or name not in FIELDS:
        raise click.UsageError(f"{text!r}; write FIELD=VALUE with one of {', '.join(FIELDS)}")
    if name == "criticality" and value not in ("", "C1", "C2", "C3"):
        raise click.UsageError(f"criticality {value!r}; write C1 (low), C2 (medium) or C3 (high)")
    if name == "redundancy" and value not in ("", "A", "B", "C"):
        raise click.UsageError(f"redundancy {value!r}; write A, B or C")
    if name == "mac" and value:
        from inventory.derive.identity import plain_mac

        if not MAC.fullmatch(value) or not plain_mac(value):
            raise click.UsageError(
                f"mac {value!r} is no hardware address of a device; write it like 00:1d:9c:c7:b0:70"
            )
    return name, value
