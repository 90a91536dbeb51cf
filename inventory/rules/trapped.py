"""T rules: data demonstrably exists, and no collectable path leads to it.

One rule keeps it simple: silence never supports a T rule over TCP, and what was not asked is an
open question (domain model 3.2).
"""

from __future__ import annotations

from collections.abc import Sequence

from inventory.derive.declared import label
from inventory.judge.context import Answered
from inventory.judge.door import Door, about_undeclared, info, title_of
from inventory.judge.gathered import unit_of
from inventory.judge.logic import both, cite, declared, derived, false, negate, true, unknown
from inventory.judge.mapped import chosen
from inventory.judge.openness import CLOSED, OPEN, no_data_roles, protocols
from inventory.judge.openness import protocol as known
from inventory.judge.servers import open_server
from inventory.judge.view import View
from inventory.model import Because, Proposition, Strength, Truth
from inventory.rules.informational import covered
from inventory.rules.rule import Case, new_case
from protocols.contract import DATA, SPOKE, Fact, Observation, Openness, Outcome


def _spoken(view: View, classes: frozenset[Openness]) -> list[Door]:
    """Data services of these classes of openness that spoke here."""
    return [
        door
        for door in view.spoke
        if (about := info(door)) is not None and about.data and about.openness in classes
    ]


def answering(view: View, classes: frozenset[Openness]) -> list[Door]:
    """Such services that spoke to us from anywhere, or were overheard: that there is data hangs on
    no vantage, and many such protocols have no probe of ours."""
    return [
        door
        for door in view.doors
        if door.spoke
        and door.spoke.target.transport != "link"  # there it is the client
        and (about := info(door)) is not None
        and about.data
        and about.openness in classes
    ]


def _fields(view: View, protocol: str = "") -> dict[str, str]:
    device = view.device
    model = device.model or device.product
    return {
        "product": device.product or device.model or "the device",
        "model": f"{device.vendor} {model}".strip() or "unknown model",
        "protocol": title_of(protocol) if protocol else "",
    }


def _no_open_service(view: View) -> Proposition:
    """Every open data service plausible for the role is not offered (and none spoke anyway)."""
    spoken = _spoken(view, OPEN)
    spoken = [door for door in spoken if door.protocol != "snmp"]  # it is asked for below
    if spoken:
        return false(Strength.E4, *(cite(door.spoke) for door in spoken if door.spoke))
    if not view.plausible:
        return unknown("which open services such a device may offer")
    return both(*(negate(view.offered(name)) for name in view.plausible))


def _covered(view: View) -> list[Case] | None:
    """The case of a device whose values another server hands out (N02); None when none does."""
    said = covered(view)
    return [Case("", negate(said))] if said.truth is Truth.TRUE else None


def t01(view: View) -> list[Case]:
    """Proprietary-only controller."""
    doors = answering(view, CLOSED)
    if not doors or view.proxy or view.device.role in no_data_roles():
        return []
    door = doors[0]
    if answering(view, frozenset({Openness.O2})):
        return []
    if (elsewhere := _covered(view)) is not None:
        return elsewhere
    said = both(true(Strength.E4, cite(door.decided)), _no_open_service(view))
    words = {**_fields(view, door.protocol), "server": open_server(view.device)}
    return [Case("", said, words)]


def t02(view: View) -> list[Case]:
    """Vendor protocol that a standard connector can read."""
    doors = answering(view, frozenset({Openness.O2}))
    if not doors or view.proxy or view.device.role in no_data_roles():
        return []
    door = doors[0]
    if connector_declared(view, door.protocol):
        return [Case("", false(Strength.E4, Because("", "declared", "a connector is declared")))]
    if (elsewhere := _covered(view)) is not None:
        return elsewhere
    said = both(true(Strength.E4, cite(door.decided)), _no_open_service(view))
    return [Case("", said, _fields(view, door.protocol))]


def connector_declared(view: View, protocol: str) -> bool:
    """Whether the operator declared a connector for the protocol or for this device."""
    stated = view.context.connectors
    if not stated:
        return False
    device, about = view.device, known(protocol)
    called = about.name if about else ""  # "enip" is EtherNet/IP: either word declares it
    aliases = [name for name, other in protocols().items() if other.name == called]
    names = (protocol, *aliases, device.key, device.name, *device.addresses)
    return any(name and name.casefold() in stated for name in names)


