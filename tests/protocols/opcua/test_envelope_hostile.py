"""Mutated secured answers, from outside the channel and from a server that holds the keys."""

from __future__ import annotations

import hmac
import random
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache

import pytest

from protocols.contract import Foreign, Garbled, Reading, Refused, Stale
from protocols.opcua.binary import Cursor
from protocols.opcua.channel import Channel, Header
from protocols.opcua.client import Client
from protocols.opcua.envelope import Envelope, Keys, _aes
from protocols.opcua.numbers import READ
from protocols.opcua.policies import POLICIES, encrypt, sign
from protocols.opcua.services import read_values
from tests.protocols.opcua.identities import certificate, rsa_key

KNOWN = (Garbled, Refused, Stale, Foreign)
SIGNED, ENCRYPTED = 2, 3


@cache
def pair() -> tuple[Client, bytes]:
    """Our client, and the server's certificate."""
    now = datetime.now(UTC)
    key = rsa_key(2048)
    client = Client(certificate(key), key, "urn:test:client", now, now)
    return client, certificate(rsa_key(2048, 1), "urn:double")


def envelope(mode: int) -> Envelope:
    client, server = pair()
    policy = POLICIES["Basic256Sha256"]
    made = Envelope(policy, mode, client, server, rsa_key(2048, 1).public_key(), bytes(32))
    made.agree(bytes(range(32)))
    return made


def secure(keys: Keys, mode: int, plain: bytes, padding: bytes | None = None) -> bytes:
    """A chunk as a server with the right keys makes it; `padding` may be any bytes."""
    body = plain[16:]
    if mode == ENCRYPTED:
        count = -(len(body) + 33) % 16
        body += bytes([count]) * (count + 1) if padding is None else padding
        body = body[: len(body) - len(body) % 16]
    head = plain[:4] + struct.pack("<I", 16 + len(body) + 32) + plain[8:16]
    body += hmac.digest(keys.signing, head + body, "sha256")
    return head + (_aes(keys, body, forward=True) if mode == ENCRYPTED else body)


def answer() -> bytes:
    """A good Read answer with one value, in its plain form, to request 1."""
    header = struct.pack("<BBH", 1, 0, READ + 3) + struct.pack("<qII", 0, 1, 0) + bytes(8)
    body = header + struct.pack("<iBBd", 1, 1, 11, 21.5) + struct.pack("<i", -1)
    whole = struct.pack("<IIII", 7, 3, 1, 1) + body
    return b"MSGF" + struct.pack("<I", 8 + len(whole)) + whole


def decoder(mode: int) -> tuple[Envelope, Callable[[bytes], object]]:
    made = envelope(mode)

    def decode(raw: bytes) -> object:
        channel = Channel(lambda: datetime.now(UTC), made, 7, 3)
        channel.ask(READ, b"")

        def use(cursor: Cursor, _header: Header) -> Reading[object]:
            return Reading(read_values(cursor, 1))

        return channel.read(READ, use)(raw).value

    return made, decode


@pytest.mark.parametrize("mode", [SIGNED, ENCRYPTED])
def test_a_good_answer_is_read(mode: int) -> None:
    made, decode = decoder(mode)
    assert made.theirs is not None
    (value,) = decode(secure(made.theirs, mode, answer()))  # type: ignore[misc]
    assert value.variant.scalar == 21.5  # type: ignore[has-type]


@pytest.mark.parametrize("mode", [SIGNED, ENCRYPTED])
def test_every_truncation_is_garbled(mode: int) -> None:
    made, decode = decoder(mode)
    assert made.theirs is not None
    good = secure(made.theirs, mode, answer())
    for length in range(3, len(good)):
        with pytest.raises(Garbled):
            decode(good[:length])


@pytest.mark.parametrize(
    "padding", [b"\xff" * 16, b"\x01\x02" * 8, bytes(range(16)), b"\x05" * 4 + b"\xf0"]
)
def test_a_padding_that_is_none_is_garbled_though_it_is_signed(padding: bytes) -> None:
    made, decode = decoder(ENCRYPTED)
    assert made.theirs is not None
    with pytest.raises(Garbled):
        decode(secure(made.theirs, ENCRYPTED, answer(), padding))


