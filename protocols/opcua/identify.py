"""The first two rungs: Hello, then what the server tells anybody, all on one connection.

Advertised URLs are kept and classified by their text; they are never followed and no name is
ever resolved. What would keep a client out is said in the observation's detail.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from protocols.contract import (
    DATA,
    Fact,
    Link,
    Observation,
    Outcome,
    Question,
    Reading,
    Reason,
    Refused,
    Target,
)
from protocols.opcua import certificate as certificates
from protocols.opcua.binary import Cursor
from protocols.opcua.channel import Channel, Header, answer_length, hello, read_acknowledge
from protocols.opcua.channel import reply_length as reply
from protocols.opcua.discovery import (
    Application,
    Endpoint,
    read_applications,
    read_endpoints,
    url_request,
)
from protocols.opcua.envelope import Envelope
from protocols.opcua.makers import statements
from protocols.opcua.numbers import (
    CLIENT,
    DISCOVERY_SERVER,
    FIND_SERVERS,
    GET_ENDPOINTS,
    MOST_MESSAGE,
    NAME,
    PORT,
)

_MOST_CERTIFICATES = 4
_MOST_URLS = 64  # a server names a handful: its addresses, and its policies and modes
_ENDPOINTS = "opcua GetEndpoints"
_SKEW_SECONDS = 300.0
"""Beyond this, servers refuse secured sessions (they check times of certificates and requests)."""
_UNREACHED = {
    "other_host": (
        "address",
        "needs that name or address to lead here; set it in the server or in DNS",
    ),
    "other_port": (
        "port",
        "asks another one; set the port in the server, or let that one lead here",
    ),
    "other_transport": (
        "transport",
        "must speak that one; switch an opc.tcp endpoint on in the server",
    ),
}
"""What the URLs miss, and the step, by the word of the one that is nearest."""
DISCOVERY_REFUSED = "discovery_refused"
_NO_DISCOVERY = (
    "it shows not even its endpoint list without security, and no client learns otherwise which "
    "policies and which certificate it has: switch policy None on in the server for discovery only "
    "(OPC 10000-4, 5.5), or take its endpoint and certificate from its own set-up"
)
_LOCAL_NAMES = ("localhost", "localhost.localdomain")


def url_of(target: Target) -> str:
    """The endpoint URL as we know it: the address that we ask, never a name of the device's."""
    host = f"[{target.address}]" if ":" in target.address else target.address
    return f"opc.tcp://{host}:{target.port}"


async def say_hello(link: Link, *, fresh: bool = False) -> bool:
    """Hello, and whether the server acknowledged it."""
    answer = await link.ask(
        Question(NAME, "hello"),
        hello(url_of(link.target)),
        frame=answer_length,
        read=read_acknowledge,
        fresh=fresh,
    )
    return answer.outcome in DATA


async def open_channel(
    link: Link, envelope: Envelope | None = None, credential: str = ""
) -> Channel | None:
    """A channel, or None when the server did not grant one."""
    channel = Channel(link.now, envelope)
    answer = await link.ask(
        Question(NAME, "open_channel"),
        channel.open(),
        frame=reply,
        read=channel.read_open if _lists_endpoints(link) else partial(_first_open, channel),
        limit=65_536,
        credential=credential,
    )
    return channel if answer.outcome in DATA else None


def _lists_endpoints(link: Link) -> bool:
    return any(
        seen.question.operation == "get_endpoints" and seen.outcome in DATA for seen in link.heard
    )


def _first_open(channel: Channel, raw: bytes) -> Reading[int]:
    """The answer to the channel on which every client asks for the endpoints: without security."""
    try:
        return channel.read_open(raw)
    except Refused as error:
        if error.reason not in (Reason.POLICY_NOT_OFFERED, Reason.MODE_NOT_OFFERED):
            raise
        raise Refused(error.outcome, DISCOVERY_REFUSED, _NO_DISCOVERY) from error


async def discover(link: Link) -> None:
    """Hello and Acknowledge: this port speaks OPC UA."""
    await say_hello(link)


async def identify(link: Link) -> None:
    """Endpoints and known servers on the connection that `discover` opened."""
    if not spoke(link):
        return
    channel = await open_channel(link)
    if channel is None:
        await link.close()
        return
    await ask_endpoints(link, channel)
    await link.ask(
        Question(NAME, "find_servers"),
        channel.ask(FIND_SERVERS, url_request(url_of(link.target))),
        frame=reply,
        read=channel.read(FIND_SERVERS, lambda cursor, _: _read_servers(cursor, link.heard)),
        limit=MOST_MESSAGE,
    )
    await link.close(channel.close())


def spoke(link: Link) -> bool:
    """Whether Hello was acknowledged in this conversation."""
    return any(
        seen.question == Question(NAME, "hello") and seen.outcome in DATA for seen in link.heard
    )


