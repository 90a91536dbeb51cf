"""A rules: the path is known, and something stands in it.

One rule keeps it simple: a door that speaks and refuses is never a door that is silent, and a
silence over UDP is never evidence (domain model 3.3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice

from inventory.derive.declared import label
from inventory.judge.door import Door, about_undeclared, anybody, info, title_of
from inventory.judge.logic import both, cite, declared, describe, true, unknown
from inventory.judge.openness import OPEN, no_data_roles
from inventory.judge.view import View
from inventory.model import Because, Proposition, RegisterRow, Severity, Strength
from inventory.rules.refusals import never_opened, offers, told, trust_words, unusable
from inventory.rules.rule import Case
from protocols.contract import DATA, Observation, Outcome, Point, Reason

NOT_REACHED = frozenset({Outcome.SILENT, Outcome.BLOCKED, Outcome.NO_PATH})
TURNED_AWAY = frozenset({Outcome.CLOSED, Outcome.MUTE, Outcome.HUNG_UP})
"""A port that answers, and gives nothing: of the device, or of something before it."""
TRUST = frozenset(
    {
        Reason.CERTIFICATE_UNTRUSTED.value,
        *("certificate_expired", "certificate_host", "certificate_uri", "certificate_invalid"),
        *("mode_insufficient", "discovery_refused"),
        Reason.MODE_NOT_OFFERED.value,
        Reason.POLICY_NOT_OFFERED.value,
    }
)
"""Reasons of a refusal that certificates and security settings settle (A04)."""
NOT_OFFERED = frozenset({Reason.MODE_NOT_OFFERED.value, Reason.POLICY_NOT_OFFERED.value})
CLOCK = frozenset({Reason.CLOCK_SKEW.value})
NOT_TRIED = frozenset({Reason.NO_CREDENTIAL.value, Reason.SAFETY_HOLD.value})
"""Reasons for which no credential was sent."""
ANONYMOUS = frozenset({"", "anonymous"})
"""Names of a session that shows no user."""
KEPT = frozenset({Reason.USERNAME_NOT_OFFERED.value})
"""A user that a server has no use for: nothing was shown to it, and nothing refused."""


def fields(view: View, door: Door) -> dict[str, str]:
    """The words that remedies of a door use."""
    zone = view.context.zone_of([door.address]) or "its zone"
    return {"protocol": title_of(door.protocol), "zone": zone, "asset": name_of(view)}


def name_of(view: View) -> str:
    """The device in one word for people."""
    device = view.device
    return device.name or f"{view.address} {device.part}".strip() or device.key[:8]


def _open_data(door: Door) -> bool:
    about = info(door)
    return about is not None and about.data and about.openness in OPEN


def a01(view: View) -> list[Case]:
    """Data service silent or blocked although the device answers."""
    if view.device.role in no_data_roles() or view.proxy or not view.outcomes & NOT_REACHED:
        return []
    if any(_open_data(door) for door in view.spoke if door.protocol != "snmp"):
        return []
    wanted = set(view.plausible)
    if view.device.register:
        wanted.add(view.device.register.protocol.casefold())
    wanted |= {door.protocol for door in view.doors if door.spoke}
    cases = []
    for door in view.here:
        if door.protocol not in wanted or not _open_data(door):
            continue
        decided = door.decided
        blocked = decided.outcome is Outcome.BLOCKED
        if decided.outcome not in NOT_REACHED or (door.transport == "udp" and not blocked):
            continue
        if _spoke_elsewhere(view, door.protocol):
            continue  # A02 says it better
        said = _filtered(view, door)
        if said is not None:
            cases.append(Case(door.protocol, said, fields(view, door)))
    return cases


def _filtered(view: View, door: Door) -> Proposition | None:
    """Silence counts only with a live control; without any presence it is A08's business."""
    decided, control = door.decided, view.control(door)
    if decided.outcome is Outcome.BLOCKED:
        return true(Strength.E2, cite(decided))
    if control is None:
        if view.present is None:
            return None
        return unknown(
            f"whether the way to {title_of(door.protocol)} is filtered: nothing else answered in"
            " that scan from that place",
            "scan again from the collection vantage, all probes",
            view.again(),
            cite(decided),
        )
    text = f"control: the same address answered on {control.target.transport}/{control.target.port}"
    return true(Strength.E1, cite(decided), cite(control, text))


def _spoke_elsewhere(view: View, protocol: str) -> bool:
    return any(door.spoke for door in view.of(protocol, anywhere=True))


