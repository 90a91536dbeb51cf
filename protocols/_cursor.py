"""A reader over bytes that somebody else wrote: every step is bounded, every shortfall `Garbled`.

One rule keeps it simple: a decoder that takes its bytes from here only cannot read past the end,
so it needs no other guard against truncation.
"""

from __future__ import annotations

import ipaddress

from protocols.contract import Garbled

TEXT_LIMIT = 4096
"""Longest text that is taken over from a device (safety, section 2)."""


class Cursor:
    """A position in `data`. All reads raise `Garbled` when fewer bytes are left than asked for."""

    __slots__ = ("data", "order", "position")

    def __init__(self, data: bytes, position: int = 0, order: str = "big") -> None:
        self.data = data
        self.position = position
        self.order = order

    @property
    def left(self) -> int:
        """Bytes that were not read yet."""
        return len(self.data) - self.position

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        end = self.position + count
        if count < 0 or end > len(self.data):
            raise Garbled(f"cut: {self.left} bytes left of {count}")
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def rest(self) -> bytes:
        """Everything that is left."""
        return self.take(self.left)

    def skip(self, count: int) -> None:
        """Pass over `count` bytes."""
        self.take(count)

    def number(self, size: int) -> int:
        """An unsigned integer of `size` bytes in the cursor's byte order."""
        raw = self.take(size)
        return int.from_bytes(raw, "little" if self.order == "little" else "big")

    def u8(self) -> int:
        """One byte."""
        return self.take(1)[0]

    def u16(self) -> int:
        """Two bytes."""
        return self.number(2)

    def u32(self) -> int:
        """Four bytes."""
        return self.number(4)


def text(raw: bytes) -> str:
    """Device text: UTF-8 where it is valid, else Latin-1; cut at NUL, stripped, bounded.

    Two bytes a character, one of each pair NUL, are UTF-16 (a C program that copies its wide text).
    Control characters are kept out here because no identity needs them; outputs escape again.
    """
    raw = _narrow(raw[: 2 * TEXT_LIMIT]).split(b"\0", 1)[0][:TEXT_LIMIT]
    try:
        decoded = raw.decode()
    except UnicodeDecodeError:
        decoded = raw.decode("latin-1")
    return "".join(c if c.isprintable() else " " for c in decoded).strip()


def _narrow(raw: bytes) -> bytes:
    """One byte a character of text that has two; any other bytes as they are."""
    if len(raw) < 4 or raw[0] == raw[1]:
        return raw
    wide, empty = (raw[1::2], raw[::2]) if raw[0] == 0 else (raw[::2], raw[1::2])
    words = wide.rstrip(b"\0")
    return words if len(words) > 1 and 0 not in words and not any(empty) else raw


def printable(raw: bytes) -> bool:
    """Whether the bytes are plain ASCII text (padding by NUL at the end allowed)."""
    body = raw.rstrip(b"\0")
    return bool(body) and all(32 <= byte < 127 for byte in body)


def mac(raw: bytes) -> str:
    """A hardware address, lower-case with colons."""
    return raw.hex(":")


def address(raw: bytes) -> str:
    """An IPv4 (4 bytes) or IPv6 (16 bytes) address as text."""
    if len(raw) not in (4, 16):
        raise Garbled(f"an address of {len(raw)} bytes")
    return str(ipaddress.ip_address(raw))


def hardware(value: str) -> bool:
    """Whether this hardware address can be one device's own: unicast and not all zeros."""
    return not int(value[1], 16) & 1 and value != "00:00:00:00:00:00"
