"""The upper rungs: what the device is made of, what hangs on it, and what it measures.

First one GetNext per ten roots tells which tables exist; only those are walked. Everything is
bounded per table and per host (`walk`), and every page is an observation of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone

from protocols.contract import Fact, Link, Observation, Outcome, Point, Reading
from protocols.snmp import codec, entity, identity, sensors, tables
from protocols.snmp.codec import Binding, Oid, Response, oid
from protocols.snmp.exchange import Session, exchange, number, question, text
from protocols.snmp.identify import below, facts_heard, object_heard, served_heard
from protocols.snmp.sensors import Sensor
from protocols.snmp.sessions import working
from protocols.snmp.walk import MOST_LOST, Allowance, Harvest, Row, Table, walk

ROOTS_A_REQUEST = 10
BRIDGE_ADDRESS = oid("1.3.6.1.2.1.17.1.1.0")
SYSTEM_DATE = oid("1.3.6.1.2.1.25.1.2.0")
ENGINE = (oid("1.3.6.1.6.3.10.2.1.1.0"), oid("1.3.6.1.6.3.10.2.1.2.0"))
SCALARS = (BRIDGE_ADDRESS, SYSTEM_DATE, *ENGINE)
UPS_MIB = oid("1.3.6.1.2.1.33.1")
MOST_SAMPLED = 200
END = codec.Binding((), codec.END_OF_MIB_VIEW, b"")  # nothing follows
UNTOLD = codec.Binding((), codec.NO_SUCH_INSTANCE, b"")  # the agent did not say
MOST_ROUNDS = 60


async def points(link: Link) -> None:
    """Walk what the agent has; see the module's words."""
    session = working(link)
    if session is None:
        return
    left = Allowance()
    if session.version != codec.V1:
        await _scalars(link, session, left)
    ports: dict[int, str] = {}
    lldp: dict[int, str] = {}
    names: dict[Oid, str] = {}
    rows = _Own(frozenset(str(f.value) for f in facts_heard(link) if f.name in _NAMES))
    enterprise = identity.enterprise_of(object_heard(link))
    plain = [
        _naming(t, names, rows, enterprise) if t.name == "entPhysicalTable" else t
        for t in tables.PLAIN_TABLES
    ]
    helpers = [_port_table(ports), _lldp_table(lldp)]
    several = [*plain, *helpers, *tables.switch_tables(ports, lldp)]
    served = served_heard(link)
    object_id = served or object_heard(link)
    several.append(sensors.entity_table(names))
    if object_id[: len(sensors.CMC)] == sensors.CMC:
        several.append(sensors.cmc_table())
    roots = [UPS_MIB, *(t.columns[0][:-1] for t in several)]
    present = await _present(link, session, roots, left)
    for table in several:
        if not left.spent and _asked_for(table, present):
            await walk(link, session, table, left)
    wanted = sensors.sensors_for(object_id, served=bool(served))
    if UPS_MIB not in present:
        wanted = tuple(s for s in wanted if s.value[: len(UPS_MIB)] != UPS_MIB)
    await _measure(link, session, wanted, left)
    _own_mac(link)
    _own_chassis(link, rows.chassis or rows.alike)


_NAMES = ("product", "model")
_VAGUE = frozenset({entity.OTHER, entity.UNKNOWN, entity.CONTAINER})


@dataclass(slots=True)
class _Own:
    """The rows of the ENTITY-MIB that may be the device itself."""

    named: frozenset[str]  # what it calls itself
    chassis: list[entity.Row] = field(default_factory=list)
    alike: list[entity.Row] = field(default_factory=list)  # of its model, and of no telling class


def _asked_for(table: Table, present: Mapping[Oid, Binding]) -> bool:
    """Whether it is there, and no older table that says the same."""
    older = tables.NEWER.get(table.name)
    there = table.columns[0][:-1] in present
    return there and (older is None or older[0][:-1] not in present)