def a02(view: View) -> list[Case]:
    """Answers in the cell, silent from the collection vantage."""
    if not view.context.collection or not view.outcomes & (NOT_REACHED | TURNED_AWAY):
        return []
    cases = []
    for door in view.here:
        decided = door.decided
        if decided.outcome not in NOT_REACHED | TURNED_AWAY or not _open_data(door):
            continue
        for other in view.of(door.protocol, anywhere=True):
            same = _place(other) == _place(door)
            proof = other.spoke
            if not same or proof is None:
                continue
            hours = abs((proof.time - decided.time).total_seconds()) / 3600
            if decided.outcome in TURNED_AWAY:
                said = _turned_away(view, proof, decided)
            elif hours <= view.context.thresholds.window_overlap_hours:
                said = true(Strength.E4, cite(proof), cite(decided))
            else:
                said = unknown(
                    "both runs in the same window: they are "
                    f"{hours:.0f} hours apart, and the service may have been stopped",
                    "scan from both places on the same day",
                    view.again(),
                    cite(proof),
                    cite(decided),
                )
            cases.append(Case(door.protocol, said, fields(view, door)))
    return cases


def _turned_away(view: View, proof: Observation, decided: Observation) -> Proposition:
    """The question of a port that answers in the cell and turns the collector away: it may do so
    itself (it listens on one side, it lets some in), it was stopped, or a filter does it."""
    return unknown(
        f"who turns the collector away: {describe(proof)}; {describe(decided)}",
        "see on the device on which side its service listens and whom it lets in, and on the way"
        " whether a filter refuses in its stead; then scan it again from the collector's place",
        view.again(),
        cite(proof),
        cite(decided),
    )


def _place(door: Door) -> tuple[str, str, int]:
    return door.address, door.transport, door.port


def _got_in(door: Door) -> bool:
    """Whether values or a listing came through that door after all."""
    return any(item.points or item.samples for item in door.observations)


def a03(view: View) -> list[Case]:
    """The peer refused our user, password or lack of one."""
    if Outcome.REFUSED_AUTH not in view.outcomes and not view.reasons & NOT_TRIED:
        return []
    cases = []
    for door in view.here:
        refusals = [
            item
            for item in door.observations
            if item.outcome is Outcome.REFUSED_AUTH and item.reason not in TRUST | CLOCK | KEPT
        ]
        held_back = _held_back(door)
        said = (
            true(Strength.E4, *(told(item) for item in refusals[:3]))
            if refusals
            else _no_anonymous(door)
        )
        if said and held_back and not _got_in(door):
            cases.append(_untried(view, door, held_back))
        elif said and not _got_in(door):
            words = {**fields(view, door), **_shown(refusals)}
            cases.append(Case(door.protocol, said, words))
        elif not door.spoke:
            cases += _never_tried(view, door)
    return cases


def _no_anonymous(door: Door) -> Proposition | None:
    """Where a session without a name was refused for want of security, and every offer asks for a
    name too: the endpoint list says so itself (rulings 11), and a certificate alone opens nothing.
    """
    refusal = next(
        (
            item
            for item in door.observations
            if item.outcome is Outcome.REFUSED_AUTH
            and item.reason in NOT_OFFERED
            and item.credential in ANONYMOUS
        ),
        None,
    )
    offered = offers(door)
    if refusal is None or not offered:
        return None
    if any(anybody(offer) for _, offer in offered):
        return None
    named = ", ".join(dict.fromkeys(offer for _, offer in offered))
    return true(Strength.E4, cite(offered[0][0], f"no offer takes an anonymous user: {named}"))


def _shown(refusals: Sequence[Observation]) -> dict[str, str]:
    """The credential that was shown and refused as a user, or that none was, for the remedies."""
    held = next((item.credential for item in refusals if item.credential not in ANONYMOUS), "")
    return {"held": f"credential {held}" if held else ""}


def _held_back(door: Door) -> Observation | None:
    """A credential that is held and was not sent, and no other one that was refused as a user."""
    tried = any(
        item.outcome is Outcome.REFUSED_AUTH and item.credential and item.reason not in TRUST
        for item in door.observations
    )
    kept = (item for item in door.observations if item.reason == Reason.SAFETY_HOLD.value)
    return None if tried else next(kept, None)


def _untried(view: View, door: Door, held_back: Observation) -> Case:
    said = unknown(
        f"whether {title_of(door.protocol)} would let us in: a credential is held, and was not sent"
        f" ({held_back.detail or held_back.reason})",
        "ask for an endpoint that encrypts the password, or allow it in clear for this server",
        view.ask(door.protocol, "points"),
        cite(held_back),
    )
    return Case(door.protocol, said, fields(view, door))


