"""The walk over all packets of a capture: flows at once, decoding only where it can teach.

    Ethernet 14 (tags taken off) · IPv4 20 · TCP 20 / UDP 8

One rule keeps it simple: the header bytes that stay the same within one direction of a connection
are looked up as they are. Only the first packet of a direction is parsed; of the others only
those whose lane is still `deep` are looked into. Fragments are counted and not put together.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta

from protocols.contract import Foreign, Garbled, Overheard, Segment
from protocols.passive import Passive, passives
from scanner.capture.files import NANOSECOND, Batch
from scanner.capture.links import IPV4, IPV6, PREPARE
from scanner.capture.model import (
    HOLD,
    STREAM_LIMIT,
    TALLIES,
    Connection,
    Conversation,
    Host,
    Lane,
    Learned,
    Tally,
)

LANES = 32_768
HOSTS = 32_768
CONVERSATIONS = 32_768
LEARNED = 32_768
FACTS = 128  # different facts, points or samples under one question
TRIES = 4  # payloads that are looked at before a lane counts as unknown
HELD_BYTES = 64 << 20  # unfinished messages of all lanes together

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TAGS = (b"\x81\x00", b"\x88\xa8", b"\x91\x00")
PLAIN = IPV4 + b"\x45"  # IPv4 without options
UNTOUCHED = frozenset({1, 30, 32, 60, 64, 128, 255})  # TTLs that senders start with
_KEY4 = struct.Struct(">6x9s5xHxB2x12s").unpack_from  # sender, kind · fragment · next · addresses
_KEY6 = struct.Struct(">6x8s6xB1x36s").unpack_from
_TCP = struct.Struct(">IIBB").unpack_from

Key = tuple[object, ...]


def moment(nanoseconds: int) -> datetime:
    """A packet's time as an aware UTC value; times no calendar holds become 1970."""
    try:
        return EPOCH + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        return EPOCH


def dotted(raw: bytes) -> str:
    """An IP address as text, the quick way for IPv4."""
    if len(raw) == 4:
        return f"{raw[0]}.{raw[1]}.{raw[2]}.{raw[3]}"
    import ipaddress

    return str(ipaddress.IPv6Address(raw))


