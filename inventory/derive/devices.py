"""From a cluster of nodes to a device: its best values, services, counts and places.

One rule keeps it simple: the best source wins, then the latest word, then text order, so that two
runs over the same facts agree.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from inventory.derive.clusters import Cluster
from inventory.derive.identity import plain_mac
from inventory.derive.nodes import END, Node, rank
from inventory.derive.places import Asked, FactKey, Place
from inventory.model import ELSEWHERE, Device, Merge, Service
from inventory.quick import quick
from protocols.contract import Fact, Observation, Openness, Outcome

FIELDS = ("name", "role", "vendor", "product", "model", "firmware", "hardware", "serial", "mac")
"""Fields of a device that facts of the same name fill."""

_new_device, _new_fact, _new_service = quick(Device), quick(Fact), quick(Service)

_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


@dataclass(frozen=True, slots=True)
class PlaceOf:
    """Observations at this address and part, from `since` to `until`, are about `asset`."""

    site: str
    address: str
    part: str
    since: str
    until: str
    asset: str

    def holds(self, one: Observation) -> bool:
        """Whether an observation was made at this place."""
        time = one.time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        here = one.target.address == self.address and one.question.part == self.part
        return here and self.since <= time <= self.until


_new_place = quick(PlaceOf)


def places_of(site: str, cluster: Cluster) -> Iterator[PlaceOf]:
    """Where the observations of a device are."""
    for node in cluster.nodes:
        parts = {place.part for place in node.places} or {node.part}
        for part in sorted(parts):
            yield _new_place(site, node.address, part, node.since, node.until, cluster.key)


def device_of(site: str, cluster: Cluster, openness: Mapping[str, Openness]) -> Device:
    """The device of a cluster, without what people state about it."""
    nodes = sorted(cluster.nodes, key=_recent, reverse=True)
    facts = _facts(nodes)
    value = _best(facts, frozenset().union(*(node.own for node in nodes)))
    heard = [place for node in nodes for place in node.places]
    points = set().union(*(place.point_hashes() for place in heard)) if heard else set()
    readable = set().union(*(place.readable_hashes() for place in heard)) if heard else set()
    seen = any(node.alive for node in nodes)
    first, last = _life(nodes)
    return _new_device(
        key=cluster.key,
        site=site,
        **value,  # names of FIELDS only
        addresses=_addresses(nodes, facts),
        aliases=tuple(cluster.aliases),
        parent=cluster.parent,
        part=cluster.part,
        services=tuple(_services(nodes, openness)),
        facts=tuple(_new_fact(*fact) for fact in sorted(facts, key=_fact_order)),
        merges=(*cluster.merges, *_gone(nodes)),
        first_seen=first if seen else None,
        last_seen=last if seen else None,
        points=len(points),
        readable=len(readable),
        seen=seen,
    )


def present(nodes: list[Node]) -> list[Node]:
    """Where the device is: not where another one answers since, if it was seen elsewhere."""
    return [node for node in nodes if not node.left] or nodes


def _gone(nodes: list[Node]) -> Iterator[Merge]:
    """That another device answers where it was seen last."""
    if nodes and all(node.left for node in nodes):
        last = nodes[0]
        since = last.until[:16].replace("T", " ")
        yield Merge(ELSEWHERE, f"another device answers at {last.at} since {since} UTC")


def _recent(node: Node) -> tuple[str, tuple[str, str, str]]:
    ends = [min(p.heard_last, node.until) for p in node.places if p.alive]
    return (max(ends, default=""), node.order)


def _facts(nodes: list[Node]) -> dict[FactKey, str]:
    """Every fact with the last time that it was stated."""
    found: dict[FactKey, str] = {}
    for node in nodes:
        for fact, (_, last) in node.facts():
            known = found.get(fact)
            if known is None or last > known:
                found[fact] = last
    return found


def _best(facts: Mapping[FactKey, str], own: frozenset[str]) -> dict[str, str]:
    found: dict[str, tuple[int, str, str]] = {}
    for (name, value, source, where), last in facts.items():
        if name in FIELDS and where in own and value not in (None, ""):
            offer = (-rank(name, source), last, str(value))
            if name not in found or offer > found[name]:
                found[name] = offer
    chosen = {name: offer[2] for name, offer in found.items()}
    if "mac" in chosen:
        chosen["mac"] = plain_mac(chosen["mac"]) or chosen["mac"]
    return chosen


def _fact_order(fact: FactKey) -> tuple[str, str, str, str]:
    name, value, source, part = fact
    return (name, part, source, str(value))


def _life(nodes: list[Node]) -> tuple[datetime | None, datetime | None]:
    firsts = [max(p.heard_first, n.since) for n in nodes for p in n.places if p.alive]
    lasts = [_last(p, n) for n in nodes for p in n.places if p.alive]
    return _moment(min(firsts, default="")), _moment(max(lasts, default=""))


def _last(place: Place, node: Node) -> str:
    """Its last sign of life; in a span that ended, the end of the last scan in it, or its end
    where another device took the place during that scan."""
    if place.heard_last <= node.until:
        return place.heard_last
    ends = [high for _, high in place.scans.values() if high <= node.until]
    return max(ends, default=node.until)


def _moment(text: str) -> datetime | None:
    whole = text if text.endswith("Z") else f"{text}Z"
    return datetime.fromisoformat(whole) if text[:1].isdigit() else None


def _addresses(nodes: list[Node], facts: Mapping[FactKey, str]) -> tuple[str, ...]:
    """Where it answered, the latest first; then what it says of itself, in order."""
    answered = list(dict.fromkeys(node.address for node in present(nodes)))
    said = {str(fact[1]) for fact in facts if fact[0] == "address" and fact[3] == ""}
    return (*answered, *sorted((a for a in said if _usable(a) and a not in answered), key=_number))


def _usable(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or address.is_multicast)


def _number(text: str) -> tuple[int, int]:
    address = ipaddress.ip_address(text)
    return (address.version, int(address))


def _services(nodes: list[Node], openness: Mapping[str, Openness]) -> Iterator[Service]:
    """One per address and port: the answer to its identity question in the latest scan."""
    for node in sorted(present(nodes), key=lambda one: one.order):
        offered = _offered(node)
        for (protocol, transport, port), asked in sorted(_latest(node).items()):
            yield _new_service(
                protocol,
                transport,
                port,
                _OUTCOMES[asked.outcome],
                node.address,
                asked.reason,
                tuple(sorted(offered.get((protocol, transport, port), ()))),
                openness.get(protocol),
                node.part,
            )


def _offered(node: Node) -> dict[tuple[str, str, int], set[str]]:
    """Per service the security that it offered in the last scan that was told: what it offered
    before and does no more is history."""
    told = (
        (place.scans[key[3]], key[:3], security)
        for place in node.places
        for key, security in (place.security or {}).items()
        if node.within(*place.scans[key[3]])
    )
    ordered = sorted(told, key=lambda one: (one[0][1], one[0][0], sorted(one[2])))
    return {service: security for _, service, security in ordered}


def _latest(node: Node) -> dict[tuple[str, str, int], Asked]:
    """Per service the identity question of the scan that asked last."""
    asked: dict[tuple[str, str, int, str], Asked] = {}
    for place in node.places:
        for key, one in place.services.items():
            if node.within(*place.scans[key[3]]):
                asked[key] = min(asked.get(key, one), one)
    latest: dict[tuple[str, str, int], Asked] = {}
    for (protocol, transport, port, _), one in asked.items():
        service = (protocol, transport, port)
        known = latest.get(service)
        if known is None or (one.time, one) > (known.time, known):
            latest[service] = one
    return latest


__all__ = ["END", "PlaceOf", "device_of", "places_of"]
