"""A command that asks a device again asks it where it was asked and found: every plant, with all
services at ports where no scan asks by itself."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from inventory.judge.openness import protocol
from inventory.judge.view import View
from inventory.model import Evidence
from inventory.rules.inaccessible import _scan_of
from protocols.contract import NEGATIVE_CONTROL, SPOKE, Observation, Outcome
from tests.inventory.verdict.evidence import ADDRESS, context, evidence, seen
from tests.inventory.verdict.plants import Row, judged
from tests.inventory.verdict.plants.rows import ROWS

ODD = 10_000
ANSWERS = SPOKE - {Outcome.REFUSED_DOWNSTREAM}


def moved(item: Observation) -> Observation:
    about = protocol(item.question.protocol)
    if about is None or not about.ports or item.question == NEGATIVE_CONTROL:
        return item
    return replace(item, target=replace(item.target, port=item.target.port + ODD))


def shifted(found: Evidence) -> Evidence:
    services = tuple(replace(one, port=one.port + ODD) for one in found.device.services)
    return replace(
        found,
        device=replace(found.device, services=services),
        observations=tuple(map(moved, found.observations)),
    )


def elsewhere(row: Row) -> Row:
    found = row.found if isinstance(row.found, tuple) else (row.found,)
    others = tuple(map(shifted, row.others))
    return replace(row, found=tuple(map(shifted, found)), others=others)


def open_ports(row: Row) -> dict[str, set[str]]:
    """Address → "protocol=port" of what answered, else of what did not refuse."""
    found = row.found if isinstance(row.found, tuple) else (row.found,)
    ports: dict[str, set[str]] = {}
    for one in (*found, *row.others):
        told = [item for item in one.observations if item.question != NEGATIVE_CONTROL]
        spoken = {item.question.protocol for item in told if item.outcome in ANSWERS}
        for item in told:
            name, about = item.question.protocol, protocol(item.question.protocol)
            met = item.outcome in ANSWERS if name in spoken else item.outcome is not Outcome.CLOSED
            if met and about and about.ports:
                ports.setdefault(item.target.address, set()).add(f"{name}={item.target.port}")
    return ports


ASKS = re.compile(r"untrap scan (?P<address>[0-9.]+)(?: --probe (?P<probe>\S+))?(?P<rest>.*)")


@pytest.mark.parametrize("rule", sorted({one.rule for one in ROWS if "?" in one.key}))
def test_every_command_names_the_ports_where_the_device_was_met(rule: str) -> None:
    met = 0
    asking = (one for one in ROWS if one.rule == rule and "?" in one.key)
    for plant in map(elsewhere, asking):
        for question in judged(plant).questions:
            command = ASKS.fullmatch(question.command)
            if command is None or "PROTOCOL=PORT" in question.command:
                continue
            wanted = {
                port
                for port in open_ports(plant).get(command["address"], ())
                if command["probe"] in (None, port.partition("=")[0])
            }
            named = set(re.findall(r"\w+=\d+", command["rest"]))
            met += bool(wanted)
            assert wanted <= named, (question.rule, question.missing, question.command)
    assert met or rule not in ("A01", "A02", "A03", "N05", "Q01", "Q03", "T06", "U01")


S, C = Outcome.COMPLETE, Outcome.CLOSED


@pytest.mark.parametrize(
    ("met", "name", "options"),
    [
        (((4840, S),), "", ""),
        (((4841, S),), "", " --port opcua=4841"),
        (((4840, S), (4841, S)), "", " --port opcua=4840,opcua=4841"),
        (((4841, S), (4842, Outcome.SILENT)), "", " --port opcua=4841"),
        (((4842, Outcome.SILENT), (4841, C)), "", " --port opcua=4842"),
        (((4841, C),), "", ""),
        (((4841, S),), "modbus", ""),
        (((4841, S),), "opcua", " --port opcua=4841"),
    ],
)
def test_ports_are_named_where_it_spoke_else_where_nobody_refused(
    met: tuple[tuple[int, Outcome], ...], name: str, options: str
) -> None:
    view = View(evidence(*(seen("opcua", what, port=port) for port, what in met)), context())
    probe = f" --probe {name}" if name else ""
    assert view.scan("--x", name) == f"untrap scan {ADDRESS}{probe}{options} --x"


def test_what_a_register_names_is_scanned_at_the_address_that_it_names() -> None:
    silent = seen("opcua", Outcome.SILENT, port=4841)
    view = View(evidence(silent), context())
    assert _scan_of(view, ADDRESS, "--x") == f"untrap scan {ADDRESS} --port opcua=4841 --x"
    assert _scan_of(view, "10.0.0.9") == "untrap scan 10.0.0.9"
