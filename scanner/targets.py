"""Targets: what the user named, minus what is excluded, as address ranges.

One rule keeps it simple: a `Scope` is two tuples of merged integer ranges and never a list of
addresses, so a /16 costs as much as a /32. Exclusions win, always, and are asked again at send
time with the resolved address.
"""

from __future__ import annotations

import ipaddress
import itertools
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str], Sequence[str]]
"""Host name to addresses; called once per name that the user typed."""

IPV4_MOST = 1 << 24  # a /8
IPV6_MOST = 65_536
SHOWN = 80  # characters of a target that cannot be read
SERVICES_MOST = 4_096  # that a target `range:port/probe` may name; each is kept by itself
HOST_NAME = re.compile(
    r"^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_-]{1,63})*\.?$"
)
SERVICE = re.compile(r"^(?P<host>.+):(?P<port>\d{1,5})/(?P<probe>[a-z][a-z0-9-]*)$")


class TargetError(ValueError):
    """A target that cannot be read: names it, and a good one."""


@dataclass(frozen=True, slots=True)
class Service:
    """A target that names one service: that probe at that port, and nothing else."""

    address: str
    port: int
    probe: str

    def __str__(self) -> str:
        """As a target that can be typed again: IPv6 in brackets."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}/{self.probe}"


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """Addresses `first` to `last`, both included, as integers of one IP version."""

    version: int
    first: int
    last: int


NO_HOST = (
    ('an address of "this network"', Range(4, 0, (1 << 24) - 1)),  # RFC 1122, 3.2.1.3
    ("a multicast address", Range(4, 0xE0 << 24, (0xF0 << 24) - 1)),  # RFC 5771
    ("the broadcast address", Range(4, 0xFFFF_FFFF, 0xFFFF_FFFF)),  # RFC 919
    ("the unspecified address", Range(6, 0, 0)),  # RFC 4291, 2.5.2
    ("a multicast address", Range(6, 0xFF << 120, (1 << 128) - 1)),  # RFC 4291, 2.7
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be talked to. `names` tells which host name gave which addresses."""

    ranges: tuple[Range, ...] = ()
    excluded: tuple[Range, ...] = ()
    services: tuple[Service, ...] = ()
    names: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        """How many addresses remain, exclusions applied."""
        return sum(item.last - item.first + 1 for item in self.remaining())

    def allows(self, address: str) -> bool:
        """Whether a packet may go to `address` (an IP literal)."""
        return not self.excludes(address) and (
            _within(self.ranges, address)
            or any(s.address == canonical(address) for s in self.services)
        )

    def spans(self, address: str) -> bool:
        """Whether a range names `address`, and not only a single service of it."""
        return not self.excludes(address) and _within(self.ranges, address)

    def excludes(self, address: str) -> bool:
        """Whether an exclusion names `address`."""
        return _within(self.excluded, address)

    def remaining(self) -> tuple[Range, ...]:
        """Ranges minus exclusions, merged, in order."""
        return subtract(self.ranges, self.excluded)

    def addresses(self) -> Iterator[str]:
        """Every remaining address once, lazily, taking turns between the /24s.

        Neighbouring addresses share a gateway and a switch: going round by /24 spreads the load.
        """
        for item in _rounds(self.remaining()):
            yield str(ipaddress.ip_address(item[1]) if item[0] == 4 else _six(item[1]))


def parse(
    targets: Iterable[str], exclude: Iterable[str] = (), resolve: Resolver | None = None
) -> Scope:
    """Scope of targets in nmap's notation. Raises `TargetError`."""
    ranges: list[Range] = []
    services: list[Service] = []
    names: list[tuple[str, str]] = []
    for text in targets:
        if (match := SERVICE.match(text)) is not None:
            found, named = _host(match["host"].strip("[]"), resolve)
            _refuse_many(text, found)
            port = int(match["port"])
            if not 1 <= port <= 65_535:
                raise TargetError(f"port {port} in {text!r}: 1 to 65535, as in 10.0.0.5:502/modbus")
            services += _services(text, found, port, match["probe"])
        else:
            found, named = _host(text, resolve)
            _refuse_many(text, found)
            ranges += found
        names += named
    dropped: list[Range] = []
    for text in exclude:
        try:
            found, named = _host(text, resolve, whole=True)
        except TargetError as error:
            raise TargetError(f"excluded: {error}") from error
        dropped += found
        names += named
    return Scope(merge(ranges), merge(dropped), tuple(dict.fromkeys(services)), tuple(names))