def _never_tried(view: View, door: Door) -> list[Case]:
    held_back = next(
        (item for item in door.observations if item.reason == Reason.NO_CREDENTIAL.value), None
    )
    if held_back is None or _refuses(door) or view.device.role in no_data_roles():
        return []
    title = title_of(door.protocol)
    said = unknown(
        f"whether {title} would let us in: no credential was named",
        f"name a read-only credential for {title} in the site file",
        view.scan("--credentials NAME", door.protocol),
        cite(held_back),
    )
    return [Case(door.protocol, said, fields(view, door))]


def _refuses(door: Door) -> bool:
    """Whether nobody listens at that port: no credential opens it."""
    return any(item.outcome is Outcome.CLOSED for item in door.observations)


def a04(view: View) -> list[Case]:
    """The peer refused our certificate, mode or policy."""
    if Outcome.REFUSED_AUTH not in view.outcomes:
        return []
    cases = []
    for door in view.here:
        refusals = [
            item
            for item in door.observations
            if item.outcome is Outcome.REFUSED_AUTH and item.reason in TRUST
        ]
        if refusals and not _got_in(door):
            said = true(Strength.E4, *(told(item) for item in (*unusable(door), *refusals)[:3]))
            words = {**fields(view, door), **trust_words(door, refusals)}
            cases.append(Case(door.protocol, said, words))
    return cases


def is_denied(point: Point) -> bool:
    """Whether it is listed, and not ours to read."""
    return point.access == "-"


def a05(view: View) -> list[Case]:
    """Points that are listed and denied to us."""
    if not view.evidence.points:
        return []
    cases = []
    for door in view.spoke:
        about = info(door)
        if about is None or not about.access or not _got_in(door):
            continue
        values = [point for point, _ in view.process]
        denied = [point for point in values if is_denied(point)]
        if not denied:
            continue
        share = len(denied) / len(values)
        text = f"{len(denied)} of {len(values)} listed values are denied to us"
        said = true(Strength.E4, declared(text), *(view.data_proof(point) for point in denied[:5]))
        base = Severity.MEDIUM if share >= 0.25 else Severity.LOW
        case = Case(door.protocol, said, fields(view, door), base, unlocks=len(denied))
        cases.append(case)
    return cases


def a08(view: View) -> list[Case]:
    """Declared in the register, asked, and no sign of it."""
    device = view.device
    row = view.row
    if device.away:  # one that was taken away rests (`standing`)
        return [Case("", _somewhere(view, device.away))]
    if shared := _one_device(view):
        return [Case("", shared)]
    if row is None or view.present is not None:
        return []
    if any(item.outcome is Outcome.REFUSED_DOWNSTREAM for item in view.evidence.observations):
        return []  # its gateway speaks for it: T06 says it better
    if device.seen and not device.parent and view.doors:
        return []  # seen by other means: a capture, a neighbour's table
    asked = [
        item
        for door in view.doors
        for item in door.observations
        if item.outcome in NOT_REACHED and item.origin == "scan"
    ]
    words = {"area": row.area or "the area"}
    if not asked:
        return [Case("", _unasked(view, row), words)]
    if not _covered(view, {item.vantage for item in asked}):
        said = unknown(
            "a scan from a vantage that covers its declared zone",
            "scan from inside that zone",
            _scan_of(view, row.address, "--vantage NAME"),
        )
        return [Case("", said, words)]
    row_premise = declared(f"the register declares {label(row)}", row.declaration)
    said = true(Strength.E2, *(cite(item) for item in asked[:6]), row_premise)
    return [Case("", said, words)]


def _scan_of(view: View, address: str, options: str = "") -> str:
    """The command that scans what the register names: where it was met, if it was met there."""
    if address == view.target:
        return view.scan(options)
    return f"untrap scan {address} {options}".rstrip()


def _unasked(view: View, row: RegisterRow) -> Proposition:
    """Why nothing was asked of what the register names."""
    at = row.address or (view.address if view.device.part else "")
    if at:
        what = f"address, {view.device.part}" if view.device.part else "address"
        where = "the declared address" if row.address else "its gateway: it asks declared units"
        return unknown(f"a question to its declared {what}", f"scan {where}", _scan_of(view, at))
    missing = "an address of it, or a class of machine: the register gives none"
    step = "complete the register: an address for a device, a class (pump) for a machine"
    if row.parent and not view.device.part:
        missing = f"which unit it is behind {row.parent}: the register gives none"
        step = "complete the register: its unit, or bus address, behind that gateway"
    return unknown(missing, step, "untrap import register FILE")


