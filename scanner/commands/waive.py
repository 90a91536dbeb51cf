"""`untrap waive`: a person accepts a gap, with owner, reason and expiry."""

from __future__ import annotations

from datetime import UTC, date, datetime

import click

from inventory.model import Declaration, Finding, Kind
from scanner.cli import Settings
from scanner.console import next_step, say
from scanner.opening import concluded
from scanner.program import ours


@click.command()
@click.argument("finding")
@click.option("--owner", required=True, help="Who accepts it.")
@click.option("--reason", required=True, help="Why.")
@click.option("--until", required=True, metavar="YYYY-MM-DD", help="When it is looked at again.")
@click.pass_obj
def command(settings: Settings, finding: str, owner: str, reason: str, until: str) -> None:
    """Accept the gap with that id (or the beginning of it) until a day.

    \b
    Example:  untrap waive 1a2b3c4d --owner "J. Ito" --reason "closing" --until 2027-06-30
    """
    for option, text in (("--owner", owner), ("--reason", reason)):
        if not text.strip():
            raise click.UsageError(f"{option} {text!r} says nothing; as in {option} 'J. Ito, OT'")
    until = _day(until).isoformat()
    finding = finding.lower()
    with concluded(settings) as store:
        gap = _one(
            [item for item in store.findings() if finding and item.id.startswith(finding)], finding
        )
        fields = {"finding": gap.id, "owner": owner, "reason": reason, "expires": until}
        now = datetime.now(UTC)
        store.declare((Declaration(store.site, Kind.WAIVER, gap.id, fields, owner, time=now),))
    say(f"accepted until {until}: {gap.rule} {gap.asset_name}")
    next_step("gaps")


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{text!r} is no day; write it like 2027-06-30") from None
    if day < datetime.now(UTC).date():
        raise click.UsageError(f"{text} has passed; name a day to come")
    return day


def _one(found: list[Finding], text: str) -> Finding:
    if not found:
        raise click.UsageError(f"no gap has the id {text!r}; `{ours('gaps')}` lists them")
    if len(found) > 1:
        names = ", ".join(f"{item.id[:8]} {item.rule} {item.asset_name}" for item in found[:10])
        raise click.UsageError(f"{text!r} begins several ids: {names}")
    return found[0]
