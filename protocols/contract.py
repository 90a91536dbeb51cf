"""The vocabulary that every layer shares: questions, outcomes, facts, and what a probe is.

One rule keeps it simple: everything here is a frozen value or a protocol class; nothing here
performs input or output. A probe turns *requests* into *observations* through a `Link` and knows
no socket, clock, file or thread. The words are those of `docs/glossary.md`.

This module is longer than most because splitting a vocabulary makes every reader open two files.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from json import JSONDecoder, JSONEncoder, encoder
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")

Value = str | int | float | bool | None
"""What a fact or a sample can hold. Bytes are given as hexadecimal text by who decodes them."""

EXCERPT_BYTES = 512
"""Longest raw excerpt that an output shows; the whole answer stays in the store (64 KB at most)."""

RAW_BYTES = 65_536
"""Longest answer that is kept whole."""

NAMESPACE = uuid.UUID("6f1a3c52-5b0e-5d57-9b1e-7a2f0c4d8e11")
"""Name space of every deterministic identifier of this project (RFC 4122, version 5)."""

_SPACE = NAMESPACE.bytes


def identifier(text: str) -> str:
    """`str(uuid.uuid5(NAMESPACE, text))`, at a quarter of its cost: millions are computed."""
    mark = hashlib.sha1(_SPACE + text.encode(), usedforsecurity=False).hexdigest()
    variant = _VARIANT[mark[16]]
    return f"{mark[:8]}-{mark[8:12]}-5{mark[13:16]}-{variant}{mark[17:20]}-{mark[20:32]}"


_VARIANT = {f"{digit:x}": f"{digit & 3 | 8:x}" for digit in range(16)}
"""The first digit of the fourth group with the variant's two bits set (RFC 4122, 4.1.1)."""


_decoder = JSONDecoder()


def _writer(between: str, after: str) -> Callable[[object], str]:
    """`JSONEncoder.encode` with these separators, kept ready: it builds its machinery anew at every
    call, which costs more than a short text (2.1 µs against 0.5 for an empty list), and millions
    are written.

    Nothing that is written holds itself, so no marks are needed.
    """
    plain = JSONEncoder(separators=(between, after), ensure_ascii=True)
    make = getattr(encoder, "c_make_encoder", None)
    if make is None:  # an interpreter without the C part
        return plain.encode
    write = make(
        None, plain.default, encoder.encode_basestring_ascii, None, after, between, False, False,
        True,
    )  # fmt: skip
    return lambda value: "".join(write(value, 0))


compact = _writer(",", ":")
"""The JSON text of a value as it is kept and hashed: what `json` writes, ASCII, no spaces."""

spaced = _writer(", ", ": ")
"""The same with a space behind each comma and colon, as `json.dumps` writes it."""


def expand(text: str) -> Any:
    """The value of a JSON text. Raises `ValueError`."""
    if text[:1] in ("[", "{"):  # as `compact` wrote it: no white space to look for
        value, end = _decoder.raw_decode(text)
        if end == len(text):
            return value
    return _decoder.decode(text)


def natural(text: str, most: int) -> int | None:
    """The number that plain digits give, or None: for other text, and above `most`.

    `str.isdigit` takes "²" too, and `int` refuses that, and 5 000 digits.
    """
    if not (text.isascii() and text.isdigit()) or len(text.lstrip("0")) > len(str(most)):
        return None
    number = int(text.lstrip("0") or "0")
    return number if number <= most else None


class Depth(IntEnum):
    """How far a scan goes; each rung needs the rung below."""

    DISCOVER = 1
    IDENTIFY = 2
    POINTS = 3
    SAMPLE = 4

    @property
    def label(self) -> str:
        """The word that the command line and the plan use."""
        return self.name.lower()


class Openness(StrEnum):
    """How well a protocol's data can be read by somebody who is not the vendor."""

    O0 = "O0"  # open and self-describing
    O1 = "O1"  # open, needs a map
    O2 = "O2"  # vendor-governed, documented, several independent clients
    O3 = "O3"  # undocumented, known by reverse engineering
    O4 = "O4"  # closed or encrypted


