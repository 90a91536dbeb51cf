"""The guard of OPC UA: lets pass what it knows to be read-only and understands to the last chunk.

It shares no code with the encoder, so that a mistake there cannot agree with itself here.
Allowed (the project's safety page): Hello, OpenSecureChannel, CloseSecureChannel, and the services
below. Everything else, and everything it cannot decode, is `Forbidden`. Of a message that leaves
secured it sees the plain form (`Sealed`), which looks as it would under policy None.
"""

from __future__ import annotations

import struct
from typing import Final

from protocols.contract import Forbidden

ALLOWED: Final = {
    422: "FindServers",
    428: "GetEndpoints",
    461: "CreateSession",
    467: "ActivateSession",
    473: "CloseSession",
    527: "Browse",
    533: "BrowseNext",
    554: "TranslateBrowsePaths",
    631: "Read",
}
"""Encoding ids of the service requests that may leave (OPC 10000-6 v1.05, annex A.3)."""

_NONE: Final = b"http://opcfoundation.org/UA/SecurityPolicy#None"
_HEAD: Final = struct.Struct("<3scI")


def guard(request: bytes) -> str:
    """Name of the function that the request performs; one message of one chunk, all of it."""
    if len(request) < 12:
        raise Forbidden(f"OPC UA message of {len(request)} bytes")
    kind, chunk, size = _HEAD.unpack_from(request)
    if chunk != b"F" or size != len(request):
        raise Forbidden(f"OPC UA: expected one final chunk of {len(request)} bytes, not {size}")
    if kind == b"HEL":
        return "OPC UA Hello"
    if kind == b"OPN":
        return _open(request)
    if kind == b"CLO":
        return _closing(_service(request, 24))
    if kind == b"MSG":
        return _message(_service(request, 24))
    raise Forbidden(f"OPC UA message type {kind!r}")


def _open(request: bytes) -> str:
    end = 16 + len(_NONE)
    if request[12:end] != struct.pack("<i", len(_NONE)) + _NONE:
        raise Forbidden("OPC UA: the plain form of an OpenSecureChannel has policy None")
    if request[end : end + 8] != b"\xff" * 8:
        raise Forbidden("OPC UA: a certificate in the plain form of an OpenSecureChannel")
    number = _service(request, end + 16)
    if number != 446:
        raise Forbidden(f"OPC UA: message {number} in an OpenSecureChannel")
    return "OPC UA OpenSecureChannel"


def _closing(number: int) -> str:
    if number != 452:
        raise Forbidden(f"OPC UA: message {number} in a CloseSecureChannel")
    return "OPC UA CloseSecureChannel"


def _message(number: int) -> str:
    if number not in ALLOWED:
        raise Forbidden(f"OPC UA service {number} is not known as read-only")
    return f"OPC UA {ALLOWED[number]}"


def _service(request: bytes, at: int) -> int:
    """The type of the body at `at`: a numeric NodeId of namespace 0 in one of its three forms."""
    body = request[at : at + 7]
    if len(body) >= 2 and body[0] == 0:
        return body[1]
    if len(body) >= 4 and body[:2] == b"\x01\x00":
        return int.from_bytes(body[2:4], "little")
    if len(body) == 7 and body[:3] == b"\x02\x00\x00":
        return int.from_bytes(body[3:], "little")
    raise Forbidden("OPC UA: the body names no message type of namespace 0")
