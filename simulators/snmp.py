"""An SNMP agent (RFC 1157, RFC 3416, RFC 3412, RFC 3414) holding what its plant file says.

Options: `versions` (["v1", "v2c"]), `community` ("public"), `users` (tables name, auth,
auth_secret, privacy, privacy_secret), `engine_id` (hexadecimal; by default made of `enterprise`
and the device's mac), `boots`, `engine_skew`, `largest` (1472 bytes an answer), and the contents
that `_mib.py` lists: description, object_id, interfaces, addresses, arp, fdb, entity, sensors,
ups, lldp, hidden. Faults of its own: `busy` (genErr), `wrong_transaction`, `loop` (a walk never
moves on). A wrong community is dropped in silence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from simulators import _ber as ber
from simulators import _mib, _usm
from simulators._ber import Oid, Reader
from simulators.contract import Bind, Device, Handle, Service, Simulator, Witness
from simulators.faults import Mischief
from simulators.turns import ForeignBytesError, Turn
from simulators.udp import UdpDouble

GET, NEXT, RESPONSE, SET, BULK, REPORT = 0xA0, 0xA1, 0xA2, 0xA3, 0xA5, 0xA8
LABELS = {GET: "get", NEXT: "getnext", SET: "set", BULK: "getbulk"}
TOO_BIG, NO_SUCH_NAME, GENERAL, NO_ACCESS, NOT_WRITABLE = 1, 2, 5, 6, 17
MOST_VARIABLES = 256
OVERHEAD_BYTES = 160  # room for headers around the variable bindings

FAULTS = frozenset({"busy", "wrong_transaction", "loop"})

Variable = tuple[Oid, bytes]


@dataclass(frozen=True, slots=True)
class Pdu:
    """One request. For GetBulk, `first` is non-repeaters and `second` max-repetitions."""

    kind: int
    request_id: int
    first: int
    second: int
    names: tuple[Oid, ...]


def read_pdu(reader: Reader) -> Pdu:
    """The next PDU; raises BadEncodingError."""
    kind = reader.tag
    body = Reader(reader.element())
    request_id, first, second = body.number(), body.number(), body.number()
    names: list[Oid] = []
    variables = body.inner()
    while variables.more and len(names) < MOST_VARIABLES:
        variable = variables.inner()
        names.append(variable.name())
        variable.element()
    return Pdu(kind, request_id, first, second, tuple(names))


def write_pdu(
    kind: int, request_id: int, status: int, index: int, rows: Sequence[Variable]
) -> bytes:
    """A response or report."""
    variables = [ber.sequence(ber.oid(name), value) for name, value in rows]
    body = ber.integer(request_id) + ber.integer(status) + ber.integer(index)
    return ber.tlv(kind, body + ber.sequence(*variables))


@dataclass(slots=True)
class Agent:
    """One agent: answers datagrams."""

    device: Device
    service: Service
    engine: _usm.Engine = field(init=False)
    tree: _mib.Tree = field(init=False)
    mischief: Mischief = field(init=False)

    def __post_init__(self) -> None:
        options = self.service.options
        users = cast("Sequence[Mapping[str, str]]", options.get("users", ()))
        self.engine = _usm.Engine(
            engine_id(self.device, options),
            _whole(options, "boots", 7),
            [_usm.User(**row) for row in users],
            _whole(options, "engine_skew", 0),
        )
        self.tree = _mib.tree(self.device, self.service, self.engine.statistics())
        self.mischief = Mischief(self.service, self.device.id)

    def hear(self, data: bytes) -> Turn:
        """Answer one datagram."""
        versions = cast("Sequence[str]", self.service.options.get("versions", ("v1", "v2c")))
        try:
            message = Reader(data).inner()
            version = message.number()
            if version == 3:
                return self._secured(data) if "v3" in versions else Turn("snmp v3", None)
            community = message.element(ber.OCTETS)
            pdu = read_pdu(message)
        except (ber.BadEncodingError, UnicodeError) as error:
            raise ForeignBytesError(str(error)) from error
        label = f"snmp {LABELS.get(pdu.kind, hex(pdu.kind))}"
        offered = {0: "v1", 1: "v2c"}.get(version) in versions
        known = community.decode("latin-1") == self.service.options.get("community", "public")
        if not offered or not known or (version == 0 and pdu.kind == BULK):
            return Turn(label, None, forbidden=pdu.kind == SET)
        answer = self._answer(pdu, version)
        whole = ber.sequence(ber.integer(version), ber.octets(community), answer)
        return Turn(label, whole, forbidden=pdu.kind not in (GET, NEXT, BULK))

    def _secured(self, data: bytes) -> Turn:
        header = _usm.parse(data)
        try:
            scoped = Reader(self.engine.open(header)).inner()
            scoped.element(ber.OCTETS)
            context = scoped.element(ber.OCTETS)
            pdu = read_pdu(scoped)
        except _usm.ReportError as due:
            return self._report(header, due)
        user = next(one for one in self.engine.users if one.name == header.user)
        answer = self._answer(pdu, 3)
        whole = self._scoped(answer, context)
        sealed = self.engine.seal(header.message_id, whole, user, header.flags)
        label = f"snmp {LABELS.get(pdu.kind, hex(pdu.kind))}"
        return Turn(label, sealed, forbidden=pdu.kind not in (GET, NEXT, BULK))

    def _scoped(self, pdu: bytes, context: bytes = b"") -> bytes:
        return ber.sequence(ber.octets(self.engine.engine_id), ber.octets(context), pdu)

    def _report(self, header: _usm.Header, due: _usm.ReportError) -> Turn:
        counters = self.engine.counters
        counters[due.counter] = counters.get(due.counter, 0) + 1
        label = "snmp v3 discovery" if due.counter == _usm.ENGINE else "snmp v3 refused"
        request_id, kind = 0, -1
        if not header.flags & _usm.PRIVACY:
            scoped = Reader(header.payload).inner()
            scoped.element(ber.OCTETS)
            scoped.element(ber.OCTETS)
            pdu = read_pdu(scoped)
            request_id, kind = pdu.request_id, pdu.kind
        if not header.flags & _usm.REPORTABLE:
            return Turn(label, None, forbidden=kind == SET)
        counter = ber.integer(counters[due.counter], ber.COUNTER32)
        rows = [((*_usm.STATISTICS, due.counter, 0), counter)]
        report = self._scoped(write_pdu(REPORT, request_id, 0, 0, rows))
        flags = _usm.AUTH if due.user else 0
        sealed = self.engine.seal(header.message_id, report, due.user, flags)
        return Turn(label, sealed, forbidden=kind == SET)

    def _answer(self, pdu: Pdu, version: int) -> bytes:
        asked = [(name, ber.tlv(ber.NULL, b"")) for name in pdu.names]
        request_id = pdu.request_id
        if self.mischief.begun("wrong_transaction"):
            request_id = (request_id + 1) & 0x7FFFFFFF
        busy = self.mischief.begun("busy")
        self.mischief.answered += 1
        if busy:
            return write_pdu(RESPONSE, request_id, GENERAL, 1, asked)
        if pdu.kind == SET:
            status = NO_SUCH_NAME if version == 0 else NOT_WRITABLE
            return write_pdu(RESPONSE, request_id, status, 1, asked)
        if pdu.kind == BULK:
            rows = self._bulk(pdu)
        elif pdu.kind == NEXT:
            rows = [self._following(name, version) for name in pdu.names]
        else:
            rows = [(name, self._plain(name, version)) for name in pdu.names]
        if version == 0:
            for place, (_, value) in enumerate(rows, 1):
                if value in (ber.NO_OBJECT, ber.NO_INSTANCE, ber.END_OF_VIEW):
                    return write_pdu(RESPONSE, request_id, NO_SUCH_NAME, place, asked)
        answer = write_pdu(RESPONSE, request_id, 0, 0, rows)
        if len(answer) + OVERHEAD_BYTES > self._largest and pdu.kind != BULK:
            return write_pdu(RESPONSE, request_id, TOO_BIG, 0, [])
        return answer

    @property
    def _largest(self) -> int:
        return _whole(self.service.options, "largest", 1472)

    def _plain(self, name: Oid, version: int) -> bytes:
        value = self.tree.get(name)
        return ber.NO_OBJECT if version == 0 and value[0] == ber.COUNTER64 else value

    def _following(self, name: Oid, version: int) -> Variable:
        if self.mischief.begun("loop") and name in self.tree.values:
            return name, self.tree.get(name)
        found = self.tree.next(name)
        while found and version == 0 and found[1][0] == ber.COUNTER64:  # RFC 3584, 4.2.2.1
            found = self.tree.next(found[0])
        return found or (name, ber.END_OF_VIEW)

    def _bulk(self, pdu: Pdu) -> list[Variable]:
        """RFC 3416, 4.2.3: fewer repetitions where the answer would grow too large."""
        single = max(0, min(pdu.first, len(pdu.names)))
        rows = [self._following(name, 1) for name in pdu.names[:single]]
        current = list(pdu.names[single:])
        size = sum(len(value) + 3 * len(name) for name, value in rows)
        for _ in range(max(0, min(pdu.second, 200))):
            if not current:
                break
            step = [self._following(name, 1) for name in current]
            for name, value in step:
                size += len(ber.oid(name)) + len(value) + 4
                if size + OVERHEAD_BYTES > self._largest:
                    return rows
                rows.append((name, value))
            if all(value == ber.END_OF_VIEW for _, value in step):
                break
            current = [name for name, _ in step]
        return rows


def engine_id(device: Device, options: Mapping[str, object]) -> bytes:
    """snmpEngineID, RFC 3411, 5: enterprise number and hardware address, unless given."""
    given = options.get("engine_id")
    if isinstance(given, str):
        return bytes.fromhex(given)
    enterprise = _whole(options, "enterprise", 8072) | 0x80000000
    mac = _mib.hardware(device.mac) or bytes.fromhex(f"02{hash_of(device.id):010x}")
    return enterprise.to_bytes(4, "big") + b"\x03" + mac


def hash_of(text: str) -> int:
    """A stable 40-bit number of a text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:5], "big")


def _whole(options: Mapping[str, object], name: str, default: int) -> int:
    value = options.get(name, default)
    return value if isinstance(value, int) else default


async def start(device: Device, service: Service, bind: Bind, witness: Witness) -> Handle:
    """Listen."""
    double = UdpDouble(device, service, bind, witness, Agent(device, service).hear)
    double.start()
    return double


SIMULATOR = Simulator("snmp", "udp", 161, start)
