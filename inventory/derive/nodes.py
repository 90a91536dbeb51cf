"""From places to participants: what at one address is one device, and what stands behind it.

One rule keeps it simple: a node is a set of question parts at one address over one span of time;
which nodes are the same device is decided afterwards (`clusters`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import pairwise

from inventory.derive.identity import data, placeholder, plain_mac, stated
from inventory.derive.places import ALIVE, BUS, FactKey, Place, Places

END = "~"
"""Later than every time stamp."""

_ITSELF = ("unit 255", "unit 0", "unit 1")
"""Units by which a Modbus/TCP server may mean itself (Messaging on TCP/IP V1.0b, 4.4.1)."""

_SIGNATURE = frozenset(("vendor", "product", "model", "firmware", "serial", "name"))


Stated = tuple[FactKey, tuple[str, str]]
"""A fact, and when it was stated first and last."""


@dataclass(slots=True)
class Node:
    """One participant at one address (and bus part) in one span of time."""

    address: str
    part: str  # "" or the bus part
    places: tuple[Place, ...]
    since: str = ""
    until: str = END
    identities: tuple[str, ...] = ()
    macs: frozenset[str] = frozenset()
    declared: bool = False
    nameplate: str = ""  # a part that is the device itself by what it states
    answers: bool = True  # a bus part: whether it answered itself, not its gateway for it

    @property
    def own(self) -> frozenset[str]:
        """Parts that mean the device itself: none, and bus parts that are no device apart."""
        bus = [p.part for p in self.places if p.part and BUS.fullmatch(p.part)]
        return _own(self.part, self.nameplate, tuple(bus))

    @property
    def at(self) -> str:
        """Where it is: the identity of last resort."""
        return f"{self.address} {self.part}" if self.part else self.address

    @property
    def order(self) -> tuple[str, str, str]:
        """A stable order, whatever came first."""
        return (self.address, self.part, self.since)

    def facts(self) -> Iterator[Stated]:
        """Its facts with first and last time; those of another span are left out."""
        for place in self.places:
            for fact, (first, last) in place.facts.items():
                if first <= self.until and last >= self.since:
                    yield fact, (first, last)

    def within(self, first: str, last: str) -> bool:
        """Whether a span of time touches this node's."""
        return first <= self.until and last >= self.since

    @property
    def left(self) -> bool:
        """Whether another device took its place."""
        return self.until != END

    @property
    def alive(self) -> bool:
        """Whether something answered there in this span."""
        heard = any(p.alive and self.within(p.heard_first, p.heard_last) for p in self.places)
        return heard and self.answers


@lru_cache(maxsize=4096)
def _own(part: str, nameplate: str, bus: tuple[str, ...]) -> frozenset[str]:
    # What is said of these and was not handed over to a unit is said of the device itself.
    itself = () if part else _ITSELF
    return frozenset({"", part, nameplate, *bus, *itself})


@cache
def _ranks(field: str) -> tuple[str, ...]:
    table = data("sources.toml").get("rank")
    ranks = table if isinstance(table, dict) else {}
    return tuple(ranks.get(field) or ranks["default"])


@cache
def rank(field: str, source: str) -> int:
    """How little a source is believed for a field; 0 is best."""
    said = source.lower()
    ranks = _ranks(field)
    for index, beginning in enumerate(ranks):
        if said.startswith(beginning):
            return index
    return len(ranks)


def best(field: str, facts: Iterable[tuple[FactKey, tuple[str, str]]], own: frozenset[str]) -> str:
    """The value of a field that is believed: best source, then latest, then by text."""
    found = [
        (-rank(field, source), last, str(value))
        for (name, value, source, where), (_, last) in facts
        if name == field and where in own and value not in (None, "")
    ]
    return max(found)[2] if found else ""


def nodes(places: Places, declared: Mapping[str, frozenset[str]]) -> list[Node]:
    """All nodes that something shows alive, or that a register names (address → parts)."""
    found: list[Node] = []
    for address in sorted(set(places) | set(declared)):
        here, named = places.get(address, {}), declared.get(address, frozenset())
        if named or any(place.alive for place in here.values()):
            found.extend(_at(address, here, named))
    return found


def echoes(here: Mapping[str, Place]) -> bool:
    """Whether whatever bus address is asked, the device answers for itself: it has no units."""
    for place in here.values():
        for name, value, _, where in () if place.part else place.facts:
            if name == "unit" and value == "echo" and not where:
                return True
    return False


def _at(address: str, here: dict[str, Place], named: frozenset[str]) -> Iterator[Node]:
    children: set[str] = set()
    if not echoes(here):
        children = _children(here) | {part for part in named if part}
    _hand_over(here, children)
    own = tuple(place for part, place in sorted(here.items()) if part not in children)
    root = Node(address, "", own, declared="" in named)
    if children or root.declared or root.alive:
        yield from _spans(root)
    for part in sorted(children):
        behind = (here[part],) if part in here else ()
        answers = part in here and _status(here, part) == "present"
        yield from _spans(Node(address, part, behind, declared=part in named, answers=answers))


def _hand_over(here: dict[str, Place], children: set[str]) -> None:
    """Facts about a bus part go to it, also where the question named no part."""
    for place in [one for part, one in here.items() if part not in children]:
        for fact in [one for one in place.facts if one[3] in children and one[0] != "unit"]:
            low, high = place.facts.pop(fact)
            child = here.setdefault(fact[3], Place(place.address, fact[3]))
            first, last = child.facts.get(fact, (low, high))
            child.facts[fact] = (min(first, low), max(last, high))


