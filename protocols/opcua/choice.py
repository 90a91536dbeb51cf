"""Who we shall be, and where: from the endpoints and the named credentials to one identity.

Pure. Where there is none, a verdict says why and names the step to take: "why can't I connect".
A certificate opens the strongest endpoint that we speak; without one, only endpoints without
security are used. A password is chosen only where it leaves encrypted. A credential that names the
servers that it trusts is shown to no other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha1, sha256

from protocols.contract import Credential, Outcome, Reason
from protocols.opcua.certificate import leaf
from protocols.opcua.client import RECIPE
from protocols.opcua.discovery import Endpoint, TokenPolicy, short_policy
from protocols.opcua.envelope import ENCRYPTED
from protocols.opcua.policies import PASSWORDS, POLICIES

ANONYMOUS, USER_NAME, CERTIFICATE = 0, 1, 2  # UserTokenType (OPC 10000-4, 7.43)
UNEXPECTED = "server_certificate_unexpected"


@dataclass(frozen=True, slots=True)
class Identity:
    """The token policy, the user's credential unless anonymous, and what secures the channel.

    `endpoint` and `certificate` are both None, or both there.
    """

    token: TokenPolicy
    credential: Credential | None = None
    endpoint: Endpoint | None = None
    certificate: Credential | None = None

    @property
    def name(self) -> str:
        """The credential that stands for the session: the user's, else the certificate's, or ""."""
        held = self.credential or self.certificate
        return held.name if held else ""

    @property
    def label(self) -> str:
        """Who opens the session, in evidence."""
        return self.name or "anonymous"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why there is no such session, and the step to take."""

    outcome: Outcome
    reason: str
    detail: str
    credential: str = ""


NO_ENDPOINT = Verdict(
    Outcome.NOT_ASKED,
    Reason.DEPENDENCY,
    "the server answers and lists no endpoint at all: no client can open a session; switch an "
    "endpoint on in the server",
)

Choice = tuple[Identity | None, tuple[Verdict, ...]]


def choose(endpoints: tuple[Endpoint, ...], credentials: tuple[Credential, ...]) -> Choice:
    """The identity for a session, and what stood in the way of better ones."""
    shown = {leaf(item.certificate) for item in endpoints if item.binary}
    kept = tuple(c for c in credentials if not c.trusts or any(trusted(c, der) for der in shown))
    strange = tuple(_unexpected(c, shown) for c in credentials if c not in kept)
    identity, verdicts = _chosen(endpoints, kept)
    return identity, (*strange, *verdicts)


def trusted(credential: Credential, der: bytes) -> bool:
    """Whether the credential may be shown to a server with this certificate (b"" for none)."""
    if not credential.trusts:
        return True
    digests = {sha256(der).hexdigest(), sha1(der, usedforsecurity=False).hexdigest()}
    return bool(der) and not digests.isdisjoint(credential.trusts)


def without_secret(endpoints: tuple[Endpoint, ...]) -> Identity | None:
    """Anonymous without security, where that is offered: what is left after a refusal."""
    offered = [item for item in endpoints if item.open]
    found = _with_token(offered, None)
    return replace(found, endpoint=None) if found else None


def _chosen(endpoints: tuple[Endpoint, ...], credentials: tuple[Credential, ...]) -> Choice:
    certificate = next((c for c in credentials if c.type == "opcua-certificate"), None)
    user = next((c for c in credentials if c.type == "opcua-user"), None)
    if certificate is None:
        return _open(endpoints, user)
    identity, verdicts = _secured(endpoints, certificate, user)
    if identity:
        return identity, verdicts
    identity, further = _open(endpoints, user, has_certificate=True)
    return identity, (*verdicts, *further)


def _unexpected(credential: Credential, shown: set[bytes]) -> Verdict:
    digests = ", ".join(sha256(der).hexdigest() for der in sorted(shown) if der)
    said = f"the server shows another certificate ({digests[:300]})" if digests else (
        "the server shows no certificate"
    )  # fmt: skip
    return Verdict(
        Outcome.NOT_ASKED,
        UNEXPECTED,
        f"{said} than credential {credential.name} trusts: nothing secret was sent; find out who "
        "answers here, and if the certificate was renewed, name its SHA-256 under trusts",
        credential.name,
    )


def protection(token: TokenPolicy, endpoint: Endpoint) -> str:
    """The policy that encrypts a password, "channel" where the channel does, "" where none does."""
    name = short_policy(token.policy or endpoint.policy)
    if name in PASSWORDS:
        return name
    return "channel" if name == "None" and endpoint.mode == ENCRYPTED else ""


def _secured(
    endpoints: tuple[Endpoint, ...], certificate: Credential, user: Credential | None
) -> Choice:
    wanted = certificate.privacy
    offered = [item for item in endpoints if item.binary and item.mode > 1]
    fitting = [
        item
        for item in offered
        if short_policy(item.policy) in POLICIES and wanted in ("", short_policy(item.policy))
        if trusted(certificate, leaf(item.certificate))
    ]
    if not fitting:
        return None, (_not_offered(offered, certificate),)
    fitting.sort(key=lambda item: (item.mode, POLICIES[short_policy(item.policy)].strength))
    fitting.reverse()
    identity = _with_token(fitting, user) or _with_certificate(fitting)
    if identity:
        verdicts = (_no_user_name(user),) if user and identity.credential is None else ()
        return replace(identity, certificate=certificate), verdicts
    tokens = [token for item in fitting for token in item.tokens]
    return None, (_anonymous_off(tokens, certificate.name),)


