"""Secured channels: asyncua opens what we seal and seals what we open, or nothing is believed."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asyncua import ua

from protocols.contract import (
    Depth,
    Forbidden,
    Garbled,
    Observation,
    Outcome,
    Sealed,
)
from protocols.opcua.channel import Channel
from protocols.opcua.client import load
from protocols.opcua.envelope import Envelope, p_sha256
from protocols.opcua.guard import guard
from protocols.opcua.policies import POLICIES as OURS
from tests.protocols.opcua.identities import certificate, held, rsa_key
from tests.protocols.opcua.responder import plant
from tests.protocols.opcua.secured import POLICIES, Secured
from tests.protocols.opcua.test_probe import USER, climb, link_to
from tests.support.plain import PlainLink


def visit(peer: Secured, folder: Path, bits: int = 2048, *, user: bool = False) -> PlainLink:
    plant(peer.inner)
    link = link_to(peer, held(folder, bits=bits), *([USER] if user else []))  # type: ignore[arg-type]
    asyncio.run(climb(link, Depth.POINTS))
    return link


def last(link: PlainLink, operation: str) -> Observation:
    return [seen for seen in link.observations if seen.question.operation == operation][-1]


def names(link: PlainLink) -> set[str]:
    return {point.name for seen in link.observations for point in seen.points}


def test_the_key_derivation_is_that_of_tls() -> None:
    # test vector of the TLS 1.2 PRF with SHA-256 (IETF TLS working group list, 2009)
    secret = bytes.fromhex("9bbe436ba940f017b17652849a71db35")
    seed = b"test label" + bytes.fromhex("a0ba9f936cda311827a6f796ffd5198c")
    expected = bytes.fromhex(
        "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a"
        "6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab"
        "4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701"
        "87347b66"
    )
    assert p_sha256(secret, seed, 100) == expected


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("mode", "ours", "theirs"), [(2, 2048, 2048), (3, 2048, 2048), (3, 3072, 2048), (3, 2048, 3072)]
)
def test_a_pump_is_read_over_every_policy(
    policy: str, mode: int, ours: int, theirs: int, tmp_path: Path
) -> None:
    link = visit(Secured(policy, mode, theirs), tmp_path, ours)
    assert names(link) == {"Temp", "Secret"}
    assert last(link, "session").credential == "machine"
    assert last(link, "read").credential == "machine"
    read = [raw for raw in link.requests if raw[:3] == b"MSG"]
    assert any(b"Temp" in raw for raw in read) == (mode == 2)  # Sign hides nothing


def test_the_user_name_is_preferred_and_the_password_leaves_encrypted(tmp_path: Path) -> None:
    peer = Secured(mode=2)
    link = visit(peer, tmp_path, user=True)
    token = next(
        body.Parameters.UserIdentityToken  # type: ignore[attr-defined]
        for body in peer.inner.bodies
        if isinstance(body, ua.ActivateSessionRequest)
    )
    assert token.UserName == "reader"
    assert token.EncryptionAlgorithm
    assert not any(b"secret-word" in request for request in link.requests)
    assert last(link, "read").credential == "plant-user"


def flip(at: int) -> Callable[[bytes], bytes]:
    def spoil(raw: bytes) -> bytes:
        changed = bytearray(raw)
        changed[at] ^= 1
        return bytes(changed)

    return spoil


@pytest.mark.parametrize("mode", [2, 3])
@pytest.mark.parametrize("at", [9, 13, 17, 40, -1, -33])
def test_one_bit_of_an_answer_changed_on_its_way_is_garbled(
    mode: int, at: int, tmp_path: Path
) -> None:
    link = visit(Secured(mode=mode, spoil={"Browse": flip(at)}), tmp_path)
    assert last(link, "browse_page").outcome is Outcome.GARBLED
    assert names(link) == set()


@pytest.mark.parametrize("at", [9, 20, 100, 1200, -1])
def test_one_bit_of_the_opening_changed_is_garbled(at: int, tmp_path: Path) -> None:
    link = visit(Secured(spoil={"OpenSecureChannel": flip(at)}), tmp_path)
    assert last(link, "open_channel").outcome is Outcome.GARBLED
    assert "create_session" not in {s.question.operation for s in link.observations}


def test_an_answer_without_security_on_a_secured_channel_is_garbled(tmp_path: Path) -> None:
    peer = Secured()
    clear: list[bytes] = []
    original = peer.inner.message

    def noting(kind: bytes, request: int, decoded: object, answer: object) -> bytes:
        clear.append(original(kind, request, decoded, answer))
        return clear[-1]

    peer.inner.message = noting  # type: ignore[method-assign]
    peer.spoil["Browse"] = lambda _raw: clear[-1]
    link = visit(peer, tmp_path)
    assert last(link, "browse_page").outcome is Outcome.GARBLED


def test_a_session_that_shows_another_certificate_is_not_used(tmp_path: Path) -> None:
    other = certificate(rsa_key(2048, 2), "urn:double")
    link = visit(Secured(session_certificate=other), tmp_path, user=True)
    assert last(link, "create_session").outcome is Outcome.GARBLED
    assert "OPC UA ActivateSession" not in link.functions


def test_a_session_signed_by_somebody_else_is_not_used(tmp_path: Path) -> None:
    peer = Secured()
    peer.session_spoil = lambda signature: bytes(len(signature))
    link = visit(peer, tmp_path, user=True)
    assert last(link, "create_session").outcome is Outcome.GARBLED
    assert "OPC UA ActivateSession" not in link.functions


@pytest.mark.parametrize("nonce", [b"", b"short", bytes(2000)])
def test_a_server_nonce_of_no_use_is_garbled(nonce: bytes, tmp_path: Path) -> None:
    link = visit(Secured(nonce=nonce), tmp_path)
    assert last(link, "open_channel").outcome is Outcome.GARBLED


def error(name: str) -> Callable[[bytes], bytes]:
    body = struct.pack("<Ii", getattr(ua.StatusCodes, name), -1)
    return lambda _raw: b"ERRF" + struct.pack("<I", 8 + len(body)) + body


@pytest.mark.parametrize("name", ["BadCertificateUntrusted", "BadSecurityChecksFailed"])
def test_an_untrusted_certificate_is_named_by_its_thumbprint(name: str, tmp_path: Path) -> None:
    link = visit(Secured(spoil={"OpenSecureChannel": error(name)}), tmp_path)
    seen = last(link, "open_channel")
    assert (seen.outcome, seen.reason) == (Outcome.REFUSED_AUTH, "certificate_untrusted")
    client = load(link.credentials[0], datetime.now(UTC))
    assert f"trust our certificate {client.thumbprint}" in seen.detail
    assert seen.credential == "machine"


@pytest.mark.parametrize("name", ["BadCertificateInvalid", "BadCertificateRevoked"])
def test_a_certificate_that_is_of_no_use_there_has_a_reason_of_its_own(
    name: str, tmp_path: Path
) -> None:
    seen = last(visit(Secured(spoil={"OpenSecureChannel": error(name)}), tmp_path), "open_channel")
    assert (seen.outcome, seen.reason) == (Outcome.REFUSED_AUTH, "certificate_invalid")
    assert "make" in seen.detail
    assert seen.credential == "machine"


def test_a_hang_up_at_our_certificate_names_the_likely_step(tmp_path: Path) -> None:
    def gone(_raw: bytes) -> bytes:
        raise ConnectionResetError

    link = visit(Secured(spoil={"OpenSecureChannel": gone}), tmp_path)
    assert last(link, "open_channel").outcome is Outcome.HUNG_UP
    seen = last(link, "session")
    assert seen.outcome is Outcome.NOT_ASKED
    assert "trust our certificate" in seen.detail


def test_a_wrong_clock_is_told_from_an_expired_certificate(tmp_path: Path) -> None:
    peer = Secured(spoil={"OpenSecureChannel": error("BadCertificateTimeInvalid")})
    peer.inner.clock_shift = timedelta(days=-9000)
    link = visit(peer, tmp_path)
    assert last(link, "open_channel").reason == "certificate_expired"
    seen = last(link, "session")
    assert (seen.outcome, seen.reason) == (Outcome.REFUSED_AUTH, "clock_skew")
    assert "set the server's clock" in seen.detail
    assert "behind" in last(link, "get_endpoints").detail


def envelope(folder: Path, mode: int = 3) -> Envelope:
    key = rsa_key(2048, 1)
    client = load(held(folder), datetime.now(UTC))
    made = Envelope(
        OURS["Basic256Sha256"], mode, client, client.certificate, key.public_key(), bytes(32)
    )
    made.agree(bytes(range(32)))
    return made


def test_the_guard_judges_what_is_sealed(tmp_path: Path) -> None:
    channel = Channel(lambda: datetime.now(UTC), envelope(tmp_path))
    reading, writing = channel.ask(631, b""), channel.ask(673, b"")
    assert isinstance(reading, Sealed)
    assert isinstance(writing, Sealed)
    assert guard(reading.plain) == "OPC UA Read"
    with pytest.raises(Forbidden):
        guard(writing.plain)
    opening = channel.open()
    assert isinstance(opening, Sealed)
    assert guard(opening.plain) == "OPC UA OpenSecureChannel"


def test_what_is_sealed_before_the_channel_is_open_is_a_defect(tmp_path: Path) -> None:
    closed = envelope(tmp_path)
    closed.ours = closed.theirs = None
    with pytest.raises(ValueError, match="before"):
        closed.seal(b"MSGF" + bytes(40))
    with pytest.raises(Garbled):
        closed.unseal(b"MSGF" + struct.pack("<I", 80) + bytes(72))
