"""What people stated, in the shape that derivation uses: current rows, links, fields.

One rule keeps it simple: the latest statement about a subject counts; the older ones stay stored.
"""

from __future__ import annotations

import csv
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from io import StringIO

from inventory.judge.openness import known_roles
from inventory.model import Declaration, Equipment, Kind, Link, RegisterRow
from protocols.contract import NAMESPACE, MapEntry

YES = frozenset(("1", "true", "yes", "y", "x", "ja", "oui", "si", "sí", "sim", "tak"))
"""Texts that mean yes in a list that people keep."""
NO = frozenset("no n false 0 nein non não nie nee 否 いいえ unknown ? -".split())  # noqa: SIM905 - a list of words
"""Texts that mean no, or that it is not known."""


def denies(text: str) -> bool:
    """Whether a cell says no, or that it is not known."""
    return text.strip().casefold() in NO


ROW_FIELDS = tuple(
    ("class" if name == "cls" else name, name)
    for name in RegisterRow.__dataclass_fields__
    if name not in ("document", "declaration")
)
"""Canonical register columns in lower case, with the field of `RegisterRow` that holds them."""


def yes(text: str) -> bool:
    """Whether a cell says yes."""
    return text.strip().casefold() in YES


def in_force(declarations: Iterable[Declaration]) -> list[Declaration]:
    """What holds of all that was ever stated: without the withdrawals and what they withdrew."""
    several = list(declarations)
    gone = {one.subject for one in several if one.kind is Kind.WITHDRAWN}
    if not gone:
        return several
    return [one for one in several if one.kind is not Kind.WITHDRAWN and one.id not in gone]


def latest(declarations: Iterable[Declaration], kind: Kind) -> dict[str, Declaration]:
    """The current statement of one kind per subject, oldest subject first."""
    return {d.subject: d for d in declarations if d.kind is kind}


def row(declaration: Declaration) -> RegisterRow:
    """The register row that a declaration states, without its id: that is a digest."""
    known = {name: declaration.fields.get(column, "") for column, name in ROW_FIELDS}
    return RegisterRow(**known, document=declaration.document)


def rows(declarations: Iterable[Declaration]) -> list[RegisterRow]:
    """All current register rows, each with the id of its statement."""
    return [
        replace(row(declaration), declaration=declaration.id)
        for declaration in latest(declarations, Kind.REGISTER).values()
    ]


def label(one: RegisterRow) -> str:
    """What people call a row."""
    return one.tag or one.name or one.address


@cache
def _classes() -> tuple[tuple[str, re.Pattern[str]], ...]:
    text = files("inventory").joinpath("data", "equipment-classes.csv").read_text("utf-8")
    lines = StringIO("\n".join(line for line in text.splitlines() if not line.startswith("#")))
    return tuple(
        (line["class"], re.compile(rf"(^|[^a-zäöüéèç])({line['words']})", re.IGNORECASE))
        for line in csv.DictReader(lines)
    )


@lru_cache(maxsize=4096)
def equipment_class(text: str) -> str:
    """The class of equipment that a text names ("Kreiselpumpe" is a pump), or ""."""
    return next((name for name, words in _classes() if words.search(text)), "")


@cache
def role(cls: str) -> str:
    """The role of a device that a register's class names, or "" for a word that is none."""
    word = cls.strip().casefold()
    return word if word in known_roles() else ""


def is_equipment(one: RegisterRow) -> bool:
    """Whether a row is about a physical thing that can fail (rulings 22)."""
    stated = one.kind.strip().casefold()
    if stated in ("device", "equipment"):
        return stated == "equipment"
    return bool(equipment_class(one.cls) or equipment_class(one.kind))


def wants_device(one: RegisterRow) -> bool:
    """Whether a row is about a device, or names the address of one."""
    return not is_equipment(one) or bool(one.address)


