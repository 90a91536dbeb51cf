"""One SNMPv3 user at one engine: requests out, answers believed or not (RFC 3414, 3.1 and 3.2).

The rule: an answer counts when message id, engine, user, level, digest, time and PDU agree, in
this order. A Report is the agent's refusal and says why; the one that tells the agent's time is
taken once and leads to the same question again.

    plain request --guard--> seal: engine's time, salt, AES, digest --> agent
    agent --> digest, time, AES --> Response to the request, or a Report

A session lives as long as one rung: its keys are made from what the conversation has heard of the
engine (`link.heard`) and forgotten with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from secrets import token_bytes
from typing import NoReturn

from protocols.contract import (
    Credential,
    Fact,
    Garbled,
    Link,
    Observation,
    Outcome,
    Reason,
    Refused,
    Sealed,
    Stale,
)
from protocols.snmp import codec, engine, message, usm
from protocols.snmp.codec import Oid, Pdu, Response
from protocols.snmp.exchange import NOT_IN_WINDOW
from protocols.snmp.message import Engine, Message
from protocols.snmp.usm import Authentication, Keys, Privacy, UnusableError

WINDOW_SECONDS = 150  # RFC 3414, 2.2.3
MOST_USER = 32  # RFC 3414, 2.4: msgUserName
MOST_TIME = 2**31 - 1
DISCOVERED, REPORTED = "snmp v3 discovery", "snmp v3 report"
NOT_IN_TIME_WINDOWS: Oid = (*engine.USM_STATS, 2, 0)
MPD_STATS: Oid = (1, 3, 6, 1, 6, 3, 11, 2, 1)  # RFC 3412, 5
TARGET: Oid = (1, 3, 6, 1, 6, 3, 12, 1)  # RFC 3413, 4.1.2

_REPORTS: dict[Oid, tuple[Outcome, str, str]] = {
    (*engine.USM_STATS, 1, 0): (
        Outcome.REFUSED_AUTH,
        Reason.MODE_NOT_OFFERED,
        "unsupportedSecLevels: the user is not configured for this level",
    ),
    NOT_IN_TIME_WINDOWS: (
        Outcome.REFUSED_AUTH,
        Reason.CLOCK_SKEW,
        "notInTimeWindows: the agent did not accept the time that it had told",
    ),
    (*engine.USM_STATS, 3, 0): (
        Outcome.REFUSED_AUTH,
        Reason.USER_REJECTED,
        "unknownUserNames: the agent does not know this user",
    ),
    engine.UNKNOWN_ENGINE_IDS: (
        Outcome.REFUSED_CAPABILITY,
        "unknownEngineIDs",
        "unknownEngineIDs: the agent denies the engine id that it had told",
    ),
    (*engine.USM_STATS, 5, 0): (
        Outcome.REFUSED_AUTH,
        Reason.USER_REJECTED,
        "wrongDigests: the agent has another auth protocol or secret for this user",
    ),
    (*engine.USM_STATS, 6, 0): (
        Outcome.REFUSED_AUTH,
        Reason.USER_REJECTED,
        "decryptionErrors: the agent has another privacy protocol or secret for this user",
    ),
    (*MPD_STATS, 1, 0): (Outcome.REFUSED_CAPABILITY, "unknownSecurityModels", "no USM"),
    (*MPD_STATS, 2, 0): (Outcome.REFUSED_CAPABILITY, "invalidMsgs", "message refused"),
    (*MPD_STATS, 3, 0): (Outcome.REFUSED_CAPABILITY, "unknownPDUHandlers", "PDU refused"),
    (*TARGET, 4, 0): (Outcome.REFUSED_RESOURCE, "unavailableContexts", "context unavailable"),
    (*TARGET, 5, 0): (Outcome.REFUSED_CAPABILITY, "unknownContexts", "no default context"),
}
REFUSALS = frozenset({NOT_IN_WINDOW, *(str(reason) for _, reason, _ in _REPORTS.values())})
"""Reasons that come with a Report: nothing was served."""


def level(credential: Credential) -> tuple[Authentication | None, Privacy | None]:
    """What a credential asks for; raises UnusableError where it cannot be done."""
    authentication = usm.authentication_named(credential.auth)
    privacy = usm.privacy_named(credential.privacy)
    if privacy and not authentication:
        raise UnusableError("privacy needs an auth protocol (RFC 3411, 3.4.3)")
    if not 1 <= len(usm.octets_of(credential.user)) <= MOST_USER:
        raise UnusableError("an SNMPv3 user has a name of 1 to 32 bytes")
    return authentication, privacy


def engine_facts(found: Engine, source: str) -> tuple[Fact, ...]:
    """Who an engine is and what time it has."""
    return (
        Fact("engine_id", found.id.hex(), source),
        Fact("boots", found.boots, source),
        Fact("uptime_seconds", float(found.time), source),
    )


def engine_heard(heard: Sequence[Observation]) -> tuple[Engine, datetime] | None:
    """The engine of this conversation as it was last told, and when."""
    for observation in reversed(heard):
        said = {f.name: f.value for f in observation.facts if f.source in (DISCOVERED, REPORTED)}
        identity, boots, seconds = (said.get(n) for n in ("engine_id", "boots", "uptime_seconds"))
        if isinstance(identity, str) and isinstance(boots, int) and isinstance(seconds, float):
            return Engine(bytes.fromhex(identity), boots, int(seconds)), observation.time
    return None


@dataclass(slots=True)
class Secured:
    """A session under the user-based security model. The agent's clock is what changes here."""

    credential: Credential
    keys: Keys
    engine: Engine
    heard_at: datetime
    now: Callable[[], datetime]
    authentic: bool = False  # the clock was told by a signed message
    resynchronised: bool = False

    @property
    def version(self) -> int:
        return codec.V3

    def envelope(
        self, kind: int, request_id: int, oids: tuple[Oid, ...], repetitions: int
    ) -> tuple[bytes | Sealed, Callable[[bytes], Response]]:
        """See `Session`; message and request id are the same number."""
        pdu = codec.encode_pdu(kind, request_id, oids, 0, repetitions)
        user = usm.octets_of(self.credential.user)
        plain = message.encode_plain(request_id, self.engine.id, user, pdu)
        outgoing = Sealed(plain, self.seal) if self.keys.authentication else plain
        return outgoing, lambda data: self.open(data, kind, request_id, oids)

    def seal(self, plain: bytes) -> bytes:
        """The judged request, encrypted and signed at the agent's time of now."""
        salt = token_bytes(usm.SALT_BYTES)
        return usm.seal(message.decode(plain), self.keys, self.engine_now(), salt)

    def engine_now(self) -> Engine:
        """The engine with its clock carried on from when it was told."""
        passed = max(0, int((self.now() - self.heard_at).total_seconds()))
        return replace(self.engine, time=min(self.engine.time + passed, MOST_TIME))

    def open(self, data: bytes, kind: int, request_id: int, oids: tuple[Oid, ...]) -> Response:
        """The response in an answer; raises `Garbled`, `Stale` or, for a Report, `Refused`."""
        answer = message.decode(data)
        if answer.message_id != request_id:
            raise Stale(f"expected message id {request_id}, got {answer.message_id}")
        scoped = self._scoped(data, answer)
        padded = bool(answer.flags & message.PRIVACY)
        _, _, pdu = message.decode_scoped(scoped, padded=padded)
        if pdu.kind == codec.REPORT:
            self._report(answer, pdu)
        self._mine(answer)
        if answer.flags & 3 != self.keys.flags:
            raise Garbled(f"expected security flags {self.keys.flags}, got {answer.flags & 3}")
        response = codec.match(pdu, kind, request_id, oids)
        if self.keys.authentication:
            self._timely(answer.engine)
        return response

    def _scoped(self, data: bytes, answer: Message) -> bytes:
        """The scoped PDU in clear; whatever claims to be signed must be."""
        claimed = answer.flags & 3
        if not claimed:
            return answer.payload
        if not claimed & message.AUTH or claimed & ~self.keys.flags:
            raise Garbled(f"expected security flags {self.keys.flags}, got {claimed}")
        self._mine(answer)
        usm.verify(data, answer, self.keys)
        return usm.decrypt(answer, self.keys) if claimed & message.PRIVACY else answer.payload

    def _mine(self, answer: Message) -> None:
        engine.checked(answer.engine)
        if answer.engine.id != self.engine.id:
            raise Garbled(f"expected engine {self.engine.id.hex()}, got {answer.engine.id.hex()}")
        if answer.user != usm.octets_of(self.credential.user):
            raise Garbled("expected an answer to our user, got another's")

    def _timely(self, told: Engine) -> None:
        """Take the clock from a signed answer; raises `Garbled` for an old one (3.2, 7b)."""
        known = self.engine_now()
        old = (told.boots, told.time + WINDOW_SECONDS) < (known.boots, known.time)
        if self.authentic and old:
            raise Garbled(f"expected an answer of boot {known.boots} at {known.time} s, got older")
        self._set_clock(told)

    def _set_clock(self, told: Engine) -> None:
        self.engine, self.heard_at, self.authentic = told, self.now(), True

    def _report(self, answer: Message, pdu: Pdu) -> NoReturn:
        counter = pdu.bindings[0].oid if pdu.bindings else ()
        if counter not in _REPORTS:
            raise Garbled(f"expected a known counter in the Report, got {codec.dotted(counter)}")
        outcome, reason, detail = _REPORTS[counter]
        signed = bool(answer.flags & message.AUTH)
        if counter == NOT_IN_TIME_WINDOWS and signed and not self.resynchronised:
            self.resynchronised = True
            self._set_clock(answer.engine)
            told = engine_facts(answer.engine, REPORTED)
            raise Refused(Outcome.EMPTY, NOT_IN_WINDOW, "the agent told its time", told)
        raise Refused(outcome, str(reason), detail if signed else f"{detail} (unsigned Report)")


def open_session(link: Link, credential: Credential) -> Secured | None:
    """The user's session at the engine that was heard; None for none. Raises UnusableError."""
    heard = engine_heard(link.heard)
    if heard is None:
        return None
    authentication, privacy = level(credential)
    secret = credential.secret.reveal() if authentication else ""
    other = credential.privacy_secret
    private = other.reveal() if other is not None and privacy else secret
    keys = usm.make_keys(authentication, privacy, secret, private, heard[0].id)
    return Secured(credential, keys, *heard, now=link.now)
