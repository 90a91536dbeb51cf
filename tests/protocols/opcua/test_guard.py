"""The guard passes what is read-only, and nothing else; asyncua's encoder is the judge."""

from __future__ import annotations

import random
import struct

import pytest
from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary
from hypothesis import given
from hypothesis import strategies as st

from protocols.contract import Forbidden
from protocols.opcua.guard import ALLOWED, guard

NONE = b"http://opcfoundation.org/UA/SecurityPolicy#None"
REQUESTS = sorted(name for name in dir(ua) if name.endswith("Request") and name[0].isupper())
READ_ONLY = {
    "FindServersRequest",
    "GetEndpointsRequest",
    "CreateSessionRequest",
    "ActivateSessionRequest",
    "CloseSessionRequest",
    "BrowseRequest",
    "BrowseNextRequest",
    "TranslateBrowsePathsToNodeIdsRequest",
    "ReadRequest",
}


def message(kind: bytes, body: bytes, mark: bytes = b"F") -> bytes:
    whole = struct.pack("<4I", 1, 1, 1, 1) + body
    return kind + mark + struct.pack("<I", len(whole) + 8) + whole


def opening(policy: bytes = NONE, certificates: bytes = b"\xff" * 8, body: bytes = b"") -> bytes:
    head = struct.pack("<Ii", 0, len(policy)) + policy + certificates + struct.pack("<II", 1, 1)
    body = body or struct_to_binary(ua.OpenSecureChannelRequest())
    return b"OPNF" + struct.pack("<I", len(head + body) + 8) + head + body


@pytest.mark.parametrize("name", REQUESTS)
def test_only_read_only_services_pass(name: str) -> None:
    try:
        frame = message(b"MSG", struct_to_binary(getattr(ua, name)()))
    except (AttributeError, TypeError):
        pytest.skip("no message of its own")
    if name in READ_ONLY:
        assert guard(frame).startswith("OPC UA ")
    else:
        with pytest.raises(Forbidden):
            guard(frame)


def test_hello_open_and_close_pass() -> None:
    hello = b"HELF" + struct.pack("<I", 32) + bytes(24)
    assert guard(hello) == "OPC UA Hello"
    assert guard(opening()) == "OPC UA OpenSecureChannel"
    closing = message(b"CLO", struct_to_binary(ua.CloseSecureChannelRequest()))
    assert guard(closing) == "OPC UA CloseSecureChannel"


READ = struct_to_binary(ua.ReadRequest())
WRITE = struct_to_binary(ua.WriteRequest())


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"HELF",
        message(b"MSG", READ, b"C"),
        message(b"MSG", READ, b"A"),
        message(b"MSG", READ) + message(b"MSG", WRITE),
        message(b"MSG", READ)[:-1],
        message(b"XXX", READ),
        message(b"RHE", READ),
        message(b"CLO", READ),
        message(b"MSG", b""),
        message(b"MSG", b"\x01\x00\x01"),
        message(b"MSG", b"\x01\x02" + struct.pack("<H", 631)),
        message(b"MSG", b"\x02\x01\x00" + struct.pack("<I", 631)),
        message(b"MSG", b"\x02\x00\x00" + struct.pack("<I", 673)),
        message(b"MSG", b"\x41\x00" + struct.pack("<H", 631)),
        message(b"MSG", b"\x00\x3f"),
        opening(NONE.replace(b"None", b"Basic256Sha256")),
        opening(certificates=struct.pack("<i", 0) + b"\xff" * 4),
        opening(body=READ),
    ],
)
def test_everything_else_is_forbidden(frame: bytes) -> None:
    with pytest.raises(Forbidden):
        guard(frame)


def test_a_number_in_its_longest_form_is_understood() -> None:
    assert guard(message(b"MSG", b"\x02\x00\x00" + struct.pack("<I", 631))) == "OPC UA Read"


@given(st.binary(max_size=120))
def test_random_bytes_never_pass(frame: bytes) -> None:
    with pytest.raises(Forbidden):
        guard(frame)


def test_mutated_requests_pass_only_as_what_they_are() -> None:
    generator = random.Random(4840)
    for _ in range(10_000):
        frame = bytearray(message(b"MSG", READ))
        for _ in range(generator.randint(1, 4)):
            frame[generator.randrange(len(frame))] = generator.randrange(256)
        try:
            name = guard(bytes(frame))
        except Forbidden:
            continue
        head = bytes(frame[:3])
        if head == b"MSG":
            assert frame[24:26] == b"\x01\x00"
            assert name == f"OPC UA {ALLOWED[int.from_bytes(frame[26:28], 'little')]}"
