"""What a double is: a function from one whole request to one `Turn`, whatever carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Turn:
    """What a double makes of one request. `answer` None: it stays quiet (or there is no answer)."""

    function: str
    answer: bytes | None
    forbidden: bool = False
    close: bool = False


class ForeignBytesError(ValueError):
    """What arrived is not this protocol."""


class Conversation(Protocol):
    """One TCP connection as the double sees it."""

    def frame(self, buffer: bytes) -> int | None:
        """Length of the first request in `buffer`, None while it is incomplete."""

    def hear(self, request: bytes) -> Turn:
        """Answer one whole request."""
