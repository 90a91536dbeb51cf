"""What is left to ask of a device after it was asked: so that no question leads back to itself.

One rule keeps it simple: what was asked and answered is not proposed again.
"""

from __future__ import annotations

from collections.abc import Iterable

from inventory.judge.door import Door, info, title_of
from inventory.judge.logic import unknown
from inventory.judge.superseded import ended_listing, lost_items
from inventory.judge.view import View
from inventory.model import Proposition
from protocols.contract import DATA, Outcome, Quality, Reason

PORT = "PROTOCOL=PORT"


def refused(doors: Iterable[Door]) -> str:
    """Titles of all that was asked at these doors, where every port refused; else ""."""
    asked = [door for door in doors if door.asked]
    if any(door.decided.outcome is not Outcome.CLOSED for door in asked):
        return ""
    return ", ".join(dict.fromkeys(title_of(door.protocol) for door in asked))


def unread(view: View) -> tuple[str, str] | None:
    """The next step where values are listed and none could be read, with its command."""
    door = next((one for one in view.spoke if any(item.points for item in one.observations)), None)
    if door is None:
        return None
    about = info(door)
    if about is None or not about.listing or not view.process:
        return None
    if any(
        one.value is not None and one.quality is not Quality.BAD for one in view.evidence.samples
    ):
        return None
    count = len(view.process)
    none = f"none of the {count} values that" if count > 1 else "the only value that"
    could = "could be read" if count > 1 else "could not be read"
    return (
        "name a user that may read, or give that right to the one that was used:"
        f" {none} {title_of(door.protocol)} lists {could}",
        f"{view.ask(door.protocol, 'points')} --credentials NAME",
    )


GIVEN = DATA | {Outcome.EMPTY, Outcome.REFUSED_CAPABILITY}
"""What an answer is, whatever it holds."""
BROKEN_OFF = frozenset({Reason.WENT_SILENT.value, Reason.CONTINUATION_LOST.value})


def nameless(view: View) -> Proposition | None:
    """The question that is left where a service was not asked all by which it says who it is, or
    the answers broke off or were lost: then nobody can say that it tells no serial number."""
    for door in view.spoke:
        about = info(door)
        if about is None:
            continue
        told = {
            item.question.operation
            for item in (*door.earlier, *door.observations)
            if item.outcome in GIVEN and item.reason not in BROKEN_OFF
        }
        ended = ended_listing(door.observations, about.listing)
        lost = ended is not None and lost_items(door.observations, ended, about.described) > 0
        if lost or not told.issuperset(about.identity):
            missing = f"{title_of(door.protocol)} was not asked all by which it says that"
            return unknown(missing, "ask it", view.ask(door.protocol, "points"), *view.proof())
    return None


def read_out(view: View) -> tuple[str, str] | None:
    """The next step where every service listed all that it has, and none of it is a value of a
    process: asking again is in vain."""
    whole = []
    for door in view.spoke:
        about = info(door)
        if about is None or not ended_listing(door.observations, about.listing):
            return None
        whole.append(title_of(door.protocol))
    if view.process or not whole:
        return None
    return (
        "say in the register what it is (switch, printer), or name a credential that sees more:"
        f" {' and '.join(dict.fromkeys(whole))} was read to its end, and lists no process value",
        "untrap import register FILE",
    )
