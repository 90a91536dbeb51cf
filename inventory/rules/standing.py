"""What no rule flags, because a person declared it: a plant that stands still, a safety zone.

One rule keeps it simple: a statement about a device, its line, area or site counts until the day
that it names, and a safety function is offered nothing that touches it (domain model 3.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from inventory.judge.view import View
from inventory.model import Declaration

RESTING = frozenset(
    {"shutdown", "shut down", "plant shutdown", "maintenance", "maintenance window"}
    | {"out of service", "removed"}
)
"""Statements under which silence, old values and bad values are to be expected."""
RESTING_RULES = frozenset({"A01", "A02", "A08", "T06", "Q01", "Q02", "Q03", "Q12"})
"""Rules that rest on silence, on old values or on bad ones."""
REDUNDANT = re.compile(r"redundant(?: pair)?(?: with| of)?\b(?P<twin>.*)", re.IGNORECASE)
"""The statement that two assets serve one place together, and the twin where it names one."""
SAFETY = re.compile(r"(?<![a-z])(?:sis|safety|sil)(?![a-z])", re.IGNORECASE)


def resting(view: View) -> bool:
    """Whether the device, its line, area or site is declared shut down, until a day to come."""
    return any(_running(item, view) for item in _rests(view))


def resting_days(view: View) -> Iterator[date]:
    """The last days of what was declared of the device, its line, area or site."""
    return filter(None, map(_last_day, _rests(view)))


def _rests(view: View) -> Iterator[Declaration]:
    if not view.context.attested:
        return
    row = view.device.register
    places = (row.line, row.area, row.site) if row else ()
    stated = (*view.statements(), *view.context.statements(*(name for name in places if name)))
    last: dict[tuple[str, str], Declaration] = {}
    for item in stated:  # oldest first: a later word about the same counts
        word = item.fields.get("statement", "").strip().casefold()
        if word in RESTING:
            last[item.fields.get("subject", item.subject).casefold(), word] = item
    yield from last.values()


def _running(item: Declaration, view: View) -> bool:
    """Whether the day that the statement names is still to come; without a day it holds."""
    last = _last_day(item)
    return last is None or last >= view.context.today.date()


DAY = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)|(\d\d?)\.(\d\d?)\.(\d{4})")
"""A day as the machine writes it, and as people do: 2026-05-11, 11.05.2026."""


def _last_day(item: Declaration) -> date | None:
    """The last of the days that the value names ("4.5.2026 to 11.5.2026"); None for none."""
    return max(filter(None, map(_day, DAY.finditer(item.fields.get("value", "")))), default=None)


def _day(found: re.Match[str]) -> date | None:
    year, month, day, *written = found.groups()
    try:
        if year:
            return date(int(year), int(month), int(day))
        return date(*map(int, reversed(written)))
    except ValueError:
        return None


def is_safety(view: View) -> bool:
    """Whether the device stands in a zone named for safety, or is attested to serve it."""
    if SAFETY.search(view.context.zone_of(view.device.addresses)):
        return True
    return any(SAFETY.search(item.fields.get("statement", "")) for item in view.statements())