def _one_device(view: View) -> Proposition | None:
    """A question where several register rows mean one device by what only one thing can have, or by
    no more than where it stands."""
    rows = {
        one.identity.removeprefix(ROW): _way(one.reason)
        for one in view.device.merges
        if one.identity.startswith(ROW)
    }
    count = Counter(rows.values())
    by = [way for way in LED_BY if count[way] > 1 or (count[way] and way in PLACES)]
    if len(rows) < 2 or not by or not view.device.seen:
        return None
    return unknown(
        f"which of {', '.join([*rows][:5])} it is: these register rows lead to one device, by"
        f" {LED_BY[by[0]]}",
        f"correct the {by[0]} of those that it is not; where they are parts of it, give it one row",
        "untrap import register FILE",
    )


LED_BY = {
    "address": "its address alone",
    "unit": "units of one that answers every unit alike",
    "serial number": "one serial number",
    "hardware address": "one hardware address",
    "name": "one name",
}
"""What may lead several rows to one device, and how that is said."""

PLACES = frozenset({"address", "unit"})
"""What only tells where a device stands; two rows of which one names it may mean two devices."""


def _way(reason: str) -> str:
    """By what a register row was found to mean a device (`derive.register`)."""
    return next((way for way in LED_BY if reason.startswith(way)), "unit")


ROW = "register row "
"""How the explanation begins that a register row is about this device."""


def _somewhere(view: View, taken: str) -> Proposition:
    """What is asked of a device at whose address another one answers."""
    if view.device.seen:
        step = 'look for it on the spot; if it was taken away, attest "removed"'
        return unknown(f"where it is now: {taken}", step, "untrap import attest FILE")
    step = "correct its address in the register and import it again"
    return unknown(f"where it is: {taken}", step, "untrap import register FILE")


def _covered(view: View, vantages: set[str]) -> bool:
    """Whether one of the vantages covers the device's declared zone; undeclared zones: yes."""
    zone = view.context.zone_of([view.address])
    if not zone:
        return True
    found = (view.context.vantages.get(name) for name in vantages)
    return any(one is None or not one.covers or one.reaches(zone, view.address) for one in found)


def a09(view: View) -> list[Case]:
    """What was not asked, by reason."""
    if Outcome.NOT_ASKED not in view.outcomes:
        return []
    left = [
        item
        for door in view.doors
        for item in door.observations
        if item.outcome is Outcome.NOT_ASKED
        and item.reason != Reason.DEPENDENCY.value
        and not (item.reason == Reason.NO_CREDENTIAL.value and _refuses(door))
    ]
    if not left:
        return []
    counts = Counter(item.reason or "no reason" for item in left)
    reasons = ", ".join(f"{count} x {reason}" for reason, count in counts.most_common())
    said = both(true(Strength.E4, *(told(item) for item in left[:6])))
    words = {"reasons": reasons, "reason": counts.most_common(1)[0][0]}
    return [Case("", said, words, unlocks=len(left))]


def locked(view: View) -> tuple[Because, ...]:
    """Why nothing absent may be concluded: a data door that is locked, filtered or not asked.

    A locked door is not an empty room (domain model 3.8).
    """
    found = []
    for door in view.here:
        about = info(door)
        if about is None or not about.data:
            continue
        if door.protocol == "snmp" and "snmp" not in view.plausible and not door.spoke:
            continue
        if not door.spoke:
            if door.decided.outcome not in (Outcome.CLOSED, Outcome.OTHER):
                found.append(cite(door.decided))
            continue
        shut = (item for item in door.observations if _shuts(door, item))
        found += [told(item) for item in islice(shut, 1)]
    return tuple(found)


def _shuts(door: Door, item: Observation) -> bool:
    """Whether an answer leaves something behind a door that spoke."""
    if about_undeclared(item):
        return False
    refused = item.outcome.value.startswith("refused")
    if item.outcome is Outcome.REFUSED_CAPABILITY and not never_opened(item):
        return False
    return refused and not _opened(door, item)


def _opened(door: Door, refusal: Observation) -> bool:
    """Whether another name was let in where this one was refused."""
    if refusal.outcome not in (Outcome.REFUSED_AUTH, Outcome.REFUSED_CAPABILITY):
        return False
    return any(
        item.outcome in DATA
        and item.question.operation == refusal.question.operation
        and item.credential != refusal.credential
        for item in door.observations
    )
