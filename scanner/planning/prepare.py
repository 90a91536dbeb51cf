"""From options to a scan that could begin: the same for `plan` and for `scan`.

One rule keeps it simple: everything that a person can get wrong is found here, before the first
packet, and is a `click.UsageError` that names the bad value and a good one.
"""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import click

from inventory.model import Declaration, Kind, Scan
from inventory.text import inert
from protocols import probes as all_probes
from protocols.contract import Credential, Depth, MapEntry, Options, Probe, natural
from scanner import profile as profiles
from scanner import site as sites
from scanner.cli import Settings
from scanner.engine import Visit
from scanner.layer2.plan import CROWDED_PER_SECOND, Layer2
from scanner.layer2.plan import planned as plan_layer2
from scanner.planning import gateways
from scanner.profile import Limits, Profile
from scanner.program import ours
from scanner.targets import Scope, TargetError, canonical, parse, text_of
from scanner.wire.names import interfaces, resolve
from scanner.wire.neighbours import links

Attempts = tuple[tuple[Probe, int], ...]
"""Probes and ports that one host is asked, in order."""


@dataclass(frozen=True, slots=True)
class Known:
    """What declarations say of addresses: units behind them, and which come first."""

    units: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    first: tuple[str, ...] = ()  # declared addresses, most critical first
    maps: tuple[MapEntry, ...] = ()
    gateways: Mapping[str, str] = field(default_factory=dict)  # by address, where several share one
    gateway_addresses: Mapping[str, str] = field(default_factory=dict)  # by gateway: its own
    claimed: Mapping[str, tuple[MapEntry, ...]] = field(default_factory=dict)
    """By address: lines of maps for the units that the register says are of their model."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A scan as asked for, checked."""

    settings: Settings
    site: sites.Site
    site_name: str
    scope: Scope
    targets: tuple[str, ...]
    excluded: tuple[str, ...]
    probes: tuple[Probe, ...]
    ports: Mapping[str, tuple[int, ...]]
    depth: Depth
    profile: Profile
    limits: Limits
    credentials: tuple[Credential, ...]
    options: Options
    vantage: str
    known: Known
    interface: str = ""
    source: str = ""
    request: Mapping[str, object] = field(default_factory=dict)  # what `--resume` needs again
    resumes: Scan | None = None
    layer2: Layer2 = field(default_factory=Layer2)  # what comes before the first IP packet
    differences: tuple[str, ...] = ()  # what a resumed scan does otherwise than it began

    def visits(self) -> Iterator[Visit]:
        """Every host once, in whatever ways it was named; declared ones first, lazily."""
        everything, added, declared = self.everywhere, self.services, self.declared
        begun = set()
        for address in (*self.known.first, *added):
            if address not in begun and self.scope.allows(address):
                begun.add(address)
                asked = self._attempts(address, everything, added)
                yield self._visit(address, asked, len(begun) <= declared)
        for address in self.scope.addresses():
            if address not in begun:
                yield self._visit(address, everything)

    @property
    def everywhere(self) -> Attempts:
        """What a host of a range is asked."""
        return tuple((probe, port) for probe in self.probes for port in self.ports_of(probe))

    @property
    def services(self) -> Mapping[str, Attempts]:
        """What single services are asked, by host: each once, and of no excluded host."""
        by_name = {probe.name: probe for probe in all_probes()}
        grouped: dict[str, dict[tuple[str, int], tuple[Probe, int]]] = {}
        for item in self.scope.services:
            if not self.scope.excludes(item.address):
                named = grouped.setdefault(item.address, {})
                named[item.probe, item.port] = by_name[item.probe], item.port
        return {address: tuple(named.values()) for address, named in grouped.items()}

    def kinds(self) -> Iterator[tuple[int, Attempts, bool]]:
        """How many hosts are asked what, and whether a range names them; those of the ranges come
        first."""
        everything, added = self.everywhere, self.services
        plain = len(self.scope) - sum(map(self.scope.spans, added))
        yield plain, everything, True
        for address in added:
            yield 1, self._attempts(address, everything, added), self.scope.spans(address)

    def _attempts(
        self, address: str, everything: Attempts, added: Mapping[str, Attempts]
    ) -> Attempts:
        """What one host is asked: the usual if a range names it, and then its own services."""
        usual = everything if self.scope.spans(address) else ()
        known = {(probe.name, port) for probe, port in usual}
        more = added.get(address, ())
        return usual + tuple(one for one in more if (one[0].name, one[1]) not in known)

    def ports_of(self, probe: Probe) -> tuple[int, ...]:
        """The ports that `probe` asks at this site."""
        return self.ports.get(probe.name, probe.ports)

    @property
    def hosts(self) -> int:
        """How many addresses the plan holds."""
        return sum(hosts for hosts, _, _ in self.kinds())

    @property
    def declared(self) -> int:
        """How many hosts are asked before all others, since they are declared."""
        return sum(map(self.scope.allows, self.known.first))

    def _visit(self, address: str, attempts: Attempts, first: bool = False) -> Visit:
        return Visit(address, attempts, self.known.units.get(address, ()), first)


