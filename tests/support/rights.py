"""Running a child with fewer rights, or in a namespace of its own."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
from functools import cache

import pytest

from tests.support.peers import need


def ordinary() -> tuple[str, ...]:
    """The beginning of a command that obeys file modes, also where the tests run as root."""
    if os.geteuid() != 0:
        return ()
    lost = "-dac_override,-dac_read_search"
    return (need("setpriv"), "--bounding-set", lost, "--inh-caps", lost)


@cache
def _allowed(flags: str) -> bool:
    words = [need("unshare"), flags, "true"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def unshared(flags: str) -> tuple[str, ...]:
    """The beginning of a command in namespaces of its own; skips where that is not allowed."""
    if not _allowed(flags):
        if os.environ.get("UNTRAP_REQUIRE_PEERS") == "1":
            pytest.fail(f"unshare {flags} is required and not allowed")
        pytest.skip(f"unshare {flags} is not allowed here")
    return (need("unshare"), flags)


CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1


def own_loopback() -> bool:
    """Move this process, and all that it starts from now on, to a network that has nothing but a
    loopback of its own; whether that was allowed (root in its own user namespace is).

    Plants listen at fixed addresses on ports that are chosen at random, and other programs take
    ports as they please: on a loopback that is shared, a port that a test knows to be closed is
    open now and then. And no packet of a test can leave the machine from here.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(CLONE_NEWNET) != 0:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
    return True
