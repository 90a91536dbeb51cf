"""One request and its answer under one credential, and how errors become outcomes.

The rule: an error status is an answer. `exchange` hands it back as a `Response` with its status,
so that the caller can ask again for less; the observation carries the outcome of the table below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from protocols.contract import (
    SPOKE,
    Answer,
    Credential,
    Link,
    Outcome,
    Question,
    Reading,
)
from protocols.snmp import codec
from protocols.snmp.codec import Binding, Oid, Response

T = TypeVar("T")

LIMIT = 65_535  # safety.md 2: a datagram
TEXT_CHARACTERS = 4_096
VERSIONS = {"snmp-v1": codec.V1, "snmp-v2c": codec.V2C}
# RFC 3416, 3: the error statuses that say more than "no"; any other is a capability refused
_ERRORS = {
    codec.TOO_BIG: (Outcome.REFUSED_RESOURCE, "tooBig"),
    codec.NO_SUCH_NAME: (Outcome.EMPTY, "noSuchName"),
    codec.GEN_ERR: (Outcome.REFUSED_CAPABILITY, "genErr"),
    codec.NO_ACCESS: (Outcome.REFUSED_AUTH, "noAccess"),
    13: (Outcome.REFUSED_RESOURCE, "resourceUnavailable"),
    codec.AUTHORIZATION: (Outcome.REFUSED_AUTH, "authorizationError"),
}


@dataclass(frozen=True, slots=True)
class Session:
    """A version and the credential that worked, or is tried."""

    version: int
    credential: Credential

    def request(
        self,
        kind: int,
        request_id: int,
        oids: tuple[Oid, ...],
        non_repeaters: int = 0,
        repetitions: int = 0,
    ) -> bytes:
        """The datagram; the only place where a community is revealed."""
        return codec.encode_request(
            self.version,
            self.credential.secret.reveal().encode(),
            kind,
            request_id,
            oids,
            non_repeaters,
            repetitions,
        )


def question(operation: str, argument: str = "", part: str = "") -> Question:
    """A question of this protocol."""
    return Question("snmp", operation, part, argument)


def sessions(link: Link) -> tuple[Session, ...]:
    """One session for each credential of version 1 or 2c, in the order in which they are named."""
    return tuple(
        Session(VERSIONS[credential.type], credential)
        for credential in link.credentials
        if credential.type in VERSIONS
    )


def working(link: Link) -> Session | None:
    """The session under which this agent answered, from what was heard so far."""
    labels = {o.credential for o in link.heard if o.credential and o.outcome in SPOKE}
    return next((s for s in sessions(link) if s.credential.name in labels), None)


def outcome_of(status: int) -> tuple[Outcome, str]:
    """Outcome and reason of an error status other than zero."""
    return _ERRORS.get(status, (Outcome.REFUSED_CAPABILITY, f"error {status}"))


async def exchange(
    link: Link,
    session: Session,
    asked: Question,
    kind: int,
    oids: tuple[Oid, ...],
    read: Callable[[Response], Reading[T]],
    *,
    repetitions: int = 0,
    fresh: bool = False,
) -> tuple[Answer[tuple[Response, T | None]], Response | None]:
    """Ask once. The response is None when nothing valid came; an error status is a response."""
    request_id = link.next_id()

    def decode(data: bytes) -> Reading[tuple[Response, T | None]]:
        response = codec.decode_response(data, session.version, kind, request_id, oids)
        if response.error_status:
            outcome, reason = outcome_of(response.error_status)
            return Reading(
                (response, None),
                outcome=outcome,
                reason=reason,
                detail=f"{reason} at {response.error_index}",
            )
        reading = read(response)
        return Reading(
            (response, reading.value),
            reading.facts,
            reading.points,
            reading.samples,
            reading.outcome,
            reading.reason,
            reading.detail,
            reading.items,
        )

    answer = await link.ask(
        asked,
        session.request(kind, request_id, oids, 0, repetitions),
        read=decode,
        limit=LIMIT,
        credential=session.credential.name,
        fresh=fresh,
    )
    return answer, answer.value[0] if answer.value else None


def without(oids: Sequence[Oid], index: int) -> tuple[Oid, ...]:
    """The OIDs but the one at a one-based error index; half of them when the index says nothing."""
    if 1 <= index <= len(oids):
        return (*oids[: index - 1], *oids[index:])
    return tuple(oids[: len(oids) // 2])


def text(binding: Binding | None) -> str:
    """Octets as text without NUL and outer blanks; "" where there is no octet string."""
    if binding is None or binding.tag != codec.OCTETS:
        return ""
    content = binding.content.rstrip(b"\x00")[: 4 * TEXT_CHARACTERS]
    try:
        words = content.decode()
    except UnicodeDecodeError:
        words = content.decode("latin-1")
    return words.replace("\x00", " ").strip()[:TEXT_CHARACTERS]


def number(binding: Binding | None) -> int | None:
    """An integer of any width; None where there is none."""
    if binding is None or binding.missing:
        return None
    found = codec.value(binding)
    return found if isinstance(found, int) else None
