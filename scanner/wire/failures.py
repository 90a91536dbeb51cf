"""The one table from what the operating system says to what it means."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from protocols.contract import Outcome, Reason


@dataclass(frozen=True, slots=True)
class Failure:
    """An outcome with its reason and the system's own words."""

    outcome: Outcome
    reason: str = ""
    detail: str = ""


class NetworkError(Exception):
    """Carries a `Failure` from the socket to the link; never leaves the wire."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.outcome.value)
        self.failure = failure


OURS = frozenset(
    {
        *(errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ENETDOWN),
        *(errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM, errno.ENODEV, errno.EADDRINUSE),
    }
)
"""Our own trouble: descriptors, buffers, interface down, no free port, a local filter."""

TABLE = {
    errno.ECONNREFUSED: (Outcome.CLOSED, ""),
    errno.ECONNRESET: (Outcome.HUNG_UP, "reset"),
    errno.EPIPE: (Outcome.HUNG_UP, "reset"),
    errno.ECONNABORTED: (Outcome.HUNG_UP, "reset"),
    errno.ETIMEDOUT: (Outcome.SILENT, ""),
    # Without the ICMP code it cannot be told who said so (rulings 12).
    errno.EHOSTUNREACH: (Outcome.NO_PATH, Reason.ROUTER),
    errno.EHOSTDOWN: (Outcome.NO_PATH, Reason.NEIGHBOUR),
    errno.ENETUNREACH: (Outcome.NO_PATH, Reason.LOCAL_ROUTE),
    errno.EPROTO: (Outcome.NO_PATH, Reason.ROUTER),
    errno.EINVAL: (Outcome.NO_PATH, Reason.LOCAL_ROUTE),
}

ICMP_UNREACHABLE, ICMP6_UNREACHABLE = 3, 1
ICMP_PORT = 3  # RFC 792: destination port unreachable
ICMP_PROHIBITED = frozenset({9, 10, 13})  # RFC 1122, 3.2.2.1; RFC 1812, 5.2.7.1
ICMP6_PROHIBITED, ICMP6_PORT = 1, 4  # RFC 4443, 3.1


def of_error(error: OSError) -> Failure:
    """What a failed system call means."""
    code = error.errno or 0
    words = errno.errorcode.get(code, str(error))
    if code in OURS:
        return Failure(Outcome.FAILED_HERE, words, str(error))
    outcome, reason = TABLE.get(code, (Outcome.FAILED_HERE, words))
    return Failure(outcome, reason, words)


def of_icmp(version: int, kind: int, code: int, from_target: bool) -> Failure | None:
    """What an ICMP error about our datagram means; None for one that says nothing."""
    if version == 4 and kind == ICMP_UNREACHABLE:
        port, prohibited = code == ICMP_PORT, code in ICMP_PROHIBITED
    elif version == 6 and kind == ICMP6_UNREACHABLE:
        port, prohibited = code == ICMP6_PORT, code == ICMP6_PROHIBITED
    else:
        return None
    words = f"ICMP{'v6' if version == 6 else ''} type {kind} code {code}"
    if prohibited:
        return Failure(Outcome.BLOCKED, "", words)
    if port and from_target:
        return Failure(Outcome.CLOSED, "", words)
    return Failure(Outcome.NO_PATH, Reason.ROUTER, words)
