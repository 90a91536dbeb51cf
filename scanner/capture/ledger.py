"""What a capture taught, within bounds: hosts, stations, conversations, statements, notes.

One rule keeps it simple: every table has a largest number of rows and all statements together a
weight in bytes; what no longer fits is counted under its own words in `unread`, never dropped
silently.
"""

from __future__ import annotations

from dataclasses import replace

from inventory.derive.identity import ROUTERS
from protocols._cursor import hardware
from protocols.contract import Fact, Overheard, Point
from scanner.capture.model import (
    FACTS,
    HOSTS,
    KEPT_BYTES,
    KINDS,
    LEARNED,
    MOST_VALUES,
    Conversation,
    Host,
    Learned,
    Series,
    reading,
)

UNTOUCHED = frozenset({1, 30, 32, 60, 64, 128, 255})  # TTLs that senders start with
MACS, VLANS, DOUBLES, NOTES, OWN = 16, 64, 1024, 256, 64
WEIGHT_FACT, WEIGHT_POINT, WEIGHT_SERIES, WEIGHT_LEARNED = 300, 500, 250 + 90 * MOST_VALUES, 900

STARTS = (64, 128, 255)  # TTLs that operating systems begin with; routers count down from them
UNSET = ("0.0.0.0", "::")  # noqa: S104 - who has no address yet (DHCP, duplicate detection)

LearnedKey = tuple[str, str, int, str, str, str, str]


def nobody(address: str) -> bool:
    """Whether no device can send from this address (RFC 1122, 3.2.1.3; RFC 4291, 2.7), be it of
    IPv4, IPv6 or hardware: no network, a group. Class E (240/4) counts: captures are made
    anonymous with it."""
    if ":" not in address:
        first = int(address.partition(".")[0])
        return first == 0 or 224 <= first < 240 or address == "255.255.255.255"
    if len(address) == 17 and address[2::3] == ":" * 5:
        return not hardware(address)
    return address == "::" or address[:2] == "ff"


