"""One session in use: opened for an identity, asked within its caps, ended cleanly.

Nothing beyond `visited` knows whether the channel is secured. Caps (the project's safety page): a
session of a minute, 100 operations a request, the server's own OperationLimits where they are
lower; a batch that a server finds too large is halved.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from protocols.contract import (
    DATA,
    SPOKE,
    Answer,
    Credential,
    Fact,
    Link,
    Observation,
    Outcome,
    Question,
    Reading,
)
from protocols.opcua.channel import Channel
from protocols.opcua.channel import reply_length as reply
from protocols.opcua.choice import NO_ENDPOINT, Identity, Verdict, choose, without_secret
from protocols.opcua.discovery import Endpoint, stored_endpoints
from protocols.opcua.encode import put_node_id
from protocols.opcua.envelope import Envelope
from protocols.opcua.identify import (
    DISCOVERY_REFUSED,
    ask_endpoints,
    open_channel,
    say_hello,
    spoke,
)
from protocols.opcua.nodes import DataValue, NodeId, core
from protocols.opcua.numbers import (
    CURRENT_TIME,
    MOST_MESSAGE,
    MOST_PER_REQUEST,
    MOST_SHOWN,
    NAME,
    NAMESPACE_ARRAY,
    OPERATION_LIMITS,
    READ,
    SERVER_STATUS,
    SESSION_DIAGNOSTICS,
    START_TIME,
    Attribute,
)
from protocols.opcua.services import fitting, read, read_values
from protocols.opcua.session import (
    after_refusal,
    end_session,
    envelope_of,
    open_session,
    report,
    unusable,
)
from protocols.opcua.status import TOO_MUCH, is_bad
from protocols.opcua.values import (
    Meaning,
    companions,
    of_a_kit,
    server_facts,
    session_facts,
    show,
    uptime_fact,
)

Wanted = tuple[tuple[NodeId, Attribute], ...]
Values = tuple[DataValue, ...]
_LIMITS = tuple(
    number
    for number, name in OPERATION_LIMITS.items()
    if name in ("MaxNodesPerRead", "MaxNodesPerBrowse")
)


@dataclass(slots=True)
class Visit:
    """A session: its channel, its start, and what it may still ask."""

    link: Link
    channel: Channel
    start: datetime
    most_reads: int
    most_seconds: float
    credential: str = ""  # name of the identity, "" for anonymous
    namespaces: tuple[str, ...] = ()
    browse_size: int = MOST_PER_REQUEST
    folders: int = 10  # of a Browse; more as answers turn out small: servers may ignore the maximum
    read_size: int = MOST_PER_REQUEST
    browses: int = 0
    reads: int = 0
    over: bool = False
    of_a_kit: bool = False  # its build information is a development kit's
    meanings: dict[NodeId, Meaning] = field(default_factory=dict)
    types: dict[NodeId, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Age of the session."""
        return (self.link.now() - self.start).total_seconds()

    @property
    def may_read(self) -> bool:
        """Whether another Read is within the caps."""
        within = self.reads < self.most_reads and self.seconds < self.most_seconds
        return within and not self.over

    def watch(self, outcome: Outcome) -> None:
        """After anything but words from the server, the rest of the session is not asked."""
        self.over = self.over or outcome not in SPOKE


async def visited(
    link: Link,
    work: Callable[[Visit], Awaitable[None]],
    *,
    most_reads: int,
    most_seconds: float,
    says_why: bool,
) -> None:
    """Open a session if the endpoints allow it, work in it, end it. `says_why` reports verdicts."""
    if not spoke(link) or _shut_out(link):
        return
    if says_why and _offers_nothing(link):
        report(link, (NO_ENDPOINT,))
        return
    whole, known = _known(link)
    identity, envelope, verdicts = _usable(known, link, _unrefused(link))
    if not whole and envelope is None:
        identity, verdicts = None, ()  # the rest of the list may hold what the open part lacks
    if says_why:
        report(link, verdicts)
    if whole and identity is None:
        return
    caps = (most_reads, most_seconds)
    until = await _tried(link, work, identity, envelope, known, caps)
    if not until or envelope is None:
        return
    if says_why:
        report(link, after_refusal(until, envelope.client))
    rest = without_secret(known)
    if rest is not None and _refused(until[-1]):
        await _tried(link, work, rest, None, known, caps)


