"""G rules: the data can be had, and nobody governs how.

One rule keeps it simple: written rights are read from attributes and never tried.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from shlex import quote

from inventory.derive.identity import placeholder, plain_mac
from inventory.judge.door import Door, info
from inventory.judge.gathered import identities
from inventory.judge.logic import cite, declared, derived, true, unknown
from inventory.judge.openness import no_data_roles
from inventory.judge.statements import after
from inventory.judge.view import View
from inventory.model import Because, Proposition, Severity, Strength
from inventory.rules.inaccessible import fields, name_of
from inventory.rules.rule import Case, new_case
from protocols.contract import Observation

CLEAR = frozenset({"modbus", "mqtt", "bacnet", "dnp3", "iec104", "mtconnect", "s7comm", "enip"})
"""Protocols that have no security of their own in the form that is read here."""

SECURED = {"opcua": "Sign & Encrypt", "snmp": "SNMPv3 with authentication and encryption"}
"""What can be switched on in the protocol itself; for the others nothing can."""


def g01(view: View) -> list[Case]:
    """The only path that gave data is in clear or anonymous."""
    doors = [
        door
        for door in view.spoke
        if (about := info(door)) is not None and about.data and _gave_data(door)
    ]
    if not doors or view.device.role in no_data_roles():
        return []
    weak = [(door, why) for door in doors if (why := _weakness(view, door))]
    if len(weak) < len(doors):
        return []
    door, why = min(weak, key=lambda each: (_low(view, each[0]), each[0].protocol, each[0].address))
    base = Severity.LOW if _low(view, door) else Severity.MEDIUM
    premises = [derived(why), cite(_data(door))]
    if not view.context.zones:
        premises.append(declared("no zones are declared: taken as one zone"))
    words = fields(view, door) | {"secured": SECURED.get(door.protocol, "")}
    return [new_case(door.protocol, true(Strength.E4, *premises), words, base)]


def _low(view: View, door: Door) -> bool:
    """Whether a door only lacks what its protocol never had, inside one zone."""
    return door.protocol in CLEAR and not _crosses(view, door)


def _gave_data(door: Door) -> bool:
    return any(item.points or item.samples for item in door.observations)


def _data(door: Door) -> Observation:
    return next(item for item in door.observations if item.points or item.samples)


def _weakness(view: View, door: Door) -> str:
    """Why a door is insecure; "" when it is secured or nothing says."""
    reads = [item for item in door.observations if item.points or item.samples]
    if door.protocol in CLEAR:
        return f"{door.protocol} has no encryption and no identity"
    if door.protocol == "opcua":
        if all(not item.credential for item in reads):
            return "read anonymously, without a credential"
        return ""
    if door.protocol == "snmp":
        labels = {item.credential for item in reads}
        kinds = {view.context.credential_types.get(label, "") for label in labels}
        if kinds & {"snmp-v1", "snmp-v2c"} or labels & {"snmp-public"}:
            return "read by SNMP v1 or v2c: the community travels in clear"
    return ""


def _crosses(view: View, door: Door) -> bool:
    """Whether the collection vantage stands in another declared zone than the device."""
    zone = view.context.zone_of([door.address])
    vantage = view.context.vantages.get(door.vantage)
    return bool(zone and vantage and vantage.zone and vantage.zone != zone)


def g02(view: View) -> list[Case]:
    """Observed, and not in the register."""
    if not view.context.register or not view.device.seen:
        return []
    if view.row is not None:
        return []
    proof = view.proof()
    if not proof:
        return []
    if elsewhere := _claimed(view):
        return [Case("", elsewhere)]
    said = true(Strength.E4, *proof, _NO_ROW)
    return [new_case("", said, {})]


_NO_ROW = declared("no register row matches it by serial, hardware address, tag or address")


def _claimed(view: View) -> Proposition | None:
    """What is asked of a device whose address, or hardware address, a register row names that means
    another device by a stronger key: both may be one (architecture, identity)."""
    if view.device.part:
        return None
    rows = view.context.claimed
    macs = map(plain_mac, (view.device.mac, *view.fact("interface.mac")))
    found = next((one for one in (*view.device.addresses, *macs) if one in rows), "")
    if not found:
        return None
    return unknown(
        f"whether it is what the register means by {rows[found]}: that row names {found}, and a"
        " stronger key of it (serial number, hardware address or tag) another asset",
        "compare the serial number or hardware address on the spot; if both are one device,"
        " `untrap merge` joins them",
        f"untrap show {quote(rows[found])}",
        *view.proof(),
    )


def g03(view: View) -> list[Case]:
    """The same strong identity on two living assets."""
    if not view.device.seen or not view.context.collisions:
        return []
    cases = []
    for identity in identities(view.device):
        keys = view.context.collisions.get(identity)
        if not keys or _redundant(view):
            continue
        others = ", ".join(key[:8] for key in keys if key != view.device.key)
        premise = derived(f"{identity} is also stated by asset {others}")
        said = true(Strength.E4, premise, *_stating(view, identity))
        device = view.device
        cases.append(Case(identity, said, {"model": f"{device.vendor} {device.model}".strip()}))
    return cases[:1]


def _stating(view: View, identity: str) -> tuple[Because, ...]:
    """The answer that states an identity, or one that shows that the device lives."""
    name, _, value = identity.partition(" ")
    source = view.source(name, view.device.serial if name == "serial" else value)
    return (source,) if source.observation else view.proof()


def _redundant(view: View) -> bool:
    """Whether a person attested that it shares its place, and so its identity, with another; of
    one of the two is enough."""
    if any(name.casefold() in view.context.twins for name in view.names):
        return True
    return any(after("redundant", item.fields) is not None for item in view.statements())


def g04(view: View) -> list[Case]:
    """Certificate past its last day, or within ninety days of it."""
    cases = []
    for text in view.fact("certificate.not_after"):
        end = moment_of(text)
        if end is None:
            continue
        days = timedelta(days=view.context.thresholds.certificate_days)
        if end > view.context.today + days:
            continue
        expired = end <= view.context.today
        source = view.source("certificate.not_after", text)
        word = f"expired on {end:%Y-%m-%d}" if expired else f"ends on {end:%Y-%m-%d}"
        said = true(Strength.E4, source, derived(f"the certificate {word}"))
        zone = view.context.zone_of(view.device.addresses) or "its zone"
        cases.append(Case(text, said, {"zone": zone}))
    return cases


def moment_of(text: str) -> datetime | None:
    """The moment that a certificate's text states, UTC where it names no zone."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def g05(view: View) -> list[Case]:
    """Process values that the reading identity may write, by the server's own attributes."""
    if not view.evidence.points:
        return []
    cases = []
    for door in view.spoke:
        about = info(door)
        if about is None or not about.access or not _gave_data(door):
            continue
        open_points = [point for point, _ in view.process if "w" in point.access]
        if open_points:
            text = f"{len(open_points)} of {len(view.process)} values may be written by the reader"
            proofs = (view.data_proof(point) for point in open_points[:5])
            said = true(Strength.E4, declared(text), *proofs)
            words = fields(view, door)
            cases.append(Case(door.protocol, said, words, unlocks=len(open_points)))
    return cases


