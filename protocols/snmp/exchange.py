"""One request and its answer in one session of any version, and how errors become outcomes.

The rule: an error status is an answer. `exchange` hands it back as a `Response` with its status,
so that the caller can ask again for less; the observation carries the outcome of the table below.
An answer of which something is spoilt is `partial`, whatever it was asked for, and says where.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from protocols.contract import (
    Answer,
    Credential,
    Link,
    Outcome,
    Question,
    Reading,
    Reason,
    Sealed,
    Stale,
    Tries,
)
from protocols.snmp import codec
from protocols.snmp.codec import Binding, Oid, Response

T = TypeVar("T")

THREE = 3  # RFC 3412, 6: the message version of SNMPv3
LIMIT = 65_535  # safety.md 2: a datagram
TEXT_CHARACTERS = 4_096
MALFORMED = "malformed_value"
NOT_IN_WINDOW = "not_in_time_window"  # the agent told its time; the same is asked again, once
# RFC 3416, 3: the error statuses that say more than "no"; any other is a capability refused.
# tooBig is one too: an agent that takes less at once is not busy, and is not let alone as such.
_ERRORS = {
    codec.TOO_BIG: (Outcome.REFUSED_CAPABILITY, "tooBig"),
    codec.NO_SUCH_NAME: (Outcome.EMPTY, "noSuchName"),
    codec.GEN_ERR: (Outcome.REFUSED_CAPABILITY, "genErr"),
    codec.NO_ACCESS: (Outcome.REFUSED_AUTH, Reason.ACCESS_DENIED.value),
    13: (Outcome.REFUSED_RESOURCE, "resourceUnavailable"),
    codec.AUTHORIZATION: (Outcome.REFUSED_AUTH, Reason.ACCESS_DENIED.value),
}


class Session(Protocol):
    """What carries requests to an agent and tells its answers from others'."""

    @property
    def credential(self) -> Credential:
        """Whose label the evidence carries."""

    @property
    def version(self) -> int:
        """The message version."""

    def envelope(
        self, kind: int, request_id: int, oids: tuple[Oid, ...], repetitions: int
    ) -> tuple[bytes | Sealed, Callable[[bytes], Response]]:
        """The datagram, and the decoder of its answer (raises what a `Read` raises)."""


def question(operation: str, argument: str = "", part: str = "") -> Question:
    """A question of this protocol."""
    return Question("snmp", operation, part, argument)


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
    tries: Tries = Tries.ALL,
) -> tuple[Answer[tuple[Response, T | None]], Response | None]:
    """Ask once. The response is None when nothing valid came; an error status is a response."""
    answer = await _once(link, session, asked, kind, oids, read, repetitions, fresh, tries)
    if answer.reason == NOT_IN_WINDOW:
        answer = await _once(link, session, asked, kind, oids, read, repetitions, False)
    return answer, answer.value[0] if answer.value else None


async def _once(
    link: Link,
    session: Session,
    asked: Question,
    kind: int,
    oids: tuple[Oid, ...],
    read: Callable[[Response], Reading[T]],
    repetitions: int,
    fresh: bool,
    tries: Tries = Tries.ALL,
) -> Answer[tuple[Response, T | None]]:
    outgoing, opened = session.envelope(kind, link.next_id(), oids, repetitions)

    def decode(data: bytes) -> Reading[tuple[Response, T | None]]:
        no_late_one(link, session.version, data)
        response = opened(data)
        if response.error_status:
            outcome, reason = outcome_of(response.error_status)
            return Reading(
                (response, None),
                outcome=outcome,
                reason=reason,
                detail=f"error status {response.error_status} at {response.error_index}",
            )
        reading = read(response)
        if any(binding.spoilt for binding in response.bindings):
            reading = _less(reading, response, oids)
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

    return await link.ask(
        asked,
        outgoing,
        read=decode,
        limit=LIMIT,
        credential=session.credential.name,
        fresh=fresh,
        tries=tries,
    )


def no_late_one(link: Link, version: int, data: bytes) -> None:
    """Raises `Stale` for an answer in another format than this question's, where an earlier one of
    this conversation waits for its answer still: version 3 has ids of its own."""
    waits = any(o.outcome is Outcome.SILENT for o in link.heard)
    if waits and (codec.decode_version(data)[0] == THREE) != (version == THREE):
        raise Stale("an answer in the format of an earlier question")


def _less(reading: Reading[T], response: Response, oids: tuple[Oid, ...]) -> Reading[T]:
    """What was read of an answer with spoilt bindings; a bound of ours stays the reason."""
    spoilt = (
        binding.oid or oids[place % len(oids)]
        for place, binding in enumerate(response.bindings)
        if binding.spoilt
    )
    names = ", ".join(codec.dotted(name) for name in list(dict.fromkeys(spoilt))[:3])
    reason = reading.reason if reading.reason == Reason.OUR_CAP else MALFORMED
    detail = f"bindings that are malformed or were not asked for were left out: {names}"
    return replace(reading, outcome=Outcome.PARTIAL, reason=reason, detail=detail)


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


def spoilt(binding: Binding | None) -> bool:
    """Whether there is a value that nobody can believe: neither said nor unsaid."""
    return binding is not None and binding.spoilt
