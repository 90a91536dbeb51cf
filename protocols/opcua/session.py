"""Opening and ending one session, with or without security; the words are `choice`'s.

One attempt per credential; after a refusal only anonymous without security may follow, which shows
no secret. With security, both sides sign the other's nonce and certificate, and the session must
show the certificate and the endpoint that the channel was opened with.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence
from datetime import timedelta

from protocols.contract import (
    DATA,
    Garbled,
    Link,
    Observation,
    Outcome,
    Question,
    Reading,
    Reason,
)
from protocols.opcua.binary import Cursor
from protocols.opcua.certificate import leaf
from protocols.opcua.channel import Channel
from protocols.opcua.channel import reply_length as reply
from protocols.opcua.choice import CERTIFICATE, Identity, Verdict, protection, trusted
from protocols.opcua.client import URI, Client, load
from protocols.opcua.discovery import Endpoint, short_policy
from protocols.opcua.envelope import Envelope
from protocols.opcua.identify import url_of
from protocols.opcua.numbers import (
    ACTIVATE_SESSION,
    CLOSE_SESSION,
    CREATE_SESSION,
    MOST_MESSAGE,
    NAME,
)
from protocols.opcua.policies import (
    NONCE_BYTES,
    PASSWORDS,
    POLICIES,
    encrypt,
    fitting_key,
    public_key,
    sign,
    verify,
)
from protocols.opcua.services import (
    Session,
    activate_session,
    anonymous_token,
    certificate_token,
    close_session,
    create_session,
    read_session,
    user_token,
)

SESSION = Question(NAME, "session")
UNUSABLE, SERVER_KEY = "credential_unusable", "server_key"
"""What is wrong with a certificate of ours, or with the server's key. Not `our_side`: asked again
by a resume, it would end the same way."""


class UnfitServer(ValueError):
    """The server's certificate holds no key that a secured channel could be opened with."""


def report(link: Link, verdicts: tuple[Verdict, ...]) -> None:
    """Put every verdict on record."""
    for verdict in verdicts:
        link.note(
            Question(NAME, "session", argument=verdict.credential),
            verdict.outcome,
            str(verdict.reason),
            detail=verdict.detail,
            credential=verdict.credential,
        )


def envelope_of(link: Link, identity: Identity) -> Envelope | None:
    """What secures the channel of this identity; None where it needs nothing.

    Raises `ValueError` with the step to take when our certificate or the server's will not do.
    """
    if identity.endpoint is None or identity.certificate is None:
        return None
    endpoint = identity.endpoint
    client = load(identity.certificate, link.now())
    der = leaf(endpoint.certificate)
    policy = POLICIES[short_policy(endpoint.policy)]
    try:
        key = fitting_key(der)
    except ValueError as error:
        raise UnfitServer(str(error)) from error
    return Envelope(policy, endpoint.mode, client, der, key, os.urandom(NONCE_BYTES))


def unusable(identity: Identity, why: ValueError) -> Verdict:
    """A certificate that did not get as far as the network."""
    name = identity.certificate.name if identity.certificate else ""
    reason = SERVER_KEY if isinstance(why, UnfitServer) else UNUSABLE
    return Verdict(Outcome.NOT_ASKED, reason, f"credential {name}: {why}", name)


def after_refusal(heard: Sequence[Observation], client: Client) -> tuple[Verdict, ...]:
    """What our own evidence adds to the refusal of a secured channel or session."""
    last = heard[-1]
    if last.outcome is Outcome.HUNG_UP:
        return (
            Verdict(
                Outcome.NOT_ASKED,
                Reason.DEPENDENCY,
                "the server hung up without a word when our certificate came: most servers that "
                f"do so do not trust it; trust our certificate {client.thumbprint} there",
                last.credential,
            ),
        )
    facts = [fact for seen in heard for fact in seen.facts if fact.name == "clock_skew_seconds"]
    skew = next((fact.value for fact in reversed(facts)), None)
    if last.reason != "certificate_expired" or not isinstance(skew, int | float):
        return ()
    there = last.time + timedelta(seconds=skew)
    if client.not_before <= there <= client.not_after:
        return ()
    return (
        Verdict(
            Outcome.REFUSED_AUTH,
            Reason.CLOCK_SKEW,
            f"the server's clock shows {there:%Y-%m-%d %H:%M} UTC, {abs(skew):.0f} s from ours: "
            "our certificate is not valid there; set the server's clock (NTP)",
            last.credential,
        ),
    )


