"""T08: instruments hold data beside the one value that their loop carries, and nothing hands it on.

One rule keeps it simple: what the device itself says it is made of counts, by an order number or by
its own words; a product line is a question, for only some of its members hold such modules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from inventory.judge.door import title_of
from inventory.judge.logic import both, cite, derived, false, negate, true, unknown
from inventory.judge.openness import document
from inventory.judge.view import View
from inventory.model import Proposition, Strength, Truth
from inventory.rules.informational import covered
from inventory.rules.rule import Case
from protocols.contract import Outcome

OPC_UA = 4840
"""The port of OPC UA (IANA)."""
STATED = ("model", "product", "part", "description")
"""Facts by which a device or a module of it says what it is."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One way of smart instruments to talk, and what hands their data on."""

    name: str
    says: re.Pattern[str]
    orders: tuple[str, ...]  # plain
    families: tuple[re.Pattern[str], ...]
    services: tuple[tuple[str, int], ...]  # with the port where they usually listen
    companions: tuple[str, ...]


@cache
def kinds() -> tuple[Kind, ...]:
    """The kinds of `data/instruments.toml`."""
    return tuple(
        Kind(
            row["name"],
            re.compile(row["says"], re.IGNORECASE),
            tuple(map(_plain, row["orders"])),
            tuple(re.compile(text, re.IGNORECASE) for text in row["families"]),
            tuple(row["services"].items()),
            tuple(row["companions"]),
        )
        for row in document("instruments")["kind"]
    )


def _plain(text: str) -> str:
    return re.sub(r"[\s-]", "", text).upper()


_Stated = tuple[str, str, tuple[frozenset[str], frozenset[str]]]
"""A fact by which a device says what it is: its name, its value, and what that tells of kinds."""


def t08(view: View) -> list[Case]:
    """Stranded data of smart instruments, by kind."""
    if view.proxy:
        return []
    told = [(name, text, _told(text)) for name in STATED for text in view.fact(name)]
    if not any(held or perhaps for _, _, (held, perhaps) in told):
        return []
    elsewhere = covered(view)
    cases = []
    for kind in kinds():
        held = _held(view, kind, told)
        if held is not None:
            handed_on = elsewhere.truth is Truth.TRUE
            stranded = (negate(elsewhere),) if handed_on else _stranded(view, kind)
            cases.append(Case(kind.name, both(held, *stranded), {"kind": kind.name}))
    return cases


def _held(view: View, kind: Kind, told: Sequence[_Stated]) -> Proposition | None:
    """Whether it holds modules of the kind; None where nothing says so."""
    for name, text, (held, _) in told:
        if kind.name in held:
            return true(Strength.E3, view.source(name, text))
    for name, text, (_, perhaps) in told:
        if kind.name in perhaps:
            return unknown(
                f"whether it holds {kind.name} modules: {text} is a family of which some do",
                "look at its hardware configuration, and name the module in the register",
                "untrap import register FILE",
                view.source(name, text),
            )
    return None


@lru_cache(maxsize=65_536)
def _told(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The kinds that a text names, and those of which it names a family; many devices say the
    same."""
    held = [one for one in kinds() if one.says.search(text) or _ordered(text, one.orders)]
    perhaps = [one for one in kinds() if any(line.search(text) for line in one.families)]
    return frozenset(one.name for one in held), frozenset(one.name for one in perhaps)


def _ordered(text: str, orders: tuple[str, ...]) -> bool:
    """Whether a text holds an order number: as a whole text, or as words of it."""
    words = [_plain(word) for word in re.split(r"[,;/()]|\s{2,}", text)]
    words += [_plain(word) for word in text.split()]
    return any(word.startswith(order) for word in words for order in orders)


def _stranded(view: View, kind: Kind) -> Iterator[Proposition]:
    """That no service hands the instruments' data on."""
    for name, port in kind.services:
        yield negate(_offered(view, name, port))
    yield _no_companion(view, kind)


def _offered(view: View, name: str, port: int) -> Proposition:
    """Whether a service is offered, by what spoke its protocol, or by its port where somebody asked
    no more than whether that is open."""
    if view.of(name):
        return view.offered(name)
    for door in view.doors:
        control = view.control(door)
        at = (door.transport, door.port, door.protocol) == ("tcp", port, "tcp")
        if at and control is not None and door.decided.outcome is Outcome.CLOSED:
            return false(Strength.E2, cite(door.decided), cite(control))
    title = title_of(name)
    return unknown(
        f"whether {title} is offered: it was not asked",
        f"ask its port {port} ({title}) with nmap, and import the report",
        "untrap import nmap FILE",
    )


def _no_companion(view: View, kind: Kind) -> Proposition:
    """That no OPC UA server of it carries the instruments by a companion specification."""
    for uri in view.fact("companion"):
        if any(mark.casefold() in uri.casefold() for mark in kind.companions):
            return false(Strength.E3, view.source("companion", uri))
    offered = _offered(view, "opcua", OPC_UA)
    if offered.truth is not Truth.TRUE:
        return negate(offered)
    if view.fact("namespace"):
        return true(Strength.E3, derived(f"its OPC UA server names no namespace for {kind.name}"))
    return unknown(
        f"whether its OPC UA server carries the {kind.name} instruments: no namespace was read",
        "read what it lists",
        view.ask("opcua", "points"),
        *offered.because[:1],
    )
