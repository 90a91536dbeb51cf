"""A network of the plant's own: standard ports, and addresses at which there truly is nobody.

One rule keeps it simple: it is laid inside a network namespace that was made for the plant
(`unshare -rn`), with iproute2, and goes with it.

Loopback addresses: the kernel answers for the whole of 127.0.0.0/8, so only those of the plant stay
local and the others have no route. Other addresses: a pair of virtual cables whose far end is
nobody, so that ARP for an unused address of the plant's /24 finds no owner.
"""

from __future__ import annotations

import ipaddress
import subprocess
from collections.abc import Iterable, Iterator

CABLE, FAR_END = "plant0", "plant1"


class NetworkError(Exception):
    """The network cannot be laid here; the text is one line for the user."""


def lines(addresses: Iterable[str]) -> Iterator[str]:
    """The commands of `ip -batch`, for IPv4 addresses."""
    parsed = sorted({ipaddress.IPv4Address(address) for address in addresses})
    yield "link set lo up"
    yield "route del local 127.0.0.0/8 dev lo table local"
    own = [address for address in parsed if address.is_loopback]
    for address in sorted({ipaddress.IPv4Address("127.0.0.1"), *own}):
        yield f"route replace local {address} dev lo table local"
    yield "route add unreachable 127.0.0.0/8"
    others = [address for address in parsed if not address.is_loopback]
    if others:
        yield f"link add {CABLE} type veth peer name {FAR_END}"
        yield f"link set {FAR_END} up"
        yield f"link set {CABLE} up"
    for address in others:
        yield f"addr add {address}/24 dev {CABLE}"


def lay(addresses: Iterable[str]) -> None:
    """Lays the network in the namespace of this process. Raises NetworkError.

    A namespace with anything in it is left alone: it is somebody's network.
    """
    links = _ip("-o", "link", "show").splitlines()
    if len(links) != 1 or "state DOWN" not in links[0]:
        raise NetworkError("this network is in use; `untrap simulate PLANT --namespace` makes one")
    _ip("-batch", "-", said="\n".join(lines(addresses)))


def _ip(*words: str, said: str = "") -> str:
    """What iproute2 answers. Raises NetworkError."""
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            ["ip", *words],  # noqa: S607 - wherever the system keeps iproute2
            input=said,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        message = "a network of its own needs the program ip; on Debian: apt install iproute2"
        raise NetworkError(message) from error
    if done.returncode:
        reason = (done.stderr.strip() or f"ip ended with {done.returncode}").splitlines()[0]
        raise NetworkError(f"the plant's network cannot be laid: {reason}")
    return done.stdout