class Outcome(StrEnum):
    """What became of one question. The list is closed; `reason` refines it."""

    NOT_ASKED = "not_asked"  # nothing was sent
    NO_PATH = "no_path"  # our own stack found no way
    SILENT = "silent"  # sent, nothing came
    BLOCKED = "blocked"  # a filter said so (ICMP administratively prohibited)
    CLOSED = "closed"  # RST, or ICMP port unreachable from the target itself
    MUTE = "mute"  # connection accepted, no byte in time
    HUNG_UP = "hung_up"  # connection accepted, then closed before an answer
    OTHER = "other"  # bytes, but of another protocol
    GARBLED = "garbled"  # this protocol, malformed or not an answer to the request
    REFUSED_AUTH = "refused_auth"
    REFUSED_CAPABILITY = "refused_capability"
    REFUSED_RESOURCE = "refused_resource"
    REFUSED_DOWNSTREAM = "refused_downstream"
    EMPTY = "empty"  # valid answer, zero items
    PARTIAL = "partial"  # some items; `reason` says why not all
    COMPLETE = "complete"  # ended by the protocol's own end mark, nothing refused or cut
    FAILED_HERE = "failed_here"  # our side failed
    BROKEN = "broken"  # our bug; the traceback is in the log


class Tries(StrEnum):
    """Which of the tries that silence is worth a request makes (safety.md 2)."""

    ALL = "all"
    FIRST = "first"  # waits until a second one might leave, and leaves that for later
    SECOND = "second"  # what `FIRST` left; nothing where that is not worth a packet


SPOKE = frozenset(
    {
        Outcome.REFUSED_AUTH,
        Outcome.REFUSED_CAPABILITY,
        Outcome.REFUSED_RESOURCE,
        Outcome.REFUSED_DOWNSTREAM,
        Outcome.EMPTY,
        Outcome.PARTIAL,
        Outcome.COMPLETE,
    }
)
"""Outcomes that prove that the peer speaks the protocol (rulings 11)."""

DATA = frozenset({Outcome.PARTIAL, Outcome.COMPLETE})
"""Outcomes that carried at least one item."""


class Reason(StrEnum):
    """The reasons that other code decides on; a protocol may also give its own code as text."""

    # not_asked
    OUT_OF_SCOPE = "out_of_scope"
    EXCLUDED = "excluded"
    SAFETY_HOLD = "safety_hold"
    DISTRESS = "distress"
    OUR_SIDE = "our_side"
    NO_CREDENTIAL = "no_credential"
    BUDGET = "budget"
    MAX_TIME = "max_time"
    ABORTED = "aborted"
    DEPENDENCY = "dependency"
    # no_path
    LOCAL_ROUTE = "local_route"
    NEIGHBOUR = "neighbour"
    ROUTER = "router"
    # partial
    OUR_CAP = "our_cap"
    WENT_SILENT = "went_silent"
    CONTINUATION_LOST = "continuation_lost"
    REFUSED_PART = "refused_part"
    # refused_auth
    ANONYMOUS_NOT_OFFERED = "anonymous_not_offered"
    USERNAME_NOT_OFFERED = "username_not_offered"
    MODE_NOT_OFFERED = "mode_not_offered"
    POLICY_NOT_OFFERED = "policy_not_offered"
    USER_REJECTED = "user_rejected"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    ACCESS_DENIED = "access_denied"
    CLOCK_SKEW = "clock_skew"


CUT = frozenset({Reason.ABORTED, Reason.MAX_TIME, Reason.OUR_SIDE})
"""Reasons for not asking that belong to a run that ended early, and not to the target: a resume of
the same scan asks that question."""


class Quality(StrEnum):
    """Quality of one sampled value (OPC UA Part 8, 6.3: the three top values)."""

    GOOD = "good"
    UNCERTAIN = "uncertain"
    BAD = "bad"


