"""`untrap assets`: what is known, one asset a line."""

from __future__ import annotations

import click

from scanner.cli import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option(
    "--kind", type=click.Choice(["device", "equipment"]), default=None, help="Only this kind."
)
@click.pass_obj
def command(settings: Settings, as_json: bool, kind: str | None) -> None:
    """List the inventory: devices by address, equipment by tag.

    \b
    Example:  untrap assets --kind device
    """
    from inventory.outputs import records
    from scanner.console import lines, next_step, note, table
    from scanner.opening import concluded

    with concluded(settings) as store:
        found = store.assets(kind or "")
        if as_json:
            lines(map(records.asset, found))
            return
        count = table(
            ("Address", "Name", "What", "Level", "Category"), map(_row, map(records.asset, found))
        )
    if count:
        note(f"{count} assets")
        next_step("gaps", why="what stands in the way of their data")
    else:
        note(f"no assets at site {store.site!r} yet")
        next_step("scan", "TARGET")


def _row(one: dict[str, object]) -> tuple[object, ...]:
    level = one["level"]
    low, high = (level["lo"], level["hi"]) if isinstance(level, dict) else (None, None)
    shown = "?" if low is None else str(low) if low == high else f"{low}-{high}"
    addresses = one["addresses"]
    first = addresses[0] if isinstance(addresses, list) and addresses else one.get("tag") or ""
    where = f"{first} {one['part']}".strip()
    words = (one["vendor"], one["product"] or one.get("model"))
    what = " ".join(str(word) for word in words if word) or one.get("class", "")
    return (where, one["name"], what, shown, one["category"])