class Walk:
    """Feeds on batches; `hosts`, `stations`, `conversations` and `learned` are what it found."""

    def __init__(self, decoders: tuple[Passive, ...] | None = None) -> None:
        self.hosts: dict[str, Host] = {}
        self.stations: dict[str, Host] = {}  # by hardware address
        self.conversations: dict[tuple[str, str, int, str], Conversation] = {}
        self.learned: dict[tuple[str, str, int, str, str, str, str], Learned] = {}
        self.kinds: dict[str, set[str]] = {}  # hardware address -> layer 2 protocols it speaks
        self.packets = 0
        self.octets = 0
        self.fragments = 0
        self.unread: dict[str, int] = {}  # what was not looked into, and how often
        self.decoders = passives() if decoders is None else decoders
        self._ports: dict[tuple[str, int], tuple[Passive, ...]] = {}
        self._ethertypes: dict[int, Passive] = {}
        self._llc: list[tuple[bytes, Passive]] = []
        self._lanes: dict[object, Lane] = {}
        self._connections: dict[object, Connection] = {}
        self._held = 0
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
            self._note(f"link type {batch.link}", len(batch.frames))
            return
        prepare = PREPARE[batch.link]
        lanes, key4, plain = self._lanes, _KEY4, PLAIN
        key: Key
        self.packets += len(batch.frames)
        for time, frame in zip(batch.times, batch.frames, strict=True):
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
                self._look(lane, time, frame)

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
            for address, host in ((lane.source, self.hosts.get(lane.source)),):
                if host is not None and address:
                    host.last = max(host.last, lane.last)
        self._lanes.clear()
        self._connections.clear()
        self._held = 0

    def _note(self, what: str, count: int = 1) -> None:
        if what in self.unread or len(self.unread) < 256:
            self.unread[what] = self.unread.get(what, 0) + count

    # --- the first packet of a direction -----------------------------------------------------

    def _odd(self, time: int, frame: bytes, vlan: int | None) -> None:
        """Not plain IP: layer 2, IPv4 with options, or too short for ports."""
        kind = frame[12:14]
        if len(frame) < 14:
            self._note("frames that are cut before their type")
        elif kind == IPV4 and len(frame) >= 34:
            length = (frame[14] & 15) * 4
            if frame[14] >> 4 == 4 and length >= 20:  # take the options out
                plain = frame[:14] + b"\x45" + frame[15:34] + frame[14 + length :]
                self._whole(time, plain, vlan, len(frame) - length + 20)
        elif kind == IPV6:
            self._note("cut IPv6 packets")
        elif kind == IPV4:
            self._note("cut IPv4 packets")
        else:
            self._link(time, frame, vlan)

    def _whole(self, time: int, frame: bytes, vlan: int | None, size: int) -> None:
        if len(frame) < 38:
            self._host(frame, dotted(frame[26:30]), frame[22], time, vlan)
            return
        key: Key = (vlan, _KEY4(frame), "options")
        lane = self._lanes.get(key) or self._open(time, frame, vlan, key)
        if lane is not None:
            lane.packets += 1
            lane.octets += size
            lane.last = time
            # Lengths in the header no longer fit; what the frame holds is what there is.
            self._look(lane, time, frame[:16] + (len(frame) - 14).to_bytes(2) + frame[18:])

    def _open(self, time: int, frame: bytes, vlan: int | None, key: Key) -> Lane | None:
        if frame[12:14] == IPV4:
            protocol, ttl, offset = frame[23], frame[22], 34
            source, destination = dotted(frame[26:30]), dotted(frame[30:34])
            if int.from_bytes(frame[20:22]) & 0x3FFF:
                self.fragments += 1
                self._host(frame, source, ttl, time, vlan)
                return None
        else:
            protocol, ttl, offset = frame[20], frame[21], 54
            source, destination = dotted(frame[22:38]), dotted(frame[38:54])
        self._host(frame, source, ttl, time, vlan)
        if protocol not in (6, 17):
            self._note(f"IP protocol {protocol}")
            return None
        transport = "tcp" if protocol == 6 else "udp"
        ports = struct.unpack_from(">HH", frame, offset)
        if len(self._lanes) >= LANES:
            self.finish()
        connection = self._connect(transport, source, destination, ports, frame, offset, time)
        if connection is None:
            return None
        lane = Lane(
            connection,
            transport,
            offset,
            source,
            ports[0],
            destination,
            ports[1],
            vlan,
            last=time,
        )
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
                    self._note("conversations beyond the limit")
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

    def _host(self, frame: bytes, source: str, ttl: int, time: int, vlan: int | None) -> None:
        if source in ("0.0.0.0", "::") or source.startswith(("224.", "255.")):  # noqa: S104
            return
        host = self.hosts.get(source)
        if host is None:
            if len(self.hosts) >= HOSTS:
                self._note("hosts beyond the limit")
                return
            host = self.hosts[source] = Host(time, time)
        host.last = max(host.last, time)
        mac = frame[6:12].hex(":")
        if len(host.macs) < 16:
            host.macs[mac] = host.macs.get(mac, True) and ttl in UNTOUCHED
        if vlan is not None and len(host.vlans) < 64:
            host.vlans.add(vlan)
        self._station(mac, time, vlan)

    def _station(self, mac: str, time: int, vlan: int | None) -> None:
        station = self.stations.get(mac)
        if station is None:
            if len(self.stations) >= HOSTS:
                self._note("hardware addresses beyond the limit")
                return
            station = self.stations[mac] = Host(time, time)
        station.last = max(station.last, time)
        if vlan is not None and len(station.vlans) < 64:
            station.vlans.add(vlan)

    # --- payloads ----------------------------------------------------------------------------

    def _link(self, time: int, frame: bytes, vlan: int | None) -> None:
        kind = int.from_bytes(frame[12:14])
        source = frame[6:12].hex(":")
        self._station(source, time, vlan)
        passive, body = self._ethertypes.get(kind), frame[14:]
        if kind <= 1500:
            body = frame[14 : 14 + kind]
            passive = next((p for prefix, p in self._llc if body.startswith(prefix)), None)
        if passive is None:
            self._note(f"ethertype 0x{kind:04x}" if kind > 1500 else "802.3 frames")
            return
        segment = Segment(moment(time), "link", source, 0, frame[0:6].hex(":"), 0, body, vlan)
        try:
            found = passive.decode(segment)
        except Garbled:
            self._note(f"malformed {passive.name}")
            return
        spoken = self.kinds.setdefault(source, set())
        for item in found:
            client = item.question.operation == "client"
            spoken.add(item.question.protocol + (" client" if client else ""))
            self._learn(item, "link", time)

    def _look(self, lane: Lane, time: int, frame: bytes) -> None:
        offset = lane.offset
        end = (
            14 + int.from_bytes(frame[16:18])
            if offset == 34
            else (54 + int.from_bytes(frame[18:20]))
        )
        if lane.transport == "udp":
            payload = frame[offset + 8 : end]
            if payload:
                self._message(lane, time, payload)
            return
        if len(frame) < offset + 14:
            lane.tries += 1
            lane.deep = lane.tries < TRIES
            return
        sequence, _, high, flags = _TCP(frame, offset + 4)
        if flags & 2:
            lane.expected = (sequence + 1) & 0xFFFFFFFF
            return
        begin = offset + (high >> 4) * 4
        payload = frame[begin:end]
        if not payload:
            if end > begin and end > len(frame):  # cut by the snap length
                lane.tries += 1
                lane.deep = lane.tries < TRIES
            return
        self._stream(lane, time, sequence, payload)

    def _stream(self, lane: Lane, time: int, sequence: int, payload: bytes) -> None:
        """Put the segment in its place; hand on what is in order."""
        if lane.expected is None:
            lane.expected = sequence
        ahead = (sequence - lane.expected) & 0xFFFFFFFF
        if ahead:
            if ahead >= 0x80000000:  # sent again: keep only what is new
                known = 0x100000000 - ahead
                if known >= len(payload):
                    return
                payload = payload[known:]
            else:
                if len(lane.held) < HOLD and ahead < STREAM_LIMIT:
                    lane.held[sequence] = payload
                    return
                self._note("gaps in TCP streams")  # a packet was never captured: go on behind it
                self._held -= len(lane.buffer)
                lane.buffer = b""
                lane.held.clear()
                lane.expected = sequence
        lane.expected = (lane.expected + len(payload)) & 0xFFFFFFFF
        self._bytes(lane, time, payload)
        while lane.held and lane.expected in lane.held:
            payload = lane.held.pop(lane.expected)
            lane.expected = (lane.expected + len(payload)) & 0xFFFFFFFF
            self._bytes(lane, time, payload)

    def _bytes(self, lane: Lane, time: int, payload: bytes) -> None:
        """Cut a stream into messages."""
        passive = lane.connection.conversation.passive
        if passive is None or passive.vague:
            passive = self._which(lane, payload) or passive
        if passive is None:
            return
        frame = passive.frame
        if frame is None:
            self._message(lane, time, payload)
            return
        data = lane.buffer + payload if lane.buffer else payload
        self._held -= len(lane.buffer)
        lane.buffer = b""
        try:
            while data:
                length = frame(data)
                if length is None or length > len(data):
                    break
                if length <= 0:
                    return
                self._message(lane, time, data[:length])
                data = data[length:]
        except (Garbled, Foreign):
            return  # the stream was joined in its middle: try again with the next segment
        if len(data) < STREAM_LIMIT and self._held + len(data) < HELD_BYTES:
            lane.buffer = data
            self._held += len(data)

    def _which(self, lane: Lane, payload: bytes) -> Passive | None:
        """Which protocol a payload belongs to: those of the port first, then those that know."""
        conversation = lane.connection.conversation
        for passive in conversation.candidates:
            if passive.recognise is None or passive.recognise(payload):
                conversation.passive = passive
                return passive
        for passive in self.decoders:
            if (
                passive.recognise is not None
                and lane.transport in passive.transports
                and passive.recognise(payload)
            ):
                conversation.passive = passive
                return passive
        lane.tries += 1
        lane.deep = lane.tries < TRIES
        return None

    def _message(self, lane: Lane, time: int, payload: bytes) -> None:
        connection = lane.connection
        conversation = connection.conversation
        passive = conversation.passive
        if passive is None:
            passive = self._which(lane, payload)
        if passive is None or len(payload) < passive.least:
            return
        if passive.side is not None and not conversation.sure:
            conversation = self._settle(lane, passive.side(payload))
        if lane.forward:
            conversation.requested += 1
        else:
            conversation.spoken += 1
        if passive.alike is not None:
            key = (b">" if lane.forward else b"<") + passive.alike(payload)
            tally = conversation.tallies.get(key)
            if tally is not None:
                tally.count += 1
                tally.last = time
                if passive.pair is None:
                    return
                connection.question = None
                return
            if key in conversation.seen and (
                passive.pair is None or (not lane.forward and connection.question is None)
            ):
                return
            if len(conversation.seen) < TALLIES:
                conversation.seen.add(key)
        else:
            key = payload[:64] if passive.uses is not None else b""
        segment = Segment(
            moment(time),
            lane.transport,
            lane.source,
            lane.source_port,
            lane.destination,
            lane.destination_port,
            payload,
            lane.vlan,
        )
        try:
            self._decode(lane, passive, segment, key, time)
        except (Garbled, Foreign):
            self._note(f"malformed {passive.name}")

    def _settle(self, lane: Lane, side: str) -> Conversation:
        """Let the first message say who is client, where no handshake was seen."""
        connection = lane.connection
        conversation = connection.conversation
        if not side:
            return conversation
        if lane.forward != (side == "client") and not conversation.requested + conversation.spoken:
            here, there = (lane.source, lane.source_port), (lane.destination, lane.destination_port)
            client, server = (here, there) if side == "client" else (there, here)
            old = (conversation.transport, conversation.server, conversation.port)
            key = (conversation.transport, server[0], server[1], client[0])
            self.conversations.pop((*old, conversation.client), None)
            passive = conversation.passive
            conversation = self.conversations.setdefault(key, conversation)
            conversation.client, conversation.server = client[0], server[0]
            conversation.port, conversation.passive = server[1], passive
            connection.conversation, connection.server = conversation, server
        conversation.sure = True
        return conversation

    def _decode(
        self, lane: Lane, passive: Passive, segment: Segment, key: bytes, time: int
    ) -> None:
        connection = lane.connection
        conversation = connection.conversation
        port = conversation.port
        for item in passive.decode(segment):
            self._learn(item, lane.transport, time, port)
        if passive.uses is not None and (lane.forward or passive.peers):
            uses = tuple(passive.uses(segment.payload))
            if uses and len(conversation.tallies) < TALLIES:
                tally = conversation.tallies.setdefault(key, Tally(uses, 0, time, time))
                tally.count += 1
                tally.last = time
        if passive.pair is None:
            return
        if lane.forward:
            connection.question = segment
        elif connection.question is not None:
            for item in passive.pair(connection.question, segment):
                self._learn(item, lane.transport, time, port)

    def _learn(self, item: Overheard, transport: str, time: int, port: int = 0) -> None:
        question = item.question
        key = (
            item.address,
            transport,
            item.port or port,
            question.protocol,
            question.operation,
            question.part,
            question.argument,
        )
        learned = self.learned.get(key)
        if learned is None:
            if len(self.learned) >= LEARNED:
                self._note("statements beyond the limit")
                return
            learned = self.learned[key] = Learned(time, time, item.outcome)
        learned.count += 1
        learned.served = learned.served or bool(item.port)
        learned.last = max(learned.last, time)
        for fact in item.facts:
            if len(learned.facts) < FACTS:
                learned.facts.setdefault(fact)
        for point in item.points:
            if len(learned.points) < FACTS:
                learned.points.setdefault((point.part, point.address), point)
        for sample in item.samples:
            if len(learned.samples) < FACTS or (sample.part, sample.point) in learned.samples:
                learned.samples[(sample.part, sample.point)] = sample
        for fact in item.facts:
            if fact.name == "mac" and isinstance(fact.value, str) and ":" not in item.address:
                if item.address not in self.hosts and len(self.hosts) < HOSTS:
                    self.hosts[item.address] = Host(time, time)
                if item.address in self.hosts:
                    self.hosts[item.address].announced.add(fact.value)