FACTS: Mapping[str, str] = {
    # identity
    "vendor": "manufacturer of the device, as a name",
    "product": "product name or product code",
    "model": "model or order number, when it differs from the product",
    "firmware": "firmware or software revision",
    "hardware": "hardware revision",
    "revision": "revision of the device as a whole, where it has one beside those (OPC UA DI)",
    "serial": "serial number",
    "name": "the name the device gives itself (sysName, application name, name of station)",
    "description": "free text about itself (sysDescr)",
    "location": "where it says it stands",
    "contact": "whom it names as contact or owner",
    "role": "what it is for: plc, gateway, switch, ups, meter, drive, sensor, hmi, server, …",
    "mac": "a hardware address of the device itself, lower-case with colons",
    "address": "another network address of the same device",
    "application_uri": "OPC UA ApplicationUri",
    "product_uri": "OPC UA ProductUri or ProductInstanceUri",
    "engine_id": "SNMP engine id, hexadecimal",
    "enterprise": "IANA private enterprise number",
    "object_id": "SNMP sysObjectID",
    "served_enterprise": "the one maker whose SNMP objects an agent of a software house serves",
    "device_instance": "BACnet device instance",
    "vendor_id": "vendor number of the protocol (CIP, PROFINET, BACnet)",
    "device_id": "device or product number of the protocol (CIP, PROFINET)",
    # state
    "boots": "how often it was started (SNMP engine boots)",
    "uptime_seconds": "seconds since its start",
    "device_time": "its clock, RFC 3339",
    "clock_skew_seconds": "its clock minus ours, at the answer",
    "server_state": "what a server says of itself: running, failed, suspended, … (OPC UA)",
    "service_level": "how well a server can serve, 0 to 255: below 200 it is degraded (OPC UA)",
    "redundancy": "how servers stand in for each other: cold, warm, hot, … (OPC UA)",
    "health": "NAMUR NE 107 status that an instrument states: normal, failure, check function, "
    "off specification, maintenance required",
    # services and security
    "security": "one offer: policy, mode, identity kinds (OPC UA); version (SNMP)",
    "endpoint_url": "an advertised endpoint address",
    "endpoint_reach": "how an advertised address relates to the service that answered: same, "
    "other_port, other_transport, other_host, unresolved",
    "certificate": "SHA-256 of the application certificate",
    "certificate.subject": "its subject",
    "certificate.issuer": "its issuer",
    "certificate.not_before": "start of validity, RFC 3339",
    "certificate.not_after": "end of validity, RFC 3339",
    "certificate.key_bits": "size of its public key",
    "certificate.key_kind": "kind of its public key: RSA, EC, …",
    "certificate.digest": "hash that its signature uses: sha256, sha1, …",
    "certificate.hosts": "host names and addresses that it names",
    "certificate.uri": "the application URI that it names",
    "server_known": "another server that a discovery server names (part: its name)",
    "listener": "a TCP port that it says it listens on",
    "limit": "an operation limit that it states, name=value",
    "session": "a client session that it reports, with the client's name",
    "conformity": "conformity level of its identification (Modbus 43/14)",
    "function": "a function or service that it supports or refuses, name=supported|refused",
    "framing": "wire framing that it used where another was expected (rtu)",
    # structure
    "part": "something in the same housing: slot, module, card, and what it is",
    "unit": "what a gateway says of one unit: present, absent, silent, echo, undetermined",
    "interface.name": "name of one interface (part: if N)",
    "interface.mac": "hardware address of one interface (part: if N)",
    "interface.state": "up or down (part: if N)",
    "interface.errors": "inbound and outbound errors (part: if N)",
    "network": "a subnet or bus that it names, CIDR or bus name",
    "neighbour.name": "name of a neighbour (part: the local port)",
    "neighbour.port": "the neighbour's port (part: the local port)",
    "neighbour.description": "what the neighbour says of itself (part: the local port)",
    "neighbour.role": "what the neighbour does, as it says (part: the local port)",
    "neighbour.mac": "chassis address of the neighbour (part: the local port)",
    "neighbour.address": "network address of the neighbour, as it says (part: the local port)",
    "mac_seen": "a hardware address learned on a port (part: the local port)",
    "arp_seen": "address=mac as its ARP table holds it",
    "shared": "why several devices may stand behind this address: a router group, translation",
    "attached": "the switch port that it hangs on, as a switch's table tells: on PORT of SWITCH",
    "range": "a range of addresses that answers, table:first-last",
    "map": "name of the register map that fits, and how it was chosen",
    "word_order": "a hint at the word order of its registers, with the reason",
    "model_id": "a self-description model that it carries (SunSpec model number)",
    "namespace": "one entry of an OPC UA namespace table, index=URI; an index may change",
    "companion": "a companion specification that its address space uses",
    "consumer": "who reads it: client address, protocol, poll period",
    "writer": "who was seen to write to it, and what",
}
"""Every fact name there is, with its meaning. A fact under another name is a defect."""


