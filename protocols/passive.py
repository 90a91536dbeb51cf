"""What can be learned without asking: decoders of traffic that others cause, and their registry.

One rule keeps it simple: a decoder is a pure function from one payload (or one question with its
answer) to what it says of a device. It keeps no state; the capture walk counts and joins.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import protocols
from protocols.contract import Fact, Frame, Overheard, Question, Segment

READ = "read"
WRITE = "write"
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Use:
    """What one request asks of a server: who reads or writes what (issue 6, 2)."""

    function: str  # the protocol's own name, "read holding registers"
    kind: str = OTHER  # read, write, other
    item: str = ""  # "holding:100-109", an OID, a node, an object
    part: str = ""  # "unit 3"


@dataclass(frozen=True, slots=True)
class Passive:
    """One protocol as it is overheard; `protocols.x.PASSIVE`.

    `frame` gives the length of one message on TCP (None: every segment is one message).
    `alike` gives a key: messages with equal keys within one conversation and direction are counted
    and not decoded again, which is what makes polled traffic cheap.
    `values` reads process values: of an answer with its question, or (`reports`) of a message that
    comes unasked, with None in place of the question. It is called now and then, not each time.
    `recall` reads values of a report that refers to earlier requests of the same connection (or,
    with `announces`, to messages of the server itself), those that `remember` picks. `whole` adds a
    framed part to what is held of its message, and gives the message once it is whole, before
    nothing.
    `recognise` tells from a first payload on one of its own ports that this is the protocol.
    `proof` does so on any port: what chance brings about is none (lengths that agree, a check sum,
    a magic word); without it the protocol is believed on its own ports only.
    """

    name: str
    title: str
    decode: Callable[[Segment], Sequence[Overheard]]
    transports: tuple[str, ...] = ("tcp",)
    ports: tuple[int, ...] = ()
    ethertypes: tuple[int, ...] = ()
    llc: tuple[bytes, ...] = ()  # first bytes after the 802.3 length
    frame: Frame | None = None
    pair: Callable[[Segment, Segment], Sequence[Overheard]] | None = None
    uses: Callable[[bytes], Sequence[Use]] | None = None
    alike: Callable[[bytes], bytes] | None = None
    recognise: Callable[[bytes], bool] | None = None
    proof: Callable[[bytes], bool] | None = None
    side: Callable[[bytes], str] | None = None  # "client", "server" or "" (cannot tell)
    vague: bool = False  # a carrier: what it carries takes its place once it is recognised
    least: int = 1  # shorter messages are not looked at
    plant: bool = True  # whether who speaks it takes part in automation
    values: Callable[[Segment | None, Segment], Sequence[Overheard]] | None = None
    reports: bool = False  # the server's messages hold values that nobody asked for one by one
    remember: Callable[[bytes], bool] | None = None
    announces: bool = False
    recall: Callable[[Sequence[Segment], Segment], Sequence[Overheard]] | None = None
    whole: Callable[[bytearray, bytes], bytes] | None = None
    peers: bool = False  # no client and no server: both sides speak alike


@cache
def passives() -> tuple[Passive, ...]:
    """Every `PASSIVE` (or each of a tuple of them) of this folder, by name.

    Looked for in protocol modules and packages, in `<package>.passive`, and in `_passive_*`.
    """
    found: dict[str, Passive] = {}
    for module in pkgutil.iter_modules(protocols.__path__):
        if module.name.startswith("_") and not module.name.startswith("_passive_"):
            continue
        exported = getattr(importlib.import_module(f"protocols.{module.name}"), "PASSIVE", ())
        for passive in exported if isinstance(exported, tuple) else (exported,):
            if isinstance(passive, Passive):
                found[passive.name] = passive
    return tuple(found[name] for name in sorted(found))


def overheard(
    address: str,
    protocol: str,
    facts: Sequence[Fact] = (),
    *,
    operation: str = "overheard",
    part: str = "",
    port: int = 0,
) -> Overheard:
    """The usual `Overheard`: facts without a value are left out."""
    kept = tuple(fact for fact in facts if fact.value not in ("", None))
    return Overheard(address, Question(protocol, operation, part), kept, port=port)


def nothing(segment: Segment) -> tuple[Overheard, ...]:
    """For protocols whose messages hold no identity: the walk still notes who speaks them."""
    return ()