class Ledger:
    """The tables. `weight` is an estimate of the bytes that statements take, never too small."""

    def __init__(self) -> None:
        self.hosts: dict[str, Host] = {}
        self.stations: dict[str, Host] = {}  # by hardware address
        self.conversations: dict[tuple[str, str, int, str], Conversation] = {}
        self.learned: dict[LearnedKey, Learned] = {}
        self.kinds: dict[str, set[str]] = {}  # hardware address -> layer 2 protocols it speaks
        self.captors: set[str] = set()  # hardware addresses of who captured, by the file's word
        self.unread: dict[str, int] = {}  # what was not looked into, and how often
        self.weight = 0
        self._doubles: dict[tuple[str, int], str] = {}
        self._doubled: set[str] = set()

    def note(self, what: str, count: int = 1) -> None:
        """Count something that was not looked into."""
        if what in self.unread or len(self.unread) < NOTES:
            self.unread[what] = self.unread.get(what, 0) + count

    def room(self, weight: int, what: str) -> bool:
        """Whether this many bytes may still be kept; counted under `what` where not."""
        if self.weight + weight > KEPT_BYTES:
            self.note(f"{what} beyond the limit of memory")
            return False
        self.weight += weight
        return True

    # --- who is there ------------------------------------------------------------------------

    def captor(self, mac: bytes) -> None:
        """The file says that the machine with this hardware address captured it."""
        if any(mac) and len(self.captors) < OWN:
            self.captors.add(mac.hex(":"))

    def place(self, address: str, mac: str, vlan: int | None, *, own: bool) -> str:
        """Under which name a sender is kept: its address, or its hardware address where another
        device has the same address in another VLAN.

        Only a sender's own word counts (`own`: ARP, or a TTL that no router counted down).
        """
        seat = vlan or 0
        known = self._doubles.get((address, seat))
        if known is not None:
            return known
        host = self.hosts.get(address)
        if host is None or not own or mac.startswith(ROUTERS) or seat in host.seats:
            return address
        if not host.seats or mac in host.seats.values() or ":" in address:
            if len(host.seats) < VLANS:
                host.seats[seat] = mac
            return address
        if len(self._doubles) >= DOUBLES:
            self.note("addresses in several VLANs beyond the limit")
            return address
        self._doubles[address, seat] = mac
        self._doubled.add(address)
        return mac

    def named(self, address: str, vlan: int | None) -> str:
        """The name of whoever has this address in this VLAN."""
        if address not in self._doubled:
            return address
        return self._doubles.get((address, vlan or 0), address)

    def host(self, address: str, mac: str, ttl: int, time: int, vlan: int | None) -> str:
        """Note a sender; the name that it is kept under. Nobody's address is no host.

        Without a `mac` only the address is: the packet bore a hardware address that is not its own.
        """
        if nobody(address):
            if address not in UNSET:
                self.note("packets from addresses that no device can have")
            if mac:
                self.station(mac, time, vlan)
            return address
        own = ttl in UNTOUCHED and bool(mac)
        name = self.place(address, mac, vlan, own=own)
        host = self._row(self.hosts, name, time, "hosts")
        if host is not None:
            if name != address:
                host.address = address
            host.last = max(host.last, time)
            if mac and len(host.macs) < MACS:
                host.macs[mac] = host.macs.get(mac, True) and own
            if own and not host.seats and not mac.startswith(ROUTERS):
                host.seats[vlan or 0] = mac
            if vlan is not None and len(host.vlans) < VLANS:
                host.vlans.add(vlan)
        if mac:
            self.station(mac, time, vlan)
        return name

    def began(self, name: str, ttl: int) -> None:
        """A sender opened a connection: what its system's TTL was before routers counted."""
        host = self.hosts.get(name)
        if host is not None and ttl > 32:
            host.origins.add(next(first for first in STARTS if ttl <= first))

    def station(self, mac: str, time: int, vlan: int | None) -> bool:
        """Note a hardware address; whether it is kept."""
        station = self._row(self.stations, mac, time, "hardware addresses")
        if station is None:
            return False
        station.last = max(station.last, time)
        if vlan is not None and len(station.vlans) < VLANS:
            station.vlans.add(vlan)
        return True

    def _row(self, rows: dict[str, Host], name: str, time: int, what: str) -> Host | None:
        row = rows.get(name)
        if row is None:
            if len(rows) >= HOSTS:
                self.note(f"{what} beyond the limit")
                return None
            row = rows[name] = Host(time, time)
        return row

    def speaks(self, mac: str, what: str) -> None:
        """A station speaks this layer 2 protocol."""
        kinds = self.kinds.setdefault(mac, set()) if mac in self.stations else set()
        if len(kinds) < KINDS:
            kinds.add(what)

    # --- what they said ----------------------------------------------------------------------

    def learn(
        self, item: Overheard, transport: str, time: int, port: int = 0, vlan: int | None = None
    ) -> None:
        """Keep what a decoder read."""
        if nobody(item.address):
            return
        address = self._announced(item, time, vlan)
        question = item.question
        key = (
            address, transport, item.port or port, question.protocol, question.operation,
            question.part, question.argument,
        )  # fmt: skip
        learned = self.learned.get(key)
        if learned is None:
            if len(self.learned) >= LEARNED:
                self.note("statements beyond the limit")
                return
            if not self.room(WEIGHT_LEARNED, "statements"):
                return
            learned = self.learned[key] = Learned(time, time, item.outcome)
        learned.count += 1
        learned.served = learned.served or bool(item.port)
        learned.last = max(learned.last, time)
        for fact in item.facts:
            self._fact(learned, fact)
        for point in item.points:
            self._point(learned, point)
        for sample in item.samples:
            name = (sample.part, sample.point)
            series = learned.series.get(name)
            if series is None:
                if len(learned.series) >= FACTS:
                    self.note("values beyond the limit")
                    continue
                if not self.room(WEIGHT_SERIES, "values"):
                    continue
                series = learned.series[name] = Series()
            series.add(reading(sample, time))

    def _fact(self, learned: Learned, fact: Fact) -> None:
        if fact in learned.facts or len(learned.facts) >= FACTS:
            return
        weight = WEIGHT_FACT + (len(fact.value) if isinstance(fact.value, str) else 0)
        if self.room(weight, "statements"):
            learned.facts[fact] = None

    def _point(self, learned: Learned, point: Point) -> None:
        key = (point.part, point.address)
        known = learned.points.get(key)
        if known is not None:  # what one message leaves out, another one said
            name, unit = point.name or known.name, point.unit or known.unit
            learned.points[key] = replace(point, name=name, unit=unit)
        elif len(learned.points) >= FACTS:
            self.note("points beyond the limit")
        elif self.room(WEIGHT_POINT + len(point.address) + len(point.name), "points"):
            learned.points[key] = point

    def _announced(self, item: Overheard, time: int, vlan: int | None) -> str:
        """The name for whom a statement is about; ARP and the like name its hardware address."""
        macs = [
            fact.value
            for fact in item.facts
            if fact.name == "mac" and isinstance(fact.value, str) and ":" not in item.address
        ]
        if not macs:
            return self.named(item.address, vlan)
        name = self.place(item.address, macs[0], vlan, own=True)
        host = self._row(self.hosts, name, time, "hosts")
        if host is not None:
            if name != item.address:
                host.address = item.address
                if vlan is not None:
                    host.vlans.add(vlan)
            host.seats.setdefault(vlan or 0, macs[0]) if not host.seats else None
            if len(host.announced) < MACS:
                host.announced.update(macs[:MACS])
        return name