@dataclass(frozen=True, slots=True)
class Target:
    """One service endpoint: where a question goes."""

    site: str
    address: str
    transport: str  # "tcp", "udp" or "link" (layer 2)
    port: int


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked. `part` is a Modbus unit ("unit 3"), a slot, an endpoint, or empty."""

    protocol: str
    operation: str
    part: str = ""
    argument: str = ""


NEGATIVE_CONTROL = Question("control", "negative_control")
"""One connect to a port that nobody uses: whether a host accepts on any port (domain model 2.4)."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One identity statement and who said it. `name` is a key of `FACTS`."""

    name: str
    value: Value
    source: str  # "modbus 43/14 object 0x01"
    part: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """One readable item. `address` is unique within (asset, part)."""

    address: str  # "holding:100", an OID, a NodeId in nsu= form
    name: str = ""
    path: str = ""
    unit: str = ""  # UNECE Recommendation 20 code where known, else the device's own text
    type: str = ""  # data type in the protocol's word: "float32", "Double", "Gauge32"
    access: str = ""  # "r", "rw", "-" (visible, not readable by us), "w"
    part: str = ""
    semantic: str = ""  # companion type, dictionary entry, "sunspec:103:W"; strongest meaning
    signal: str = ""  # signal name, only where a person's map states it
    description: str = ""
    low: float | None = None  # stated range, engineering units
    high: float | None = None
    # How raw registers or counts become the value, only what differs from big, big, 1, 0:
    # "words=little bytes=little scale=0.1 offset=-40". Value = raw x scale + offset.
    encoding: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a point. Not-a-number and infinity are given as `None` with a status."""

    point: str  # Point.address
    value: Value
    quality: Quality = Quality.GOOD
    status: str = ""  # the protocol's own word, "BadNotConnected"
    part: str = ""
    source_time: datetime | None = None
    server_time: datetime | None = None
    received_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One question and what became of it: a fact that is never edited.

    `raw` holds the answer's bytes (at most `RAW_BYTES`), `digest` the SHA-256 of the whole answer
    in hexadecimal, or "" when nothing came. `items` is the number of items of an enumeration.
    """

    scan: str
    vantage: str
    target: Target
    question: Question
    outcome: Outcome
    time: datetime  # aware, UTC; when the answer or its absence was established
    sequence: int = 0  # order within (scan, target)
    reason: str = ""
    detail: str = ""  # for people: "expected function 0x2B, got 0x83"
    credential: str = ""  # label, never the secret
    tries: int = 1
    duration_seconds: float = 0.0
    facts: tuple[Fact, ...] = ()
    points: tuple[Point, ...] = ()
    samples: tuple[Sample, ...] = ()
    items: int | None = None
    raw: bytes = field(default=b"", repr=False)
    digest: str = ""
    origin: str = "scan"  # "scan", "capture", "nmap", "bundle"
    stored: str = field(default="", init=False, repr=False, compare=False)
    """The identifier under which it was stored, where it was read from there; what `replace` makes
    of it has none."""

    @property
    def id(self) -> str:
        """Deterministic identifier: importing an observation twice stores it once (rulings 14)."""
        if self.stored:
            return self.stored
        content = [
            self.scan,
            self.vantage,
            [self.target.site, self.target.address, self.target.transport, self.target.port],
            [
                self.question.protocol,
                self.question.operation,
                self.question.part,
                self.question.argument,
            ],
            self.sequence,
            self.outcome.value,
            int(self.time.timestamp() * 1_000_000),
            self.digest,
        ]
        return identifier(compact(content))


