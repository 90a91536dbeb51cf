"""The walk over all packets of a capture: flows at once, decoding only where it can teach.

    Ethernet 14 (tags taken off) · IPv4 20 · TCP 20 / UDP 8

One rule keeps it simple: the header bytes that stay the same within one direction of a connection
are looked up as they are. Only the first packet of a direction is parsed; of the others only
those whose lane is still `deep` are looked into.
"""

from __future__ import annotations

import ipaddress
import logging
import struct

from inventory.derive.identity import ROUTERS
from protocols.contract import Garbled, Segment
from protocols.passive import Passive, passives
from scanner.capture.files import NANOSECOND, Batch
from scanner.capture.fragments import Fragments
from scanner.capture.frames import KEY4, PLAIN, Key, classify, fragment_header, unwrap, vxlan
from scanner.capture.ledger import Ledger
from scanner.capture.links import IPV4, IPV6, NAMES, PREPARE, outgoing
from scanner.capture.messages import Messages, moment
from scanner.capture.model import (
    CONVERSATIONS,
    LANES,
    Connection,
    Conversation,
    Host,
    Lane,
    Tally,
)
from scanner.capture.streams import Streams
from scanner.capture.wireless import SAYS

logger = logging.getLogger(__name__)

VXLAN_PORT = 4789
DEEPEST = 4  # times that what came out of a wrapping is unwrapped again
BROKEN = "packets that our own reader failed on (a bug: see the log)"
COOKED = frozenset({113, 276})  # link types that say which packets the capturing machine sent


def dotted(raw: bytes) -> str:
    """An IP address as text, the quick way for IPv4."""
    if len(raw) == 4:
        return f"{raw[0]}.{raw[1]}.{raw[2]}.{raw[3]}"
    return str(ipaddress.IPv6Address(raw))


def speaker(frame: bytes) -> str:
    """The hardware address that an IP packet was sent from; "" where it is none of the sender's.

    The active router of a group greets the others from the group's hardware address and its own
    IP address (RFC 9568, 7.2; RFC 2281, 5.4): neither says anything of the other.
    """
    mac = frame[6:12].hex(":")
    return "" if frame[0] & 1 and mac.startswith(ROUTERS) else mac


