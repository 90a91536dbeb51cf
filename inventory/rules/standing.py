"""What no rule flags, because a person declared it: a plant that stands still, a safety zone.

One rule keeps it simple: a statement about a device, its line, area or site counts on the days
that it names, and a safety function is offered nothing that touches it (domain model 3.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from inventory.judge.context import Context
from inventory.judge.statements import holds, says, stated, words
from inventory.judge.view import View
from inventory.model import Declaration, Equipment

RESTING = words("resting")
"""Statements under which silence, old values and bad values are to be expected."""
RESTING_RULES = frozenset({"A01", "A02", "A08", "T06", "Q01", "Q02", "Q03", "Q12"})
"""Rules that rest on silence, on old values or on bad ones."""


def resting(view: View) -> bool:
    """Whether the device, its line, area or site is declared shut down today, or was on the day
    of its last evidence."""
    about = _about(view)
    if not about:
        return False
    return rests(about, view.context.today.date(), _last_seen(view))


def rests(about: Iterable[Declaration], today: date, seen: date) -> bool:
    """Whether any of these statements declares a rest today, or on the day it was last seen."""
    return any(
        _covers(span, today) or (span[0] is not None and _covers(span, seen))
        for span in map(_span, _rests(about))
    )


def resting_turns(view: View) -> Iterator[date]:
    """The days on which something declared of the device, its line, area or site begins, or is
    over."""
    return turns(_about(view))


def turns(about: Iterable[Declaration]) -> Iterator[date]:
    """The days on which a rest that any of these statements declares begins, or is over."""
    for begins, ends in map(_span, _rests(about)):
        if begins is not None:
            yield begins
        if ends is not None and ends < date.max:
            yield ends + timedelta(days=1)


def _about(view: View) -> tuple[Declaration, ...]:
    if not view.context.attested:
        return ()
    row = view.device.register
    places = (row.line, row.area, row.site) if row else ()
    return (*view.statements(), *view.context.statements(*places))


def about_machine(machine: Equipment, context: Context) -> tuple[Declaration, ...]:
    """What people attested of a machine, its line, area or site."""
    names = (machine.tag, machine.key, machine.line, machine.area, machine.site)
    return context.statements(*filter(None, names))


def _rests(about: Iterable[Declaration]) -> Iterator[Declaration]:
    last: dict[tuple[str, str], Declaration] = {}
    for item in about:  # oldest first: a later word about the same counts
        word = stated(item.fields)
        if word in RESTING:
            last[item.fields.get("subject", item.subject).casefold(), word] = item
    yield from last.values()


def _last_seen(view: View) -> date:
    return view.latest.date() if view.latest is not None else date.max


def _covers(span: tuple[date | None, date | None], day: date) -> bool:
    """Whether a day lies within; an end that nobody named is open."""
    begins, ends = span
    return (begins is None or begins <= day) and (ends is None or day <= ends)


DAY = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)|(\d\d?)\.(\d\d?)\.(\d{4})")
"""A day as the machine writes it, and as people do: 2026-05-11, 11.05.2026."""


FROM = re.compile(
    r"(?:from|since|starting|begins?|after|ab|von|vom|seit|du|depuis|dal|desde|sinds|vanaf|od|fr[aå]n"
    r"|from the|à partir du|a partir d[eo])\s*:?\s*$",
    re.IGNORECASE,
)
"""What stands before a day on which something begins."""


def _span(item: Declaration) -> tuple[date | None, date | None]:
    """First and last of the days that the value names ("4.5.2026 to 11.5.2026").

    One day alone is the last, unless "from" or its like stands before it.
    """
    text = item.fields.get("value", "")
    named = [(day, found.start()) for found in DAY.finditer(text) if (day := _day(found))]
    if len(named) == 1:
        [(day, place)] = named
        return (day, None) if FROM.search(text[:place]) else (None, day)
    days = [day for day, _ in named]
    return min(days, default=None), max(days, default=None)


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
    zone = view.context.zone_of(view.device.addresses)
    return holds("safety", zone) or any(says("safety", one.fields) for one in view.statements())
