"""The first rung: one datagram that finds an agent and usually names it.

With a credential: a Get of the system group and of the first row of the ENTITY-MIB (in version 1
of the system group alone, since one absent name refuses a whole version 1 request). A user of
version 3 needs the engine's id and time first: one datagram of engine discovery, once an agent.
Without a credential: the discovery alone, and the identity question noted as not asked.
"""

from __future__ import annotations

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
)
from protocols.snmp import codec, engine, identity, secured
from protocols.snmp.codec import Binding, Oid, Response
from protocols.snmp.exchange import (
    LIMIT,
    Session,
    exchange,
    number,
    question,
    text,
    without,
)
from protocols.snmp.message import Engine
from protocols.snmp.sessions import VERSIONS, Community
from protocols.snmp.usm import UnusableError

MOST_CREDENTIALS = 4
MOST_RETRIES = 3
ENGINE_QUESTION = ("discover", "v3 engine")
SYSTEM: Oid = (1, 3, 6, 1, 2, 1, 1)  # RFC 3418, 2
ENTITY: Oid = (1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1)  # RFC 6933, entPhysicalEntry
SYS_DESCR, SYS_OBJECT_ID, SYS_UPTIME = (*SYSTEM, 1, 0), (*SYSTEM, 2, 0), (*SYSTEM, 3, 0)
SYS_CONTACT, SYS_NAME, SYS_LOCATION = (*SYSTEM, 4, 0), (*SYSTEM, 5, 0), (*SYSTEM, 6, 0)
SYSTEM_GROUP = (SYS_DESCR, SYS_OBJECT_ID, SYS_UPTIME, SYS_CONTACT, SYS_NAME, SYS_LOCATION)
ENTITY_CLASS = (*ENTITY, 5, 1)
ENTITY_ROW = tuple((*ENTITY, column, 1) for column in (5, 13, 11, 10, 9))
CHASSIS = 3
_TEXTS = {
    "description": (SYS_DESCR, "sysDescr.0"),
    "contact": (SYS_CONTACT, "sysContact.0"),
    "name": (SYS_NAME, "sysName.0"),
    "location": (SYS_LOCATION, "sysLocation.0"),
}
_ENTITY_FACTS = (
    ("model", 13, "entPhysicalModelName"),
    ("serial", 11, "entPhysicalSerialNum"),
)
_SOFTWARE, _FIRMWARE = (
    ("firmware", 10, "entPhysicalSoftwareRev"),
    ("firmware", 9, "entPhysicalFirmwareRev"),
)
# Their firmware revision is the boot loader's; everybody else's software is that of an inner layer.
_SOFTWARE_FIRST = frozenset(
    {9, 11, 2011, 2636, 1916, 6486, 6527, 14823, 25461, 25506, 30065, 47196}
)


async def discover(link: Link) -> None:
    """Find the agent with the first credential that it serves; see the module's words."""
    fresh = False
    for credential in link.credentials[:MOST_CREDENTIALS]:
        spoke = any(o.outcome in SPOKE for o in link.heard)
        outcome = await _try(link, credential, fresh=fresh)
        if outcome is None:
            continue
        fresh = outcome not in SPOKE
        if outcome not in (Outcome.SILENT, Outcome.REFUSED_AUTH):
            return  # anything else is not about the credential
        if outcome is Outcome.SILENT and spoke:
            return  # a second silence of an agent that had answered would be a sign of distress
    if all(o.outcome is Outcome.NOT_ASKED for o in link.heard):
        await _discover_engine(link, fresh=False)
    if not link.credentials:
        answered = any(o.outcome in SPOKE for o in link.heard)
        link.note(
            question("get", "system"),
            Outcome.NOT_ASKED,
            Reason.NO_CREDENTIAL,
            detail="SNMPv3 answered; name a credential to ask who it is"
            if answered
            else "no credential is named for SNMP",
        )


async def _try(link: Link, credential: Credential, *, fresh: bool) -> Outcome | None:
    """What became of one credential; None where nothing was sent for it."""
    if credential.type in VERSIONS:
        session = Community(VERSIONS[credential.type], credential)
        return await ask_system(link, session, fresh=fresh)
    return await secure_session(link, credential, fresh=fresh)