def _shut_out(link: Link) -> bool:
    """Whether even the channel for discovery was refused: asked again, it would be once more."""
    return any(seen.reason == DISCOVERY_REFUSED for seen in link.heard)


def _offers_nothing(link: Link) -> bool:
    """Whether the server answered the question for its endpoints with none."""
    asked = [seen for seen in link.heard if seen.question.operation == "get_endpoints"]
    return bool(asked) and asked[-1].outcome is Outcome.EMPTY


def _unrefused(link: Link) -> tuple[Credential, ...]:
    """The credentials that this server has not refused yet: one attempt each."""
    names = {seen.credential for seen in link.heard if _refused(seen)}
    return tuple(held for held in link.credentials if held.name not in names)


def _refused(last: Observation) -> bool:
    """Whether the secured channel or session was refused to us, and not because of a shortage."""
    return last.outcome in (Outcome.REFUSED_AUTH, Outcome.REFUSED_CAPABILITY, Outcome.HUNG_UP)


async def _tried(
    link: Link,
    work: Callable[[Visit], Awaitable[None]],
    identity: Identity | None,
    envelope: Envelope | None,
    known: tuple[Endpoint, ...],
    caps: tuple[int, float],
) -> tuple[Observation, ...]:
    """One connection with one identity: opened, worked in, ended.

    What was heard up to a refusal; () where a session was opened or nobody was there to refuse.
    """
    if not await say_hello(link, fresh=True):
        return ()
    channel = await open_channel(link, envelope, identity.name if identity and envelope else "")
    if channel is not None and identity is None:
        known, identity = await _asked_again(link, channel)
    until: tuple[Observation, ...] = ()
    if channel is not None and identity is not None:
        if await open_session(link, channel, identity, known):
            await work(Visit(link, channel, link.now(), *caps, identity.name))
        else:
            until = tuple(link.heard)
    if channel is None:
        until = tuple(link.heard)
        await link.close()
    else:
        await end_session(link, channel)
    return until


def _usable(
    endpoints: tuple[Endpoint, ...], link: Link, credentials: tuple[Credential, ...]
) -> tuple[Identity | None, Envelope | None, tuple[Verdict, ...]]:
    """An identity that can be used: a certificate of ours that cannot is named and left out."""
    if not endpoints:
        return None, None, ()
    identity, verdicts = choose(endpoints, credentials)
    if identity is None:
        return None, None, verdicts
    try:
        return identity, envelope_of(link, identity), verdicts
    except ValueError as error:
        others = tuple(held for held in credentials if held.type != "opcua-certificate")
        second, further = choose(endpoints, others)
        return second, None, (unusable(identity, error), *further)


async def _asked_again(
    link: Link, channel: Channel
) -> tuple[tuple[Endpoint, ...], Identity | None]:
    """The list was too long to be kept: ask for it on this open channel, which then is used."""
    known = await ask_endpoints(link, channel)
    others = tuple(held for held in link.credentials if held.type != "opcua-certificate")
    identity, verdicts = choose(known, others) if known else (None, ())
    report(link, verdicts)
    return known, identity


def _known(link: Link) -> tuple[bool, tuple[Endpoint, ...]]:
    """The endpoints that `identify` was told, and whether these are all."""
    for seen in reversed(link.heard):
        if seen.question.operation == "get_endpoints" and seen.outcome in DATA:
            return stored_endpoints(seen.raw)
    return False, ()


