"""From what the walk found to observations: the one door into the inventory.

One rule keeps it simple: a hardware address is said of an IP address only where nothing speaks
for a router between them (`own_mac`); everything else is handed over as it was overheard.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from inventory.derive.identity import ROUTERS
from inventory.derive.oui import adapter_maker, device_maker
from protocols._cursor import hardware
from protocols.contract import (
    Fact,
    MapEntry,
    Observation,
    Outcome,
    Point,
    Question,
    Sample,
    Target,
)
from scanner.capture.files import NANOSECOND
from scanner.capture.ledger import nobody
from scanner.capture.messages import moment
from scanner.capture.model import Conversation, Host, Learned
from scanner.capture.uses import askers, order, usage
from scanner.capture.values import mapped, values
from scanner.capture.walk import Walk
from scanner.capture.whose import own_mac, shares, standing_for, vlans

FLOOD, FEW = 64, 2  # senders behind one hardware address that sent so few packets in vain
PLANT_KINDS = frozenset({"profinet", "pn-dcp", "ethercat", "goose", "sampled-values", "bacnet"})
PLANT_CLIENTS = frozenset({"pn-dcp client"})
NETWORK_ROLES = frozenset({"switch", "router", "access-point"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the observations come from: their site, scan and vantage."""

    site: str
    scan: str
    vantage: str