def g07(view: View) -> list[Case]:
    """Owner, criticality or place empty in the register."""
    row = view.device.register
    if row is None:
        return []
    missing = missing_of(row.owner, criticality_of(view), row.area or row.line)
    if not missing:
        return []
    premise = declared(f"the register row leaves empty: {missing}", row.declaration)
    return [Case("", true(Strength.E4, premise))]


def g10(view: View) -> list[Case]:
    """The register row states another serial number or hardware address than the device."""
    row = view.device.register
    if row is None or not view.device.seen:
        return []
    cases = []
    for name, title, stated in (
        ("serial", "serial number", row.serial),
        ("mac", "hardware address", row.mac),
    ):
        own = _own(view, name)
        if not own or placeholder(name, stated) or any(alike(stated, one) for one in own):
            continue
        premise = declared(f"the register row states {title} {stated}", row.declaration)
        said = true(Strength.E4, premise, view.source(name, own[0]))
        cases.append(Case(name, said, {"asset": name_of(view)}))
    return cases


def _own(view: View, name: str) -> list[str]:
    """What a device states of itself, or a person stated of it by `set`, without the register."""
    known = [one for one in view.fact(name) if not placeholder(name, one)]
    return known and [*dict.fromkeys((str(getattr(view.device, name)), *known))]


def alike(one: str, other: str) -> bool:
    """Whether two texts may be one identity that people wrote otherwise: separators, upper case,
    zeros in front that a spreadsheet takes away, a word before it."""
    first, second = (re.sub(r"[\W_]", "", text).casefold().lstrip("0") for text in (one, other))
    return first.endswith(second) or second.endswith(first)


def missing_of(owner: str, criticality: str, place: str) -> str:
    """Names of the empty ones, joined."""
    named = (("owner", owner), ("criticality", criticality), ("place", place))
    return ", ".join(name for name, value in named if not value)


def criticality_of(view: View) -> str:
    """Criticality by the register, or by the worst machine that the device monitors."""
    row = view.device.register
    if row and row.criticality:
        return row.criticality
    return view.context.criticality.get(view.device.key, ("", ""))[0]
