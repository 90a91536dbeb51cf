"""T10: networks that a device names and nobody looked at.

One rule keeps it simple: a network is named by itself, or by the address of a server in it; what
such a network is called, and how far it reaches, is not guessed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from inventory.judge.context import address_of
from inventory.judge.logic import true
from inventory.judge.view import View
from inventory.model import Device, Strength
from inventory.rules.rule import Case
from protocols.contract import Fact

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

VIRTUAL_NETWORKS = tuple(
    ipaddress.ip_network(text)
    for text in (
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.17.0.0/16",
        "192.168.122.0/24",
        "224.0.0.0/4",
        "::1/128",
        "fe80::/10",
        "ff00::/8",
        "0.0.0.0/32",
        "::/128",
    )
)
"""Loopback, link-local, multicast, no address, and the default networks of Docker and libvirt."""
URLS = frozenset({"endpoint_url", "server_known"})
"""Facts that name a server by its URL."""
OF_A_CLIENT = "OPC UA Hello"
"""Source of a URL that a client sent: it names where the server stands for that client."""
NEIGHBOURHOOD = {4: 24, 6: 64}
"""Of an address whose mask nobody told: so near, another one that was asked is of its network."""


@dataclass(frozen=True, slots=True)
class Named:
    """A network by the words that name it, and the fact that did; `network` is None for a bus.

    Of a server's address (`near`) it is the neighbourhood.
    """

    words: str
    network: Network | None
    fact: Fact
    near: bool = False


def networks_named(device: Device) -> tuple[Named, ...]:
    """The networks that a device names, each once; of servers near each other the first."""
    found: dict[str, Named] = {}
    for fact in device.facts:
        if fact.name == "network" and fact.value is not None:
            words = str(fact.value)
            found.setdefault(words, Named(words, _network(words), fact))
    for address, fact in sorted(_servers(device), key=lambda one: (one[0].version, int(one[0]))):
        network = ipaddress.ip_network((address, NEIGHBOURHOOD[address.version]), strict=False)
        if not any(one.network and address in one.network for one in found.values()):
            one = Named(f"the network of {address}", network, fact, True)
            found.setdefault(str(network), one)
    return tuple(found.values())


def _servers(
    device: Device,
) -> Iterator[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, Fact]]:
    """Addresses of servers that a device names by URL, far from its own ones."""
    urls = [one for one in device.facts if one.name in URLS and one.source != OF_A_CLIENT]
    if not urls:
        return
    own = [address for text in device.addresses if (address := address_of(text)) is not None]
    for fact in urls:
        try:
            address = address_of(urlsplit(str(fact.value)).hostname or "")
        except ValueError:  # a bracket that is never closed
            continue
        if address is None or any(address in virtual for virtual in VIRTUAL_NETWORKS):
            continue
        near = ipaddress.ip_network((address, NEIGHBOURHOOD[address.version]), strict=False)
        if not any(one in near for one in own):
            yield address, fact


def t10(view: View) -> list[Case]:
    """A network that the device names and nobody asked."""
    cases = []
    for one in networks_named(view.device):
        if one.network is not None and _uninteresting(view, one.network):
            continue
        if one.network is None or not view.context.was_asked(one.network):
            strength = Strength.E2 if one.near else Strength.E3  # a URL may be of former days
            said = true(strength, view.source(one.fact.name, one.fact.value))
            cases.append(Case(one.words, said, {"network": one.words}))
    return cases


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _uninteresting(view: View, network: Network) -> bool:
    if network.prefixlen in (0, network.max_prefixlen):
        return True  # a default route or a host route names no subnet
    if any(_within(network, other) for other in VIRTUAL_NETWORKS):
        return True
    return any(
        "management" in zone.name.casefold()
        for zone in view.context.zones
        if any(_within(network, other) for other in zone.networks)
    )


def _within(network: Network, other: Network) -> bool:
    return network.version == other.version and network.subnet_of(other)  # type: ignore[arg-type]
