"""A session without channel security, or the reason why there is none: "why can't I connect".

`choose` is pure: from the endpoints and the named credentials to one identity, or to one verdict
with the step to take. A password is sent only when the endpoint's token policy encrypts it; in
clear it never leaves. One attempt per credential.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass

from protocols.contract import DATA, Credential, Link, Outcome, Question, Reading, Reason
from protocols.opcua.binary import Cursor
from protocols.opcua.certificate import leaf
from protocols.opcua.channel import Channel
from protocols.opcua.channel import reply_length as reply
from protocols.opcua.discovery import Endpoint, TokenPolicy, short_policy
from protocols.opcua.identify import url_of
from protocols.opcua.numbers import (
    ACTIVATE_SESSION,
    CLOSE_SESSION,
    CREATE_SESSION,
    MOST_MESSAGE,
    NAME,
)
from protocols.opcua.services import (
    Session,
    activate_session,
    anonymous_token,
    close_session,
    create_session,
    read_session,
    user_token,
)

SESSION = Question(NAME, "session")
_OAEP_SHA1 = "http://www.w3.org/2001/04/xmlenc#rsa-oaep"
_OAEP_SHA256 = "http://opcfoundation.org/UA/security/rsa-oaep-sha2-256"
ENCRYPTIONS = {
    "Basic256": (_OAEP_SHA1, "SHA1"),
    "Basic256Sha256": (_OAEP_SHA1, "SHA1"),
    "Aes128_Sha256_RsaOaep": (_OAEP_SHA1, "SHA1"),
    "Aes256_Sha256_RsaPss": (_OAEP_SHA256, "SHA256"),
}
"""How a token policy encrypts a password (OPC 10000-7, 6.6). Basic128Rsa15 is broken: not here."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we shall be: the token policy, and the credential unless anonymous."""

    token: TokenPolicy
    credential: Credential | None = None

    @property
    def label(self) -> str:
        """The credential's name in evidence."""
        return self.credential.name if self.credential else "anonymous"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why there is no session, and the step to take."""

    outcome: Outcome
    reason: str
    detail: str
    credential: str = ""


def choose(
    endpoints: tuple[Endpoint, ...], credentials: tuple[Credential, ...]
) -> tuple[Identity | None, tuple[Verdict, ...]]:
    """The identity for an unsecured session, and what stood in the way of better ones."""
    certificate = next((c for c in credentials if c.type == "opcua-certificate"), None)
    user = next((c for c in credentials if c.type == "opcua-user"), None)
    tokens = [token for item in endpoints if item.open for token in item.tokens]
    verdicts: list[Verdict] = []
    if certificate is not None:
        verdicts.append(secured(endpoints, certificate))
    if not any(item.open for item in endpoints):
        return None, (*verdicts, _no_open_endpoint(endpoints, user))
    if user is not None:
        found = next((t for t in tokens if t.kind == 1 and _policy(t) in ENCRYPTIONS), None)
        if found:
            return Identity(found, user), tuple(verdicts)
        verdicts.append(_password_kept(tokens, user))
    anonymous = next((token for token in tokens if token.kind == 0), None)
    if anonymous:
        return Identity(anonymous), tuple(verdicts)
    kinds = "+".join(dict.fromkeys(token.word for token in tokens)) or "no identity"
    verdicts.append(
        Verdict(
            Outcome.REFUSED_AUTH,
            Reason.ANONYMOUS_NOT_OFFERED,
            f"anonymous is off, offered: {kinds}; get a read-only user (or switch anonymous "
            "reading on) and name it as a credential",
        )
    )
    return None, tuple(verdicts)


def _policy(token: TokenPolicy) -> str:
    return short_policy(token.policy)


def _no_open_endpoint(endpoints: tuple[Endpoint, ...], user: Credential | None) -> Verdict:
    offers = ", ".join(dict.fromkeys(item.security for item in endpoints)) or "nothing"
    asked = f" (credential {user.name} needs an encrypted channel here)" if user else ""
    return Verdict(
        Outcome.REFUSED_AUTH,
        Reason.MODE_NOT_OFFERED,
        f"no endpoint without security{asked}; offered: {offers[:300]}; make a client certificate, "
        "have it trusted in the server and name it as a credential",
        user.name if user else "",
    )


def _password_kept(tokens: list[TokenPolicy], user: Credential) -> Verdict:
    if not any(token.kind == 1 for token in tokens):
        return Verdict(
            Outcome.REFUSED_AUTH,
            "username_not_offered",
            "the open endpoint takes no user name; use an endpoint of the list that does",
            user.name,
        )
    return Verdict(
        Outcome.NOT_ASKED,
        Reason.SAFETY_HOLD,
        "the endpoint would take the password in clear: it was not sent; switch on an encrypted "
        "token policy or use a secured endpoint",
        user.name,
    )


def secured(endpoints: tuple[Endpoint, ...], credential: Credential) -> Verdict:
    """What a certificate can open: the policy that it names must be offered."""
    offered = {short_policy(item.policy) for item in endpoints if item.binary and item.mode > 1}
    wanted = credential.privacy
    if not offered or (wanted and wanted not in offered):
        return Verdict(
            Outcome.REFUSED_AUTH,
            Reason.POLICY_NOT_OFFERED,
            f"policy {wanted or 'with security'} is not offered, but: "
            f"{', '.join(sorted(offered)) or 'None only'}; choose one of these",
            credential.name,
        )
    return Verdict(
        Outcome.NOT_ASKED,
        Reason.DEPENDENCY,
        "a secured session runs in a depth worker, which this scan does not have",
        credential.name,
    )


def secure_session(link: Link, credential: Credential, endpoints: tuple[Endpoint, ...]) -> None:
    """The seam for a session over Sign or SignAndEncrypt: today it says that none was tried."""
    _note(link, secured(endpoints, credential))


def report(link: Link, verdicts: tuple[Verdict, ...]) -> None:
    """Put every verdict on record."""
    for verdict in verdicts:
        _note(link, verdict)


def _note(link: Link, verdict: Verdict) -> None:
    question = Question(NAME, "session", argument=verdict.credential)
    link.note(
        question,
        verdict.outcome,
        str(verdict.reason),
        detail=verdict.detail,
        credential=verdict.credential,
    )


def encrypt(password: str, session: Session, token: TokenPolicy) -> tuple[bytes, str]:
    """The password for the server's eyes only (OPC 10000-4, 7.40.2.2), and the algorithm's URI.

    Raises `ValueError` when the server's certificate holds no RSA key.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    uri, digest_name = ENCRYPTIONS[_policy(token)]
    digest = hashes.SHA1() if digest_name == "SHA1" else hashes.SHA256()  # noqa: S303 - OAEP's own
    key = x509.load_der_x509_certificate(leaf(session.certificate)).public_key()
    if not isinstance(key, RSAPublicKey):
        raise ValueError("no RSA key")
    secret = password.encode() + session.nonce
    plain = struct.pack("<I", len(secret)) + secret
    block = key.key_size // 8 - 2 * digest.digest_size - 2
    padding = OAEP(mgf=MGF1(digest), algorithm=digest, label=None)
    pieces = (plain[at : at + block] for at in range(0, len(plain), block))
    return b"".join(key.encrypt(piece, padding) for piece in pieces), uri