async def ask_values(
    visit: Visit, question: Question, wanted: Wanted, use: Callable[[Values], Reading[Values]]
) -> Answer[Values]:
    """One Read."""
    visit.reads += 1
    answer = await visit.link.ask(
        question,
        visit.channel.ask(READ, read(wanted)),
        frame=reply,
        read=visit.channel.read(READ, lambda cursor, _: use(read_values(cursor, len(wanted)))),
        limit=MOST_MESSAGE,
        credential=visit.credential,
    )
    visit.watch(answer.outcome)
    return answer


async def ask_all(
    visit: Visit,
    operation: str,
    wanted: Wanted,
    facts: Callable[[int, Values], tuple[Fact, ...]] = lambda _at, _values: (),
    *,
    listed: bool = False,
) -> dict[int, DataValue]:
    """Values by position, in as many requests as it takes and may take.

    What was `listed` counts as an item also where its value is bad: the listing counted it.
    """
    found: dict[int, DataValue] = {}
    at = number = 0
    while at < len(wanted) and visit.may_read:
        size = fitting((len(put_node_id(node)) for node, _ in wanted[at:]), visit.read_size)
        batch, number, start = wanted[at : at + size], number + 1, at

        def use(values: Values, at: int = start) -> Reading[Values]:
            good = sum(listed or not is_bad(value.status) for value in values)
            return Reading(values, facts(at, values), items=good)

        answer = await ask_values(
            visit, Question(NAME, operation, argument=str(number)), batch, use
        )
        if answer.reason in TOO_MUCH and len(batch) > 1:
            visit.read_size = max(len(batch) // 2, 1)
            continue
        found |= dict(enumerate(answer.value or (), at))
        at += len(batch)
    return found


async def read_server(visit: Visit) -> None:
    """First how much may be asked at once; then namespaces, build, clock and who else is there."""
    limits = await ask_all(visit, "read_limits", _values_of(_LIMITS))
    visit.read_size = min(visit.read_size, _least(limits, "MaxNodesPerRead"))
    visit.browse_size = _least(limits, "MaxNodesPerBrowse")
    numbers = (NAMESPACE_ARRAY, *SERVER_STATUS, *OPERATION_LIMITS, SESSION_DIAGNOSTICS)
    now, times = visit.link.now, {START_TIME, CURRENT_TIME}
    known: dict[int, DataValue] = {}

    def facts(at: int, values: Values) -> tuple[Fact, ...]:
        found = dict(zip(numbers[at:], values, strict=False))
        known.update(found)
        if NAMESPACE_ARRAY in found:
            visit.namespaces = _strings(found[NAMESPACE_ARRAY])
        visit.of_a_kit = visit.of_a_kit or of_a_kit(found)  # the manufacturer is asked first
        return (
            *server_facts(found, now(), kit=visit.of_a_kit),
            *(_uptime(known) if times & found.keys() else ()),
            *(companions(visit.namespaces) if NAMESPACE_ARRAY in found else ()),
            *session_facts(found.get(SESSION_DIAGNOSTICS)),
        )

    await ask_all(visit, "read_server", _values_of(numbers), facts)


def _uptime(known: Mapping[int, DataValue]) -> tuple[Fact, ...]:
    return uptime_fact(known.get(START_TIME), known.get(CURRENT_TIME))


def _values_of(numbers: tuple[int, ...]) -> Wanted:
    return tuple((core(number), Attribute.VALUE) for number in numbers)


def _strings(value: DataValue) -> tuple[str, ...]:
    """The namespace table; one too long to be shown counts as nameless: its index stands for it."""
    values = value.variant.values if value.variant else ()
    short = (isinstance(item, str) and len(item) <= MOST_SHOWN for item in values)
    return tuple(str(item) if kept else "" for item, kept in zip(values, short, strict=True))


def _least(found: dict[int, DataValue], name: str) -> int:
    """Our cap, or the server's limit where it states a lower one (0 states none)."""
    place = next(at for at, number in enumerate(_LIMITS) if OPERATION_LIMITS[number] == name)
    stated = show(found[place].variant) if place in found else None
    if isinstance(stated, int) and 0 < stated < MOST_PER_REQUEST:
        return stated
    return MOST_PER_REQUEST