async def open_session(
    link: Link, channel: Channel, identity: Identity, known: tuple[Endpoint, ...]
) -> bool:
    """CreateSession and ActivateSession; whether the session may be used."""
    envelope, nonce = channel.envelope, os.urandom(NONCE_BYTES)
    own = envelope.client if envelope else None
    request = create_session(
        url_of(link.target), nonce, own.uri if own else URI, own.certificate if own else None
    )
    answer = await link.ask(
        Question(NAME, "create_session"),
        channel.ask(CREATE_SESSION, request),
        frame=reply,
        read=channel.read(CREATE_SESSION, lambda cursor, _: _created(cursor, envelope, nonce)),
        limit=MOST_MESSAGE,
        credential=identity.label,
    )
    session = answer.value
    if session is None:
        return False
    channel.session = session.token
    try:
        token = _token(session, identity, known, envelope)
    except ValueError as error:
        link.note(
            SESSION,
            Outcome.NOT_ASKED,
            Reason.SAFETY_HOLD,
            detail=f"nothing secret was sent to this server: {error}",
            credential=identity.label,
        )
        return False
    activated = await link.ask(
        SESSION,
        channel.ask(
            ACTIVATE_SESSION,
            activate_session(
                token, *_signature(envelope, session), _of_user(identity, envelope, session)
            ),
        ),
        frame=reply,
        read=channel.read(ACTIVATE_SESSION, lambda cursor, _: Reading(_activated(cursor))),
        limit=65_536,
        credential=identity.label,
    )
    return activated.outcome in DATA


def _created(cursor: Cursor, envelope: Envelope | None, nonce: bytes) -> Reading[Session]:
    """The new session; with security it must be that of the channel's own server."""
    session = read_session(cursor)
    if envelope is None:
        return Reading(session)
    if leaf(session.certificate) != envelope.server:
        raise Garbled("the session shows another certificate than the channel")
    signed = envelope.client.certificate + nonce
    verify(envelope.policy, envelope.server_key, session.signature, signed)
    offers = {(item.policy, item.mode) for item in session.endpoints}
    if offers and (envelope.policy.uri, envelope.mode) not in offers:
        raise Garbled("the session's endpoint list lacks the endpoint of this channel")
    return Reading(session)


def _signature(envelope: Envelope | None, session: Session) -> tuple[str | None, bytes | None]:
    """Our proof that we hold the key: algorithm and signature (OPC 10000-4, 5.6.3)."""
    if envelope is None:
        return None, None
    signed = envelope.server + session.nonce
    return envelope.policy.signature, sign(envelope.policy, envelope.client.key, signed)


def _of_user(
    identity: Identity, envelope: Envelope | None, session: Session
) -> tuple[str | None, bytes | None]:
    """The same proof for our certificate as the user's, by the token's own policy (5.6.3)."""
    if envelope is None or identity.endpoint is None or identity.token.kind != CERTIFICATE:
        return None, None
    policy = POLICIES[short_policy(identity.token.policy or identity.endpoint.policy)]
    signed = envelope.server + session.nonce
    return policy.signature, sign(policy, envelope.client.key, signed)


def _activated(cursor: Cursor) -> int:
    return len(cursor.octets() or b"")


def _token(
    session: Session, identity: Identity, known: tuple[Endpoint, ...], envelope: Envelope | None
) -> bytes:
    """The identity token; `ValueError` when the password cannot be protected."""
    if envelope is not None and identity.token.kind == CERTIFICATE:
        return certificate_token(identity.token.id, envelope.client.certificate)
    if identity.credential is None:
        return anonymous_token(identity.token.id)
    user, shield = identity.credential, identity.token.policy
    name = protection(identity.token, identity.endpoint) if identity.endpoint else ""
    shown = (item.certificate for item in known if item.certificate)
    certificate = leaf(session.certificate or next(shown, b""))
    if not trusted(user, certificate):
        raise ValueError("the session shows a certificate that the credential does not trust")
    if name == "channel":
        return user_token(identity.token.id, user.user, user.secret.reveal().encode(), None)
    cipher, algorithm = protect(
        user.secret.reveal, session.nonce, certificate, name or short_policy(shield)
    )
    return user_token(identity.token.id, user.user, cipher, algorithm)


def protect(
    password: Callable[[], str], nonce: bytes, certificate: bytes, policy: str
) -> tuple[bytes, str]:
    """The password for the server's eyes only (OPC 10000-4, 7.40.2.2), and the algorithm's URI.

    Raises `ValueError` when the server's certificate holds no RSA key.
    """
    suite, key = PASSWORDS[policy], public_key(certificate)
    secret = password().encode() + nonce
    return encrypt(suite, key, struct.pack("<I", len(secret)) + secret), suite.encryption


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
