"""`untrap import nmap FILE`: hosts, ports and names of an nmap XML report, as weak evidence.

One rule keeps it simple: an open port found by nmap is a connection that was accepted (`mute`),
not a protocol that spoke; only what a script quotes from the device becomes a fact, and proves the
protocol that the script speaks.

The XML is defused: a document type definition with entities ends the reading before anything is
expanded, and size, depth and counts are bounded. Source: nmap.dtd 1.05 (nmap.org/book).
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import tomllib
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from xml.parsers import expat

import click

from inventory.model import Scan
from protocols._cursor import text
from protocols.contract import NAMESPACE, Fact, Observation, Outcome, Question, Target

if TYPE_CHECKING:
    from scanner.cli import Settings

SIZE = 256 << 20
DEPTH = 32
LONGEST = 512  # characters of one text
HOSTS = 65_536
PORTS = 4096  # of one host
FACTS = 32  # of one port
NUMBERED = re.compile(r" \(\d{1,6}\)$")  # the number that scripts put behind a maker's name
UNIT = re.compile(r"sid 0x[0-9a-fA-F]{1,2}")
STATES = {
    "open": Outcome.MUTE,
    "closed": Outcome.CLOSED,
    "filtered": Outcome.SILENT,
    "open|filtered": Outcome.SILENT,
}
"""What nmap's word proves. `filtered` also stands for silence, so no filter is claimed."""
ANSWERED = {"open", "closed", "unfiltered"}  # states that only an answer gives
TELL_IN_TEXT = {"snmp-sysdescr"}  # its answer has no elements
DETECTED = "service detection of nmap"  # a source that no field prefers to any other
ASSUMED = "user-set"  # the reason of "up" where the user said so (-Pn): nmap did not look


class NmapError(ValueError):
    """The file is no nmap report, or one that is not safe to read."""


@dataclass(slots=True)
class _Port:
    transport: str
    number: int
    state: str = ""
    reason: str = ""
    spoken: str = ""  # the protocol in which a script got an answer there
    facts: list[Fact] = field(default_factory=list)


@dataclass(slots=True)
class _Host:
    address: str = ""
    mac: str = ""
    vendor: str = ""
    names: list[str] = field(default_factory=list)
    up: bool = False
    assumed: bool = False  # it is up because the user said so
    time: int = 0
    ports: list[_Port] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)


@cache
def _scripts() -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Script → element → fact, and script → the protocol that it speaks."""
    raw = files("scanner.imports").joinpath("nmap_scripts.toml").read_text(encoding="utf-8")
    table = tomllib.loads(raw)
    return table["script"], table["speaks"]


@dataclass(slots=True)
class _Script:
    """One script's answer while it is read."""

    name: str
    about: _Port | _Host
    tables: list[str] = field(default_factory=list)
    key: str = ""
    said: str = ""

    @property
    def facts(self) -> list[Fact]:
        return self.about.facts

    def answered(self) -> None:
        """Something that the peer said in the script's protocol is quoted."""
        if isinstance(self.about, _Port):
            self.about.spoken = self.about.spoken or _scripts()[1].get(self.name, "")

    def end(self) -> None:
        """An element is over: what it says is a fact where its key is known."""
        fact = _scripts()[0].get(self.name, {}).get(self.key)
        value = NUMBERED.sub("", _clean(self.said))
        if value:
            self.answered()
        if fact is not None and value and len(self.facts) < FACTS:
            unit = self.tables[-1] if self.tables else ""
            part = f"unit {int(unit[4:], 16)}" if UNIT.fullmatch(unit) else ""
            self.facts.append(Fact(fact, value, f"nmap {self.name}", part))
        self.key = self.said = ""