def _services(text: str, found: Iterable[Range], port: int, probe: str) -> Iterator[Service]:
    """One for every address, in order. Raises `TargetError` for more than `SERVICES_MOST`."""
    count = 0
    for item in found:
        count += item.last - item.first + 1
        if count > SERVICES_MOST:
            raise TargetError(
                f"{text!r} names more than {SERVICES_MOST} services: "
                f"name the addresses alone, with --probe {probe} --port {probe}={port}"
            )
        for number in range(item.first, item.last + 1):
            yield Service(text_of(item.version, number), port, probe)


def _refuse_many(text: str, found: Iterable[Range]) -> None:
    """Raises `TargetError` for addresses that are no single host: nobody agreed to ask everybody
    who listens there."""
    for item in found:
        if item.version == 4 and item.last - item.first >= IPV4_MOST:
            raise TargetError(
                f"{text!r} has more than {IPV4_MOST} addresses: name hosts or a /8 or longer"
            )
        if item.version == 6 and item.first >> 118 == 0x3FA:  # fe80::/10; RFC 4007, 11.2
            raise TargetError(
                f"target {text!r} is a link-local address, which holds on one interface only: "
                "name an address that is routed, as in fd00::5"
            )
        for what, forbidden in NO_HOST:
            if (
                item.version == forbidden.version
                and item.first <= forbidden.last
                and item.last >= forbidden.first
            ):
                raise TargetError(
                    f"target {text!r} names {what}, which is no host: "
                    "name a host's own address, as in 10.0.0.5"
                )


def text_of(version: int, number: int) -> str:
    """The address as people write it."""
    return str(ipaddress.IPv4Address(number) if version == 4 else _six(number))


def canonical(address: str) -> str:
    """The literal as a scope writes it, IPv4 inside IPv6 (`::ffff:10.0.0.5`) as IPv4; other words
    as they are."""
    parsed = _number(address)
    return address if parsed is None else text_of(*parsed)


