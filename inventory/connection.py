"""What a collector needs to read one service of one asset: the neutral value behind the connectors.

    asset, points, observations ──► Connection ──► Thing Description, Telegraf, Prometheus, …

One rule keeps it simple: a pure function makes it from what was observed, and a further dialect is
one file that turns it into text. It holds references to credentials, never a secret, and nothing
that writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from inventory.model import Declaration, Device, Evidence, Kind
from protocols.contract import DATA, Observation, Outcome, Point, Quality, Sample

PROTOCOLS = ("modbus", "opcua", "snmp")
"""Protocols that connectors are written for."""

STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
"""Polling intervals that are proposed, in seconds."""

UNMEASURED_SECONDS = 60
"""Proposed interval where no answer was timed."""

DUTY, SHARED_DUTY = 0.05, 0.02
"""Share of the time that polling may take of a device, and of one behind a shared line."""

BUILT_IN = {"snmp-public": "snmp-v2c", "snmp-public-v1": "snmp-v1"}
"""Types of the credentials that may be named without a site file (rulings 20)."""

VERIFIED, PROPOSED = "verified", "proposed"

_REGISTER = re.compile(r"(holding|input|coil|discrete):(\d{1,5})(?:\.(\d{1,2}))?")


@dataclass(frozen=True, slots=True)
class Login:
    """Which credential a service was read with: a label and what it is, never the secret."""

    label: str = ""
    type: str = ""  # snmp-v2c, opcua-user, …; "" for none or one that nobody declared
    user: str = ""
    auth: str = ""
    privacy: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One readable point of a connection."""

    address: str
    name: str = ""  # the device's or a map's own; "" for a register that nobody described
    type: str = ""
    unit: str = ""
    path: str = ""
    part: str = ""
    description: str = ""
    semantic: str = ""
    signal: str = ""
    low: float | None = None
    high: float | None = None
    scale: float = 1.0  # value = raw x scale + offset
    offset: float = 0.0
    words: str = "big"
    bytes: str = "big"
    evidence: str = PROPOSED
    observation: str = ""  # id of the observation that read it, or listed it
    status: str = ""  # why the last read gave no value

    @property
    def table(self) -> str:
        """Modbus: holding, input, coil or discrete; "" for an address that is none."""
        found = _REGISTER.fullmatch(self.address)
        return found[1] if found else ""

    @property
    def register(self) -> int:
        """Modbus: zero-based number; -1 for an address that is none."""
        found = _REGISTER.fullmatch(self.address)
        return int(found[2]) if found else -1

    @property
    def bit(self) -> int | None:
        """Modbus: the bit of a register that is meant."""
        found = _REGISTER.fullmatch(self.address)
        if found and found[3]:
            return int(found[3])
        return int(self.type[4:]) if self.type.startswith("bit:") else None


@dataclass(frozen=True, slots=True)
class Connection:
    """One service of one asset, ready to be collected."""

    asset: str
    site: str
    name: str
    protocol: str
    address: str
    port: int
    unit: int | None = None  # Modbus unit
    path: str = ""  # OPC UA: the path of the endpoint's address
    part: str = ""
    vendor: str = ""
    model: str = ""
    serial: str = ""
    area: str = ""
    line: str = ""
    tag: str = ""
    policy: str = ""  # OPC UA security policy and mode that the session was opened with
    mode: str = ""
    offers: tuple[str, ...] = ()
    login: Login = field(default_factory=Login)
    map: str = ""  # Modbus: the register map that gave the meaning
    namespaces: Mapping[str, int] = field(default_factory=dict)
    response_seconds: float | None = None
    interval_seconds: int = UNMEASURED_SECONDS
    observed: datetime | None = None
    items: tuple[Item, ...] = ()

    @property
    def host(self) -> str:
        """The address as a URL writes it."""
        return f"[{self.address}]" if ":" in self.address else self.address

    @property
    def secured(self) -> bool:
        """OPC UA: whether the session is signed or encrypted."""
        return self.mode not in ("", "None")


