"""Why can't I connect: every verdict told apart, and what still may be done after a refusal."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from asyncua import ua
from asyncua.crypto import uacrypto
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509 import load_der_x509_certificate

from protocols.contract import Credential, Depth, Outcome
from protocols.opcua import PROBE
from protocols.opcua.status import CODES
from tests.protocols.opcua.identities import certificate, held, rsa_key
from tests.protocols.opcua.responder import BASIC, Responder, endpoint, fault, plant
from tests.protocols.opcua.secured import ROOT, Secured
from tests.protocols.opcua.test_envelope import error, last, names
from tests.protocols.opcua.test_probe import USER, climb, link_to
from tests.support.plain import PlainLink

CERTIFICATE = (("cert", 2, ""),)


def visited(peer: object, *credentials: Credential, depth: Depth = Depth.POINTS) -> PlainLink:
    plant(peer.inner if isinstance(peer, Secured) else peer)  # type: ignore[arg-type]
    link = link_to(peer, *credentials)  # type: ignore[arg-type]
    asyncio.run(climb(link, depth))
    return link


def beside(peer: Secured, **options: object) -> Secured:
    """The same server with an endpoint without security beside the secured one."""
    shown = {"certificate": peer.certificate, **options}
    peer.inner.endpoints.append(endpoint(**shown))  # type: ignore[arg-type]
    return peer


def gone(_raw: bytes) -> bytes:
    raise ConnectionResetError


@pytest.mark.parametrize(
    "spoil", [error("BadCertificateUntrusted"), error("BadSecurityChecksFailed"), gone]
)
def test_after_a_refused_certificate_what_is_open_is_read_anonymously(
    spoil: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    peer = beside(Secured(spoil={"OpenSecureChannel": spoil}))
    link = visited(peer, held(tmp_path))
    assert names(link) == {"Temp", "Secret"}
    assert last(link, "read").credential == ""
    assert "trust our certificate" in " ".join(seen.detail for seen in link.observations)
    assert link.functions.count("OPC UA Hello") == PROBE.most_connections
    refused = [seen for seen in link.observations if seen.credential == "machine"]
    assert refused[0].outcome in (Outcome.REFUSED_AUTH, Outcome.HUNG_UP)


def test_after_a_refused_user_the_fallback_shows_no_secret(tmp_path: Path) -> None:
    rejected = fault(ua.StatusCodes.BadIdentityTokenRejected)
    peer = beside(Secured())
    seen: list[str] = []

    def activate(inner: Responder, request: object) -> object:
        token = request.Parameters.UserIdentityToken  # type: ignore[attr-defined]
        seen.append(type(token).__name__)
        return rejected if len(seen) == 1 else inner._ActivateSession(request)

    peer.inner.special["ActivateSession"] = activate
    link = visited(peer, held(tmp_path), USER)
    assert seen == ["UserNameIdentityToken", "AnonymousIdentityToken"]
    assert names(link) == {"Temp", "Secret"}
    assert not any(b"secret-word" in request for request in link.requests)


@pytest.mark.parametrize("code", ["BadTooManySessions", "BadTcpServerTooBusy", "BadLicenseExpired"])
def test_a_server_that_is_full_is_not_asked_again(code: str, tmp_path: Path) -> None:
    peer = beside(Secured())
    peer.inner.special["CreateSession"] = lambda _p, _r: fault(getattr(ua.StatusCodes, code))
    link = visited(peer, held(tmp_path))
    assert link.functions.count("OPC UA CreateSession") == 1
    assert last(link, "create_session").outcome is Outcome.REFUSED_RESOURCE


def test_a_refused_certificate_is_not_shown_again_by_a_later_rung(tmp_path: Path) -> None:
    peer = beside(Secured(spoil={"OpenSecureChannel": error("BadCertificateUntrusted")}))
    link = visited(peer, held(tmp_path), depth=Depth.SAMPLE)
    refused = [s for s in link.observations if s.outcome is Outcome.REFUSED_AUTH]
    assert len([s for s in refused if s.question.operation == "open_channel"]) == 1


# ---- the server's certificate


def digest(peer: Secured) -> str:
    return sha256(peer.certificate).hexdigest()


def test_an_expected_server_gets_the_secret(tmp_path: Path) -> None:
    peer = Secured()
    machine = replace(held(tmp_path), trusts=(digest(peer),))
    link = visited(peer, machine, replace(USER, trusts=(digest(peer),)))
    assert names(link) == {"Temp", "Secret"}
    assert last(link, "read").credential == "plant-user"


def test_an_unexpected_server_gets_no_secret_and_a_verdict(tmp_path: Path) -> None:
    peer = Secured()
    machine = replace(held(tmp_path), trusts=("00" * 32,))
    link = visited(peer, machine, replace(USER, trusts=("00" * 20,)))
    verdicts = {s.credential: s for s in link.observations if s.reason.startswith("server_cert")}
    assert set(verdicts) == {"machine", "plant-user"}
    assert all(seen.outcome is Outcome.NOT_ASKED for seen in verdicts.values())
    assert digest(peer) in verdicts["machine"].detail
    ours = load_der_x509_certificate(Path(machine.auth).read_bytes()).public_bytes(
        uacrypto.serialization.Encoding.DER
    )
    assert not any(ours in request for request in link.requests)
    assert link.functions.count("OPC UA Hello") == 1


def test_an_unexpected_server_may_still_be_read_anonymously(tmp_path: Path) -> None:
    peer = beside(Secured())
    link = visited(peer, replace(held(tmp_path), trusts=("00" * 32,)))
    assert names(link) == {"Temp", "Secret"}
    assert last(link, "read").credential == ""


def test_a_session_with_another_certificate_gets_no_password() -> None:
    """Without a secured channel the certificate that encrypts is the session's: it is judged."""
    shown, other = (certificate(rsa_key(2048, n), "urn:double") for n in (1, 2))
    peer = Responder([endpoint(tokens=(("user", 1, BASIC),), certificate=shown)])

    def create(inner: Responder, request: object) -> object:
        found = inner._CreateSession(request)
        found.Parameters.ServerCertificate = other  # type: ignore[attr-defined]
        return found

    peer.special["CreateSession"] = create
    link = visited(peer, replace(USER, trusts=(sha256(shown).hexdigest(),)))
    assert "ActivateSession" not in peer.requests
    assert [s.reason for s in link.observations if s.question.operation == "session"] == [
        "safety_hold"
    ]