def mutate(count: int, seed: int) -> int:
    """Spoil answers outside and inside of the security; how many were still read."""
    generator = random.Random(seed)
    both = [(mode, *decoder(mode)) for mode in (SIGNED, ENCRYPTED)]
    plain, read = answer(), 0
    for _ in range(count):
        mode, made, decode = generator.choice(both)
        assert made.theirs is not None
        inside = generator.random() < 0.5
        raw = bytearray(plain if inside else secure(made.theirs, mode, plain))
        for _ in range(generator.randint(1, 4)):
            raw[generator.randrange(3, len(raw))] = generator.randrange(256)
        if generator.random() < 0.2:
            del raw[generator.randrange(17, len(raw)) :]
        odd = generator.randbytes(generator.randrange(40)) if generator.random() < 0.2 else None
        spoiled = secure(made.theirs, mode, bytes(raw), odd) if inside else bytes(raw)
        try:
            decode(spoiled)
        except KNOWN:
            continue
        assert inside or bytes(raw) == secure(made.theirs, mode, plain)
        read += 1
    return read


def opening(made: Envelope, body: bytes) -> bytes:
    """An OPN answer around any body, encrypted for us and signed by the server."""
    client, server = pair()
    other = Envelope(
        made.policy,
        made.mode,
        Client(server, rsa_key(2048, 1), "", client.not_before, client.not_after),
        client.certificate,
        rsa_key(2048).public_key(),
        bytes(32),
    )
    policy = b"http://opcfoundation.org/UA/SecurityPolicy#None"
    head = struct.pack("<Ii", 7, len(policy)) + policy + b"\xff" * 8
    return other.seal(b"OPNF" + struct.pack("<I", 8 + len(head + body)) + head + body)


def open_body() -> bytes:
    header = struct.pack("<II", 1, 1) + struct.pack("<BBH", 1, 0, 449)
    header += struct.pack("<qII", 0, 1, 0) + bytes(8)
    token = struct.pack("<IIIqI", 0, 7, 3, 0, 60_000)
    return header + token + struct.pack("<i", 32) + bytes(range(32))


def test_a_good_opening_is_read() -> None:
    made = envelope(ENCRYPTED)
    channel = Channel(lambda: datetime.now(UTC), made)
    channel.open()
    assert channel.read_open(opening(made, open_body())).value == 60_000
    assert (channel.id, channel.token) == (7, 3)


def mutate_openings(count: int, seed: int) -> None:
    generator = random.Random(seed)
    good = opening(envelope(ENCRYPTED), open_body())
    for number in range(count):
        made = envelope(ENCRYPTED)
        channel = Channel(lambda: datetime.now(UTC), made)
        channel.open()
        if number % 2:
            body = bytearray(open_body())
            body[generator.randrange(len(body))] = generator.randrange(256)
            raw = opening(made, bytes(body))
        else:
            spoiled = bytearray(good)
            spoiled[generator.randrange(3, len(good))] ^= 1 << generator.randrange(8)
            raw = bytes(spoiled)
        try:
            channel.read_open(raw)
        except KNOWN:
            continue
        assert number % 2, "a spoiled opening was believed"


def test_mutated_answers_raise_nothing_unknown() -> None:
    assert mutate(9_850, 1)
    mutate_openings(150, 1)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
def test_many_mutated_answers_raise_nothing_unknown() -> None:
    assert mutate(98_000, 2)
    mutate_openings(2_000, 2)


def encrypted_from(good: bytes) -> int:
    """Where the encrypted part of an opening begins: after policy, certificate, thumbprint."""
    at = 12
    for _ in range(3):
        at += 4 + int.from_bytes(good[at : at + 4], "little")
    return at


def test_an_opening_of_many_blocks_is_refused_before_it_is_decrypted() -> None:
    made = envelope(ENCRYPTED)
    good = opening(made, open_body())
    with pytest.raises(Garbled, match="blocks"):
        made.unseal(good[: encrypted_from(good)] + good[-256:] * 200)


def test_a_signature_of_another_key_is_not_the_servers() -> None:
    made = envelope(ENCRYPTED)
    client, _server = pair()
    good = opening(made, open_body())
    head, body = good[: encrypted_from(good)], open_body() + bytes(1)
    forged = sign(made.policy, client.key, head + body)
    with pytest.raises(Garbled, match="signature"):
        made.unseal(head + encrypt(made.policy, client.key.public_key(), body + forged))
