"""Which nodes are one device, and which key it has.

One rule keeps it simple: two nodes become one only for a reason that can be said in words; the
reason is kept, shown by `untrap show` and undone by `untrap split`. Keys never change: the identity
that a key was first derived from is on record and is looked up before a new key is made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from inventory.derive.identity import STATED, WEAKEST, kind, plain_mac, said, strength
from inventory.derive.nodes import Node
from inventory.model import Declaration, Kind, Merge
from inventory.quick import quick
from protocols.contract import identifier


@dataclass(slots=True)
class Cluster:
    """The nodes of one device."""

    nodes: list[Node]
    merges: list[Merge] = field(default_factory=list)
    key: str = ""
    aliases: list[str] = field(default_factory=list)
    parent: str = ""

    @property
    def order(self) -> tuple[str, str, str]:
        return min(node.order for node in self.nodes)

    @property
    def part(self) -> str:
        return self.nodes[0].part

    def identities(self) -> list[str]:
        """Strongest first, the network address last."""
        found = {identity for node in self.nodes for identity in node.identities}
        places = sorted({f"at:{node.at}{_since(node)}" for node in self.nodes})
        return sorted(found, key=lambda one: (strength(one), one)) + places

    def addresses(self) -> set[str]:
        return {node.at for node in self.nodes}


def _since(node: Node) -> str:
    """Tells a later device at the same address from the first one."""
    return f" since {node.since}" if node.since else ""


class _Union:
    """Disjoint sets of nodes by index (union-find); the smallest index leads."""

    def __init__(self, count: int) -> None:
        self._lead = list(range(count))

    def find(self, one: int) -> int:
        while self._lead[one] != one:
            self._lead[one] = self._lead[self._lead[one]]
            one = self._lead[one]
        return one

    def join(self, one: int, other: int) -> bool:
        low, high = sorted((self.find(one), self.find(other)))
        self._lead[high] = low
        return low != high


def clusters(nodes: Sequence[Node], splits: frozenset[str]) -> list[Cluster]:
    """Groups nodes that evidence shows to be one device; `splits` are places kept apart."""
    union = _Union(len(nodes))
    reasons: dict[int, list[Merge]] = defaultdict(list)
    free = [i for i, node in enumerate(nodes) if f"at:{node.at}" not in splits]
    for one, other, identity, reason in _pairs(nodes, free):
        if union.join(one, other):
            reasons[one].append(Merge(identity, reason))
    grouped: dict[int, Cluster] = {}
    for index, node in enumerate(nodes):
        cluster = grouped.setdefault(union.find(index), Cluster([]))
        cluster.nodes.append(node)
        cluster.merges.extend(reasons.get(index, ()))
    return list(grouped.values())


def _pairs(nodes: Sequence[Node], free: Iterable[int]) -> Iterator[tuple[int, int, str, str]]:
    """Pairs of nodes that are one device, with the identity and the reason."""
    sharing: dict[str, list[int]] = defaultdict(list)
    for index in free:
        for identity in nodes[index].identities:
            if kind(identity) in STATED:
                sharing[identity].append(index)
    for identity, group in sorted(sharing.items()):
        if len(group) > 1:
            yield from _corroborated(nodes, identity, group)
    yield from _known_by_hardware(nodes, free)
    yield from _one_card(nodes, free)


def _one_card(nodes: Sequence[Node], free: Iterable[int]) -> Iterator[tuple[int, int, str, str]]:
    """Several addresses of one network card: the same hardware address at both, and one of the two
    lists the other address (rulings 15). One of these alone may be a router's doing."""
    cards: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for index in free:
        if not nodes[index].part:
            for mac in nodes[index].macs:
                cards[mac][nodes[index].at] = index
    for mac, places in sorted(cards.items()):
        for index in places.values() if len(places) > 1 else ():
            for (name, value, source, _), _span in nodes[index].facts():
                other = places.get(str(value)) if name == "address" else None
                if other is not None and other != index:
                    reason = f"hardware address {mac} at both; {source} lists {value}"
                    yield min(index, other), max(index, other), f"mac:{mac}", reason


