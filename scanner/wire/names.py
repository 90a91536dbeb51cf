"""Host names and interface names: the two questions to the operating system before a scan."""

from __future__ import annotations

import socket


def resolve(name: str) -> list[str]:
    """Addresses of a host name that the user typed; none when there is no such name."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return sorted({str(item[4][0]) for item in found})


def interfaces() -> list[str]:
    """Names of the network interfaces of this machine."""
    return [name for _, name in socket.if_nameindex()]


def source_of(address: str) -> str:
    """The own address that the kernel would send from to `address`; "" when it has no route.

    Connecting a datagram socket sends nothing. The own address itself gives itself.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect((address, 9))
        except OSError:
            return ""
        return str(asking.getsockname()[0])
