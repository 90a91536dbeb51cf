"""Which values of the devices that a machine is linked to are that machine's.

One rule keeps it simple: a link's part and signal restrict what it holds; of what is left, a value
is the machine's unless its words say otherwise, or leave it open on a device that several share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from inventory.judge.bearing import names_of
from inventory.judge.fitting import could_be, fits
from inventory.judge.naming import Whose, bears, parts_of, plain_tag, whose
from inventory.judge.profiles import signal_of
from inventory.judge.view import View
from inventory.model import Equipment, Link
from inventory.rules.inaccessible import name_of
from inventory.signals.points import MAPPED, Meaning
from protocols.contract import Point

Row = tuple[View, Point, Meaning]


@dataclass(frozen=True, slots=True)
class Held:
    """What one device gives for one machine."""

    rows: tuple[Row, ...] = ()
    unsure: tuple[Row, ...] = ()  # that may be another machine's
    others: int = 0  # how many name another machine
    idle: tuple[str, ...] = ()  # what a link names and no value bears
    unlinked: tuple[Row, ...] = ()  # that bear the machine's tag, and no link holds


@dataclass(frozen=True, slots=True)
class _Hit:
    """A value that a link holds."""

    row: Row
    said: bool  # by its own name or address: a person said whose it is
    part: bool  # it is in a part of the device that the link names


def held(machine: Equipment, view: View) -> Held:
    """What a device gives for a machine by the links between them."""
    return _held(machine, view, view.process)


def unread(machine: Equipment, view: View) -> tuple[Row, ...]:
    """What the map of a device names and nobody read, and is the machine's or may be."""
    found = _held(machine, view, view.unread) if view.unread else Held()
    return found.rows + found.unsure


def _held(machine: Equipment, view: View, process: Sequence[tuple[Point, Meaning]]) -> Held:
    links = [
        link for link in machine.links
        if link.device == view.device.key and link.resolved and not link.proposed
    ]  # fmt: skip
    hits: dict[int, _Hit] = {}
    idle: list[str] = []
    rows = [(view, point, meaning) for point, meaning in process]
    for link in sorted(links, key=lambda one: not _of_part(one, view)):
        found = _hits(link, rows)
        if not found and rows and (_of_part(link, view) or link.signal):
            idle.append(_words(link, view))
        for place, hit in found.items():
            hits.setdefault(place, hit)
    unlinked = tuple(
        row for place, row in enumerate(rows)
        if place not in hits and any(bears(machine.tag, text) for text in parts_of(row[1]))
    )  # fmt: skip
    return _sorted(machine, view, [*hits.values()], Held(idle=tuple(idle), unlinked=unlinked))


def borne(machine: Equipment, view: View) -> list[Row]:
    """The values that bear a machine's tag on a device that no link ties to it; where the device
    itself bears it, those too that name nobody."""
    tags = view.context.tags - {plain_tag(machine.tag)}
    own = any(bears(machine.tag, text) for _, text in names_of(view.device))
    told = (Whose.MINE, Whose.NOBODY) if own else (Whose.MINE,)
    return [
        (view, point, meaning) for point, meaning in view.process
        if whose(point, machine.tag, tags, tags) in told
    ]  # fmt: skip


def _sorted(machine: Equipment, view: View, hits: Sequence[_Hit], so_far: Held) -> Held:
    """The machine's own, what may be, and what is another's."""
    context = view.context
    mine = plain_tag(machine.tag)
    near = [one for one in context.neighbours.get(view.device.key, ()) if one.tag != mine]
    others = frozenset(one.tag for one in near if one.tag)
    tags = context.tags - {mine}
    said = [
        Whose.MINE if hit.said else whose(hit.row[1], machine.tag, others, tags) for hit in hits
    ]
    named = Whose.MINE in said
    said = [Whose.OTHER if named and one in (Whose.LIKE, Whose.NEIGHBOUR) else one for one in said]
    alike = any(one.whole and one.cls == machine.cls for one in near)
    shared = alike or Whose.OTHER in said or Whose.NEIGHBOUR in said
    own, unsure = [], []
    for hit, one in zip(hits, said, strict=True):
        if one is Whose.MINE or (one is Whose.NOBODY and (hit.part or not shared)):
            own.append(hit.row)
        elif one is not Whose.OTHER:
            unsure.append(hit.row)
    idle = so_far.idle
    if hits and not own and not unsure:
        idle = (*idle, f"which value of {name_of(view)} is of {machine.tag}: they name others")
    return replace(
        so_far, rows=tuple(own), unsure=tuple(unsure), others=said.count(Whose.OTHER), idle=idle
    )


def _of_part(link: Link, view: View) -> bool:
    """Whether a link names less than the device that it leads to."""
    return bool(link.part) and link.part != view.device.part


def _words(link: Link, view: View) -> str:
    what = f"part {link.part}" if _of_part(link, view) else link.signal.replace(":", " ")
    return f"which value is {what} of {name_of(view)}: none bears that name"


def _hits(link: Link, rows: Sequence[Row]) -> dict[int, _Hit]:
    """The values that one link holds, by their place among `rows`."""
    everything = dict(enumerate(rows))
    if not rows:
        return {}
    part = _of_part(link, rows[0][0])
    chosen = _in_part(link.part, everything) if part else everything
    found = {
        place: _Hit(row, part and link.part in (row[1].address, row[1].name), part)
        for place, row in chosen.items()
    }
    return _of_signal(link.signal, found) if link.signal else found


def _in_part(part: str, rows: dict[int, Row]) -> dict[int, Row]:
    """The values whose address, name, slot or folder a link names; else those that bear the name
    as a tag."""
    wanted = part.replace("\\", "/").strip("/").casefold()
    found = {
        place: row for place, row in rows.items()
        if part in (row[1].part, row[1].address, row[1].name)
        or f"/{wanted}/" in f"/{row[1].path.replace(chr(92), '/').casefold()}/"
    }  # fmt: skip
    return found or {
        place: row for place, row in rows.items()
        if any(bears(part, text) for text in parts_of(row[1]))
    }  # fmt: skip


def _of_signal(signal: str, hits: dict[int, _Hit]) -> dict[int, _Hit]:
    """Of the values that a link holds those that its signal names; one that a person names by its
    own name or address, or that is the only one, is what the link says."""
    wanted = signal_of(signal)
    found = {
        place: hit for place, hit in hits.items()
        if hit.said
        or fits(wanted, hit.row[2]) is not False
        or could_be(wanted, hit.row[1], hit.row[2])
    }  # fmt: skip
    return {
        place: replace(hit, row=_stated(hit.row, signal)) if hit.said or len(found) == 1 else hit
        for place, hit in found.items()
    }


def _stated(row: Row, signal: str) -> Row:
    """The meaning that a person's link states over what the name says."""
    view, point, meaning = row
    stated = signal_of(signal)
    places = stated.places or meaning.places
    return view, point, Meaning(
        stated.measurand, MAPPED, 0.98, stated.kind, (), places, meaning.dimension, True,
        meaning.numeric,
    )  # fmt: skip
