"""The walk over the address space: which node to ask next, and what the answers add up to.

Pure state, no input or output. It goes down hierarchical references from Objects, breadth first;
a node seen once is never asked again, so cycles end. Namespace 0's Server object is not walked:
what is wanted of it is read by number.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from protocols.contract import Reason
from protocols.opcua.nodes import NodeId, core
from protocols.opcua.numbers import (
    ALIASES,
    FIRST_FREE_NODE,
    HAS_PROPERTY,
    MOST_NODES,
    MOST_PAGES,
    MOST_TREE_DEPTH,
    OBJECTS,
    SERVER,
    NodeClass,
)
from protocols.opcua.services import Listing, Reference
from protocols.opcua.status import is_bad, name_of

_MOST_PROPERTIES = 4000
_META = frozenset({"EngineeringUnits", "EURange", "InstrumentRange"})
_ABOUT = frozenset(
    {
        "EnumStrings",
        "EnumValues",
        "ValuePrecision",
        "Definition",
        "TrueState",
        "FalseState",
        "InputArguments",
        "OutputArguments",
        "NodeVersion",
        "Icon",
        "DefaultInstanceBrowseName",
    }
)
"""Properties that describe another node and are no data of their own (OPC 10000-3 and -8)."""
_REFUSED = frozenset({"BadUserAccessDenied", "BadNotReadable", "BadSecurityModeInsufficient"})


@dataclass(frozen=True, slots=True)
class Place:
    """One node to ask: where it stands and how deep."""

    node: NodeId
    path: tuple[str, ...]
    depth: int
    variable: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable that was found."""

    node: NodeId
    name: str
    name_space: int
    path: tuple[str, ...]
    definition: NodeId
    parent: NodeId
    property: bool
    shown: str = ""


_START = Place(core(OBJECTS), ("Objects",), 0)


@dataclass(slots=True)
class Walk:
    """How far a walk has come."""

    queue: deque[Place] = field(default_factory=lambda: deque([_START]))
    seen: set[NodeId] = field(default_factory=lambda: {core(OBJECTS)})
    asked: int = 0
    pages: int = 0
    properties: int = 0
    outside: int = 0
    variables: list[Variable] = field(default_factory=list)
    meta: dict[NodeId, dict[str, NodeId]] = field(default_factory=dict)
    open_points: list[tuple[bytes, Place]] = field(default_factory=list)
    alone: list[Place] = field(default_factory=list)
    cut: str = ""
    why: str = ""  # of several bounds of ours: which one it came to

    @property
    def found(self) -> int:
        """Items of the enumeration: the variables."""
        return len(self.variables)

    def next_batch(self, size: int, folders: int = MOST_NODES) -> tuple[Place, ...]:
        """The next nodes to ask, within the cap; at most so many that may list a lot."""
        if len(self.variables) >= MOST_NODES:
            self._leave_folders()
        if self.alone:
            return (self.alone.pop(),)
        room = MOST_NODES - self.asked
        if self.queue and room <= 0:
            self.stop(Reason.OUR_CAP)
            return ()
        batch: list[Place] = []
        while self.queue and len(batch) < min(size, room):
            folders -= not self.queue[0].variable
            if folders < 0 and batch:
                break
            batch.append(self.queue.popleft())
        self.asked += len(batch)
        return tuple(batch)

    def _leave_folders(self) -> None:
        """All variables that we take are found: only what describes them is asked for still."""
        left = [place for place in self.queue if place.variable]
        if self.alone or len(left) < len(self.queue):
            self.stop(Reason.OUR_CAP, f"more than {MOST_NODES} variables are not taken")
        self.alone.clear()
        self.queue = deque(left)

    def give_back(self, batch: tuple[Place, ...]) -> None:
        """A batch that was too large: ask it again in smaller ones."""
        self.asked -= len(batch)
        self.queue.extendleft(reversed(batch))

    def stop(self, reason: str, why: str = "") -> None:
        """Remember the first reason why the walk is not complete."""
        self.why = self.why if self.cut else why
        self.cut = self.cut or str(reason)

    def add(self, batch: tuple[Place, ...], listings: tuple[Listing, ...]) -> None:
        """Take in one answer."""
        for place, listing in zip(batch, listings, strict=True):
            name = name_of(listing.status)
            if name == "BadNoContinuationPoints" and len(batch) > 1:
                self.alone.append(place)
            elif is_bad(listing.status):
                self.stop(_lost(name))
            if listing.cut or (listing.unread and len(batch) == 1):
                self.stop(Reason.OUR_CAP, "a listing is longer than is taken of one answer")
            elif listing.unread:
                self.alone.append(place)
            for reference in listing.references:
                self._follow(place, reference)
            if listing.continuation and not listing.cut:
                self.open_points.append((listing.continuation, place))

    def next_pages(self, size: int) -> tuple[tuple[bytes, Place], ...]:
        """The continuation points to follow next, within the page cap."""
        if self.open_points and self.pages >= MOST_PAGES:
            self.stop(Reason.OUR_CAP)
            return ()
        self.pages += bool(self.open_points)
        found = tuple(self.open_points[:size])
        del self.open_points[:size]
        return found

    def _follow(self, place: Place, reference: Reference) -> None:
        node = reference.target
        if node.server or node.uri or node in self.seen:
            return
        if node.is_core(SERVER) or node.is_core(ALIASES):
            return
        self.seen.add(node)
        self.outside += _of_the_device(node)
        path = (*place.path, reference.name)
        if reference.node_class == NodeClass.VARIABLE:
            if self._property(place, reference, path):
                return
        elif reference.node_class != NodeClass.OBJECT:
            return
        if place.depth >= MOST_TREE_DEPTH:
            self.stop(Reason.OUR_CAP, f"below level {MOST_TREE_DEPTH} nothing was looked at")
        elif self.asked + len(self.queue) > MOST_NODES:
            self.stop(Reason.OUR_CAP, f"more than {MOST_NODES} nodes are not asked")
        else:
            leaf = reference.node_class == NodeClass.VARIABLE
            self.queue.append(Place(node, path, place.depth + 1, leaf))

    def _property(self, place: Place, reference: Reference, path: tuple[str, ...]) -> bool:
        """Take in a variable; whether it is a property, which has no children."""
        own = reference.type.is_core(HAS_PROPERTY)
        if own and self.properties >= _MOST_PROPERTIES:
            self.stop(Reason.OUR_CAP)
            return True
        self.properties += own
        if own and place.variable and reference.name in _META:
            self.meta.setdefault(place.node, {})[reference.name] = reference.target
        elif not (own and (place.variable or reference.name in _ABOUT)):
            if len(self.variables) >= MOST_NODES:
                self.stop(Reason.OUR_CAP)
                return True
            self.variables.append(
                Variable(
                    reference.target,
                    reference.name,
                    reference.namespace,
                    path,
                    reference.definition,
                    place.node,
                    own,
                    reference.shown,
                )
            )
        return own


def _of_the_device(node: NodeId) -> bool:
    """Whether it is no node of the standard's own: some servers number theirs in namespace 0 too
    (open62541 gives 50 000 and up to who names none); the standard's stay far below."""
    number = node.identifier
    return node.namespace != 0 or not isinstance(number, int) or number >= FIRST_FREE_NODE


def _lost(name: str) -> Reason:
    if name in _REFUSED:
        return Reason.REFUSED_PART
    if name in ("BadContinuationPointInvalid", "BadNoContinuationPoints"):
        return Reason.CONTINUATION_LOST
    return Reason.REFUSED_PART