async def open_session(
    link: Link, channel: Channel, identity: Identity, known: tuple[Endpoint, ...]
) -> bool:
    """CreateSession and ActivateSession; whether the session may be used."""
    answer = await link.ask(
        Question(NAME, "create_session"),
        channel.ask(CREATE_SESSION, create_session(url_of(link.target), os.urandom(32))),
        frame=reply,
        read=channel.read(CREATE_SESSION, lambda cursor, _: Reading(read_session(cursor))),
        limit=MOST_MESSAGE,
        credential=identity.label,
    )
    session = answer.value
    if session is None:
        return False
    channel.session = session.token
    try:
        token = _token(session, identity, known)
    except ValueError as error:
        link.note(
            SESSION,
            Outcome.NOT_ASKED,
            Reason.SAFETY_HOLD,
            detail=f"the password cannot be encrypted for this server: {error}",
            credential=identity.label,
        )
        return False
    activated = await link.ask(
        SESSION,
        channel.ask(ACTIVATE_SESSION, activate_session(token)),
        frame=reply,
        read=channel.read(ACTIVATE_SESSION, lambda cursor, _: Reading(_activated(cursor))),
        limit=65_536,
        credential=identity.label,
    )
    return activated.outcome in DATA


def _activated(cursor: Cursor) -> int:
    return len(cursor.octets() or b"")


def _token(session: Session, identity: Identity, known: tuple[Endpoint, ...]) -> bytes:
    if identity.credential is None:
        return anonymous_token(identity.token.id)
    if not session.certificate:
        shown = next((item.certificate for item in known if item.certificate), b"")
        session = Session(session.id, session.token, session.nonce, shown, ())
    password = identity.credential.secret.reveal()
    cipher, uri = encrypt(password, session, identity.token)
    return user_token(identity.token.id, identity.credential.user, cipher, uri)


async def end_session(link: Link, channel: Channel) -> None:
    """CloseSession with its subscriptions, CloseSecureChannel, FIN."""
    if channel.session.identifier != 0:
        await link.ask(
            Question(NAME, "close_session"),
            channel.ask(CLOSE_SESSION, close_session()),
            frame=reply,
            read=channel.read(CLOSE_SESSION, lambda _cursor, _header: Reading(None)),
            limit=65_536,
            parting=True,
        )
    await link.close(channel.close())