def bus_part(text: str) -> str:
    """The bus part of a register's Unit column: "3", "unit 3", "Unit: 3" and 3.0 are "unit 3"."""
    digits = re.fullmatch(r"\D*?0*(\d{1,10})(?:[.,]0+|\D*)", text.strip())
    return f"unit {digits[1]}" if digits else ""


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A statement that a device (or part, or signal of it) monitors a piece of equipment."""

    equipment: str
    device: str
    part: str
    signal: str
    complete: bool
    declaration: str = ""
    stated: datetime | None = None


def links(declarations: Iterable[Declaration]) -> list[LinkRow]:
    """All current links."""
    found = []
    for declaration in latest(declarations, Kind.LINK).values():
        fields = declaration.fields
        found.append(
            LinkRow(
                fields.get("equipment", ""),
                fields.get("device", ""),
                fields.get("part", ""),
                fields.get("signal", ""),
                yes(fields.get("complete", "")),
                declaration.id,
                declaration.time,
            )
        )
    return found


def stated_fields(declarations: Iterable[Declaration]) -> dict[str, dict[str, str]]:
    """Asset key → field → what a person set; the latest word counts."""
    found: dict[str, dict[str, str]] = {}
    for declaration in declarations:
        if declaration.kind is Kind.FIELD:
            fields = declaration.fields
            found.setdefault(fields["asset"], {})[fields["name"]] = fields["value"]
    return found


def equipment_key(site: str, tag: str) -> str:
    """Key of a piece of equipment (rulings 15)."""
    return str(uuid.uuid5(NAMESPACE, f"{site}\nequipment\n{tag}"))


def equipment(
    site: str,
    register: Sequence[RegisterRow],
    linked: Mapping[str, Sequence[Link]],
    stated: Mapping[str, Mapping[str, str]],
) -> list[Equipment]:
    """All equipment of the register, and what only a link names."""
    found: dict[str, Equipment] = {}
    for one in register:
        if is_equipment(one):
            tag = one.tag or one.name
            found[tag] = Equipment(
                equipment_key(site, tag),
                site,
                tag,
                one.name,
                one.cls or one.kind,
                one.area,
                one.line,
                one.criticality,
                one.redundancy,
                one.owner,
                register=one,
            )
    for tag in linked:
        found.setdefault(tag, Equipment(equipment_key(site, tag), site, tag))
    return [_linked(one, linked.get(tag, ()), stated) for tag, one in sorted(found.items())]


_EQUIPMENT_FIELDS = {"class": "cls"} | {
    name: name for name in ("name", "area", "line", "criticality", "redundancy", "owner")
}


def _linked(
    one: Equipment, monitored: Sequence[Link], stated: Mapping[str, Mapping[str, str]]
) -> Equipment:
    complete = any(link.complete for link in monitored)
    one = replace(one, links=tuple(monitored), links_complete=complete)
    for name, value in stated.get(one.key, {}).items():
        if name in _EQUIPMENT_FIELDS:
            one = replace(one, **{_EQUIPMENT_FIELDS[name]: value})  # type: ignore[arg-type]
    return one


def maps(declarations: Iterable[Declaration]) -> list[MapEntry]:
    """All current lines of register maps, as probes take them."""
    return [_entry(one) for one in latest(declarations, Kind.MAP).values()]


def _entry(declaration: Declaration) -> MapEntry:
    fields = declaration.fields
    return MapEntry(
        table=fields["table"],
        address=int(fields["address"]),
        type=fields["type"],
        name=fields.get("name", ""),
        vendor=fields.get("vendor", ""),
        model=fields.get("model", ""),
        firmware=fields.get("firmware", ""),
        unit=fields.get("unit", ""),
        word_order=fields.get("wordorder") or "big",
        byte_order=fields.get("byteorder") or "big",
        scale=float(fields.get("scale") or 1),
        offset=float(fields.get("offset") or 0),
        engineering_unit=fields.get("engineeringunit", ""),
        signal=fields.get("signal", ""),
        complete=yes(fields.get("complete", "")),
        source=declaration.document,
        not_available=int(fields["notavailable"], 0) if fields.get("notavailable") else None,
    )