class _Reader:
    """Keeps hosts as the parser meets them."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._entity
        self.parser.ExternalEntityRefHandler = self._external
        self.hosts: list[_Host] = []
        self.start = 0
        self.depth = 0
        self.report = False
        self.ours = False  # whether `export nmap-xml` wrote it
        self.unnamed = 0  # hosts whose address is none
        self.problem = ""
        self._host: _Host | None = None
        self._port: _Port | None = None
        self._script: _Script | None = None
        self.parser.CharacterDataHandler = self._text

    def _text(self, data: str) -> None:
        if self._script is not None and self._script.key and len(self._script.said) < LONGEST:
            self._script.said += data[:LONGEST]

    def _entity(self, *_: object) -> None:
        raise NmapError("the file declares entities; nmap never does: not read")

    def _external(self, *_: object) -> int:
        raise NmapError("the file refers to another file; nmap never does: not read")

    def _start(self, tag: str, given: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > DEPTH:
            raise NmapError(f"elements nested deeper than {DEPTH}: not read")
        if self.depth == 1:
            if tag != "nmaprun":
                raise NmapError(f"expected an nmap report (nmaprun), got {text(tag.encode())!r}")
            self.report = True
            self.start = _number(given.get("start", ""))
            earlier = given.get("scanner") == "untrap"  # before it kept to nmap's DTD
            self.ours = earlier or given.get("args", "").startswith("untrap ")
        elif tag == "host":
            self._host = _Host(time=_number(given.get("endtime", "")))
        elif self._host is not None:
            self._of_host(self._host, tag, given)

    def _of_host(self, host: _Host, tag: str, given: dict[str, str]) -> None:
        if tag == "status":
            host.up = given.get("state") == "up"
            host.assumed = given.get("reason") == ASSUMED
        elif tag == "address":
            _address(host, given)
        elif tag == "hostname" and given.get("type") == "user":
            host.names.append(_clean(given.get("name", "")))
        elif tag == "port" and len(host.ports) < PORTS:
            self._port = _Port(given.get("protocol", ""), _number(given.get("portid", "")))
            host.ports.append(self._port)
        elif self._script is not None:
            if tag == "table":
                self._script.tables.append(_clean(given.get("key", "")))
            elif tag == "elem":
                self._script.key = _clean(given.get("key", ""))
        elif tag == "script":
            self._script = _Script(_clean(given.get("id", "")), self._port or host)
            _script(self._script, given)
        elif self._port is not None:
            _of_port(self._port, tag, given, self.ours)

    def _end(self, tag: str) -> None:
        self.depth -= 1
        if self._script is not None:
            if tag == "elem":
                self._script.end()
            elif tag == "table" and self._script.tables:
                self._script.tables.pop()
            elif tag == "script":
                self._script = None
            return
        if tag == "port":
            self._port = None
        elif tag == "host" and self._host is not None:
            if not self._host.address:
                self.unnamed += 1
            elif len(self.hosts) < HOSTS:
                self.hosts.append(self._host)
            self._host = None


def _number(raw: str) -> int:
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 12 else 0


def _clean(raw: str) -> str:
    return text(raw[:LONGEST].encode(errors="replace"))


def _address(host: _Host, given: dict[str, str]) -> None:
    value = given.get("addr", "")
    if given.get("addrtype") == "mac":
        host.mac = value.lower()[:17]
        host.vendor = _clean(given.get("vendor", ""))
        return
    with suppress(ValueError):
        host.address = host.address or str(ipaddress.ip_address(value))


def _of_port(port: _Port, tag: str, given: dict[str, str], ours: bool) -> None:
    if tag == "state":
        port.state, port.reason = given.get("state", ""), _clean(given.get("reason", ""))
    elif tag == "service" and given.get("method") == "probed":
        port.facts += _ours(given) if ours else _detected(given)
        if ours:  # its protocols go by our own words, and `probed` is one that spoke
            port.spoken = _clean(given.get("name", ""))


def _ours(given: dict[str, str]) -> Iterator[Fact]:
    """What `export nmap-xml` wrote of the device."""
    for name, fact in (("product", "product"), ("version", "firmware")):
        if value := _clean(given.get(name, "")):
            yield Fact(fact, value, "nmap report of untrap")


def _detected(given: dict[str, str]) -> Iterator[Fact]:
    """nmap names the program that answered; only where its table names a kind of device too, that
    is the device, and its version is never the device's firmware."""
    words = [_clean(given.get(name, "")) for name in ("product", "version", "extrainfo")]
    if said := " ".join(word for word in words if word):
        yield Fact("description", f"{_clean(given.get('name', ''))}: {said}", DETECTED)
    if words[0] and given.get("devicetype"):
        yield Fact("product", words[0], DETECTED)


def _script(script: _Script, given: dict[str, str]) -> None:
    """The script's own text, whole: what it says beside the elements that are known."""
    said = _clean(given.get("output", ""))
    if said and len(script.facts) < FACTS:
        script.facts.append(Fact("description", f"{script.name}: {said}", "nmap script"))
    if said and script.name in TELL_IN_TEXT and not said.startswith("ERROR"):
        script.answered()