def resumed(settings: Settings, wanted: str, now: Mapping[str, object]) -> Prepared:
    """The scan `wanted` ("last" or the beginning of its id) as it was asked for; exclusions of
    now are added to those of then. Raises `click.UsageError`."""
    from inventory.store import Store, StoreError

    site = _site_name(settings, _site(settings.config))
    try:
        with Store.open(settings.db, site, create=False, readonly=True) as store:
            scans = [item for item in store.scans() if "request" in item.plan]
    except StoreError as error:
        raise click.UsageError(str(error)) from error
    found = [item for item in scans if wanted == "last" or item.id.startswith(wanted)]
    if not found:
        raise click.UsageError(
            f"--resume {wanted!r}: no such scan of site {site!r}; see `{ours('scans')}`"
        )
    scan = found[-1]
    if scan.status == "done":
        raise click.UsageError(f"scan {scan.id[:8]} is complete: nothing to resume")
    request = dict(cast(Mapping[str, object], scan.plan["request"]))
    then = cast(Sequence[str], request["exclude"])
    request["exclude"] = (*then, *cast(Sequence[str], now["exclude"]))
    # What was listened for and asked by multicast before is stored; ARP must be asked again.
    request |= {"listen": 0.0, "dcp": False}
    prepared = prepare(settings, **request)  # type: ignore[arg-type]
    return replace(prepared, resumes=scan, differences=tuple(_differences(scan, prepared)))


def _differences(scan: Scan, prepared: Prepared) -> Iterator[str]:
    """Exclusions of now win: in words, which came and went since the scan began."""
    for text in prepared.excluded:
        if text not in scan.excluded:
            yield f"excluded since the scan began, and not asked any more: {text}"
    for text in scan.excluded:
        if text not in prepared.excluded:
            yield f"excluded when the scan began, and asked now: {text}"


