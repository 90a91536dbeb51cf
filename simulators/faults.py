"""How a double misbehaves, whatever its protocol.

| kind | does | value | options |
|---|---|---|---|
| `mute` | accepts, reads, never answers | - | `after` |
| `silent` | TCP: full accept queue, no handshake; UDP: a socket that nobody reads | - | - |
| `slow` | waits before each answer | seconds | `after` |
| `hangup` | closes instead of answering | - | `after`, `reset`, `when="accept"` |
| `garbage` | answers random bytes of the same length | - | `after` |
| `echo` | answers the request itself | - | `after` |
| `cut` | sends only the first bytes of an answer, then closes | bytes | `after` |
| `dies_after` | answers that many requests, then no packet any more | requests | `per="device"`,
  `"connection"`, `"second"`; `revives` in seconds |
| `max_clients` | has that many connection slots | slots | `when_full="refuse"`, `"drop_oldest"`;
  `frees="always"`, `"fin"` |

`after` is the number of requests that are answered well before the fault begins. Faults that only
one protocol can have (`busy`, `wrong_transaction`, `wrong_unit`) live in that protocol's double.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from simulators.contract import Fault, Service

GENERIC = frozenset(
    {
        "mute",
        "silent",
        "slow",
        "hangup",
        "garbage",
        "echo",
        "cut",
        "dies_after",
        "max_clients",
    }
)


@dataclass(slots=True)
class Mischief:
    """The generic faults of one service and the requests that it has answered so far."""

    service: Service
    seed: str
    answered: int = 0

    def begun(self, kind: str) -> Fault | None:
        """The fault of that kind, once its `after` is over."""
        fault = self.service.fault(kind)
        if fault is None or self.answered < whole(fault, "after", 0):
            return None
        return fault

    def spoil(self, request: bytes, answer: bytes) -> tuple[bytes | None, bool]:
        """What is really sent (None: nothing), and whether the connection then ends."""
        if self.begun("mute"):
            return None, False
        if self.begun("hangup"):
            return None, True
        if self.begun("garbage"):
            dice = random.Random(f"{self.seed} {self.answered}")
            return dice.randbytes(max(1, len(answer))), False
        if self.begun("echo"):
            return request, False
        if fault := self.begun("cut"):
            kept = int(fault.value) if fault.value else len(answer) // 2
            return answer[:kept], True
        return answer, False

    def delay_seconds(self) -> float:
        """How long the answer is held back."""
        fault = self.begun("slow")
        return fault.value if fault else 0.0


def whole(fault: Fault, name: str, default: int) -> int:
    """An option of a fault that is a whole number."""
    value = fault.options.get(name, default)
    return value if isinstance(value, int) else default


def number(fault: Fault, name: str, default: float) -> float:
    """An option of a fault that is a number."""
    value = fault.options.get(name, default)
    return float(value) if isinstance(value, int | float) else default


def word(fault: Fault, name: str, default: str) -> str:
    """An option of a fault that is a text."""
    value = fault.options.get(name, default)
    return value if isinstance(value, str) else default