# ---- a certificate as the user


@pytest.mark.parametrize("policy", ["", ROOT + "Aes256_Sha256_RsaPss"])
def test_a_certificate_is_the_user_where_anonymous_is_off(policy: str, tmp_path: Path) -> None:
    peer = Secured(mode=3)
    peer.inner.endpoints[0].UserIdentityTokens = [
        ua.UserTokenPolicy("cert", ua.UserTokenType(2), None, None, policy)
    ]
    asked: list[ua.ActivateSessionParameters] = []

    def activate(inner: Responder, request: object) -> object:
        asked.append(request.Parameters)  # type: ignore[attr-defined]
        return inner._ActivateSession(request)

    peer.inner.special["ActivateSession"] = activate
    created: list[bytes] = []
    original = peer._create

    def create(inner: Responder, request: object) -> object:
        found = original(inner, request)
        created.append(found.Parameters.ServerNonce)  # type: ignore[attr-defined]
        return found

    peer.inner.special["CreateSession"] = create
    machine = held(tmp_path)
    link = visited(peer, machine)
    assert names(link) == {"Temp", "Secret"}
    token, signature = asked[0].UserIdentityToken, asked[0].UserTokenSignature
    der = Path(machine.auth).read_bytes()
    assert isinstance(token, ua.X509IdentityToken)
    assert (token.PolicyId, token.CertificateData) == ("cert", der)
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    load_der_x509_certificate(der).public_key().verify(  # type: ignore[call-arg, union-attr]
        signature.Signature,
        peer.certificate + created[0],
        pss if policy else padding.PKCS1v15(),
        hashes.SHA256(),
    )


def test_a_certificate_that_is_no_user_there_is_refused_once(tmp_path: Path) -> None:
    peer = Secured()
    peer.inner.endpoints[0].UserIdentityTokens = [
        ua.UserTokenPolicy("cert", ua.UserTokenType(2), None, None, "")
    ]
    rejected = fault(ua.StatusCodes.BadIdentityTokenRejected)
    peer.inner.special["ActivateSession"] = lambda _peer, _request: rejected
    link = visited(peer, held(tmp_path))
    assert link.functions.count("OPC UA ActivateSession") == 1
    assert last(link, "session").reason == "user_rejected"


# ---- the verdicts, side by side