def _known_by_hardware(
    nodes: Sequence[Node], free: Iterable[int]
) -> Iterator[tuple[int, int, str, str]]:
    """What was seen by hardware address only, and the one device that has that address."""
    bare = {nodes[i].address: i for i in free if plain_mac(nodes[i].address) == nodes[i].address}
    owners: dict[str, list[int]] = defaultdict(list)
    for index in free if bare else ():
        node = nodes[index]
        if node.address not in bare and not node.part:
            for mac in node.macs & bare.keys():
                owners[mac].append(index)
    for mac, found in sorted(owners.items()):
        if len({nodes[index].address for index in found}) == 1:
            pair = sorted((bare[mac], found[-1]))
            yield pair[0], pair[1], f"mac:{mac}", f"hardware address {mac} at both"


def _corroborated(
    nodes: Sequence[Node], identity: str, group: list[int]
) -> Iterator[tuple[int, int, str, str]]:
    by_mac: dict[str, int] = {}
    by_address: dict[str, int] = {}
    for index in group:
        node = nodes[index]
        if node.at in by_address:
            yield by_address[node.at], index, identity, f"{said(identity)} came back at {node.at}"
        by_address.setdefault(node.at, index)
        for mac in sorted(node.macs):
            if mac in by_mac:
                reason = f"{said(identity)} and hardware address {mac} at both addresses"
                yield by_mac[mac], index, identity, reason
            by_mac.setdefault(mac, index)
    for index in group:
        for (name, value, source, _), _span in nodes[index].facts():
            other = by_address.get(str(value)) if name == "address" else None
            if other is not None and other != index:
                reason = f"{said(identity)} at both; {source} lists {value}"
                yield min(index, other), max(index, other), identity, reason
    yield from _moved(nodes, identity, group)


def _moved(
    nodes: Sequence[Node], identity: str, group: list[int]
) -> Iterator[tuple[int, int, str, str]]:
    """Neighbours in time where the earlier place was asked again and did not answer so."""
    spans = sorted((_span(nodes[index], identity), index) for index in group)
    for ((_, left), one), ((came, _), other) in pairwise(spans):
        node = nodes[one]
        scan = next(
            (w for p in nodes[other].places for w in p.scans.items() if w[1][0] <= came <= w[1][1]),
            None,
        )
        if scan is None or came <= left:
            continue
        asked = [p.scans[scan[0]] for p in node.places if scan[0] in p.scans]
        if asked and min(asked)[0] > left:
            reason = f"{said(identity)} moved from {node.at} to {nodes[other].at}"
            yield one, other, identity, reason


def _span(node: Node, identity: str) -> tuple[str, str]:
    wanted = identity.partition(":")[2].rpartition("|")[2]
    spans = [
        span
        for fact, span in node.facts()
        if wanted in str(fact[1]).replace(" ", "").casefold()
        or wanted in str(fact[1]).replace(" ", "").upper()
    ] or [span for _, span in node.facts()]
    return min(first for first, _ in spans), max(last for _, last in spans)


# --- keys ------------------------------------------------------------------------------------


def key_of(site: str, identity: str) -> str:
    """The key that is first derived from an identity (rulings 15)."""
    return identifier(f"{site}\n{identity}")