def parse(path: Path) -> _Reader:
    """The hosts of a report. Raises `NmapError`; a report that was cut keeps its whole hosts."""
    if path.stat().st_size > SIZE:
        raise NmapError(f"{path.name} is larger than {SIZE >> 20} MB: not read")
    reader = _Reader()
    with path.open("rb") as file:
        try:
            while chunk := file.read(1 << 16):
                reader.parser.Parse(chunk, False)
            reader.parser.Parse(b"", True)
        except expat.ExpatError as error:
            if not reader.report:
                raise NmapError(f"{path.name} is no XML report: {error}") from error
            reader.problem = f"the report is damaged or cut: {error}"
    return reader


def read(path: Path, site: str = "default", vantage: str = "") -> tuple[Scan, list[Observation]]:
    """One report as a scan with its observations; importing it twice stores it once."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    reader = parse(path)
    scan = str(uuid.uuid5(NAMESPACE, f"nmap {site} {digest}"))
    name = vantage or f"nmap {path.name}"
    observations = [
        observation
        for host in reader.hosts
        for observation in _observations(host, reader.start, Target(site, "", "", 0), scan, name)
    ]
    started = datetime.fromtimestamp(reader.start, UTC)
    problems = [reader.problem] if reader.problem else []
    if reader.unnamed:
        problems.append(f"{reader.unnamed} hosts without an address")
    summary = {
        "format": "untrap-nmap", "file": path.name, "sha256": digest,
        "problem": "; ".join(problems),
    }  # fmt: skip
    record = Scan(
        scan,
        site,
        name,
        started,
        max((observation.time for observation in observations), default=started),
        (path.name,),
        depth="nmap",
        status="part" if reader.problem else "done",
        summary=summary,
    )
    return record, observations


def _there(host: _Host) -> bool:
    """Whether something answered for the host; a name that the user typed is no answer.

    Text of scripts that are not known proves nothing: some ask others about an address (whois).
    """
    if not host.up or not host.assumed:
        return host.up
    quoted = any(fact.name != "description" for fact in host.facts)
    return bool(host.mac or quoted or any(port.state in ANSWERED for port in host.ports))


def _observations(
    host: _Host, start: int, place: Target, scan: str, vantage: str
) -> Iterator[Observation]:
    if not host.address:
        return
    time = datetime.fromtimestamp(host.time or start, UTC)
    sequence = 0
    if _there(host) and (host.mac or host.names or host.facts):
        facts = [Fact("mac", host.mac, "nmap")] if host.mac else []
        facts += [Fact("name", name, "nmap target") for name in host.names[:4] if name]
        facts += host.facts
        target = Target(place.site, host.address, "link", 0)
        question = Question("nmap", "host")
        yield Observation(
            scan,
            vantage,
            target,
            question,
            Outcome.COMPLETE,
            time,
            sequence,
            facts=tuple(facts),
            origin="nmap",
        )
    for port in host.ports:
        if port.transport not in ("tcp", "udp") or not 0 < port.number < 65_536:
            continue
        outcome = STATES.get(port.state)
        if outcome is None:
            continue
        sequence += 1
        if outcome is Outcome.MUTE and port.facts:
            outcome = Outcome.OTHER  # it spoke, but not to us: the protocol is nmap's guess
        if port.spoken and port.state == "open":
            outcome = Outcome.COMPLETE  # it answered the script in that protocol
        yield Observation(
            scan,
            vantage,
            Target(place.site, host.address, port.transport, port.number),
            Question(port.spoken or port.transport, "nmap"),
            outcome,
            time,
            sequence,
            reason=port.reason,
            facts=tuple(port.facts),
            origin="nmap",
        )


def run(settings: Settings, file: Path) -> None:
    """Import one report (`untrap import nmap FILE`)."""
    from scanner.console import next_step, note
    from scanner.opening import opened, site_name

    try:
        scan, observations = read(file, site_name(settings))
    except NmapError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.UsageError(f"{file}: {error.strerror or error}") from error
    with opened(settings, create=True) as store:
        if scan.id in {known.id for known in store.scans() if known.status != "running"}:
            note(f"{file.name}: known already, nothing new")
            return
        store.begin_scan(scan)
        new = store.append(observations)
        store.finish_scan(scan)
    if problem := scan.summary["problem"]:
        note(f"{file.name}: {problem}; what could be read is kept")
    hosts = len({observation.target.address for observation in observations})
    note(f"{file.name}: {hosts} hosts, {new} observations (weak evidence: nmap asked, not untrap)")
    next_step("assets")