def digest(raw: bytes) -> str:
    """SHA-256 in hexadecimal, or "" for no bytes."""
    return hashlib.sha256(raw).hexdigest() if raw else ""


class Garbled(Exception):
    """This protocol, but malformed or not an answer to the request: say what was expected."""


class Stray(Garbled):
    """A whole answer to nobody's question here, as a gateway may owe to whoever asked before: the
    link waits on for ours, and it is garbled only where that does not come."""


class Foreign(Exception):
    """Bytes of another protocol: say what was expected and what came."""


class Stale(Exception):
    """An answer to an earlier question (other transaction id): the link drops it and waits on."""


class Forbidden(Exception):
    """The guard does not know this request as read-only; nothing was sent."""


class Refused(Exception):
    """The peer spoke and refused. `outcome` is one of the four refusals, or EMPTY."""

    def __init__(
        self, outcome: Outcome, reason: str = "", detail: str = "", facts: tuple[Fact, ...] = ()
    ) -> None:
        super().__init__(detail or reason or outcome.value)
        self.outcome = outcome
        self.reason = reason
        self.detail = detail
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What a decoder read from one answer; `value` is what the probe needs for its next step."""

    value: T
    facts: tuple[Fact, ...] = ()
    points: tuple[Point, ...] = ()
    samples: tuple[Sample, ...] = ()
    outcome: Outcome = Outcome.COMPLETE
    reason: str = ""
    detail: str = ""
    items: int | None = None


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What `Link.ask` returns. `reading` is None unless a decoder accepted the bytes."""

    outcome: Outcome
    reason: str = ""
    reading: Reading[T] | None = None
    duration_seconds: float = 0.0
    raw: bytes = field(default=b"", repr=False)

    @property
    def value(self) -> T | None:
        """The decoded value, or None when there is none."""
        return self.reading.value if self.reading else None

    @property
    def spoke(self) -> bool:
        """Whether the peer spoke the protocol."""
        return self.outcome in SPOKE

    @property
    def open(self) -> bool:
        """Whether asking on makes sense: the conversation is alive."""
        return self.outcome in SPOKE


Frame = Callable[[bytes], int | None]
"""Length of the whole answer that the bytes begin with; None while undecidable.

Raises `Foreign` for another protocol, `Garbled` for this one malformed or announcing too much.
"""

Read = Callable[[bytes], Reading[T]]
"""Decoder of one whole answer; raises `Garbled`, `Refused`, `Foreign` or `Stale`."""


@dataclass(frozen=True, slots=True)
class Anew(Generic[T]):
    """A decoder whose answers are bound to a session, with one for stored answers of a session
    that is gone: `stored` reads the same body and passes over what only bound it.

    Used for what `Probe.standing` lets stand, after the session was set up anew.
    """

    live: Read[T]
    stored: Read[T]

    def __call__(self, raw: bytes) -> Reading[T]:
        """Decode an answer of this session."""
        return self.live(raw)


Guard = Callable[[bytes], str]
"""Name of the function that an outgoing frame performs; raises `Forbidden` unless read-only."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A request that leaves encrypted. The guard judges `plain`, and only then does the wire call
    `seal`: nothing can be encrypted past the guard, and counters and times are those of sending.

    `plain` is the whole message as it would look without security.
    """

    plain: bytes = field(repr=False)
    seal: Callable[[bytes], bytes] = field(repr=False)