async def ask_system(link: Link, session: Session, *, fresh: bool) -> Outcome:
    """What became of asking under this session; emits who the agent is."""
    oids = SYSTEM_GROUP if session.version == codec.V1 else SYSTEM_GROUP + ENTITY_ROW
    asked = question("get", "system")
    answer, response = await exchange(
        link, session, asked, codec.GET, oids, read_system, fresh=fresh
    )
    for _ in range(MOST_RETRIES):
        if response is None or not response.error_status or len(oids) == 1:
            break
        if answer.outcome is Outcome.REFUSED_AUTH:
            break  # fewer names change nothing about who may read
        oids = fewer(oids, response)
        answer, response = await exchange(link, session, asked, codec.GET, oids, read_system)
    return answer.outcome


def fewer(oids: tuple[Oid, ...], response: Response) -> tuple[Oid, ...]:
    """What to ask after an error: without the name at fault, or half."""
    at_fault = response.error_status in (codec.NO_SUCH_NAME, codec.GEN_ERR)
    return without(oids, response.error_index if at_fault else 0)


def read_system(response: Response) -> Reading[None]:
    """The facts of the system group and the ENTITY-MIB's first row."""
    held = {b.oid: b for b in response.bindings if not b.missing}
    if not held:
        return Reading(None, outcome=Outcome.EMPTY, reason="noSuchObject", items=0)
    facts = [
        Fact(name, words, f"snmp {source}")
        for name, (where, source) in _TEXTS.items()
        if (words := text(held.get(where)))
    ]
    ticks = number(held.get(SYS_UPTIME))
    if ticks is not None:
        facts.append(Fact("uptime_seconds", ticks / 100, "snmp sysUpTime.0"))
    object_id = _object_id(held.get(SYS_OBJECT_ID))
    if object_id:
        facts.append(Fact("object_id", identity.object_text(object_id), "snmp sysObjectID.0"))
        number_of = identity.enterprise_of(object_id)
        if number_of:
            facts.append(Fact("enterprise", number_of, "snmp sysObjectID.0"))
    found = identity.identify(text(held.get(SYS_DESCR)), object_id)
    _add_entity(found, held, identity.enterprise_of(object_id))
    return Reading(None, (*facts, *identity.statements(found)), items=len(held))


def _object_id(binding: Binding | None) -> Oid:
    found = codec.value(binding) if binding else None
    return found if isinstance(found, tuple) else ()


def _add_entity(
    found: dict[str, tuple[str, str]], held: dict[Oid, Binding], enterprise: int | None
) -> None:
    """Row 1 describes the device only where it is the chassis or keeps its class to itself."""
    if number(held.get(ENTITY_CLASS)) in (None, CHASSIS):
        revisions = (_FIRMWARE, _SOFTWARE)
        if enterprise in _SOFTWARE_FIRST:
            revisions = (_SOFTWARE, _FIRMWARE)
        for name, column, source in (*_ENTITY_FACTS, *revisions):
            words = identity.usable(text(held.get((*ENTITY, column, 1))))
            if words:
                found.setdefault(name, (words, f"snmp {source}.1"))


async def _discover_engine(link: Link, *, fresh: bool) -> Outcome:
    message_id = link.next_id()

    def read(data: bytes) -> Reading[Engine]:
        found = engine.decode_report(data, message_id)
        return Reading(found, discovered_facts(found))

    answer: Answer[Engine] = await link.ask(
        question(*ENGINE_QUESTION),
        engine.encode_discovery(message_id),
        read=read,
        limit=LIMIT,
        fresh=fresh,
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


async def secure_session(link: Link, credential: Credential, *, fresh: bool) -> Outcome | None:
    """Ask who the agent is under SNMPv3 security; None where the credential cannot be used."""
    try:
        secured.level(credential)
        if secured.engine_heard(link.heard) is None:
            if any(_of_engine(o) for o in link.heard):
                raise UnusableError("no SNMPv3 engine answered")
            outcome = await _discover_engine(link, fresh=fresh)
            if outcome is not Outcome.COMPLETE:
                return outcome
        session = secured.open_session(link, credential)
    except UnusableError as error:
        link.note(
            question("get", "system"),
            Outcome.NOT_ASKED,
            Reason.NO_CREDENTIAL,
            detail=f"credential {credential.name}: {error}",
            credential=credential.name,
        )
        return None
    return await ask_system(link, session, fresh=False) if session else None


def _of_engine(observation: Observation) -> bool:
    return (observation.question.operation, observation.question.argument) == ENGINE_QUESTION