def logins(declarations: Iterable[Declaration]) -> dict[str, Login]:
    """Credentials by label, as the site file named them."""
    found = {label: Login(label, kind) for label, kind in BUILT_IN.items()}
    for one in declarations:
        if one.kind is Kind.CREDENTIAL:
            fields = one.fields
            kept = (fields.get(name, "") for name in ("type", "user", "auth", "privacy"))
            found[one.subject] = Login(one.subject, *kept)
    return found


def connections(evidence: Evidence, known: Mapping[str, Login]) -> tuple[Connection, ...]:
    """The services of a device through which points can be read; () for none.

    A device that was only declared, or only overheard, has none.
    """
    samples = {(s.part, s.point): s for s in evidence.samples}
    points = {(p.part, p.address): p for p in evidence.points if "r" in p.access}
    where: dict[tuple[str, str], Observation] = {}
    read: dict[tuple[str, str], Observation] = {}
    for one in evidence.observations:
        if one.origin not in ("scan", "bundle") or one.question.protocol not in PROTOCOLS:
            continue
        where.update(((p.part, p.address), one) for p in one.points)
        read.update(((s.part, s.point), one) for s in one.samples if _good(s))
    groups: dict[tuple[str, str, int, int | None], list[tuple[str, str]]] = {}
    for place in points:
        if place in where:
            groups.setdefault(_service(where[place]), []).append(place)
    return tuple(
        _connection(evidence, service, known, [where[p] for p in places], items)
        for service, places in groups.items()
        if (items := tuple(_item(points[p], where[p], read.get(p), samples.get(p)) for p in places))
    )


def _good(sample: Sample) -> bool:
    return sample.value is not None and sample.quality is not Quality.BAD


def _service(one: Observation) -> tuple[str, str, int, int | None]:
    asked = one.question
    found = re.match(r"unit (\d{1,3})\b", asked.part or asked.argument)
    unit = int(found[1]) if found and asked.protocol == "modbus" else None
    return asked.protocol, one.target.address, one.target.port, unit


def _item(
    point: Point, listed: Observation, read: Observation | None, sample: Sample | None
) -> Item:
    terms = dict(term.split("=", 1) for term in point.encoding.split() if "=" in term)
    verified = read is not None and (sample is None or _good(sample))
    return Item(
        point.address,
        point.name,
        _type(point),
        point.unit,
        point.path,
        point.part,
        point.description,
        point.semantic,
        point.signal,
        point.low,
        point.high,
        _number(terms.get("scale", "1"), 1.0),
        _number(terms.get("offset", "0"), 0.0),
        terms.get("words", "big"),
        terms.get("bytes", "big"),
        VERIFIED if verified else PROPOSED,
        (read if verified and read else listed).id,
        "" if verified or sample is None else sample.status,
    )


def _type(point: Point) -> str:
    """The point's type; a `bit` of a whole register is its lowest one."""
    register = point.address.startswith(("holding:", "input:"))
    return "bit:0" if register and point.type == "bit" else point.type


def _number(text: str, otherwise: float) -> float:
    try:
        found = float(text)
    except ValueError:
        return otherwise
    return found if found - found == 0 else otherwise


def _connection(
    evidence: Evidence,
    service: tuple[str, str, int, int | None],
    known: Mapping[str, Login],
    asked: Sequence[Observation],
    items: tuple[Item, ...],
) -> Connection:
    device, (protocol, address, port, unit) = evidence.device, service
    reads = list({one.id: one for one in asked}.values())
    times = [one.duration_seconds for one in reads if one.duration_seconds > 0]
    heard = [one for one in evidence.observations if _at(one, protocol, address, port)]
    label = _label(heard)
    offers = _offers(device, protocol, address, port)
    policy, mode = _secured(offers, bool(label)) if protocol == "opcua" else ("", "")
    row = device.register
    return Connection(
        device.key,
        device.site,
        device.name or device.product or device.model or address,
        protocol,
        address,
        port,
        unit,
        _path(heard),
        device.part,
        device.vendor,
        device.model or device.product,
        device.serial,
        row.area if row else "",
        row.line if row else "",
        row.tag if row else "",
        policy,
        mode,
        offers,
        known.get(label, Login(label)) if label else Login(),
        next((str(f.value) for f in reversed(device.facts) if f.name == "map"), ""),
        _namespaces(heard),
        median(times) if times else None,
        interval(sum(times), shared=bool(device.parent)),
        max((one.time for one in reads), default=None),
        items,
    )