def _naming(table: Table, names: dict[Oid, str], rows: _Own, enterprise: int | None) -> Table:
    """The same table, which also remembers what entities are called, and which are chassis."""

    def told(fact: Fact) -> Fact:
        if fact.name != "vendor":
            return fact
        return replace(fact, value=entity.makers_name(str(fact.value), enterprise))

    def read(index: Oid, row: Row) -> Harvest:
        one = entity.Row(index, {column[-1]: b for column, b in row.items()})
        kind = number(row.get(tables.ENTITY[1]))
        if kind == entity.CHASSIS:
            rows.chassis.append(one)
        elif kind in _VAGUE and text(row.get(tables.ENTITY[8])) in rows.named:
            rows.alike.append(one)
        called = [text(row.get(c)) for c in (tables.ENTITY[2], tables.ENTITY[0])]
        names[index] = next((w for w in called if w), "")
        harvest = table.read(index, row)
        return replace(harvest, facts=tuple(map(told, harvest.facts)))

    return Table(table.name, table.columns, read)


def _port_table(ports: dict[int, str]) -> Table:
    def read(index: Oid, row: Row) -> Harvest:
        found = number(row.get(tables.BRIDGE_PORT[0]))
        if found:
            ports[index[0]] = f"if {found}"
        return Harvest()

    return Table("dot1dBasePortTable", tables.BRIDGE_PORT, read)


def _lldp_table(ports: dict[int, str]) -> Table:
    def read(index: Oid, row: Row) -> Harvest:
        binding = row.get(tables.LOCAL_PORT[0])
        words = text(binding) if not tables.mac(binding) else ""
        if words.isprintable() and words:
            ports[index[0]] = words
        return Harvest()

    return Table("lldpLocPortTable", tables.LOCAL_PORT, read)


async def _present(
    link: Link, session: Session, roots: Sequence[Oid], left: Allowance
) -> Mapping[Oid, Binding]:
    """The roots under which something lies, with the first binding of each.

    An agent names the next object that it holds: roots between the one asked and that one are
    empty without being asked. So ten are asked that lie far from each other, then ten of the rest;
    of an agent that answers fewer at a time the others stay open. One that answers none is let be.
    """
    found: dict[Oid, Binding] = {}
    open_roots, refused = sorted(set(roots)), 0
    while open_roots and not left.spent and refused < MOST_LOST:
        batch = apart(open_roots, min(ROOTS_A_REQUEST, left.width))
        told = await _first(link, session, batch, left)
        nothing = len(batch) == 1 and all(b is UNTOLD for b in told.values())
        refused = refused + 1 if nothing else 0
        found |= {root: b for root, b in told.items() if below(b, root) or b.spoilt}
        open_roots = [root for root in still_open(open_roots, told) if root not in told]
    return found


