"""The first rung: one datagram that finds an agent and usually names it.

With a credential: the question that `first` describes. A user of version 3 needs the engine's id
and time first: one datagram of engine discovery, once an agent. Silence may be about the credential
alone, so each has its first try before any has its second (docs/decisions/0026). Without a
credential: the discovery alone, and the identity question noted as not asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from protocols.contract import (
    SPOKE,
    Answer,
    Credential,
    Fact,
    Link,
    Observation,
    Outcome,
    Reading,
    Reason,
    Tries,
)
from protocols.snmp import codec, engine, identity, secured
from protocols.snmp.codec import Oid, Response
from protocols.snmp.exchange import (
    LIMIT,
    THREE,
    Session,
    exchange,
    no_late_one,
    question,
    without,
)
from protocols.snmp.first import less, opening, read_system
from protocols.snmp.message import Engine
from protocols.snmp.sessions import VERSIONS, Community
from protocols.snmp.usm import UnusableError

MOST_CREDENTIALS = 4
MOST_RETRIES = 3
SECURED = ""  # in place of a name: whatever users there are
ENGINE_QUESTION = ("discover", "v3 engine")
SYSTEM_QUESTION = ("get", "system")


def knocks(credentials: Sequence[Credential]) -> int:
    """How many different questions silence is met by: one for each community, one for an engine."""
    named = credentials[:MOST_CREDENTIALS]
    return max(1, len({c.name if c.type in VERSIONS else SECURED for c in named}))


async def discover(link: Link) -> None:
    """Find the agent with the first credential that it serves; see the module's words."""
    named = link.credentials[:MOST_CREDENTIALS]
    if knocks(named) == 1:  # an engine is asked once for all its users
        await _round(link, named, Tries.ALL)
    else:
        silent = await _round(link, named, Tries.FIRST)
        await _round(link, silent, Tries.SECOND)
    if all(o.outcome is Outcome.NOT_ASKED for o in link.heard):
        await _discover_engine(link, fresh=False)
    if not link.credentials:
        _unnamed(link)


def _unnamed(link: Link) -> None:
    """Say that nobody was asked who they are for want of a credential; where nobody listens or a
    filter refuses, for that reason: there no credential would open anything."""
    heard = {o.outcome for o in link.heard}
    if heard & {Outcome.CLOSED, Outcome.BLOCKED, Outcome.NO_PATH}:
        reason, detail = Reason.DEPENDENCY, "nobody is there to be asked"
    elif heard & SPOKE:
        reason, detail = Reason.NO_CREDENTIAL, "SNMPv3 answered; name a credential to ask who it is"
    else:
        reason, detail = Reason.NO_CREDENTIAL, "no credential is named for SNMP"
    link.note(question(*SYSTEM_QUESTION), Outcome.NOT_ASKED, reason, detail=detail)


async def _round(
    link: Link, credentials: Sequence[Credential], tries: Tries
) -> Sequence[Credential]:
    """Try them in their order; those that met silence, where nothing says that this is all."""
    silent = []
    for credential in credentials:
        asked = [o.outcome for o in link.heard if o.outcome is not Outcome.NOT_ASKED]
        fresh = bool(asked) and asked[-1] not in SPOKE
        outcome = await _try(link, credential, fresh=fresh, tries=tries)
        if outcome is Outcome.SILENT:
            if any(item in SPOKE for item in asked):
                return ()  # the next silence of an agent that had answered is a sign of distress
            silent.append(credential)
        elif outcome not in (None, Outcome.REFUSED_AUTH):
            return ()  # anything else is not about the credential
    return silent


async def _try(link: Link, credential: Credential, *, fresh: bool, tries: Tries) -> Outcome | None:
    """What became of one credential; None where nothing was sent for it."""
    if credential.type in VERSIONS:
        session = Community(VERSIONS[credential.type], credential)
        return await ask_system(link, session, fresh=fresh, tries=tries)
    return await secure_session(link, credential, fresh=fresh, tries=tries)


async def ask_system(
    link: Link, session: Session, *, fresh: bool, tries: Tries = Tries.ALL
) -> Outcome:
    """What became of asking under this session; emits who the agent is."""
    kind, oids = opening(session.version)
    asked = question(*SYSTEM_QUESTION)
    answer, response = await exchange(
        link, session, asked, kind, oids, read_system, fresh=fresh, tries=tries
    )
    for _ in range(MOST_RETRIES):
        if response is None or not response.error_status:
            break
        if answer.outcome is Outcome.REFUSED_AUTH:
            break  # fewer names change nothing about who may read
        oids = less(kind, oids, response)
        if not oids:
            break
        answer, response = await exchange(
            link, session, asked, kind, oids, partial(read_system, asked=oids)
        )
    return answer.outcome


def fewer(oids: tuple[Oid, ...], response: Response) -> tuple[Oid, ...]:
    """What to ask after an error: without the name at fault, or half."""
    at_fault = response.error_status in (codec.NO_SUCH_NAME, codec.GEN_ERR)
    return without(oids, response.error_index if at_fault else 0)


async def _discover_engine(link: Link, *, fresh: bool, tries: Tries = Tries.ALL) -> Outcome:
    message_id = link.next_id()

    def read(data: bytes) -> Reading[Engine]:
        no_late_one(link, THREE, data)
        found = engine.decode_report(data, message_id)
        return Reading(found, discovered_facts(found))

    answer: Answer[Engine] = await link.ask(
        question(*ENGINE_QUESTION),
        engine.encode_discovery(message_id),
        read=read,
        limit=LIMIT,
        fresh=fresh,
        tries=tries,
    )
    return answer.outcome


def discovered_facts(found: Engine) -> tuple[Fact, ...]:
    """What an engine says without a key. A net-snmp engine names no vendor."""
    source = secured.DISCOVERED
    facts = [
        *secured.engine_facts(found, source),
        Fact("security", "SNMPv3", source),
    ]
    if found.enterprise:
        facts.append(Fact("enterprise", found.enterprise, f"{source} engine id"))
    if vendor := identity.maker(found.enterprise):
        facts.append(Fact("vendor", vendor, f"{source} engine id, IANA enterprise"))
    if found.mac:
        facts.append(Fact("mac", found.mac, f"{source} engine id"))
    return tuple(facts)


async def secure_session(
    link: Link, credential: Credential, *, fresh: bool, tries: Tries = Tries.ALL
) -> Outcome | None:
    """Ask who the agent is under SNMPv3 security; None where the credential cannot be used."""
    try:
        secured.level(credential)
        if secured.engine_heard(link.heard) is None:
            asked = sum(_of_engine(o) for o in link.heard)
            if asked and tries is Tries.FIRST:
                return Outcome.SILENT  # the engine's silence stands for each of its users
            if asked > (tries is Tries.SECOND):
                raise UnusableError("no SNMPv3 engine answered")
            outcome = await _discover_engine(link, fresh=fresh, tries=tries)
            if outcome is not Outcome.COMPLETE:
                return outcome
        session = secured.open_session(link, credential)
    except UnusableError as error:
        link.note(
            question(*SYSTEM_QUESTION),
            Outcome.NOT_ASKED,
            Reason.NO_CREDENTIAL,
            detail=f"credential {credential.name}: {error}",
            credential=credential.name,
        )
        return None
    return await ask_system(link, session, fresh=False) if session else None


def _of_engine(observation: Observation) -> bool:
    return (observation.question.operation, observation.question.argument) == ENGINE_QUESTION