def interval(cost_seconds: float, *, shared: bool = False) -> int:
    """The polling interval for reads that take `cost_seconds` together: at most 5 % of a device's
    time, 2 % of a line that several units share."""
    if cost_seconds <= 0:
        return UNMEASURED_SECONDS
    wanted = cost_seconds / (SHARED_DUTY if shared else DUTY)
    return next((step for step in STEPS if step >= wanted), STEPS[-1])


def _at(one: Observation, protocol: str, address: str, port: int) -> bool:
    """Whether an observation is of a service: a device may have several of one protocol."""
    return one.question.protocol == protocol and (one.target.address, one.target.port) == (
        address,
        port,
    )


def _offers(device: Device, protocol: str, address: str, port: int) -> tuple[str, ...]:
    """Policies, modes and tokens that a service offers; at another of its addresses alike."""
    several = [s for s in device.services if (s.protocol, s.port) == (protocol, port)]
    here = [one for one in several if one.address in ("", address)]
    return next((one.security for one in here or several), ())


def _label(heard: Sequence[Observation]) -> str:
    """The credential that the last data or session came with; "" for none and for anonymous."""
    for one in reversed(heard):
        if one.credential and one.outcome in _OPENED:
            return "" if one.credential == "anonymous" else one.credential
    return ""


_OPENED = DATA | {Outcome.EMPTY}


def _secured(offers: Sequence[str], login: bool) -> tuple[str, str]:
    """Policy and mode for anonymous: unsecured where offered (so it was read). With a login, and
    where nothing unsecured is offered: the strongest, since a password belongs under encryption."""
    wanted = ("username", "certificate") if login else ("anonymous",)
    fitting = [
        tuple(offer.split("/")[:2])
        for offer in offers
        if offer.count("/") >= 2 and any(kind in offer.split("/", 2)[2] for kind in wanted)
    ]
    if not fitting:
        return "", ""
    rank = ("SignAndEncrypt", "Sign", "None") if login else ("None", "SignAndEncrypt", "Sign")
    policy, mode = min(fitting, key=lambda o: (_place(o[1], rank), _place(o[0], POLICIES), o[0]))
    return policy, mode


POLICIES = (
    *("Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"),
    *("Basic256", "Basic128Rsa15", "None"),
)
"""The one that every connector knows first; last those that OPC 10000-7 has withdrawn, and none."""


def _place(word: str, rank: Sequence[str]) -> int:
    return rank.index(word) if word in rank else len(rank)


def _path(heard: Sequence[Observation]) -> str:
    """The path of the endpoint address that leads to the server itself."""
    for value in _said(heard, "endpoint_url"):
        found = re.fullmatch(r"opc\.tcp://[^/]+(/[\w./~-]{1,200})", value)
        if found:
            return found[1]
    return ""


def _namespaces(heard: Sequence[Observation]) -> dict[str, int]:
    """The server's table as it was told last."""
    found: dict[str, int] = {}
    for value in _said(heard, "namespace"):
        index, sign, uri = value.partition("=")
        if sign and index.isascii() and index.isdigit():
            found[uri] = int(index)
    return found


def _said(heard: Sequence[Observation], name: str) -> Iterator[str]:
    return (str(fact.value) for one in heard for fact in one.facts if fact.name == name)
