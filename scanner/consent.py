"""Consent and the safety refusals that come before the first packet (safety.md 3)."""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, time, timedelta

import click

from scanner.planning.cost import Total
from scanner.planning.lines import table
from scanner.planning.options import Conditions
from scanner.planning.prepare import Prepared
from scanner.program import ours
from scanner.wire.neighbours import links
from scanner.wire.record import RecordError
from scanner.wire.record import check as check_recording

REFUSED = 5
DURATION = re.compile(r"(?:([0-9]+\.?[0-9]*)h)?(?:([0-9]+\.?[0-9]*)m)?(?:([0-9]+\.?[0-9]*)s?)?")


class Refusal(click.ClickException):
    """A safety rule refuses the scan: exit code 5."""

    exit_code = REFUSED


def refuse(prepared: Prepared, yes: bool, own_lab: bool) -> None:
    """Raises `Refusal` where no answer of a person could make this scan right.

    Comes before anything that is only badly written: a refusal is the graver of the two ends.
    """
    local = loopback_only(prepared)
    if prepared.profile.name == "bench" and not (local or own_lab):
        raise Refusal("profile bench is for loopback or, with --i-own-this-lab, your own lab")
    if not (local or yes or sys.stdin.isatty()):
        raise Refusal(
            f"nobody is there to confirm: look at the plan (`{ours('plan')}` …), then add --yes"
        )


def ask(prepared: Prepared, planned: Mapping[str, Total], yes: bool) -> None:
    """Show the plan and have it confirmed. Raises `Refusal`."""
    if yes or loopback_only(prepared):
        return
    click.echo("\n".join(table(prepared, planned)), err=True)
    if _beyond_default_route(prepared):
        click.echo(
            "Some targets lie behind the default route: is this the right network?", err=True
        )
    if not click.confirm("Send this?", default=False, err=True):
        raise Refusal("not confirmed; nothing was sent")


def loopback_only(prepared: Prepared) -> bool:
    """Whether every target is on this machine, and nothing leaves on layer 2."""
    if prepared.layer2.sends:
        return False
    return all(end.is_loopback for end in _ends(prepared))


def check(held: Conditions) -> None:
    """Raises `click.UsageError` for a condition that no run could be held under."""
    if held.window:
        with suppress(Refusal):  # closed now, open when the scan is run
            window(held.window, datetime.now().astimezone())
    if held.max_time:
        seconds(held.max_time)
    if held.record is not None:
        try:
            check_recording(held.record)
        except RecordError as error:
            raise click.UsageError(f"--record {error}") from error


def window(text: str, now: datetime) -> float | None:
    """Seconds until the window "HH:MM-HH:MM" (local time) closes; None for no window.

    Raises `click.UsageError` for another form and `Refusal` when the window is closed now.
    """
    if not text:
        return None
    try:
        opens, closes = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError as error:
        raise click.UsageError(f"--window {text!r}: HH:MM-HH:MM, as in 22:00-05:30") from error
    start = datetime.combine(now.date(), opens, now.tzinfo)
    end = datetime.combine(now.date(), closes, now.tzinfo)
    if end <= start:  # over midnight
        if now < end:
            start -= timedelta(days=1)
        else:
            end += timedelta(days=1)
    if not start <= now < end:
        raise Refusal(f"the window {text} is closed now ({now:%H:%M}); nothing was sent")
    return (end - now).total_seconds()


def windows(flag: str, of_site: Sequence[str], now: datetime) -> float | None:
    """The same for the flag, else for the site file's windows: one of them must be open now."""
    if flag or not of_site:
        return window(flag, now)
    refused: Refusal | None = None
    for text in of_site:
        try:
            return window(text, now)
        except Refusal as refusal:
            refused = refusal
    raise Refusal(f"{refused.message if refused else ''} (windows of the site file)")


def seconds(text: str) -> float:
    """ "40m", "90s", "1h30m" or plain seconds. Raises `click.UsageError`."""
    found = DURATION.fullmatch(text.strip())
    if found is None:
        raise click.UsageError(f"--max-time {text!r}: as in 40m, 90s or 1h30m")
    total = sum(
        float(number or 0) * unit
        for number, unit in zip(found.groups(), (3_600, 60, 1), strict=True)
    )
    if total <= 0:
        raise click.UsageError(f"--max-time {text!r}: more than zero, as in 40m")
    return total


def _beyond_default_route(prepared: Prepared) -> bool:
    known = links()
    return any(not known.on_link(str(end)) and not end.is_loopback for end in _ends(prepared))


def _ends(prepared: Prepared) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """First and last address of each range, and the hosts of single services."""
    scope = prepared.scope
    ends = [_address(r.version, end) for r in scope.remaining() for end in (r.first, r.last)]
    return ends + [ipaddress.ip_address(service.address) for service in scope.services]


def _address(version: int, number: int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number)