def apart(roots: Sequence[Oid], most: int) -> tuple[Oid, ...]:
    """At most so many of them, evenly spread, the first among them."""
    step = -(-len(roots) // most)
    return tuple(roots[::step])


def still_open(roots: Iterable[Oid], told: Mapping[Oid, Binding]) -> list[Oid]:
    """The roots of which the answers leave open whether something lies under them. Pure.

    `told` maps a root asked to the next binding after it; the end of the agent's objects is a
    missing binding, and one that cannot be read tells nothing of others.
    """
    spans = [
        (asked, None if b.missing else b.oid)
        for asked, b in told.items()
        if b is not UNTOLD and not b.spoilt and (b.missing or b.oid > asked)
    ]
    return [
        root
        for root in roots
        if not any(
            asked < root and (then is None or (root < then and then[: len(root)] != root))
            for asked, then in spans
        )
    ]


async def _first(
    link: Link, session: Session, roots: tuple[Oid, ...], left: Allowance
) -> Mapping[Oid, Binding]:
    """What comes after each root, one request. A root whose answer cannot be had has a missing one
    that tells nothing of others; after an error, those that are left out are for the next time."""
    found: dict[Oid, Binding] = {}

    def read(response: Response) -> Reading[None]:
        found.update(zip(roots, response.bindings, strict=True))
        under = sum(below(b, root) or b.spoilt for root, b in found.items())
        outcome = Outcome.COMPLETE if under else Outcome.EMPTY
        return Reading(None, outcome=outcome, items=under)

    topic = question("getnext", f"tables {codec.dotted(roots[0])}")
    left.pages -= 1
    answer, response = await exchange(
        link, session, topic, codec.GET_NEXT, roots, read, fresh=left.restart
    )
    left.account(answer.outcome, answered=response is not None)
    if response is None:
        return dict.fromkeys(roots, UNTOLD)
    if response.error_status:
        return _after_error(roots, response, left)
    return dict(found)


def _after_error(
    roots: tuple[Oid, ...], response: Response, left: Allowance
) -> Mapping[Oid, Binding]:
    """What an error tells: of the name at fault, that nothing follows it; else to ask for less."""
    at = response.error_index
    if response.error_status == codec.NO_SUCH_NAME and 1 <= at <= len(roots):
        return {roots[at - 1]: END}
    if response.error_status == codec.GEN_ERR and 1 <= at <= len(roots):
        return {roots[at - 1]: UNTOLD}
    return {} if left.smaller(len(roots)) else dict.fromkeys(roots, UNTOLD)


async def _measure(link: Link, session: Session, wanted: Sequence[Sensor], left: Allowance) -> None:
    """Read every sensor that exists: scalars ten at a time, columns by walking."""
    present = await _present(link, session, [s.value for s in wanted], left)
    single = [s for s in wanted if s.value in present and _scalar(present[s.value], s)]
    await _read_scalars(link, session, single, left)
    rest = [s for s in wanted if s.value in present and s not in single]
    for table in sensors.walks(rest):
        if not left.spent:
            await walk(link, session, table, left)


def _scalar(binding: Binding, sensor: Sensor) -> bool:
    return binding.oid == (*sensor.value, 0) and len(sensor.columns) == 1


async def _read_scalars(
    link: Link, session: Session, wanted: Sequence[Sensor], left: Allowance
) -> None:
    waiting = list(wanted)
    while waiting and not left.spent:
        batch = tuple(waiting[: min(ROOTS_A_REQUEST, left.width)])

        def read(response: Response, batch: tuple[Sensor, ...] = batch) -> Reading[None]:
            held = {b.oid: b for b in response.bindings}
            read_out = [sensors.read(s, (0,), {s.value: held[(*s.value, 0)]}) for s in batch]
            return _reading(read_out)

        oids = tuple((*s.value, 0) for s in batch)
        left.pages -= 1
        answer, response = await exchange(
            link, session, question("get", "sensors"), codec.GET, oids, read, fresh=left.restart
        )
        left.account(answer.outcome, answered=response is not None)
        if response is None or not response.error_status or not left.smaller(len(batch)):
            del waiting[: len(batch)]


def _reading(harvests: Iterable[Harvest]) -> Reading[None]:
    several = tuple(harvests)
    found = tuple(p for h in several for p in h.points)
    return Reading(
        None,
        points=found,
        samples=tuple(s for h in several for s in h.samples),
        outcome=Outcome.COMPLETE if found else Outcome.EMPTY,
        items=len(found),
    )


async def _scalars(link: Link, session: Session, left: Allowance) -> None:
    """Bridge address, clock and engine in one Get."""
    now = link.now()

    def read(response: Response) -> Reading[None]:
        held = {b.oid: b for b in response.bindings if not b.missing and not b.spoilt}
        facts = scalar_facts(held, now)
        outcome = Outcome.COMPLETE if facts else Outcome.EMPTY
        return Reading(None, facts, outcome=outcome, items=len(facts))

    left.pages -= 1
    answer, response = await exchange(
        link, session, question("get", "scalars"), codec.GET, SCALARS, read, fresh=left.restart
    )
    left.account(answer.outcome, answered=response is not None)


def scalar_facts(held: Mapping[Oid, Binding], now: datetime) -> tuple[Fact, ...]:
    """What the single objects say."""
    facts = []
    if address := tables.mac(held.get(BRIDGE_ADDRESS)):
        facts.append(Fact("mac", address, "snmp dot1dBaseBridgeAddress"))
    clock = device_time(held[SYSTEM_DATE].content) if SYSTEM_DATE in held else None
    if clock is not None:
        facts.append(Fact("device_time", clock.isoformat(), "snmp hrSystemDate"))
        if clock.tzinfo is not None:
            skew = round((clock - now).total_seconds(), 1)
            facts.append(Fact("clock_skew_seconds", skew, "snmp hrSystemDate"))
    engine = held.get(ENGINE[0])
    if engine is not None and engine.tag == codec.OCTETS and 5 <= len(engine.content) <= 32:
        facts.append(Fact("engine_id", engine.content.hex(), "snmp snmpEngineID"))
    boots = number(held.get(ENGINE[1]))
    if boots is not None:
        facts.append(Fact("boots", boots, "snmp snmpEngineBoots"))
    return tuple(facts)


def device_time(content: bytes) -> datetime | None:
    """DateAndTime (RFC 2579): eight bytes of local time, eleven with the zone. None if invalid."""
    if len(content) not in (8, 11):
        return None
    zone = None
    if len(content) == 11 and content[8:9] in (b"+", b"-"):
        away = timedelta(hours=content[9], minutes=content[10])
        zone = (
            timezone(away if content[8:9] == b"+" else -away) if away < timedelta(days=1) else UTC
        )
    year, second = int.from_bytes(content[:2], "big"), min(content[6], 59)
    month, day, hour, minute = content[2:6]
    try:
        return datetime(year, month, day, hour, minute, second, content[7] * 100_000, tzinfo=zone)
    except ValueError:
        return None


def _own_mac(link: Link) -> None:
    """Without a bridge address, the first interface's hardware address is the device's own."""
    facts = [f for o in link.heard for f in o.facts]
    if any(f.name == "mac" for f in facts):
        return
    first = next((f for f in facts if f.name == "interface.mac"), None)
    if first is not None:
        own = Fact("mac", first.value, f"snmp ifPhysAddress of {first.part}")
        link.note(question("walked", "ifTable"), Outcome.COMPLETE, facts=(own,))


def _own_chassis(link: Link, rows: Sequence[entity.Row]) -> None:
    """What all chassis of the ENTITY-MIB say alike is the device's, where nothing else told it;
    without any, what all rows of its own model say.

    The rung before asks for one row and climbs from it; of the whole table no chassis is missed.
    """
    known = identity.known(facts_heard(link))
    number_of = identity.enterprise_of(object_heard(link))
    said = [entity.statements(row, number_of) for row in rows]
    found = {
        name: value
        for name, value in (said[0] if said else {}).items()
        if name not in known and all(other.get(name, ("",))[0] == value[0] for other in said)
    }
    facts = identity.statements(found)
    if "product" in known:
        facts = tuple(fact for fact in facts if fact.name != "product")
    if facts:
        link.note(question("walked", "entPhysicalTable"), Outcome.COMPLETE, facts=facts)


# ---- sample


async def sample(link: Link) -> None:
    """Read the known points again and again within the window."""
    session = working(link)
    known = known_points(link.heard)[:MOST_SAMPLED]
    if session is None or not known:
        return
    every = max(link.options.sample_every_seconds, 1.0)
    rounds = min(MOST_ROUNDS, max(1, int(link.options.sample_seconds // every)))
    size = ROOTS_A_REQUEST
    for _ in range(rounds):
        await link.wait(every)
        at = 0
        while at < len(known):
            batch = known[at : at + size]
            answered, error = await _sample(link, session, batch)
            if not answered:
                return
            if error and len(batch) > 1:
                size = len(batch) // 2
            else:
                at += len(batch)


def known_points(heard: Sequence[Observation]) -> tuple[Point, ...]:
    """The points of this conversation, once each."""
    found = {p.address: p for o in heard if o.question.protocol == "snmp" for p in o.points}
    return tuple(found.values())


async def _sample(link: Link, session: Session, batch: Sequence[Point]) -> tuple[bool, bool]:
    """Whether the agent answered, and whether with an error."""
    values = tuple(oid(p.address) for p in batch)
    beside = {held: status for held in values if (status := sensors.status_beside(held))}
    if session.version == codec.V1:
        beside = {}  # one name that is absent would cost the whole answer
    oids = (*values, *beside.values())

    def read(response: Response) -> Reading[None]:
        told = dict(zip(oids, response.bindings, strict=True))
        pairs = zip(batch, values, strict=True)
        read_out = (
            sensors.again(p, told[held], told.get(beside.get(held, ()))) for p, held in pairs
        )
        found = tuple(sample for sample in read_out if sample is not None)
        outcome = Outcome.COMPLETE if found else Outcome.EMPTY
        return Reading(None, samples=found, outcome=outcome, items=len(found))

    answer, response = await exchange(
        link, session, question("get", "sample"), codec.GET, oids, read
    )
    return answer.spoke, response is not None and bool(response.error_status)