def classify(frame: bytes) -> tuple[Key | None, bytes, int | None]:
    """(key, frame without tags, VLAN); the key is None for what is not plain IP."""
    vlan = None
    if frame[12:14] in TAGS:
        frame, vlan = untag(frame)
    key: Key
    if frame[12:15] == PLAIN and len(frame) >= 38:
        key = _KEY4(frame)
    elif frame[12:14] == IPV6 and len(frame) >= 58:
        key = _KEY6(frame)
    else:
        return None, frame, vlan
    return (key if vlan is None else (vlan, key)), frame, vlan


def untag(frame: bytes) -> tuple[bytes, int | None]:
    """Take VLAN tags off (802.1Q, QinQ); the innermost number counts. 0 is priority only."""
    vlan = None
    for _ in range(4):
        if frame[12:14] not in TAGS or len(frame) < 18:
            break
        vlan = int.from_bytes(frame[14:16]) & 0xFFF or vlan
        frame = frame[:12] + frame[16:]
    return frame, vlan


def period_seconds(tally: Tally) -> float | None:
    """How often one request was repeated, seconds; None when it was seen fewer than 3 times."""
    if tally.count < 3 or tally.last <= tally.first:
        return None
    return (tally.last - tally.first) / (tally.count - 1) / NANOSECOND