class Walk:
    """Feeds on batches; the ledger's tables, `hosts` and so on, are what it found."""

    def __init__(self, decoders: tuple[Passive, ...] | None = None) -> None:
        self.packets = 0
        self.octets = 0
        self.decoders = passives() if decoders is None else decoders
        self.ledger = Ledger()
        self.hosts = self.ledger.hosts
        self.stations = self.ledger.stations
        self.conversations = self.ledger.conversations
        self.learned = self.ledger.learned
        self.kinds = self.ledger.kinds
        self.unread = self.ledger.unread
        self._messages = Messages(self.ledger, self.decoders)
        self._streams = Streams(self._messages)
        self._fragments = Fragments()
        self._ports: dict[tuple[str, int], tuple[Passive, ...]] = {}
        self._ethertypes: dict[int, Passive] = {}
        self._llc: list[tuple[bytes, Passive]] = []
        self._lanes: dict[object, Lane] = {}
        self._connections: dict[object, Connection] = {}
        self._depth = 0
        for passive in self.decoders:
            for kind in passive.ethertypes:
                self._ethertypes[kind] = passive
            self._llc += [(prefix, passive) for prefix in passive.llc]
            for transport in passive.transports:
                for port in passive.ports:
                    key = (transport, port)
                    self._ports[key] = (*self._ports.get(key, ()), passive)

    # --- every packet ------------------------------------------------------------------------

    def feed(self, batch: Batch) -> None:
        """Take in one batch. The loop is long because a call per packet would halve the speed."""
        if batch.link not in PREPARE:
            name = f" ({NAMES[batch.link]})" if batch.link in NAMES else ""
            self.ledger.note(f"link type {batch.link}{name}", len(batch.frames))
            return
        if batch.link in COOKED:
            for frame in batch.frames:
                if (mac := outgoing(batch.link, frame)) is not None:
                    self.ledger.captor(mac)
        for mac in batch.captors:
            self.ledger.captor(mac)
        prepare = PREPARE[batch.link]
        lanes, key4, plain, look = self._lanes, KEY4, PLAIN, self._streams.look
        key: Key
        self.packets += len(batch.frames)
        for time, frame in zip(batch.times, batch.frames, strict=True):
            try:
                if prepare is not None:
                    frame = prepare(frame)
                size = len(frame)
                vlan = None
                if frame[12:15] == plain and size >= 38:
                    key = key4(frame)
                else:
                    found, frame, vlan = classify(frame)
                    if found is None:
                        self._odd(time, frame, vlan)
                        continue
                    key = found
                lane = lanes.get(key)
                if lane is None:
                    lane = self._open(time, frame, vlan, key)
                    if lane is None:
                        continue
                lane.packets += 1
                lane.octets += size
                lane.last = time
                if lane.deep:
                    look(lane, time, frame)
            except Exception:  # noqa: BLE001 - a fault of a decoder must not cost the whole capture
                self._broken()

    def _broken(self) -> None:
        """Our bug: told with its traceback, once; the walk goes on with the next packet."""
        if BROKEN not in self.unread:
            logger.exception("capture packet failed")
        self.ledger.note(BROKEN)

    def finish(self) -> None:
        """Fold the open lanes into their conversations."""
        for lane in self._lanes.values():
            conversation = lane.connection.conversation
            if lane.forward:
                conversation.asked += lane.packets
            else:
                conversation.answered += lane.packets
            self.octets += lane.octets
            conversation.last = max(conversation.last, lane.last)
            host = self.hosts.get(lane.source)
            if host is not None:
                host.last = max(host.last, lane.last)
        self._lanes.clear()
        self._connections.clear()
        self._messages.held = 0
        if missing := self._fragments.lost + self._fragments.waiting:
            self.unread["IP packets whose fragments are not all there"] = missing

    # --- what is not plain IP ----------------------------------------------------------------

    def _odd(self, time: int, frame: bytes, vlan: int | None, depth: int = 0) -> None:
        """Layer 2, options, extension headers, tunnels, fragments, or too short for ports."""
        kind = frame[12:14]
        if len(frame) < 14:
            self.ledger.note("frames that are cut before their type")
            return
        inner, word = unwrap(frame) if depth == 0 else (frame, "")
        if inner is not frame:
            self._inner(time, frame, inner, vlan, word)
        elif kind == IPV4 and len(frame) >= 34 and frame[14] >> 4 == 4 and frame[14] & 15 >= 5:
            length = (frame[14] & 15) * 4
            if int.from_bytes(frame[20:22]) & 0x3FFF:
                self._fragment(time, frame, vlan)
                return
            plain = frame[:14] + b"\x45" + frame[15:34] + frame[14 + length :]
            total = max(int.from_bytes(frame[16:18]) - length + 20, 0)
            self._whole(time, plain[:16] + total.to_bytes(2) + plain[18:], vlan)
        elif kind == IPV6 and len(frame) >= 54 and frame[14] >> 4 == 6:
            if fragment_header(frame) is not None:
                self._fragment(time, frame, vlan)
            else:
                self._whole(time, frame, vlan)
        elif kind in (IPV4, IPV6):
            self.ledger.note("cut IPv6 packets" if kind == IPV6 else "cut IPv4 packets")
        else:
            self._link(time, frame, vlan)

    def _inner(self, time: int, frame: bytes, inner: bytes, vlan: int | None, word: str) -> None:
        """What came out of a tunnel or from behind extension headers."""
        if self._depth >= DEEPEST:
            self.ledger.note("packets that are wrapped too often")
            return
        self._depth += 1
        try:
            self._unwrapped(time, frame, inner, vlan, word)
        finally:
            self._depth -= 1

    def _unwrapped(
        self, time: int, frame: bytes, inner: bytes, vlan: int | None, word: str
    ) -> None:
        if word:
            if any(frame[6:12]):
                self.ledger.station(frame[6:12].hex(":"), time, vlan)
            self._sender(time, frame, vlan)
        found, inner, other = classify(inner)
        if found is None:
            self._odd(time, inner, other or vlan, 1)
        else:
            self._whole(time, inner, other or vlan)

    def _fragment(self, time: int, frame: bytes, vlan: int | None) -> None:
        if (whole := self._fragments.add(frame)) is not None:
            self._whole(time, whole, vlan)
        else:
            self._sender(time, frame, vlan)

    def _sender(self, time: int, frame: bytes, vlan: int | None) -> None:
        """Note who sent an IP packet that is not looked into further."""
        mac = speaker(frame)
        if frame[12:14] == IPV4 and len(frame) >= 34:
            self.ledger.host(dotted(frame[26:30]), mac, frame[22], time, vlan)
        elif frame[12:14] == IPV6 and len(frame) >= 54:
            self.ledger.host(dotted(frame[22:38]), mac, frame[21], time, vlan)

    def _whole(self, time: int, frame: bytes, vlan: int | None) -> None:
        """A packet that was made plain: its lane is looked up apart from those of raw bytes."""
        found, frame, _ = classify(frame)
        if found is None:
            self._sender(time, frame, vlan)
            protocol = frame[23] if frame[12:14] == IPV4 else frame[20]
            if protocol not in (6, 17):
                self.ledger.note(f"IP protocol {protocol}")
            return
        key: Key = (vlan, found)
        lane = self._lanes.get(key) or self._open(time, frame, vlan, key)
        if lane is not None:
            lane.packets += 1
            lane.octets += len(frame)
            lane.last = time
            if lane.deep:
                self._streams.look(lane, time, frame)

    # --- the first packet of a direction -----------------------------------------------------

    def _open(self, time: int, frame: bytes, vlan: int | None, key: Key) -> Lane | None:
        mac = speaker(frame)
        if frame[12:14] == IPV4:
            protocol, ttl, offset = frame[23], frame[22], 34
            source, destination = dotted(frame[26:30]), dotted(frame[30:34])
            if int.from_bytes(frame[20:22]) & 0x3FFF:
                self._fragment(time, frame, vlan)
                return None
        else:
            protocol, ttl, offset = frame[20], frame[21], 54
            source, destination = dotted(frame[22:38]), dotted(frame[38:54])
        if protocol not in (6, 17):
            inner, word = unwrap(frame)
            if inner is not frame:
                self._inner(time, frame, inner, vlan, word)
            else:
                self.ledger.host(source, mac, ttl, time, vlan)
                self.ledger.note(f"IP protocol {protocol}")
            return None
        source = self.ledger.host(source, mac, ttl, time, vlan)
        destination = self.ledger.named(destination, vlan)
        transport = "tcp" if protocol == 6 else "udp"
        if protocol == 6 and len(frame) > offset + 13 and frame[offset + 13] & 0x12 == 2:
            self.ledger.began(source, ttl)
        ports = struct.unpack_from(">HH", frame, offset)
        if protocol == 17 and ports[1] == VXLAN_PORT:
            carried = vxlan(frame[offset + 8 :])
            if carried is not None:
                self._inner(time, frame, carried, None, "VXLAN")
                return None
        if len(self._lanes) >= LANES:
            self.finish()
        connection = self._connect(transport, source, destination, ports, frame, offset, time)
        if connection is None:
            return None
        lane = Lane(
            connection, transport, offset, source, ports[0], destination, ports[1], vlan, last=time
        )
        lane.stream = connection.lanes.setdefault((source, ports[0]), lane)
        self._lanes[key] = lane
        return lane

    def _connect(
        self,
        transport: str,
        source: str,
        destination: str,
        ports: tuple[int, ...],
        frame: bytes,
        offset: int,
        time: int,
    ) -> Connection | None:
        here, there = (source, ports[0]), (destination, ports[1])
        pair = (transport, min(here, there), max(here, there))
        connection = self._connections.get(pair)
        flags = frame[offset + 13] if transport == "tcp" and len(frame) > offset + 13 else 0
        if connection is None:
            forward, sure = self._direction(transport, ports, flags)
            client, server = (here, there) if forward else (there, here)
            key = (transport, server[0], server[1], client[0])
            conversation = self.conversations.get(key)
            if conversation is None:
                if len(self.conversations) >= CONVERSATIONS:
                    self.ledger.note("conversations beyond the limit")
                    return None
                conversation = Conversation(transport, client[0], server[0], server[1], time, time)
                conversation.candidates = self._ports.get((transport, server[1]), ())
                self.conversations[key] = conversation
            conversation.sure = conversation.sure or sure
            connection = Connection(conversation, server)
            self._connections[pair] = connection
        conversation = connection.conversation
        if source == conversation.server and ports[0] == conversation.port:
            conversation.accepted = conversation.accepted or flags & 0x12 == 0x12
            conversation.reset = conversation.reset or bool(flags & 4)
        return connection

    def _direction(self, transport: str, ports: tuple[int, ...], flags: int) -> tuple[bool, bool]:
        """Whether the sender is the client, and whether that was seen or guessed."""
        if flags & 0x12 == 0x02:
            return True, True
        if flags & 0x12 == 0x12:
            return False, True
        known = [(transport, port) in self._ports for port in ports]
        if known[0] != known[1]:
            return known[1], False
        return ports[0] >= ports[1], False

    # --- layer 2 -----------------------------------------------------------------------------

    def _link(self, time: int, frame: bytes, vlan: int | None) -> None:
        kind = int.from_bytes(frame[12:14])
        if kind in SAYS:
            self.ledger.note(SAYS[kind])
            return
        source = frame[6:12].hex(":")
        self.ledger.station(source, time, vlan)
        passive, body = self._ethertypes.get(kind), frame[14:]
        if kind <= 1500:
            body = frame[14 : 14 + kind]
            passive = next((p for prefix, p in self._llc if body.startswith(prefix)), None)
        if passive is None:
            self.ledger.note(f"ethertype 0x{kind:04x}" if kind > 1500 else "802.3 frames")
            return
        segment = Segment(moment(time), "link", source, 0, frame[0:6].hex(":"), 0, body, vlan)
        try:
            found = passive.decode(segment)
        except Garbled:
            self.ledger.note(f"malformed {passive.name}")
            return
        for item in found:
            client = item.question.operation == "client"
            self.ledger.speaks(source, item.question.protocol + (" client" if client else ""))
            self.ledger.learn(item, "link", time, 0, vlan)


def period_seconds(tally: Tally) -> float | None:
    """How often one request was repeated, seconds; None when it was seen fewer than 3 times."""
    if tally.count < 3 or tally.last <= tally.first:
        return None
    return tally.period / NANOSECOND


__all__ = ["Host", "Walk", "moment", "period_seconds"]