def assign(site: str, found: list[Cluster], recorded: Sequence[Declaration]) -> list[Declaration]:
    """Gives every cluster its key; returns the declarations that record new identities.

    Strong identities claim before weak ones, older records before younger ones.
    """
    known: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for age, declaration in enumerate(recorded):
        fields = declaration.fields
        known[fields.get("identity", "")].append((age, fields["key"], fields.get("at", "")))
    identities = [cluster.identities() for cluster in found]
    shared = _shared(identities)
    taken = _claim(found, identities, known) if known else {}
    new: list[Declaration] = []
    for index, cluster in enumerate(found):
        lead = _lead(identities[index], shared)
        if not cluster.key:
            cluster.key = _fresh(site, lead, taken)
            taken[cluster.key] = index
            new.append(_record(site, cluster.key, lead, cluster))
        elif strength(lead) < WEAKEST and not known.get(lead):
            new.append(_record(site, cluster.key, lead, cluster))
    return new


def _shared(identities: Iterable[Sequence[str]]) -> set[str]:
    once: set[str] = set()
    twice: set[str] = set()
    for several in identities:
        for identity in several:
            (twice if identity in once else once).add(identity)
    return twice


def _lead(identities: Sequence[str], shared: set[str]) -> str:
    """The strongest identity; one that several devices state is told apart by the address."""
    best = identities[0]
    return f"{best} {identities[-1]}" if best in shared else best


def _fresh(site: str, identity: str, taken: Mapping[str, int]) -> str:
    key, again = key_of(site, identity), 1
    while key in taken:
        again += 1
        key = key_of(site, f"{identity} #{again}")
    return key


def _claim(
    found: list[Cluster],
    identities: Sequence[Sequence[str]],
    known: Mapping[str, list[tuple[int, str, str]]],
) -> dict[str, int]:
    claims: list[tuple[int, bool, int, str, int]] = []
    for index, cluster in enumerate(found):
        places = cluster.addresses()
        wanted = [
            *identities[index],
            *(f"{i} at:{p}" for i in identities[index][:8] for p in places),
        ]
        for identity in wanted:
            for age, key, at in known.get(identity, ()):
                claims.append((strength(identity), at not in places, age, key, index))
    taken: dict[str, int] = {}
    owned: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for _, _, age, key, index in sorted(claims):
        if taken.setdefault(key, index) == index and (age, key) not in owned[index]:
            owned[index].append((age, key))
    for index, keys in owned.items():
        ordered = list(dict.fromkeys(key for _, key in sorted(keys)))
        found[index].key, found[index].aliases = ordered[0], ordered[1:]
    return taken


_new_statement = quick(Declaration)


def _record(site: str, key: str, identity: str, cluster: Cluster) -> Declaration:
    fields = {"key": key, "identity": identity, "at": min(cluster.addresses())}
    return _new_statement(site, Kind.KEY, key, fields, author="untrap")


# --- what people state -----------------------------------------------------------------------


def splits(declarations: Iterable[Declaration]) -> frozenset[str]:
    """Identities (places) that a person took out of a merge."""
    return frozenset(d.fields["identity"] for d in declarations if d.kind is Kind.SPLIT)


def join_stated(found: list[Cluster], declarations: Iterable[Declaration]) -> list[Cluster]:
    """Applies merges that people stated, in order; a later split of the same asset undoes one."""
    stated: dict[str, tuple[str, str]] = {}
    for declaration in declarations:
        if declaration.kind is Kind.MERGE:
            drop = declaration.fields["drop"]
            stated[drop] = (declaration.fields["keep"], declaration.author)
        elif declaration.kind is Kind.SPLIT:
            for name in (declaration.fields["asset"], declaration.fields["identity"]):
                stated.pop(name, None)
    by_key = {key: cluster for cluster in found for key in (cluster.key, *cluster.aliases)}
    for drop, (keep, author) in stated.items():
        one, other = by_key.get(keep), by_key.get(drop)
        if one is None or other is None or one is other:
            continue
        one.nodes.extend(other.nodes)
        reason = f"stated by {author or 'a person'}"
        one.merges.extend([*other.merges, Merge(f"key:{other.key}", reason)])
        one.aliases.extend([other.key, *other.aliases])
        for key in (other.key, *other.aliases):
            by_key[key] = one
        other.nodes = []
    return [cluster for cluster in found if cluster.nodes]