def _children(here: dict[str, Place]) -> set[str]:
    """Bus parts that are participants of their own (rulings 16)."""
    named = set(here) | _stated_present(here)
    present = {part for part in named if BUS.fullmatch(part) and _status(here, part) == "present"}
    others = present - set(_ITSELF)
    mine = [part for part in _ITSELF if part in present]
    if not mine:
        return others
    itself = _said(here, "") or _said(here, mine[0])
    others |= {part for part in mine if _contradicts(_said(here, part), itself)}
    if others and mine[0] == "unit 1" and not _said(here, ""):
        others.add("unit 1")  # the only unit of these three, and beside others: one of them
    return others


def _stated_present(here: dict[str, Place]) -> set[str]:
    """Parts that the probe says are there, also where its question named no part."""
    return {
        where
        for place in here.values()
        for name, value, _, where in place.facts
        if name == "unit" and value == "present" and where
    }


def _said(here: dict[str, Place], part: str) -> dict[str, set[str]]:
    """Identity as one part gives it, whichever question brought it."""
    found: dict[str, set[str]] = {}
    for place in here.values():
        for name, value, _, where in place.facts:
            if name in _SIGNATURE and (where or place.part) == part:
                found.setdefault(name, set()).add(str(value))
    return found


def _contradicts(one: dict[str, set[str]], other: dict[str, set[str]]) -> bool:
    """Whether both give the same field, and differently: two devices, not one."""
    return any(values.isdisjoint(other[name]) for name, values in one.items() if name in other)


def _status(here: dict[str, Place], part: str) -> str:
    """present, absent, silent or echo: the probe's word, else what the outcomes say.

    One that was there once is an asset that is gone or dead by now, not one that never was.
    """
    said: list[tuple[str, str]] = []
    for place in here.values():
        for (name, value, _, where), (_, last) in place.facts.items():
            if name == "unit" and (where or place.part) == part:
                said.append((last, str(value)))
    if said:
        last = max(said)[1]
        once = any(word == "present" for _, word in said)
        return "present" if once and last != "echo" else last
    outcomes = here[part].outcomes & ALIVE
    answered = outcomes - {"refused_downstream", "mute", "hung_up", "other", "garbled"}
    return "present" if answered else "absent"


def _spans(node: Node) -> Iterator[Node]:
    """The node, cut where another device took its place (serial number or ARP address changed)."""
    facts = list(node.facts())
    node.nameplate = _nameplate(node, facts)
    own = node.own
    spans: dict[str, dict[str, list[str]]] = {"serial": {}, "mac": {}}
    for (fact, value, source, part), (first, last) in facts:
        if fact not in spans or part not in own or placeholder(fact, str(value)):
            continue
        if fact != "mac" or source.lower().startswith("arp"):
            low, high = spans[fact].setdefault(str(value), [first, last])
            spans[fact][str(value)] = [min(low, first), max(high, last)]
    found = spans["serial"] or spans["mac"]
    if len(found) > 1:
        yield from _cut(node, sorted(found.values()))
    else:
        yield _named(node, facts)


def _nameplate(node: Node, facts: Sequence[Stated]) -> str:
    """The one component that carries the device's own nameplate (OPC 10000-100, DeviceSet).

    It states the serial number of the device itself, or, where that one states none, a serial
    number beside the same maker and firmware; of several such components none can be told apart
    from something that merely sits in the housing.
    """
    mine = node.own
    if mine.issuperset([fact[3] for fact, _ in facts]):
        return ""  # as most: it states nothing of any component
    said: dict[str, dict[str, set[str]]] = {}
    for (name, value, _, part), _ in facts:
        if name in _SIGNATURE and value not in (None, ""):
            said.setdefault(part, {}).setdefault(name, set()).add(str(value))
    own = {name: values for part in mine for name, values in said.get(part, {}).items()}
    parts = {part: found for part, found in said.items() if part not in mine}
    if "serial" in own:  # ENTITY-MIB: the chassis with the agent's own serial number (RFC 6933)
        number = own["serial"]
        alike = [part for part, found in parts.items() if number & found.get("serial", set())]
        return alike[0] if len(alike) == 1 else ""
    numbered = [part for part, found in parts.items() if "serial" in found]
    if len(numbered) != 1:
        return ""
    found = parts[numbered[0]]
    same = (found.get(name, set()) & own.get(name, set()) for name in ("vendor", "firmware"))
    return numbered[0] if all(same) else ""


def _cut(node: Node, spans: list[list[str]]) -> Iterator[Node]:
    apart = all(earlier[1] < later[0] for earlier, later in pairwise(spans))
    if len(spans) < 2 or not apart:  # at the same time: a conflict, kept in one place
        yield _named(node, list(node.facts()))
        return
    starts = ["", *(_began(node, before[1], span[0]) for before, span in pairwise(spans))]
    # A stamp without its Z sorts just before it.
    ends = [*(start[:-1] for start in starts[1:]), END]
    for since, until in zip(starts, ends, strict=True):
        cut = replace(node, since=since, until=until)
        yield _named(cut, list(cut.facts()))


def _began(node: Node, before: str, shown: str) -> str:
    """When the device that showed itself was there at first: all that its scan learned at this
    address is about it, unless the device before it showed itself in the same scan."""
    began = [low for p in node.places for low, high in p.scans.values() if low <= shown <= high]
    return min((low for low in began if low > before), default=shown)


def _named(node: Node, facts: Sequence[Stated]) -> Node:
    own = node.own
    mine = [fact for fact in facts if fact[0][3] in own]
    words = [
        (name, str(value), source) for (name, value, source, _), _ in mine if value is not None
    ]
    node.identities = tuple(stated(words, best("vendor", mine, own)))
    macs = [str(f[1]) for f, _ in facts if f[0] in ("mac", "interface.mac")]
    node.macs = frozenset(map(plain_mac, macs)) - {""} if macs else frozenset()
    return node
