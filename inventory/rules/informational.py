"""N rules: what is no gap. They set an asset's category, or say why there is none.

One rule keeps it simple: an N rule never hides a finding; it only names the category.
"""

from __future__ import annotations

from inventory.judge.logic import derived, false, true
from inventory.judge.openness import no_data_roles
from inventory.judge.statements import says
from inventory.judge.view import View
from inventory.model import Because, Level, Proposition, Strength


def sufficient(level: Level) -> bool:
    """N01: all that level 4 asks for is shown."""
    return (level.lo or 0) >= 4


def not_data_bearing(view: View) -> Proposition:
    """N03: infrastructure, or made for people."""
    role = next(iter(view.fact("role")), "") if view.discovery else view.device.role
    if view.discovery or role in no_data_roles():
        return true(Strength.E3, view.source("role", role))
    return false(Strength.E0)


def covered(view: View) -> Proposition:
    """N02: another server names this device as the origin of its values, or a person says so."""
    device, context = view.device, view.context
    tag = device.register.tag if device.register else ""
    names = [name for name in (tag, device.name, device.serial, *device.addresses) if name]
    for item in context.statements(device.key, *names):
        if says("covered", item.fields):
            text = f"attested: covered by {item.fields.get('value', 'another server')}"
            return true(Strength.E4, Because("", "declared", text, item.id))
    for name in names:
        server = context.origins.get(name.casefold()) if len(name) >= 4 else None
        if server and server != device.key:
            text = f"server {context.names.get(server) or server[:8]} names {name} as an origin"
            return true(Strength.E3, derived(text))
    return false(Strength.E0)