class Secret:
    """A secret that is resolved when it is used and never shown."""

    __slots__ = ("_resolve",)

    def __init__(self, resolve: Callable[[], str]) -> None:
        self._resolve = resolve

    def reveal(self) -> str:
        """The secret itself. Only the encoder of a request calls this."""
        return self._resolve()

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Credential:
    """One named identity that the operator holds (rulings 21). `name` is its label in evidence."""

    name: str
    type: str  # snmp-v1, snmp-v2c, snmp-v3, opcua-user, opcua-certificate
    secret: Secret
    user: str = ""
    auth: str = ""  # snmp-v3: MD5, SHA, SHA-256 …; opcua-certificate: path of the certificate
    privacy: str = ""  # snmp-v3: AES-128 …; opcua-certificate: security policy
    privacy_secret: Secret | None = None
    applies_to: tuple[str, ...] = ()
    entitlement: str = "unknown"  # full, partial, unknown
    # SHA-256 or SHA-1 of the certificates that a server may show to get this credential; none: any
    trusts: tuple[str, ...] = ()


IMPLAUSIBLE = "implausible"
"""The status of a number that can hardly be measured: not finite, enormous or vanishing."""
AT_LIMIT = "at the limit of its type"
"""The status of a quantity whose raw number is the greatest, or the least, of its type: many
devices say so that they measure nothing, and a value may lie there."""


@dataclass(frozen=True, slots=True)
class MapEntry:
    """One line of a register map (rulings 22). `address` is zero-based."""

    table: str  # holding, input, coil, discrete
    address: int
    type: str  # uint16, int16, uint32, int32, uint64, int64, float32, float64, string:N, bit
    name: str
    vendor: str = ""
    model: str = ""
    firmware: str = ""
    unit: str = ""  # Modbus unit that it is for; empty: any
    word_order: str = "big"
    byte_order: str = "big"
    scale: float = 1.0
    offset: float = 0.0
    engineering_unit: str = ""
    signal: str = ""
    complete: bool = False
    source: str = ""  # file and digest, or the library's document
    not_available: int | None = None  # raw integer by which the device says that it has no value
    claimed: str = (
        ""  # unit that people say is of this model; it counts where the unit says nothing
    )


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked of the probes. `parts` adds Modbus units ("3", "1-16")."""

    depth: Depth = Depth.POINTS
    units: tuple[int, ...] = ()
    sample_seconds: float = 60.0
    sample_every_seconds: float = 10.0
    settings: Mapping[str, str] = field(default_factory=dict)  # probe options, "modbus.fc17": "1"


class Link(Protocol):
    """The only door to the network, as a probe sees it: one conversation with one target.

    The link waits for this host's turn, checks scope and budget, lets the probe's guard judge the
    request, sends, bounds and matches the answer, records both directions and emits exactly one
    observation per `ask` or `note`. It never raises for what the network does.
    """

    @property
    def target(self) -> Target: ...

    @property
    def options(self) -> Options: ...

    @property
    def heard(self) -> Sequence[Observation]:
        """Everything observed in this conversation so far, oldest first: a rung's memory."""

    @property
    def credentials(self) -> tuple[Credential, ...]:
        """The named credentials whose type this probe accepts and that apply to this target."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Parts declared behind this target ("unit 3"), from the register or an earlier scan."""

    @property
    def maps(self) -> tuple[MapEntry, ...]:
        """All declared register maps; the probe chooses by identity."""

    def now(self) -> datetime:
        """The scan's clock, aware UTC."""

    def next_id(self) -> int:
        """A number not used before in this conversation, 1 to 65 535 and round again; the same
        numbers in the same order when a scan is resumed."""

    async def ask(
        self,
        question: Question,
        request: bytes | Sealed,
        *,
        frame: Frame | None = None,
        read: Read[T],
        limit: int = 4096,
        credential: str = "",
        timeout_seconds: float | None = None,
        fresh: bool = False,
        parting: bool = False,
        tries: Tries = Tries.ALL,
    ) -> Answer[T]:
        """Send one request and decode its one answer.

        `frame` is needed on TCP and unused on UDP. `limit` bounds the answer in bytes.
        `fresh` asks for a new connection first (within the connection budget). On TCP the
        connection is opened by the first ask and kept for the next ones. `parting` marks the
        request that ends a session: it is let through when the scan is stopping. `tries`, over
        UDP, lets other questions go before the second try of this one; a second try that is not
        worth a packet is NOT_ASKED (dependency) and leaves no observation.

        When nothing answers the first request, or the peer hangs up, speaks another protocol or
        garbles a stream, the conversation is over: further asks return NOT_ASKED (dependency)
        unless `fresh` is given. A request that stays unanswered after the peer had answered an
        earlier one is SILENT and does not end the conversation; two in a row stop the host.
        """

    def note(
        self,
        question: Question,
        outcome: Outcome,
        reason: str = "",
        *,
        detail: str = "",
        facts: tuple[Fact, ...] = (),
        points: tuple[Point, ...] = (),
        credential: str = "",
        items: int | None = None,
    ) -> None:
        """Emit an observation that needed no packet: a question not asked, or a conclusion
        drawn from several answers (its facts name their sources)."""

    async def wait(self, seconds: float) -> None:
        """Let time pass between samples, on the scan's clock; counts against the time budget."""

    async def close(self, farewell: bytes | Sealed = b"") -> None:
        """End the connection (FIN), after sending a guarded farewell that expects no answer."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much a host turned out, or may turn out, to hold: what a rung's cost depends on."""

    parts: int = 1  # units, endpoints
    items: int = 0  # points, rows, nodes
    pages: int = 0  # answers that a listing took beyond the first


