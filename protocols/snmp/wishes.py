"""Which objects of its own an agent is asked for who it is, and what they say. Pure.

`[[ask]]` of `identity.toml` and the rows of `makers.csv` list them; the rule that keeps it honest:
an object is read for one fact, as its module means it, and for nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from protocols.snmp.codec import Oid, oid
from protocols.snmp.identity import (
    DESCRIPTION_CHARACTERS,
    ENTERPRISES,
    IDENTITY,
    any_near,
    document,
    enterprise_of,
    enterprise_oid,
    makers,
    spelled,
    texts,
    worded,
)


@dataclass(frozen=True, slots=True)
class Wish:
    """An OID that holds one identity fact of agents whose object id begins with `object`."""

    object: Oid
    name: str
    oid: Oid  # what a GetNext asks for: without instance, or just before the one that is wanted
    pattern: re.Pattern[str] | None
    template: str  # how the value is written: "NPort {0}"
    hardware: bool = False  # the value is a hardware address, written without separators
    row: Oid = ()  # the one instance that is meant, of a table whose other rows are other things
    never: bool = False  # what a wider row asks there is another thing's with these agents

    def held_in(self, oid: Oid) -> bool:
        """Whether an answer's name is one that the wish is for."""
        return oid == self.row if self.row else oid[: len(self.oid)] == self.oid


@cache
def wishes() -> tuple[Wish, ...]:
    """Every OID that holds identity, in the order of preference for one fact."""
    found: list[Wish] = []
    nobodys: list[Wish] = []  # what any agent may have, after its maker's own objects
    for entry in document()["ask"]:
        for top in texts(entry, "object") or ("",):
            for name in IDENTITY:
                wishes_here = (_wish(top, name, words) for words in texts(entry, name))
                (found if top else nobodys).extend(wishes_here)
    found.extend(_wish(top, name, words) for top, name, words, _ in makers())
    return (*found, *nobodys)


def has_table(enterprise: int) -> bool:
    """Whether objects below a number are known, also where its owner makes no devices."""
    top = (*ENTERPRISES, enterprise)
    return any(wish.object[: len(top)] == top for wish in wishes())


def _wish(top: str, name: str, words: str) -> Wish:
    """`OID`, `OID ~ pattern`, `OID = template`, `OID as address`, `OID@row` or `-OID`.

    A leading `+` continues the agent's own id, `-` takes back what a wider row says.
    """
    path, template, pattern = words.removeprefix("-"), "{0}", ""
    hardware = words.endswith(" as address")
    if hardware:
        path = words.removesuffix(" as address")
    elif " ~ " in words:
        path, pattern = words.split(" ~ ", 1)
    elif " = " in words:
        path, template = words.split(" = ", 1)
    path, _, instance = path.partition("@")
    arcs = oid("0." + path[1:])[1:] if path.startswith("+") else enterprise_oid(path)
    relative = path.startswith("+")
    row = (*arcs, *oid("0." + instance)[1:]) if instance else ()
    if row:
        arcs = (*row[:-1], row[-1] - 1) if row[-1] else row[:-1]
    return Wish(
        enterprise_oid(top) if top else (),
        name,
        (-1, *arcs) if relative else arcs,
        re.compile(pattern) if pattern else None,
        template,
        hardware,
        row,
        words.startswith("-"),
    )


def bare(wish: Wish) -> Wish:
    """The same, for an agent that names its single objects without the `.0`."""
    return replace(wish, oid=(*wish.oid[:-1], wish.oid[-1] - 1), row=wish.oid)


def wanted(object_id: Oid, known: Mapping[str, str], *, free: bool = False) -> tuple[Wish, ...]:
    """The OIDs worth asking an agent with this object id, for facts not known yet.

    What any agent may have is asked of a nameless device only, or where it is `free`: in an answer.
    """
    return _wanted(object_id, frozenset(known), free)


@lru_cache(maxsize=1_024)
def _wanted(object_id: Oid, known: frozenset[str], free: bool) -> tuple[Wish, ...]:
    """Agents of one model come in numbers."""
    found = []
    named = "model" in known or "product" in known or ("vendor" in known and not free)
    near = _wishes_near(object_id[: len(ENTERPRISES) + 1])
    near = tuple(w for w in near if object_id[: len(w.object)] == w.object)
    taken_back = {(wish.name, wish.oid) for wish in near if wish.never}
    for wish in near:
        if named and not wish.object:
            continue
        if wish.name not in known and (wish.name, wish.oid) not in taken_back:
            path = (*object_id, *wish.oid[1:]) if wish.oid[0] == -1 else wish.oid
            found.append(replace(wish, oid=path))
    return tuple(found)


@lru_cache(maxsize=256)
def _wishes_near(top: Oid) -> tuple[Wish, ...]:
    """The wishes that may hold below an enterprise's number, for all its products."""
    return tuple(w for w in wishes() if any_near((w.object,), top))


def granted(wish: Wish, words: str) -> str:
    """What a wish's value says, or "" when it is a placeholder or not of the expected form."""
    if wish.pattern is not None:
        match = wish.pattern.search(words[:DESCRIPTION_CHARACTERS])
        words = next((g for g in match.groups() if g), "") if match else ""
    words = spelled(enterprise_of(wish.object), wish.name, worded(wish.name, words))
    return wish.template.replace("{0}", words) if words else ""