def register_reads(view: View) -> list[Door]:
    """Doors of a protocol that needs a map, that gave registers or bits."""
    return [
        door
        for door in view.spoke
        if (about := info(door)) is not None and about.openness is Openness.O1 and _reads(door)
    ]


def _reads(door: Door) -> list[Observation]:
    """The answers of a door that gave registers or bits."""
    return [
        item
        for item in door.observations
        if item.outcome in DATA and (item.points or item.samples or _ranges(item.facts))
    ]


def _ranges(facts: tuple[Fact, ...]) -> bool:
    return any(item.name == "range" for item in facts)


def _mapped(view: View, doors: Sequence[Door]) -> Proposition:
    """Whether the registers have a meaning: a map, a self-description, or named points."""
    for name in ("map", "model_id"):
        values = view.fact(name)
        if values:
            return true(Strength.E4, view.source(name, values[0]))
    told = view.listing.told
    listed = (point for door in doors for item in door.observations for point in item.points)
    named = next((point.address for point in listed if point.address in told), "") if told else ""
    if named:
        return true(Strength.E4, Because("", "declared", f"{named} has a meaning"))
    found = chosen(view.context.maps_known, view.device)
    if found.map is None:
        return _UNMAPPED
    whose = f"{view.device.vendor} {found.model}".strip()
    return unknown(
        f"what its registers hold under the register map of {whose}: that is declared, and they"
        " were read without it",
        "read it again under the map",
        view.ask("modbus", "points"),
    )


_UNMAPPED = false(
    Strength.E4, Because("", "declared", "no register map for this model is known or declared")
)


def _echoes(view: View) -> bool:
    """Whether every register read holds the same value: no evidence that data exists."""
    samples = view.evidence.samples
    if len(samples) < FEWEST_ECHOES:
        return False
    first = samples[0].value
    for one in samples:  # noqa: SIM110 - asked of every device: most end at the second
        if one.value != first:
            return False
    return True


FEWEST_ECHOES = 8
"""Fewer registers may well hold one value by chance."""


def _registers(view: View) -> Proposition | None:
    doors = register_reads(view)
    if not doors:
        return None
    reads = [item for door in doors for item in _reads(door)]
    if _echoes(view):
        return unknown(
            "whether the registers hold data: all of them hold the same value",
            "read them again while the machine runs",
            view.ask(doors[0].protocol, "points"),
            cite(reads[0]),
        )
    return both(
        true(Strength.E4, *(cite(item) for item in reads[:3])), negate(_mapped(view, doors))
    )


def t03(view: View) -> list[Case]:
    """Registers without a map, on a device that is reached directly or says who it is."""
    if view.device.parent and not _identified(view):
        return []
    said = _registers(view)
    if said is None:
        return []
    fields = _fields(view)
    fields |= {"vendor": view.device.vendor or "the device", "model": _model(view)}
    return [new_case("", said, fields)]


def _model(view: View) -> str:
    device = view.device
    return device.model or device.product or (f"at {view.address} {device.part}".strip())


def _identified(view: View) -> bool:
    return bool(view.device.vendor or view.device.model or view.device.product)


def t07(view: View) -> list[Case]:
    """Unit behind a gateway that answers reads and says neither who it is nor what they mean."""
    if not view.device.parent or _identified(view):
        return []
    said = _registers(view)
    fields = {"gateway": _gateway(view), "parent": view.device.parent}
    return [] if said is None else [Case("", said, fields)]


def t05(view: View) -> list[Case]:
    """Open server that publishes nothing."""
    if view.proxy or view.discovery:
        return []
    cases = []
    for door in view.spoke:
        about = info(door)
        if about is None or about.openness is not Openness.O0:
            continue
        if door.protocol == "snmp":
            continue
        if not any(item.question.operation in about.listing for item in door.observations):
            continue
        values = [point for point, _ in view.process]
        nothing = (
            false(Strength.E4, view.data_proof(values[0]))
            if values
            else true(Strength.E3, derived("no process value is in the listing"))
        )
        said = both(nothing, view.enumerated(door)) if not values else nothing
        cases.append(new_case(door.protocol, said, _fields(view, door.protocol)))
    return cases


