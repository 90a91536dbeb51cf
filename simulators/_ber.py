"""BER as SNMP uses it (ITU-T X.690; RFC 3417, 8): enough for an agent, strict on what comes in."""

from __future__ import annotations

INTEGER, OCTETS, NULL, OBJECT, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
ADDRESS, COUNTER32, GAUGE32, TICKS, OPAQUE, COUNTER64 = 0x40, 0x41, 0x42, 0x43, 0x44, 0x46
NO_OBJECT, NO_INSTANCE, END_OF_VIEW = b"\x80\x00", b"\x81\x00", b"\x82\x00"

Oid = tuple[int, ...]


class BadEncodingError(ValueError):
    """Not BER, or not the type that must stand here."""


def tlv(tag: int, content: bytes) -> bytes:
    """One element."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    """A signed number, shortest form; the unsigned types have the same shape."""
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(value: bytes | str) -> bytes:
    """An octet string; text is sent as UTF-8."""
    return tlv(OCTETS, value.encode() if isinstance(value, str) else value)


def sequence(*items: bytes) -> bytes:
    """A sequence."""
    return tlv(SEQUENCE, b"".join(items))


def oid(value: Oid) -> bytes:
    """An object identifier."""
    head, *rest = (value[0] * 40 + value[1], *value[2:])
    content = b""
    for arc in (head, *rest):
        part = bytes([arc & 0x7F])
        while arc := arc >> 7:
            part = bytes([arc & 0x7F | 0x80]) + part
        content += part
    return tlv(OBJECT, content)


def oid_of(text: str) -> Oid:
    """From dotted text."""
    return tuple(int(part) for part in text.strip(".").split("."))


class Reader:
    """Reads elements one after the other from one constructed value."""

    def __init__(self, data: bytes, start: int = 0) -> None:
        self.data = data
        self.at = start

    @property
    def more(self) -> bool:
        """Whether anything is left."""
        return self.at < len(self.data)

    @property
    def tag(self) -> int:
        """Tag of the next element."""
        return self.data[self.at] if self.more else -1

    def element(self, tag: int | None = None) -> bytes:
        """Content of the next element, which must have that tag."""
        if self.at + 2 > len(self.data):
            raise BadEncodingError("cut")
        found, size = self.data[self.at], self.data[self.at + 1]
        self.at += 2
        if size & 0x80:
            count = size & 0x7F
            if not 1 <= count <= 4 or self.at + count > len(self.data):
                raise BadEncodingError("length")
            size = int.from_bytes(self.data[self.at : self.at + count], "big")
            self.at += count
        if self.at + size > len(self.data):
            raise BadEncodingError("cut")
        if tag is not None and found != tag:
            raise BadEncodingError(f"tag {found:#x}, expected {tag:#x}")
        content = self.data[self.at : self.at + size]
        self.at += size
        return content

    def inner(self, tag: int = SEQUENCE) -> Reader:
        """A reader of the next constructed element."""
        return Reader(self.element(tag))

    def number(self) -> int:
        """The next integer."""
        content = self.element(INTEGER)
        if not 1 <= len(content) <= 8:
            raise BadEncodingError("integer")
        return int.from_bytes(content, "big", signed=True)

    def name(self) -> Oid:
        """The next object identifier."""
        content = self.element(OBJECT)
        if not content or content[-1] & 0x80 or len(content) > 512:
            raise BadEncodingError("object identifier")
        arcs: list[int] = []
        value = 0
        for byte in content:
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                arcs.append(value)
                value = 0
        first = min(arcs[0] // 40, 2)
        return (first, arcs[0] - 40 * first, *arcs[1:])
