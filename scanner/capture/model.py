"""What the walk keeps while it reads: hosts, conversations, connections; all of bounded number."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from protocols.contract import Fact, Outcome, Point, Quality, Sample, Segment, Value
from protocols.passive import Passive, Use

LANES = 16_384
HOSTS = 32_768
CONVERSATIONS = 32_768
LEARNED = 32_768
TALLIES = 2048  # different requests that are kept apart in one conversation
KINDS = 16  # layer 2 protocols of one station
FACTS = 128  # different facts, points or series under one question
REMEMBERED = 64  # requests of one connection that later reports may refer to
TRIES = 4  # payloads that are looked at before a lane counts as unknown
HOLD = 16  # segments that are kept while one before them is missing
STREAM_LIMIT = 1 << 20  # bytes of one message
HELD_BYTES = 24 << 20  # unfinished messages and unanswered questions together
KEPT_BYTES = 56 << 20  # statements, requests told apart and values together
LEAST_PAUSE = 5_000_000_000  # nanoseconds that nobody asks before it may be a pause
PAUSE_TIMES = 10  # how many times its period a request stays away when it pauses
MOST_VALUES = 48  # of one point; then every second goes, so that 24 to 48 span the capture

Reading = tuple[int, Value, Quality, str, datetime | None]
"""Time in nanoseconds, value, quality, the protocol's own word for it, the source's own time."""


@dataclass(slots=True)
class Host:
    """One network address that sent something."""

    first: int
    last: int
    macs: dict[str, bool] = field(default_factory=dict)  # mac -> came with an undiminished TTL
    vlans: set[int] = field(default_factory=set)
    announced: set[str] = field(default_factory=set)  # macs that ARP or the like names for it
    seats: dict[int, str] = field(default_factory=dict)  # VLAN (0: none) -> its own mac there
    origins: set[int] = field(default_factory=set)  # TTLs that its connections began with, rounded
    address: str = ""  # the network address, where another device had it first in another VLAN


@dataclass(slots=True)
class Tally:
    """One kind of request in one conversation."""

    uses: tuple[Use, ...]
    count: int
    first: int
    last: int
    valued: int = 0  # how often its values were read
    due: int = 0  # when its values are to be read again
    pauses: int = 0  # how often nobody asked for much longer than usual
    paused: int = 0  # nanoseconds of these pauses together

    def repeat(self, time: int) -> None:
        """The request came again."""
        wait = time - self.last
        if wait > LEAST_PAUSE and self.count >= 3 and wait > PAUSE_TIMES * self.period:
            self.pauses, self.paused = self.pauses + 1, self.paused + wait
        self.count, self.last = self.count + 1, time

    @property
    def period(self) -> int:
        """Nanoseconds from one request to the next, pauses left out."""
        steps = self.count - 1 - self.pauses
        return (self.last - self.first - self.paused) // steps if steps > 0 else 0


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
    tallies: dict[bytes, Tally] = field(default_factory=dict)
    seen: dict[bytes, Tally | None] = field(default_factory=dict)  # kinds of other messages


@dataclass(slots=True)
class Connection:
    """One pair of ports; keeps what joins its two directions."""

    conversation: Conversation
    server: tuple[str, int]
    question: Segment | None = None
    kept: list[Segment] = field(default_factory=list)  # requests that later reports refer to
    turned: Connection | None = None  # the same ports with the roles the other way round
    lanes: dict[tuple[str, int], Lane] = field(default_factory=dict)  # the first of each direction


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
    need: int = 0  # bytes that the message in `buffer` has, once that is known
    buffer: bytearray | None = None
    held: dict[int, bytes] | None = None
    parts: bytearray | None = None  # of a message that comes in several framed parts
    turned: Lane | None = None  # this direction where its sender has the other role
    stream: Lane | None = None  # the lane of the same direction that was seen first, in other dress
    mark: int = 0  # hash of the last datagram and its IPv4 identification
    heard: int = 0  # when that was

    @property
    def forward(self) -> bool:
        """Whether it runs from client to server."""
        return (self.destination, self.destination_port) == self.connection.server


@dataclass(slots=True)
class Series:
    """The values of one point, thinned out as the capture goes on.

    Never in even steps: what comes and goes with every second reading would look steady.
    """

    rows: list[Reading] = field(default_factory=list)
    step: int = 0  # nanoseconds between two values that are kept, on average

    def add(self, row: Reading) -> None:
        """Keep this value where it is far enough behind the last one."""
        uneven = 3 if len(self.rows) % 2 else 5
        if self.rows and row[0] - self.rows[-1][0] < self.step * uneven // 4:
            return
        self.rows.append(row)
        if len(self.rows) > MOST_VALUES:
            self.step = 2 * (self.rows[-1][0] - self.rows[0][0]) // MOST_VALUES
            pairs = range(MOST_VALUES // 2)
            self.rows = [self.rows[2 * n + n.bit_count() % 2] for n in pairs] + self.rows[-1:]


@dataclass(slots=True)
class Learned:
    """What was overheard of one device under one question."""

    first: int
    last: int
    outcome: Outcome = Outcome.COMPLETE
    facts: dict[Fact, None] = field(default_factory=dict)
    points: dict[tuple[str, str], Point] = field(default_factory=dict)
    series: dict[tuple[str, str], Series] = field(default_factory=dict)
    count: int = 0
    served: bool = False  # the device itself offers the service


def reading(sample: Sample, time: int) -> Reading:
    """A sample as a series keeps it."""
    return time, sample.value, sample.quality, sample.status, sample.source_time
