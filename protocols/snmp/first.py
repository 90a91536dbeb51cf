"""The first question to an agent, and what its answer says. Pure.

One datagram is the floor, so it carries the objects by which most devices name themselves: the
system group, the first row of the ENTITY-MIB, and the single objects of `EARLY`. It stays below
the 484 bytes that every agent must take (RFC 3417, 3).

A version 1 agent refuses a whole Get for one absent name (RFC 1157, 4.1.2). It is asked by GetNext
for the columns instead: what it does not have comes back as some later object and is not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

from protocols.contract import Fact, Outcome, Reading
from protocols.snmp import codec, entity, identity
from protocols.snmp.codec import Binding, Oid, Response
from protocols.snmp.entity import ENTITY
from protocols.snmp.exchange import number, text, without
from protocols.snmp.wishes import Wish, granted, wanted

SYSTEM: Oid = (1, 3, 6, 1, 2, 1, 1)  # RFC 3418, 2
SYS_DESCR, SYS_OBJECT_ID, SYS_UPTIME = (*SYSTEM, 1), (*SYSTEM, 2), (*SYSTEM, 3)
SYS_CONTACT, SYS_NAME, SYS_LOCATION = (*SYSTEM, 4), (*SYSTEM, 5), (*SYSTEM, 6)
SYSTEM_COLUMNS = (SYS_DESCR, SYS_OBJECT_ID, SYS_UPTIME, SYS_CONTACT, SYS_NAME, SYS_LOCATION)
SYSTEM_GROUP = tuple((*column, 0) for column in SYSTEM_COLUMNS)
ENTITY_CLASS: Oid = (*ENTITY, 5)
ENTITY_COLUMNS = tuple((*ENTITY, column) for column in (5, 13, 11, 10, 9, 12))
EARLY: tuple[Oid, ...] = (
    *((1, 3, 6, 1, 2, 1, 33, 1, 1, n, 0) for n in (1, 2, 3, 4)),  # UPS-MIB: upsIdent
    (1, 3, 6, 1, 2, 1, 25, 3, 2, 1, 3, 1),  # HOST-RESOURCES-MIB: hrDeviceDescr
    (1, 3, 6, 1, 2, 1, 43, 5, 1, 1, 17, 1),  # Printer-MIB: prtGeneralSerialNumber
    (1, 3, 6, 1, 2, 1, 2, 2, 1, 6, 2),  # IF-MIB: ifPhysAddress of what is not the loopback
    (1, 3, 6, 1, 2, 1, 16, 19, 2, 0),  # RMON2-MIB: probeSoftwareRev
    (*identity.ENTERPRISES, 318, 1, 1, 1, 1, 1, 1, 0),  # PowerNet-MIB: upsBasicIdentModel
    (*identity.ENTERPRISES, 318, 1, 1, 1, 1, 2, 3, 0),  # upsAdvIdentSerialNumber
    (*identity.ENTERPRISES, 705, 1, 1, 4, 0),  # MG-SNMP-UPS-MIB: upsmgIdentFirmwareVersion
    (*identity.ENTERPRISES, 705, 1, 1, 7, 0),  # upsmgIdentSerialNumber
    (*identity.ENTERPRISES, 4329, 6, 3, 2, 1, 1, 3, 0),  # AUTOMATION-SYSTEM-MIB: serial number
)
MOST_REFUSALS = 3  # from all names to the system group, to half of it, to one
_WRITTEN = re.compile(r"\.?1\.3\.6\.1\.4\.1(?:\.\d{1,9}){1,24}")
_TEXTS = {
    "description": (SYS_DESCR, "sysDescr.0"),
    "contact": (SYS_CONTACT, "sysContact.0"),
    "name": (SYS_NAME, "sysName.0"),
    "location": (SYS_LOCATION, "sysLocation.0"),
}


@cache
def opening(version: int) -> tuple[int, tuple[Oid, ...]]:
    """The PDU type and the OIDs of the first question in this version."""
    if version == codec.V1:
        return codec.GET_NEXT, SYSTEM_COLUMNS + ENTITY_COLUMNS
    entity = tuple((*column, 1) for column in ENTITY_COLUMNS)
    return codec.GET, SYSTEM_GROUP + entity + EARLY


def less(kind: int, oids: tuple[Oid, ...], response: Response) -> tuple[Oid, ...]:
    """What to ask after an error status, () for nothing: the system group counts most."""
    at, group = response.error_index, len(SYSTEM_GROUP)
    named = response.error_status in (codec.NO_SUCH_NAME, codec.GEN_ERR)
    if len(oids) > group and (not named or not 1 <= at <= group):
        return oids[:group]
    if kind == codec.GET_NEXT and response.error_status == codec.NO_SUCH_NAME and at:
        return oids[: at - 1]  # nothing follows this name, so nothing follows the later ones
    return without(oids, at if named else 0)


def left_out(version: int, refusals: int) -> tuple[int, tuple[Oid, ...]]:
    """How many names fit after so many answers `tooBig`, and the names that nobody could ask.

    Of an agent that takes one name the description is asked again, beside its object id.
    """
    _, oids = opening(version)
    oids, fit = oids[: len(SYSTEM_GROUP) + len(ENTITY_COLUMNS)], len(SYSTEM_GROUP)
    for _ in range(min(refusals, MOST_REFUSALS) - 1):
        fit //= 2
    return fit, oids if fit == 1 else oids[fit:]


def read_system(response: Response, asked: Sequence[Oid] = SYSTEM_GROUP) -> Reading[None]:
    """The facts of the first answer, whichever way it was asked.

    Who it is is told by the description and the object id together: without a question for the
    latter the words alone are facts.
    """
    held = {b.oid[:-1]: b for b in response.bindings if not b.missing and b.oid}
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
    if not any(name[: len(SYS_OBJECT_ID)] == SYS_OBJECT_ID for name in asked):
        return Reading(None, tuple(facts), items=len(held))
    object_id = _object_id(held.get(SYS_OBJECT_ID))
    enterprise = identity.enterprise_of(object_id)
    if object_id:
        facts.append(Fact("object_id", identity.object_text(object_id), "snmp sysObjectID.0"))
        if enterprise:
            facts.append(Fact("enterprise", enterprise, "snmp sysObjectID.0"))
    found = identity.identify(text(held.get(SYS_DESCR)), object_id)
    if "product" in found and identity.typed_in(found["product"]):
        del found["product"]  # the device is asked for its model first: see `identify`
    _add_entity(found, held, enterprise)
    _add_early(found, held, object_id)
    facts += identity.statements(found)
    if "model" in found and _product_to_come(found, response, object_id):
        facts = [fact for fact in facts if fact.name != "product"]
    return Reading(None, tuple(facts), items=len(held))


def _product_to_come(
    found: Mapping[str, tuple[str, str]], response: Response, object_id: Oid
) -> bool:
    """Whether the maker's table has the product's name where nobody looked yet."""
    asked = {binding.oid[:-1] for binding in response.bindings}
    known = {name: value for name, (value, _) in found.items()}
    wishes = wanted(object_id, known)
    return any(wish.name == "product" and wish.oid not in asked for wish in wishes)


def _object_id(binding: Binding | None) -> Oid:
    """The object id; some agents write it as text."""
    found = codec.value(binding) if binding else None
    written = text(binding)
    if _WRITTEN.fullmatch(written):
        return codec.oid(written)
    return found if isinstance(found, tuple) else ()


def _add_entity(
    found: dict[str, tuple[str, str]], held: Mapping[Oid, Binding], enterprise: int | None
) -> None:
    """The first row describes the device only where it is the chassis or keeps its class quiet."""
    kind = held.get(ENTITY_CLASS)
    cells = {
        column[-1]: binding
        for column in ENTITY_COLUMNS
        if (binding := held.get(column)) is not None
        and (kind is None or binding.oid[-1] == kind.oid[-1])  # else the row is another's
    }
    if not cells or not entity.may_be_chassis(kind):
        return
    index = next(iter(cells.values())).oid[len(ENTITY) + 1 :]
    for name, said_there in entity.statements(entity.Row(index, cells), enterprise).items():
        found.setdefault(name, said_there)


def _add_early(
    found: dict[str, tuple[str, str]], held: Mapping[Oid, Binding], object_id: Oid
) -> None:
    """What the early objects say of an agent whose own table of objects lists them."""
    known = {name: value for name, (value, _) in found.items()}
    for wish in wanted(object_id, known, free=True):
        binding = next((held[c] for c in (wish.oid, wish.oid[:-1]) if c in held), None)
        if binding is not None and binding.oid[: len(wish.oid)] == wish.oid and _early(binding):
            words = said(wish, binding)
            if words:
                found.setdefault(wish.name, (words, f"snmp {codec.dotted(binding.oid)}"))


def _early(binding: Binding) -> bool:
    return binding.oid in EARLY


def said(wish: Wish, binding: Binding) -> str:
    """What a binding says to a wish, or "" for a placeholder or a value of another form."""
    if wish.hardware:
        full = binding.tag == codec.OCTETS and len(binding.content) == 6 and any(binding.content)
        return binding.content.hex().upper() if full else ""
    if binding.tag == codec.OCTETS:
        return granted(wish, text(binding))
    found = codec.value(binding)
    return granted(wish, str(found)) if isinstance(found, int) else ""