def _with_token(endpoints: list[Endpoint], user: Credential | None) -> Identity | None:
    """The first endpoint that takes the user, else the first that takes anybody."""
    if user is not None:
        for item in endpoints:
            for token in item.tokens:
                shielded = token.kind == USER_NAME and protection(token, item)
                if shielded and trusted(user, leaf(item.certificate)):
                    return Identity(token, user, item)
    for item in endpoints:
        for token in item.tokens:
            if token.kind == ANONYMOUS:
                return Identity(token, None, item)
    return None


def _with_certificate(endpoints: list[Endpoint]) -> Identity | None:
    """The first endpoint that takes our certificate as a user's too, signed as we can sign."""
    for item in endpoints:
        for token in item.tokens:
            if token.kind == CERTIFICATE and short_policy(token.policy or item.policy) in POLICIES:
                return Identity(token, None, item)
    return None


def _open(
    endpoints: tuple[Endpoint, ...], user: Credential | None, *, has_certificate: bool = False
) -> Choice:
    offered = [item for item in endpoints if item.open]
    if not offered:
        return None, () if has_certificate else (_no_open_endpoint(endpoints, user),)
    found = _with_token(offered, user)
    tokens = [token for item in offered for token in item.tokens]
    verdicts = []
    if user is not None and (found is None or found.credential is None):
        verdicts.append(_password_kept(endpoints, tokens, user))
    if found is None:
        verdicts.append(_anonymous_off(tokens))
        return None, tuple(verdicts)
    return replace(found, endpoint=None), tuple(verdicts)


def _not_offered(offered: list[Endpoint], certificate: Credential) -> Verdict:
    """No endpoint for this certificate: none with security, or none with such a policy."""
    names = ", ".join(sorted({short_policy(item.policy) for item in offered}))
    if not offered:
        return Verdict(
            Outcome.REFUSED_AUTH,
            Reason.MODE_NOT_OFFERED,
            "only endpoints without security are offered: nothing to use a certificate for; "
            "switch a secured endpoint on in the server",
            certificate.name,
        )
    wanted = certificate.privacy or " or ".join(POLICIES)
    return Verdict(
        Outcome.REFUSED_AUTH,
        Reason.POLICY_NOT_OFFERED,
        f"policy {wanted} is not offered, but: {names[:300]}; name one of these as the "
        f"credential's privacy, or switch on one that we speak ({', '.join(POLICIES)})",
        certificate.name,
    )


def _anonymous_off(tokens: list[TokenPolicy], credential: str = "") -> Verdict:
    kinds = "+".join(dict.fromkeys(token.word for token in tokens)) or "no identity"
    return Verdict(
        Outcome.REFUSED_AUTH,
        Reason.ANONYMOUS_NOT_OFFERED,
        f"anonymous is off, offered: {kinds}; get a read-only user (or switch anonymous "
        "reading on) and name it as a credential",
        credential,
    )


def _no_open_endpoint(endpoints: tuple[Endpoint, ...], user: Credential | None) -> Verdict:
    offers = ", ".join(dict.fromkeys(item.security for item in endpoints)) or "nothing"
    asked = f" (credential {user.name} needs an encrypted channel here)" if user else ""
    return Verdict(
        Outcome.REFUSED_AUTH,
        Reason.MODE_NOT_OFFERED,
        f"no endpoint without security{asked}; offered: {offers[:300]}; this scanner needs a "
        f"certificate that the server trusts: {RECIPE}",
        user.name if user else "",
    )


def _no_user_name(user: Credential) -> Verdict:
    return Verdict(
        Outcome.REFUSED_AUTH,
        Reason.USERNAME_NOT_OFFERED,
        "no endpoint that we can use takes a user name; we are anonymous",
        user.name,
    )


def _password_kept(
    endpoints: tuple[Endpoint, ...], tokens: list[TokenPolicy], user: Credential
) -> Verdict:
    secured = any(
        item.binary and item.mode > 1 and token.kind == USER_NAME and protection(token, item)
        for item in endpoints
        for token in item.tokens
    )
    step = f"; a secured endpoint does, which needs a certificate: {RECIPE}" if secured else ""
    if not any(token.kind == USER_NAME for token in tokens):
        return Verdict(
            Outcome.REFUSED_AUTH,
            Reason.USERNAME_NOT_OFFERED,
            "the open endpoint takes no user name"
            + (step or "; use an endpoint of the list that does"),
            user.name,
        )
    return Verdict(
        Outcome.NOT_ASKED,
        Reason.SAFETY_HOLD,
        "the endpoint would take the password in clear: it was not sent"
        + (step or "; switch on an encrypted token policy or a secured endpoint"),
        user.name,
    )