def merge(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """Sorted, without overlap, neighbours joined."""
    merged: list[Range] = []
    for item in sorted(ranges):
        last = merged[-1] if merged else None
        if last and last.version == item.version and item.first <= last.last + 1:
            merged[-1] = Range(item.version, last.first, max(last.last, item.last))
        else:
            merged.append(item)
    return tuple(merged)


def subtract(ranges: tuple[Range, ...], dropped: tuple[Range, ...]) -> tuple[Range, ...]:
    """What of `ranges` is in none of `dropped`; both merged."""
    kept: list[Range] = []
    for item in ranges:
        first = item.first
        for hole in dropped:
            if hole.version != item.version or hole.last < first or hole.first > item.last:
                continue
            if hole.first > first:
                kept.append(Range(item.version, first, hole.first - 1))
            first = hole.last + 1
        if first <= item.last:
            kept.append(Range(item.version, first, item.last))
    return tuple(kept)


def group(address: str) -> str:
    """The /24 (IPv6: /64) that an address belongs to: hosts at once are limited per group."""
    if ":" in address:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return address.rpartition(".")[0]


def _six(number: int) -> ipaddress.IPv6Address:
    return ipaddress.IPv6Address(number)


def _within(ranges: tuple[Range, ...], address: str) -> bool:
    if not ranges or (parsed := _number(address)) is None:
        return False
    version, number = parsed
    at = bisect_right(ranges, Range(version, number, (1 << 128))) - 1
    if at < 0:
        return False
    found = ranges[at]
    return found.version == version and found.first <= number <= found.last


def _folded(address: Address) -> Address:
    """The host that packets reach: the kernel sends IPv4 to `::ffff:10.0.0.5`."""
    return (address.version == 6 and address.ipv4_mapped) or address


def _folded_network(network: Network) -> Network:
    """The same for a network; a longer prefix than /96 lies in the mapped block or outside it."""
    if network.version == 6 and network.prefixlen >= 96:
        inner = network.network_address.ipv4_mapped
        if inner is not None:
            return ipaddress.IPv4Network((int(inner), network.prefixlen - 96))
    return network


@lru_cache(1_024)
def _number(address: str) -> tuple[int, int] | None:
    """IP version and integer of a literal; None for anything else. An address is looked up several
    times in a row."""
    try:
        parsed = _folded(ipaddress.ip_address(address))
    except ValueError:
        return None
    return parsed.version, int(parsed)


def _rounds(ranges: tuple[Range, ...]) -> Iterator[tuple[int, int]]:
    """(version, number) in turns over blocks of 256, 4096 blocks at a time."""
    blocks = (
        Range(item.version, first, min(item.last, first | 0xFF))
        for item in ranges
        for first in _starts(item)
    )
    while batch := list(itertools.islice(blocks, 4_096)):
        for turn in range(256):
            for block in batch:
                if block.first + turn <= block.last:
                    yield block.version, block.first + turn


def _starts(item: Range) -> Iterator[int]:
    yield item.first
    yield from range((item.first | 0xFF) + 1, item.last + 1, 256)


def _host(
    text: str, resolve: Resolver | None, *, whole: bool = False
) -> tuple[list[Range], list[tuple[str, str]]]:
    """Ranges of one target; `whole` keeps a network's own and broadcast address (exclusions)."""
    text = text.strip()
    try:
        network = _folded_network(ipaddress.ip_network(text, strict=False))
    except ValueError:
        pass
    else:
        if network.version == 6 and network.num_addresses > IPV6_MOST:
            raise TargetError(
                f"{text!r} has more than {IPV6_MOST} addresses: name hosts or a /112 or longer"
            )
        first, last = int(network.network_address), int(network.broadcast_address)
        return [Range(network.version, first, last) if whole else _hosts(network)], []
    if re.fullmatch(r"[0-9,.\-]+", text):
        return list(_octets(text)), []
    if resolve is not None and HOST_NAME.match(text):
        found = [_folded(ipaddress.ip_address(item)) for item in resolve(text)]
        if not found:
            raise TargetError(f"no address for host name {text!r}: give an address, 10.0.0.5")
        return (
            [Range(item.version, int(item), int(item)) for item in found],
            [(text, str(item)) for item in found],
        )
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    raise TargetError(
        f"target {shown!r} is not an address, range or host name: 10.0.0.5, 10.0.0.0/24, "
        "10.0.0-3.1-254, plc7.example, 10.0.0.5:1502/modbus"
    )


def _hosts(network: Network) -> Range:
    """All addresses but the network's own and the broadcast address of an IPv4 net."""
    first, last = int(network.network_address), int(network.broadcast_address)
    if network.version == 4 and network.prefixlen <= 30:
        first, last = first + 1, last - 1
    return Range(network.version, first, last)


def _octets(text: str) -> Iterator[Range]:
    parts = text.split(".")
    if len(parts) != 4:
        raise TargetError(f"target {text!r}: four octets, as in 10.0.0-3.1-254")
    choices = [_octet(part, text) for part in parts]
    total = 1
    for choice in choices[:3]:
        total *= sum(last - first + 1 for first, last in choice)
    if total > IPV6_MOST:
        raise TargetError(f"target {text!r} names more than 65536 /24s: use CIDR, 10.0.0.0/8")
    spans = [
        [n for first, last in choice for n in range(first, last + 1)] for choice in choices[:3]
    ]
    for a, b, c in itertools.product(*spans):
        base = (a << 24) | (b << 16) | (c << 8)
        for first, last in choices[3]:
            yield Range(4, base | first, base | last)


def _octet(part: str, text: str) -> list[tuple[int, int]]:
    pairs = []
    for item in part.split(","):
        match = re.fullmatch(r"(\d{0,3})(-?)(\d{0,3})", item)
        if match is None or not (match[1] or match[2]):
            raise TargetError(f"octet {part!r} in {text!r}: 7, 1-254 or 1,3-7")
        if re.search(r"\b0\d", item):
            raise TargetError(
                f"octet {part!r} in {text!r}: without leading zeros, which some read as octal"
            )
        first = int(match[1] or 0)
        last = int(match[3] or 255) if match[2] else first
        if first > last or last > 255:
            raise TargetError(
                f"octet {part!r} in {text!r}: 0 to 255, lower end first, as in 10.0.0.1-254"
            )
        pairs.append((first, last))
    return pairs