class Conclusions:
    """Everything that the walk supports, as observations in a fixed order."""

    def __init__(
        self,
        walk: Walk,
        origin: Origin,
        maps: Sequence[MapEntry] = (),
        own: frozenset[str] = frozenset(),
    ) -> None:
        """`maps` give registers a meaning; `own` are addresses of the machine that runs this."""
        self.walk = walk
        self.maps = maps
        self.origin = origin
        self._sequence: defaultdict[str, int] = defaultdict(int)
        self._shared = standing_for(walk)
        self.macs = {
            address: mac
            for address, host in walk.hosts.items()
            if (mac := own_mac(address, host, self._shared))
        }
        self._addresses: defaultdict[str, list[str]] = defaultdict(list)
        for address, mac in self.macs.items():
            self._addresses[mac].append(address)
        self._roles = {
            key[0]
            for key, item in walk.learned.items()
            if any(f.name == "role" for f in item.facts)
        }
        self._network = {
            key[0]
            for key, item in walk.learned.items()
            if any(f.name == "role" and f.value in NETWORK_ROLES for f in item.facts)
        }
        self._said: defaultdict[str, list[tuple[object, Learned]]] = defaultdict(list)
        for key, item in walk.learned.items():
            if item.facts:
                self._said[key[0]].append((key, item))
        self._known = {
            (key[0], *point)
            for key, item in walk.learned.items()
            if item.series
            for point in item.points
        }
        self._servers: set[str] = set()
        self._clients: set[str] = set()
        self._servers |= {key[0] for key, item in walk.learned.items() if item.served}
        for conversation in walk.conversations.values():
            if conversation.passive is not None and conversation.passive.plant:
                if conversation.spoken:
                    self._servers.add(conversation.server)
                if conversation.requested and not conversation.passive.peers:
                    self._clients.add(conversation.client)

        self._lone = self._flood()
        if self._lone:
            walk.ledger.note(
                "addresses of a flood: one packet or two, and no answer", len(self._lone)
            )
        self._absent = own | self._bystanders() | self._lone

    def _flood(self) -> frozenset[str]:
        """Addresses of senders that are made up: many behind one hardware address, of which each
        sent a packet or two that nobody answered and that no decoder read (a scan with false
        senders). Few of them are kept: a device that is switched off is asked like this."""
        packets: defaultdict[str, int] = defaultdict(int)
        spoke: set[str] = {key[0] for key in self.walk.learned}
        for one in self.walk.conversations.values():
            packets[one.client] += one.asked
            packets[one.server] += one.answered
            if (one.asked and one.answered) or one.requested:
                spoke |= {one.client, one.server}
        behind: defaultdict[str, list[str]] = defaultdict(list)
        for address, host in self.walk.hosts.items():
            alone = len(host.macs) == 1 and not host.announced and address not in spoke
            if alone and 1 <= packets[address] <= FEW:
                behind[next(iter(host.macs))].append(address)
        crowds = (found for found in behind.values() if len(found) > FLOOD)
        return frozenset(address for found in crowds for address in found)

    def _bystanders(self) -> frozenset[str]:
        """Who only captured: neither asks nor answers in the plant's own protocols."""
        found = set()
        for mac in self.walk.ledger.captors:
            addresses = {a for a, host in self.walk.hosts.items() if mac in host.macs}
            kinds = self.walk.kinds.get(mac, set()) & (PLANT_KINDS | PLANT_CLIENTS)
            if not addresses & (self._servers | self._clients) and not kinds:
                found |= {mac} | {a for a in addresses if self.macs.get(a) == mac}
        return frozenset(found)

    def observations(self) -> Iterator[Observation]:
        """Everything but what is about the capturing machine itself."""
        return (one for one in self._all() if not self._about_us(one))

    def _about_us(self, one: Observation) -> bool:
        address = one.target.address
        return bool(self._absent) and (
            address in self._absent or self.macs.get(address, "") in self._absent
        )

    def _all(self) -> Iterator[Observation]:
        """Presence first, then what was overheard, then who talks to whom."""
        yield from self._presence()
        yield from self._overheard()
        yield from self._services()

    def _make(
        self,
        target: Target,
        question: Question,
        outcome: Outcome,
        time: int,
        facts: tuple[Fact, ...] = (),
        points: tuple[Point, ...] = (),
        samples: tuple[Sample, ...] = (),
        reason: str = "",
        detail: str = "",
        items: int | None = None,
    ) -> Observation:
        sequence = self._sequence[target.address]
        self._sequence[target.address] += 1
        return Observation(
            self.origin.scan,
            self.origin.vantage,
            target,
            question,
            outcome,
            moment(time),
            sequence,
            reason=reason,
            detail=detail,
            facts=facts,
            points=points,
            samples=samples,
            items=items,
            origin="capture",
        )

    def _target(self, address: str, transport: str = "link", port: int = 0) -> Target:
        """The device's place; one known by hardware address only may have one IP address."""
        known = self._addresses.get(address, ())
        if len(known) == 1:
            address = known[0]
        return Target(self.origin.site, address, transport, port)

    def _presence(self) -> Iterator[Observation]:
        heard = Question("capture", "heard")
        for address, host in sorted(self.walk.hosts.items()):
            facts = self._names(address, host)
            if host.address:
                facts += (Fact("address", host.address, "in a VLAN of its own"),)
            target = Target(self.origin.site, address, "link", 0)
            yield self._make(target, heard, Outcome.COMPLETE, host.last, facts)
        owned = set(self.macs.values())
        forwarding = {
            mac for host in self.walk.hosts.values() for mac, own in host.macs.items() if not own
        }
        routers = {mac for host in self.walk.hosts.values() for mac in host.macs}
        for mac, station in sorted(self.walk.stations.items()):
            if mac in owned or not hardware(mac) or mac.startswith(ROUTERS):
                continue
            if mac in routers and mac not in self.walk.kinds and self._shared.get(mac, 0) < 2:
                continue  # it only ever stood in front of one address that it may not own
            facts = (
                Fact("mac", mac, "Ethernet source address"),
                *self._maker(mac),
                *vlans(station),
            )
            spoken = self.walk.kinds.get(mac, set())
            if mac not in self._roles:
                if spoken & PLANT_KINDS:
                    facts += (Fact("role", "ot-device", f"speaks {min(spoken & PLANT_KINDS)}"),)
                elif spoken & PLANT_CLIENTS:
                    facts += (Fact("role", "ot-client", "asks by PROFINET DCP"),)
            if mac in forwarding and self._shared.get(mac, 0) > 1:
                facts += (Fact("role", "router", "forwards for several addresses"),)
            target = Target(self.origin.site, mac, "link", 0)
            yield self._make(target, heard, Outcome.COMPLETE, station.last, facts)

    def _maker(self, mac: str) -> tuple[Fact, ...]:
        """The maker by hardware address: builders of plant devices, and of network devices, whose
        adapters are their own."""
        maker = adapter_maker(mac) if mac in self._network else device_maker(mac)
        return (Fact("vendor", maker, "IEEE prefix of its hardware address"),) if maker else ()

    def _names(self, address: str, host: Host) -> tuple[Fact, ...]:
        facts: list[Fact] = []
        if mac := self.macs.get(address):
            said = "ARP" if mac in host.announced else "Ethernet source address"
            facts.append(Fact("mac", mac, said))
            facts += self._maker(mac)
            facts += [
                Fact("address", other, "same hardware address")
                for other in sorted(self._addresses[mac])
                if other != address
            ]
        facts += vlans(host)
        facts += shares(host, self._shared)
        if address not in self._roles and (not mac or mac not in self._roles):
            if address in self._servers:
                facts.append(Fact("role", "ot-device", "answers plant protocols"))
            elif address in self._clients:
                facts.append(Fact("role", "ot-client", "asks by plant protocols"))
        return tuple(facts)

    def _overheard(self) -> Iterator[Observation]:
        serving = {(c.transport, c.server, c.port) for c in self.walk.conversations.values()}
        for key, learned in sorted(self.walk.learned.items()):
            address, transport, port, protocol, operation, part, argument = key
            if (
                transport != "link"
                and not learned.served
                and (transport, address, port) not in serving
            ):
                transport, port = "link", 0  # said by or about a client: no service there
            facts, points, samples = self._values(address, protocol, argument, learned)
            if not (facts or points or samples) and learned.series:
                continue  # registers without a map: the ranges that are read say as much
            yield self._make(
                self._target(address, transport, port),
                Question(protocol, operation, part, argument),
                learned.outcome,
                learned.last,
                facts,
                points,
                samples,
                items=len(points) or None,
            )

    def _values(
        self, address: str, protocol: str, argument: str, learned: Learned
    ) -> tuple[tuple[Fact, ...], tuple[Point, ...], tuple[Sample, ...]]:
        """Facts, points and values, registers by the map that fits the device."""
        if protocol == "modbus" and learned.series:
            stated = [f for key, item in self._said[address] for f in item.facts]
            return mapped(stated, self.maps, int(argument.rpartition(" ")[2]), learned)
        return tuple(learned.facts), tuple(learned.points.values()), values(learned)

    def _services(self) -> Iterator[Observation]:
        services: defaultdict[tuple[str, str, int], list[Conversation]] = defaultdict(list)
        for (transport, server, port, _), conversation in self.walk.conversations.items():
            services[server, transport, port].append(conversation)
        for (server, transport, port), conversations in sorted(services.items()):
            if nobody(server):
                continue
            passive = next((c.passive for c in conversations if c.passive is not None), None)
            spoken = sum(c.spoken for c in conversations)
            answered = sum(c.answered for c in conversations)
            target = Target(self.origin.site, server, transport, port)
            last = max(c.last for c in conversations)
            if passive is None:
                if transport == "tcp" and any(c.accepted and c.sure for c in conversations):
                    question = Question("tcp", "overheard")
                    detail = "a connection was accepted; its protocol was not recognised"
                    yield self._make(target, question, Outcome.OTHER, last, detail=detail)
                continue
            question = Question(passive.name, "overheard")
            if spoken:
                kept = [] if passive.peers else conversations
                facts, points = usage(kept, passive.name)
                points = tuple(p for p in points if (server, p.part, p.address) not in self._known)
                items = len(points) or None
                yield self._make(
                    target, question, Outcome.COMPLETE, last, facts, points, items=items
                )
            elif all(c.reset for c in conversations):
                yield self._make(target, question, Outcome.CLOSED, last)
            elif answered and transport == "tcp":
                yield self._make(target, question, Outcome.MUTE, last)
            elif not answered and not _group(server):
                reason = "no answer in the capture"
                yield self._make(target, question, Outcome.SILENT, last, reason=reason)
        for conversation in sorted(self.walk.conversations.values(), key=order):
            for who, role, where in askers(conversation):
                if who in self.walk.hosts:
                    yield self._asking(conversation, who, role, where)

    def _asking(self, conversation: Conversation, who: str, role: str, where: str) -> Observation:
        """That somebody talked to a service, and for how long."""
        name = conversation.passive.name if conversation.passive is not None else "tcp"
        target = Target(self.origin.site, who, "link", 0)
        question = Question(name, role, "", where)
        lasted = (conversation.last - conversation.first) / NANOSECOND
        made = self._make(target, question, Outcome.COMPLETE, conversation.last)
        return replace(made, duration_seconds=max(lasted, 0.0))


def _group(address: str) -> bool:
    """Whether this is a multicast or (by its look) a broadcast address: nobody's own."""
    return nobody(address) or address.endswith(".255")
