"""`untrap set`: a person's word about an asset, over a scan's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from scanner.cli import Settings

if TYPE_CHECKING:
    from inventory.model import Declaration
    from inventory.store import Store
    from inventory.store.reading import Asset


@click.command()
@click.argument("asset")
@click.argument("fields", nargs=-1, required=True, metavar="FIELD=VALUE…")
@click.pass_obj
def command(settings: Settings, asset: str, fields: tuple[str, ...]) -> None:
    """State fields of ASSET by hand; they survive every rescan.

    For a machine, monitored_by=DEVICE confirms or adds the device that monitors it.

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
        if device := stated.pop(LINK, ""):
            store.declare([_link(store, one, device)])
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
        said = [f"{n} is {v!r}" for n, v in stated.items()]
        said += [f"monitored by {device}"] if device else []
        note(f"{describe(one)}: " + ", ".join(said))
        next_step("show", key[:8])


MAC = re.compile(r"[0-9A-Fa-f]{2}(?:[:.-]?[0-9A-Fa-f]{2}){5}")
LINK = "monitored_by"
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
    LINK,
)


def _link(store: Store, one: Asset, device: str) -> Declaration:
    """The statement that a device monitors a machine: what confirms a proposed link.

    Raises click.UsageError where the one is no machine or the other no device.
    """
    from inventory.model import Device, Kind
    from scanner.opening import the_asset
    from scanner.statements import by_hand

    found = the_asset(store, device).thing
    if isinstance(one.thing, Device) or not isinstance(found, Device):
        raise click.UsageError(f"{LINK} links a machine to a device: untrap set TAG {LINK}=DEVICE")
    tag = one.thing.tag
    fields = {"equipment": tag, "device": found.key}
    return by_hand(Kind.LINK, store.site, f"{tag} | {found.key} |  | ", fields)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or name not in FIELDS:
        raise click.UsageError(f"{text!r}; write FIELD=VALUE with one of {', '.join(FIELDS)}")
    if name == LINK and not value:
        raise click.UsageError(f"{LINK} names the device that monitors the machine; state one")
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