def prepare(
    settings: Settings,
    *,
    targets: Sequence[str],
    exclude: Sequence[str],
    depth: str,
    probe_names: Sequence[str],
    port_list: Sequence[str],
    profile_name: str,
    max_rate: float | None,
    per_host_delay: float | None,
    timeout: float,
    retries: int,
    units: str,
    names: Sequence[str],
    vantage: str,
    collection_vantage: str,
    interface: str,
    sample_seconds: float,
    sample_every: float,
    fc17: bool,
    listen: float = 0.0,
    dcp: bool = False,
    no_arp: bool = False,
    resolved: Mapping[str, Sequence[str]] | None = None,
) -> Prepared:
    """Check everything. Raises `click.UsageError`; asks the resolver for typed host names only, and
    once: `resolved` is what it said when the scan was agreed to."""
    request = {name: value for name, value in locals().items() if name != "settings"}
    site = _site(settings.config)
    named = tuple(targets)
    if not named and not (listen or dcp):
        raise click.UsageError(f"no target: name one, as in `{ours('plan', '10.20.1.0/24')}`")
    excluded = tuple(dict.fromkeys((*_split(exclude), *site.exclude)))
    said = dict(resolved or {})
    scope = _scope(named, excluded, said)
    request["resolved"] = said
    wanted = _probes(probe_names, (service.probe for service in scope.services))
    try:
        profile = profiles.chosen(profile_name, max_rate=max_rate, per_host_delay=per_host_delay)
        limits = Limits(answer_timeout=timeout, retries=retries)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    options = Options(
        Depth[depth.upper()],
        _units(units),
        sample_seconds,
        sample_every,
        {"modbus.fc17": "1"} if fc17 else {},
    )
    device = _interface(interface, scope)
    below = plan_layer2(
        scope, links(), profile, interface=device, listen_seconds=listen, dcp=dcp, arp=not no_arp
    )
    if below.crowded:
        limits = replace(limits, new_on_link=min(limits.new_on_link, CROWDED_PER_SECOND))
    if not named and below.off:
        raise click.UsageError(f"nothing to do without TARGET: {below.off}")
    return Prepared(
        settings=settings,
        site=site,
        site_name=_site_name(settings, site),
        scope=scope,
        targets=named,
        excluded=excluded,
        probes=wanted,
        ports=_ports(port_list, site, wanted),
        depth=options.depth,
        profile=profile,
        limits=limits,
        credentials=_credentials(names, site),
        options=options,
        vantage=_vantage(vantage, site),
        known=known(_declarations(settings, _site_name(settings, site))),
        interface=device,
        request=request,
        layer2=below,
    )


def known(declarations: Sequence[Declaration]) -> Known:
    """Units, order and maps from declarations; pure."""
    rows = [item.fields for item in declarations if item.kind is Kind.REGISTER]
    if not declarations:
        return Known()
    from inventory.derive import declared
    from inventory.derive.register import ITSELF, alone
    from inventory.derive.register import gateways as named
    from scanner.planning.claims import claims

    register = declared.rows(declarations)
    alone_at = {canonical(where) for where in alone(register) if where}
    doors = named(register)
    units: dict[str, list[str]] = {}
    ranked: list[tuple[int, str]] = []
    for row in rows:
        address = row.get("address") or doors.get(row.get("parent", "").strip().casefold(), "")
        if not address:
            continue
        address = canonical(address)
        ranked.append(({"C3": 0, "C2": 1, "C1": 2}.get(row.get("criticality", ""), 1), address))
        part = declared.bus_part(row.get("unit", ""))
        if part and not (part in ITSELF and address in alone_at):
            units.setdefault(address, []).append(part)
    first = tuple(dict.fromkeys(address for _, address in sorted(ranked, key=lambda r: r[0])))
    folded = {address: tuple(dict.fromkeys(found)) for address, found in units.items()}
    maps = tuple(declared.maps(declarations))
    return Known(
        folded, first, maps, gateways.shared(rows), gateways.own(rows),
        claims(register, doors, maps),
    )  # fmt: skip


def _declarations(settings: Settings, site: str) -> list[Declaration]:
    """The site's declarations; none where there is no inventory yet."""
    if "://" not in settings.db and not Path(settings.db).exists():
        return []
    from inventory.store import Store, StoreError

    try:
        with Store.open(settings.db, site, create=False, readonly=True) as store:
            return list(store.declarations())
    except StoreError as error:
        raise click.UsageError(str(error)) from error


def _site(path: Path | None) -> sites.Site:
    try:
        return sites.load(path)
    except sites.SiteError as error:
        raise click.UsageError(str(error)) from error


def _site_name(settings: Settings, site: sites.Site) -> str:
    return settings.site if settings.site != "default" else site.name or "default"