@dataclass(frozen=True, slots=True)
class Cost:
    """What a rung sends to one answering target. Bytes are payload in both directions."""

    connections: int = 0
    requests: int = 0
    bytes: int = 0
    functions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rung:
    """One depth of one probe.

    `cost` is pure and monotonic in every field of `Size`; `usual` and `most` are the sizes that
    the plan's *expected* and *ceiling* figures use. `connections` counts those that this rung
    opens beyond the rungs below.
    """

    cost: Callable[[Size], Cost]
    run: Callable[[Link], Awaitable[None]]
    usual: Size = Size()
    most: Size = Size()
    size: Callable[[Sequence[Observation]], Size] | None = None
    """Size as found, from this rung's observations; by default parts and items are counted."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One payload that a capture holds: what a passive decoder sees."""

    time: datetime
    transport: str  # tcp, udp, link
    source: str
    source_port: int
    destination: str
    destination_port: int
    payload: bytes = field(repr=False)
    vlan: int | None = None


@dataclass(frozen=True, slots=True)
class Overheard:
    """What a passive decoder learned from one payload about the device at `address`."""

    address: str
    question: Question
    facts: tuple[Fact, ...] = ()
    points: tuple[Point, ...] = ()
    samples: tuple[Sample, ...] = ()
    outcome: Outcome = Outcome.COMPLETE
    port: int = 0


def one_question(_: Sequence[Credential]) -> int:
    """How most probes meet silence: one question, whatever credentials there are."""
    return 1


@dataclass(frozen=True, slots=True)
class Probe:
    """One protocol: how to find it, ask it and keep from harming it. `protocols.x.PROBE`."""

    name: str
    title: str
    transport: str
    ports: tuple[int, ...]
    openness: Openness
    guard: Guard
    rungs: Mapping[Depth, Rung]
    credentials: tuple[str, ...] = ()  # credential types that it can use
    likelihood: int = 50  # order of asking: higher first
    most_connections: int = 2
    session: bool = False  # whether answers are bound to the connection that they came on
    data: bool = True  # whether it can carry process data for analytics
    roles: tuple[str, ...] = ()  # device roles that it is plausible for; empty: all
    passive: Callable[[Segment], Sequence[Overheard]] | None = None
    knocks: Callable[[Sequence[Credential]], int] = one_question
    """How many questions a target that stays silent gets under these credentials, each with its
    tries: what the plan prices silence by. Pure; one at least."""
    standing: Callable[[Sequence[Observation]], Sequence[Observation]] | None = None
    """Of a session that was cut, oldest first: the answers that hold in another session too, so
    that a resumed scan does not ask for them again. Pure; only for probes with `session`."""
