"""Rules on who talks to whom, as captures show it: T11 (vendor cloud only) and G06 (crossing).

One rule keeps it simple: a conversation that was overheard is a fact about both its ends; whether
it is meant so, only declared zones, conduits and attestations say.
"""

from __future__ import annotations

import ipaddress

from inventory.judge.logic import both, declared, true
from inventory.judge.openness import OPEN, no_data_roles
from inventory.judge.statements import says
from inventory.judge.view import View
from inventory.model import Because, Strength
from inventory.rules.inaccessible import name_of
from inventory.rules.rule import Case
from inventory.rules.trapped import _no_open_service, answering
from protocols.contract import Observation

EXPORTS = frozenset({"tls", "mqtt", "http"})
"""Protocols by which devices report to servers outside."""

LONG_SECONDS = 600.0  # a look at a web page is shorter
ASKS = frozenset({"ot-client", "hmi", "server", "workstation", "historian"})
"""Roles that ask others: what they send out is not their own data."""


def t11(view: View) -> list[Case]:
    """Its data leaves for a server outside, and nothing here can read it."""
    role = view.device.role
    if role in no_data_roles() or role in ASKS or not (role or view.device.vendor):
        return []
    found = next((item for item in view.evidence.observations if _goes_out(view, item)), None)
    if found is None or answering(view, OPEN):
        return []
    where = server_of(found)
    hours = found.duration_seconds / 3600
    told = Because(
        found.id, found.outcome.value, f"{hours:.1f} h with {where}, by {found.question.protocol}"
    )
    said = both(true(Strength.E3, told), _no_open_service(view))
    return [Case("", said, {"asset": name_of(view), "vendor": view.device.vendor or "its maker",
                            "endpoint": where})]  # fmt: skip


def _goes_out(view: View, item: Observation) -> bool:
    asked = item.question
    if asked.operation != "client" or asked.protocol not in EXPORTS:
        return False
    where = server_of(item)
    return item.duration_seconds >= LONG_SECONDS and _outside(where) and not _ours(view, where)


def server_of(item: Observation) -> str:
    """The address in a client's "tcp:203.0.113.7:8883"."""
    return item.question.argument.partition(":")[2].rpartition(":")[0]


def _outside(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False


def _ours(view: View, address: str) -> bool:
    """Whether the operator says that this server is his, by attestation or as part of a zone."""
    if view.context.zone_of([address]):
        return True
    return any(says("own_endpoint", item.fields) for item in view.context.statements(address))


def g06(view: View) -> list[Case]:
    """Somebody in another zone reads or writes it, and no conduit was declared between the two."""
    context = view.context
    mine = context.zone_of(view.device.addresses)
    if not mine:
        return []
    cases: dict[str, Case] = {}
    for name in ("consumer", "writer"):
        for value in view.fact(name):
            address = value.partition(" ")[0]
            zone = context.zone_of([address])
            spoken = value.split(" ")[1:2] or [""]
            if not zone or zone == mine or context.permits(zone, mine, spoken[0]):
                continue
            premise = declared(f"{address} stands in {zone}, {name_of(view)} in {mine}")
            said = true(Strength.E4, view.source(name, value), premise)
            words = {"asset": name_of(view), "from": zone, "to": mine, "consumer": address}
            cases.setdefault(zone, Case(zone, said, words))
    return list(cases.values())