def _scope(
    targets: Sequence[str], excluded: Sequence[str], said: dict[str, Sequence[str]]
) -> Scope:
    """The scope; `said` remembers what the resolver answers."""

    def remembered(name: str) -> Sequence[str]:
        if name not in said:
            said[name] = resolve(name)
        return said[name]

    try:
        scope = parse(targets, excluded, remembered)
    except TargetError as error:
        raise click.UsageError(str(error)) from error
    services = any(not scope.excludes(service.address) for service in scope.services)
    if targets and not scope.remaining() and not services:
        raise click.UsageError("the exclusions leave no target: name a wider target")
    return scope


def _split(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(item.strip() for value in values for item in value.split(",") if item.strip())


def _probes(names: Sequence[str], needed: Iterable[str]) -> tuple[Probe, ...]:
    everything = all_probes()
    good = [probe.name for probe in everything]
    for name in (*_split(names), *needed):
        if name not in good:
            near = difflib.get_close_matches(name, good, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(good)}"
            raise click.UsageError(f"no probe {name!r}: {hint}")
    wanted = _split(names) or good
    if names and not _split(names):
        raise click.UsageError(f"--probe {names[0]!r} names none: one of {', '.join(good)}")
    return tuple(probe for probe in everything if probe.name in wanted)


def _ports(
    given: Sequence[str], site: sites.Site, probes: Sequence[Probe]
) -> Mapping[str, tuple[int, ...]]:
    good = {probe.name for probe in all_probes()}
    for name in site.ports:
        if name not in good and (near := difflib.get_close_matches(name, good, n=1, cutoff=0.7)):
            raise click.UsageError(f"unknown key {name!r} in [ports]: did you mean {near[0]!r}?")
    ports = {name: given for name, given in site.ports.items() if name in good}
    flags: dict[str, list[int]] = {}
    for item in _split(given):
        name, _, port = item.partition("=")
        number = natural(port, 65_535)
        if name not in good or not number:
            raise click.UsageError(
                f"--port {inert(item, 80)!r}: PROTOCOL=PORT with one of {', '.join(sorted(good))}, "
                "as in modbus=1502"
            )
        flags.setdefault(name, []).append(number)
    return {**ports, **{name: tuple(found) for name, found in flags.items()}}


def _units(text: str) -> tuple[int, ...]:
    found: list[int] = []
    for item in _split([text]):
        first, _, last = item.partition("-")
        low, high = natural(first, 255), natural(last or first, 255)
        if low is None or high is None or high < low:
            raise click.UsageError(
                f"--units {inert(item, 80)!r}: numbers from 0 to 255, lower end first, "
                "as in 1-16,20"
            )
        found += range(low, high + 1)
    return tuple(dict.fromkeys(found))


def _credentials(names: Sequence[str], site: sites.Site) -> tuple[Credential, ...]:
    wanted = _split(names) or site.named
    for name in wanted:
        if name not in site.credentials:
            good = ", ".join(site.credentials)
            raise click.UsageError(f"no credential {name!r}: one of {good}, or add it to --config")
    return tuple(site.credentials[name] for name in wanted)


def _vantage(name: str, site: sites.Site) -> str:
    good = [item.name for item in site.vantages]
    if name and good and name not in good:
        raise click.UsageError(f"no vantage {name!r} in the site file: one of {', '.join(good)}")
    return name or (good[0] if len(good) == 1 else "here")


def _interface(name: str, scope: Scope) -> str:
    good = interfaces() if name else []
    if name and name not in good:
        raise click.UsageError(f"no interface {name!r}: one of {', '.join(good)}")
    ends = [text_of(item.version, item.first) for item in scope.remaining()]
    ends += [service.address for service in scope.services]
    if name and name != "lo" and any(ipaddress.ip_address(end).is_loopback for end in ends):
        raise click.UsageError(f"--interface {name!r} does not lead to loopback: use lo")
    return name
