"""Whether "not there" may be said of a machine at all (domain model 2.3).

One rule keeps it simple: all of it or nothing: links complete, each linked device found, every data
service listed to an entitled identity, and no door locked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from shlex import quote

from inventory.judge.asking import PORT, refused
from inventory.judge.attested import strength_of
from inventory.judge.context import Context
from inventory.judge.door import Door, info
from inventory.judge.logic import both, declared, true, unknown
from inventory.judge.openness import no_data_roles
from inventory.judge.view import View
from inventory.model import Because, Equipment, Link, Proposition
from inventory.rules.inaccessible import locked, name_of
from inventory.signals.points import measure
from protocols.contract import Outcome

OPEN_IT = "open it first: its own gaps say how"


def licence(
    equipment: Equipment, views: Sequence[View], lost: Iterable[Proposition], context: Context
) -> Proposition:
    """The licence for a machine that these devices monitor; `lost` asks for those that its links
    name and nobody found."""
    premises = [complete(equipment, context), *lost]
    for view in views:
        closed = locked(view)
        if closed:
            missing = f"what is behind a door of {name_of(view)}: {closed[0].text}"
            premises.append(unknown(missing, *_opening(view, closed), *closed[:3]))
        doors = [door for door in view.spoke if (about := info(door)) and about.data]
        doors = [door for door in doors if is_source(door, view)]
        if not doors:
            premises.append(_unserved(equipment.tag, view))
        premises += [view.enumerated(door) for door in doors]
    return both(*premises)


def _opening(view: View, closed: Sequence[Because]) -> tuple[str, str]:
    """What opens a door, and the command: of one that was busy or not asked no gap says how."""
    if all(one.outcome == Outcome.REFUSED_RESOURCE.value for one in closed):
        return "ask again when it has room: it could not serve us then", view.ask(depth="points")
    if all(one.outcome == Outcome.NOT_ASKED.value for one in closed):
        return "ask it: that was left out", view.ask(depth="points")
    return OPEN_IT, f"untrap show {view.address}"


def complete(equipment: Equipment, context: Context) -> Proposition:
    """Whether its links are all that there are: a person's word, the last one counts; an old one
    is a step less sure."""
    tag = equipment.tag
    if equipment.links_complete:
        said = max((one for one in equipment.links if one.complete), key=_when, default=None)
        stated = said.stated if said else None
        day = f" on {stated:%Y-%m-%d}" if stated else ""
        text = f"the links of {tag} were declared complete{day}"
        premise = declared(text, said.declaration if said else "")
        return true(strength_of(stated, context), premise)
    linked = any(not link.proposed and link.resolved for link in equipment.links)
    return unknown(
        f"whether other devices monitor {tag} too"
        if linked
        else f"which devices monitor {tag}: no link is declared",
        "declare the links complete (column Complete)",
        "untrap import links FILE",
    )


def unresolved(
    equipment: Equipment, gone: Sequence[View], idle: Iterable[str]
) -> list[Proposition]:
    """A question for the devices that links name and nobody has seen, for those that are not there
    any more, and for what links name and no value bears."""
    lost = [one.device for one in equipment.links if one.device and not one.resolved]
    asked = [f"which device {', '.join(lost[:3])} is: no device matches that link"] if lost else []
    asked += [f"where {name_of(view)} is now: {view.device.away}" for view in gone[:3]]
    asked += list(idle)[:3]
    step = "correct the link, or scan where the device stands"
    return [unknown(text, step, "untrap import links FILE") for text in asked]


def _unserved(tag: str, view: View) -> Proposition:
    """What is asked of a device that monitors the machine and gave no data service."""
    missing = f"any data service of {name_of(view)}"
    closed = refused(door for door in view.here if door.protocol != "snmp")
    if not closed:
        return unknown(missing, "scan it", view.ask())
    said = f"{missing}: it refuses {closed} on the ports that were asked"
    if view.device.role in no_data_roles():
        return unknown(
            said,
            f"name the device that reads {tag}: this one only carries data",
            f"untrap set {quote(tag)} monitored_by=DEVICE",
        )
    return unknown(
        said,
        "find in its manual or set-up what it serves and on which port, and ask that; or link"
        " the device that serves it",
        f"untrap scan {view.target} --port {PORT}" if view.target else "",
    )


def is_source(door: Door, view: View) -> bool:
    """Whether values of the process may come through a door: an agent that describes only its host
    and network carries none."""
    if door.protocol != "snmp" or "snmp" in view.plausible:
        return True
    return any(measure(point).process for item in door.observations for point in item.points)


def _when(link: Link) -> float:
    return link.stated.timestamp() if link.stated else 0.0
