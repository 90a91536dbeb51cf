"""What the walk keeps while it reads: hosts, conversations, connections; all of bounded number."""

from __future__ import annotations

from dataclasses import dataclass, field

from protocols.contract import Fact, Outcome, Point, Sample, Segment
from protocols.passive import Passive, Use

TALLIES = 2048  # different requests that are kept apart in one conversation
HOLD = 16  # segments that are kept while one before them is missing
STREAM_LIMIT = 1 << 20  # bytes of one message


@dataclass(slots=True)
class Host:
    """One network address that sent something."""

    first: int
    last: int
    macs: dict[str, bool] = field(default_factory=dict)  # mac -> came with an undiminished TTL
    vlans: set[int] = field(default_factory=set)
    announced: set[str] = field(default_factory=set)  # macs that ARP or the like names for it


@dataclass(slots=True)
class Tally:
    """One kind of request in one conversation."""

    uses: tuple[Use, ...]
    count: int
    first: int
    last: int


@dataclass(slots=True)
class Conversation:
    """All connections of one client with one port of one server."""

    transport: str
    client: str
    server: str
    port: int
    first: int
    last: int = 0
    passive: Passive | None = None
    candidates: tuple[Passive, ...] = ()
    asked: int = 0  # packets from the client
    answered: int = 0  # packets from the server
    spoken: int = 0  # messages of the protocol from the server
    requested: int = 0  # messages of the protocol from the client
    accepted: bool = False
    reset: bool = False  # the server's first packet was a RST
    sure: bool = False  # who is client and who server was seen, not guessed
    functions: set[str] = field(default_factory=set)
    tallies: dict[bytes, Tally] = field(default_factory=dict)
    seen: set[bytes] = field(default_factory=set)


@dataclass(slots=True)
class Connection:
    """One pair of ports; keeps what joins its two directions."""

    conversation: Conversation
    server: tuple[str, int]
    question: Segment | None = None


@dataclass(slots=True)
class Lane:
    """One direction of one connection: what a packet's header bytes lead to."""

    connection: Connection
    transport: str
    offset: int  # where the transport header begins in an untagged frame
    source: str
    source_port: int
    destination: str
    destination_port: int
    vlan: int | None
    packets: int = 0
    octets: int = 0
    last: int = 0
    deep: bool = True
    tries: int = 0
    expected: int | None = None
    buffer: bytes = b""
    held: dict[int, bytes] = field(default_factory=dict)

    @property
    def forward(self) -> bool:
        """Whether it runs from client to server."""
        return (self.destination, self.destination_port) == self.connection.server


@dataclass(slots=True)
class Learned:
    """What was overheard of one device under one question."""

    first: int
    last: int
    outcome: Outcome = Outcome.COMPLETE
    facts: dict[Fact, None] = field(default_factory=dict)
    points: dict[tuple[str, str], Point] = field(default_factory=dict)
    samples: dict[tuple[str, str], Sample] = field(default_factory=dict)
    count: int = 0
    served: bool = False  # the device itself offers the service
