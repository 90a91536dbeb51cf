"""`untrap diff`: what changed between two scans."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

import click

from scanner.cli import Settings
from scanner.program import ours

if TYPE_CHECKING:
    from inventory.diff import Difference
    from inventory.model import Scan


@click.command()
@click.argument("earlier", required=False, metavar="[SCAN]")
@click.argument("later", required=False, metavar="[SCAN]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def command(settings: Settings, earlier: str | None, later: str | None, as_json: bool) -> None:
    """Say what appeared, vanished, moved, changed, opened and closed between two scans.

    Without a scan: the last two. With one: from that to the last. A scan is named by the
    beginning of its id; `untrap scans` lists them.

    \b
    Example:  untrap diff
    """
    from inventory.diff import between
    from inventory.store.rulebook import changes
    from scanner.console import lines, next_step, note
    from scanner.opening import at_site

    with at_site(settings) as store:
        first, last = chosen(store.scans(), earlier, later)
        try:
            found = between(store, first.id, last.id)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        otherwise = len(changes(store))
    if as_json:
        lines(one.line() for one in found)
    else:
        rows(found)
    note(last_line(found, first, last))
    if otherwise:
        told, are = ("change", "is") if otherwise == 1 else ("changes", "are")
        note(f"both are judged by today's rules; {otherwise} {told} by other versions of rules"
             f" {are} not among these: {ours('rules', '--changes')}")  # fmt: skip
    next_step("gaps")


def chosen(scans: list[Scan], earlier: str | None, later: str | None) -> tuple[Scan, Scan]:
    """The two scans that are meant. Raises a usage error that names a good value."""
    if len(scans) < 2:
        raise click.UsageError(
            f"{len(scans)} scan{'' if len(scans) == 1 else 's'} so far; two are needed:"
            f" {ours('scan', 'TARGET')}"
        )
    first = _named(scans, earlier) if earlier else scans[-2]
    last = _named(scans, later) if later else scans[-1]
    if scans.index(first) >= scans.index(last):
        raise click.UsageError(f"name the earlier scan first: {ours('diff', 'EARLIER', 'LATER')}")
    return first, last


def _named(scans: list[Scan], text: str) -> Scan:
    found = [one for one in scans if one.id.startswith(text.lower())]
    if len(found) == 1:
        return found[0]
    state = f"{len(found)} scans begin with" if found else "no scan begins with"
    have = ", ".join(one.id[:8] for one in scans[-5:])
    raise click.UsageError(f"{state} {text!r}; the last ones are {have}")


WORDS = {
    "appeared": "appeared",
    "vanished": "vanished",
    "unknown": "not asked again",
    "moved": "moved",
    "firmware": "firmware changed",
    "changed": "changed",
    "service_opened": "services that opened",
    "service_closed": "services that closed",
    "gap_opened": "gaps that opened",
    "gap_closed": "gaps that closed",
    "gap_unknown": "gaps of which nothing can be said any more",
}
"""What a kind of change is called in a heading."""


def rows(found: Iterable[Difference]) -> None:
    """Each kind of change under a heading; the asset, and beneath it what changed and why."""
    from scanner.console import say

    for kind, group in groupby(found, key=lambda one: one.kind.value):
        several = list(group)
        say(f"{WORDS[kind]} ({len(several)})")
        for name, same in groupby(several, key=lambda one: one.name):
            say(f"  {name}")
            for one in same:
                say(f"    {one.text}")


def last_line(found: list[Difference], first: Scan, last: Scan) -> str:
    """How much changed between which two scans."""
    from collections import Counter

    span = f"{first.id[:8]} ({first.started:%Y-%m-%d %H:%M}) and {last.id[:8]}"
    span += f" ({last.started:%Y-%m-%d %H:%M})"
    if not found:
        return f"nothing changed between {span}"
    count = Counter(one.kind.value.replace("_", " ") for one in found)
    shown = ", ".join(f"{number} {name}" for name, number in count.items())
    return f"between {span}: {shown}"
