"""The first rung: one datagram that finds an agent and usually names it.

With a community: a Get of the system group and of the first row of the ENTITY-MIB (in version 1
of the system group alone, since one absent name refuses a whole version 1 request). Without one:
SNMPv3 engine discovery, and the identity question noted as not asked.
"""

from __future__ import annotations

from protocols.contract import SPOKE, Answer, Credential, Fact, Link, Outcome, Reading, Reason
from protocols.snmp import codec, engine, identity
from protocols.snmp.codec import Binding, Oid, Response
from protocols.snmp.exchange import (
    LIMIT,
    Session,
    exchange,
    number,
    question,
    sessions,
    text,
    without,
)

MOST_CREDENTIALS = 4
MOST_RETRIES = 3
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
    """Find the agent with the first credential that it answers; see the module's words."""
    candidates = sessions(link)
    for tried, session in enumerate(candidates[:MOST_CREDENTIALS]):
        if await ask_system(link, session, fresh=tried > 0) is not Outcome.SILENT:
            break  # anything but silence is not about the community
    secured = [c for c in link.credentials if c.type == "snmp-v3"]
    if not candidates or (secured and not any(o.outcome in SPOKE for o in link.heard)):
        await _discover_engine(link, fresh=bool(candidates))
    for credential in secured:
        await secure_session(link, credential)


async def ask_system(link: Link, session: Session, *, fresh: bool) -> Outcome:
    """What became of asking under this session; emits who the agent is."""
    oids = SYSTEM_GROUP if session.version == codec.V1 else SYSTEM_GROUP + ENTITY_ROW
    asked = question("get", "system")
    answer, response = await exchange(
        link, session, asked, codec.GET, oids, read_system, fresh=fresh
    )
    for _ in range(MOST_RETRIES):
        if response is None or not response.error_status or not answer.spoke or len(oids) == 1:
            break
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


async def _discover_engine(link: Link, *, fresh: bool) -> None:
    message_id = link.next_id()

    def read(data: bytes) -> Reading[engine.Engine]:
        found = engine.decode_report(data, message_id)
        return Reading(found, engine_facts(found))

    answer: Answer[engine.Engine] = await link.ask(
        question("discover", "v3 engine"),
        engine.encode_discovery(message_id),
        read=read,
        limit=LIMIT,
        fresh=fresh,
    )
    if not link.credentials:
        link.note(
            question("get", "system"),
            Outcome.NOT_ASKED,
            Reason.NO_CREDENTIAL,
            detail="SNMPv3 answered; name a credential to ask who it is"
            if answer.spoke
            else "no credential is named for SNMP",
        )


def engine_facts(found: engine.Engine) -> tuple[Fact, ...]:
    """What an engine says without a key. A net-snmp engine names no vendor."""
    source = "snmp v3 discovery"
    facts = [
        Fact("engine_id", found.id.hex(), source),
        Fact("boots", found.boots, source),
        Fact("uptime_seconds", float(found.time), source),
        Fact("security", "SNMPv3", source),
    ]
    if found.enterprise:
        facts.append(Fact("enterprise", found.enterprise, f"{source} engine id"))
    if vendor := identity.maker(found.enterprise):
        facts.append(Fact("vendor", vendor, f"{source} engine id, IANA enterprise"))
    if found.mac:
        facts.append(Fact("mac", found.mac, f"{source} engine id"))
    return tuple(facts)


async def secure_session(link: Link, credential: Credential) -> None:
    """Ask under SNMPv3 security. The keys belong into a worker process, which is not there yet."""
    link.note(
        question("get", "system", part="v3"),
        Outcome.NOT_ASKED,
        Reason.DEPENDENCY,
        detail="SNMPv3 security needs the SNMPv3 worker, which is not running",
        credential=credential.name,
    )