def refusing(code: str) -> Secured:
    return Secured(spoil={"OpenSecureChannel": error(code)})


def behind(peer: Secured) -> Secured:
    peer.inner.clock_shift = timedelta(days=-9000)
    return peer


def full() -> Secured:
    peer = Secured()
    code = ua.StatusCodes.BadTooManySessions
    peer.inner.special["CreateSession"] = lambda _peer, _request: fault(code)
    return peer


def said(link: PlainLink) -> tuple[str, str]:
    """The verdict of a visit: the last reason that is no part of a good answer."""
    good = (Outcome.COMPLETE, Outcome.EMPTY, Outcome.PARTIAL)
    found = [seen for seen in link.observations if seen.outcome not in good and seen.reason]
    return found[-1].reason, found[-1].detail


def test_a_server_that_refuses_even_discovery_is_told_so_and_not_sent_to_its_list() -> None:
    """open62541 with `secureOnly`: no policy of a list that nobody may see can be chosen."""
    peer = Responder()
    refused = error("BadSecurityPolicyRejected")
    plant(peer)
    asked: list[bytes] = []

    def secured_only(raw: bytes) -> bytes:
        asked.append(raw[:3])
        return refused(raw) if raw[:3] == b"OPN" else peer(raw)

    link = link_to(secured_only)  # type: ignore[arg-type]
    asyncio.run(climb(link, Depth.POINTS))
    seen = last(link, "open_channel")
    assert (seen.outcome, seen.reason) == (Outcome.REFUSED_AUTH, "discovery_refused")
    assert "endpoint list without security" in seen.detail
    assert "from the endpoint list" not in seen.detail
    assert asked == [b"HEL", b"OPN"]  # a session would be refused as well: nobody asks again


def test_every_reason_for_not_connecting_has_a_verdict_and_a_step_of_its_own(
    tmp_path: Path,
) -> None:
    machine = held(tmp_path)
    locked = Responder([endpoint(tokens=(("u", 1, BASIC),))])
    url = error("BadTcpEndpointUrlInvalid")
    other_policy = replace(machine, privacy="Aes256_Sha256_RsaPss")
    cases = {
        "anonymous_not_offered": said(visited(locked)),
        "policy_not_offered": said(visited(Secured(), other_policy)),
        "mode_not_offered": said(visited(Responder([endpoint(policy=BASIC, mode=3)]))),
        "certificate_untrusted": said(visited(refusing("BadCertificateUntrusted"), machine)),
        "certificate_expired": said(visited(refusing("BadCertificateTimeInvalid"), machine)),
        "certificate_host": said(visited(refusing("BadCertificateHostNameInvalid"), machine)),
        "clock_skew": said(visited(behind(refusing("BadCertificateTimeInvalid")), machine)),
        "BadTooManySessions": said(visited(full(), machine)),
        "endpoint_url": said(visited(Secured(spoil={"OpenSecureChannel": url}), machine)),
    }
    assert {expected: reason for expected, (reason, _) in cases.items()} == {
        expected: expected for expected in cases
    }
    steps = [detail for _, detail in cases.values()]
    assert all(len(step) > 40 for step in steps)
    assert len(set(steps)) == len(steps)


def test_a_url_that_is_unreachable_from_here_is_kept_and_explained() -> None:
    peer = Responder([endpoint(url="opc.tcp://plc-7.cell.local:4840/")])
    link = visited(peer, depth=Depth.IDENTIFY)
    seen = last(link, "get_endpoints")
    assert "set it in the server or in DNS" in seen.detail
    assert [f.value for f in seen.facts if f.name == "endpoint_reach"] == ["unresolved"]
    assert link.target.address == "127.0.0.1"


def test_our_own_expired_certificate_is_named_before_it_is_sent(tmp_path: Path) -> None:
    link = visited(Secured(), held(tmp_path, days=-1))
    verdict = next(s for s in link.observations if s.reason == "credential_unusable")
    assert verdict.outcome is Outcome.NOT_ASKED
    assert "expired" in verdict.detail or "valid" in verdict.detail


def test_the_codes_of_the_doctor_are_those_of_the_standard() -> None:
    for name in ("BadCertificateUntrusted", "BadTooManySessions", "BadTcpEndpointUrlInvalid"):
        assert CODES[name] == getattr(ua.StatusCodes, name)
    assert struct.pack("<I", CODES["BadCertificateUntrusted"]) == b"\x00\x00\x1a\x80"