async def ask_endpoints(link: Link, channel: Channel) -> tuple[Endpoint, ...]:
    """GetEndpoints; empty when nothing usable came."""
    target, now = link.target, link.now
    answer = await link.ask(
        Question(NAME, "get_endpoints"),
        channel.ask(GET_ENDPOINTS, url_request(url_of(target))),
        frame=reply,
        read=channel.read(
            GET_ENDPOINTS,
            lambda cursor, header: describe(read_endpoints(cursor), header, target, now()),
        ),
        limit=MOST_MESSAGE,
    )
    return answer.value or ()


def describe(
    endpoints: tuple[Endpoint, ...], header: Header, target: Target, now: datetime
) -> Reading[tuple[Endpoint, ...]]:
    """Facts of an endpoint list, and in the detail what would keep a client out."""
    shown, doubts = _certificate_facts(endpoints, target, now)
    urls = list(dict.fromkeys(item.url for item in endpoints))[:_MOST_URLS]
    reaches = {url: reach(url, target) for url in urls}
    facts = [
        *_application_facts(endpoints[0].server if endpoints else None),
        *(
            Fact("security", text, _ENDPOINTS)
            for text in list(dict.fromkeys(i.security for i in endpoints if i.binary))[:_MOST_URLS]
        ),
        *(Fact("endpoint_url", url, _ENDPOINTS) for url in reaches if url),
        *(Fact("endpoint_reach", word, f"{_ENDPOINTS} {url}") for url, word in reaches.items()),
        *shown,
    ]
    skew = 0.0
    if header.time is not None:
        skew = round((header.time - now).total_seconds(), 1) + 0.0  # no minus zero
        facts.append(Fact("clock_skew_seconds", skew, "opcua ResponseHeader Timestamp"))
    notes = [*doubts, *_url_note(reaches), *_clock_note(skew)]
    outcome = Outcome.COMPLETE if endpoints else Outcome.EMPTY
    return Reading(
        endpoints, tuple(facts), outcome=outcome, detail="; ".join(notes), items=len(endpoints)
    )


def reach(url: str, target: Target) -> str:
    """How an advertised URL relates to the service that answered, by its text alone: same,
    other_port, other_transport (HTTPS, WebSockets), other_host, unresolved."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORT
    except ValueError:  # a bracket that is never closed, a port that no host has
        return "unresolved"
    if host in _LOCAL_NAMES:
        host = "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "unresolved"
    if str(address) != target.address:
        return "other_host"
    if parts.scheme != "opc.tcp":
        return "other_transport"
    return "same" if port == target.port else "other_port"


def _clock_note(skew: float) -> tuple[str, ...]:
    if abs(skew) <= _SKEW_SECONDS:
        return ()
    word = "ahead of" if skew > 0 else "behind"
    return (
        f"its clock is {abs(skew):.0f} s {word} ours: set both from one time source (NTP), or "
        "secured sessions will be refused",
    )


def _url_note(reaches: dict[str, str]) -> tuple[str, ...]:
    if not reaches or "same" in reaches.values():
        return ()
    words = set(reaches.values())
    word = "other_port" if "other_port" in words else "other_host"
    if words == {"other_transport"}:
        word = "other_transport"
    named = next((url for url, said in reaches.items() if said == word), next(iter(reaches)))
    what, step = _UNREACHED[word]
    return (
        f"no advertised URL names this {what} (first: {named[:120]}): a client that follows the "
        f"list {step}",
    )


def _application_facts(server: Application | None) -> tuple[Fact, ...]:
    if server is None:
        return ()
    found = [
        ("application_uri", server.uri),
        ("product_uri", server.product_uri),
        ("name", server.name),
        ("role", "discovery server" if server.type == DISCOVERY_SERVER else ""),
    ]
    own = tuple(Fact(name, value, _ENDPOINTS) for name, value in found if value)
    return (*own, *statements(server.uri, server.product_uri))


def _certificate_facts(
    endpoints: tuple[Endpoint, ...], target: Target, now: datetime
) -> tuple[list[Fact], list[str]]:
    facts: list[Fact] = []
    doubts: list[str] = []
    leaves = dict.fromkeys(certificates.leaf(item.certificate) for item in endpoints)
    for number, der in enumerate([der for der in leaves if der][:_MOST_CERTIFICATES], 1):
        parsed = certificates.parse(der)
        part = "" if number == 1 else f"certificate {number}"
        facts += certificates.facts(der, parsed, part)
        if parsed is None:
            doubts.append("certificate cannot be read: it is no X.509 certificate; replace it")
        else:
            uri = endpoints[0].server.uri
            doubts += certificates.doubts(parsed, target.address, uri, now)
    return facts, doubts


def _read_servers(cursor: Cursor, heard: Sequence[Observation]) -> Reading[tuple[Application, ...]]:
    servers = read_applications(cursor)
    own = {fact.value for seen in heard for fact in seen.facts if fact.name == "application_uri"}
    facts = tuple(
        Fact(
            "server_known",
            (server.urls or (server.uri,))[0],
            f"opcua FindServers {server.uri}",
            server.name,
        )
        for server in servers[:_MOST_URLS]
        if server.uri not in own and server.type != CLIENT
    )
    outcome = Outcome.COMPLETE if servers else Outcome.EMPTY
    return Reading(servers, facts, outcome=outcome, items=len(servers))