def t06(view: View) -> list[Case]:
    """Declared unit that the gateway cannot reach (rulings 17)."""
    device = view.device
    if not device.parent:
        return _unlisted_units(view)
    register = view.row
    if register is None or not device.part:
        return []
    every = [
        item for item in view.evidence.observations if item.outcome is Outcome.REFUSED_DOWNSTREAM
    ]
    if not every:
        return []
    fields = {"gateway": _gateway(view), "parent": device.parent}
    refusals = _since_it_spoke(view, every)
    if not refusals:
        return [Case("", false(Strength.E4, cite(every[0])), fields)]
    proof = _witnessed(view, refusals)
    if proof is None:
        said = unknown(
            f"a second try of {device.part}, ten seconds or more later, with another unit of the"
            " gateway answering in between",
            "ask the gateway again, with a unit that answers among the units",
            view.ask("modbus"),
            *(cite(item) for item in refusals[:3]),
        )
        return [Case("", said, fields)]
    scans = {item.scan for item in refusals}  # two in the scan of the witness, a third in another
    strength = Strength.E4 if len(scans) >= 2 else Strength.E2
    who = "" if device.register else f" ({label(register)})"
    row = declared(f"the register declares {device.part}{who}", register.declaration)
    cited = tuple(cite(item) for item in refusals[:4])
    return [Case("", true(strength, *cited, proof, row), fields)]


def _since_it_spoke(view: View, refusals: Sequence[Observation]) -> list[Observation]:
    """Those of later scans than the last in which the unit itself answered: one that answers
    beside them is there, one that answered once may be dead by now."""
    own = [
        item
        for item in view.evidence.observations
        if item.outcome in SPOKE and item.outcome is not Outcome.REFUSED_DOWNSTREAM
    ]
    if not own:
        return list(refusals)
    scans, last = {item.scan for item in own}, max(item.time for item in own)
    return [item for item in refusals if item.scan not in scans and item.time > last]


def _gateway(view: View) -> str:
    """The gateway of a unit, in words: they share its address."""
    return f"the gateway at {view.address}" if view.address else "the gateway"


def _unlisted_units(view: View) -> list[Case]:
    """Of a gateway: whether units stand behind it that nobody declared and nobody asked."""
    key, context = view.device.key, view.context
    doors = [door for door in view.of("modbus", anywhere=True) if door.spoke]
    if not doors or view.proxy or (key in context.listed and key not in context.unlisted):
        return []
    refused = any(about_undeclared(item) for door in doors for item in door.observations)
    known = view.device.role == "gateway" or key in context.unlisted
    if not (refused or known):
        return []
    parts = {answer.part for answer in context.answered.get(key, ())}
    parts |= {unit_of(item) for item in view.evidence.observations}
    left = UNITS - {int(part.split()[1]) for part in parts if part}
    if not left:
        return []
    what = (
        "which units are behind this gateway:"
        if known
        else "whether anything is behind it, for it refuses other units as a gateway does:"
    )
    said = unknown(
        f"{what} {len(left)} of {len(UNITS)} were not asked, and the register does not list what"
        " there is",
        "list them from the gateway's own set-up or the bus drawing, a register row for each",
        "untrap import register FILE",
    )
    return [Case("", said, {"gateway": "it", "parent": key})]


UNITS = frozenset(range(1, 248))
"""Addresses of a serial line (Modbus over Serial Line V1.02, 2.2)."""


def _witnessed(view: View, refusals: Sequence[Observation]) -> Because | None:
    """The answer of another unit between two refusals that are far enough apart."""
    gap = view.context.thresholds.retry_gap_seconds
    answers = view.context.answered.get(view.device.parent, ())
    times: dict[str, list[float]] = {}
    for item in refusals:
        times.setdefault(item.scan, []).append(item.time.timestamp())
    for answer in answers:
        if answer.part != view.device.part and _between(answer, times.get(answer.scan, []), gap):
            return Because("", "answered", f"control: {answer.part} answered in between")
    return None


def _between(answer: Answered, times: list[float], gap: float) -> bool:
    return (
        bool(times) and max(times) - min(times) >= gap and min(times) <= answer.time <= max(times)
    )
