"""A plant in which every double plays, in every manner of its protocol: what a campaign scans.

One rule keeps it simple: a kind of device has a /24 of its own, so that its credential, and who
judges it, are told by the address.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.protocols.opcua.identities import certificate, pem, rsa_key

Table = dict[str, Any]
FAULTS: tuple[Table, ...] = (
    *({"kind": kind} for kind in ("mute", "silent", "hangup", "garbage", "echo")),
    *({"kind": "cut", "value": 5}, {"kind": "slow", "value": 0.05}),
    {"kind": "dies_after", "value": 9},
)
EVERY = 20
"""One device of so many misbehaves, each kind of fault in turn."""

USER = {
    **{"name": "reader", "auth": "SHA-256", "auth_secret": "every-double-auth"},
    **{"privacy": "AES-128", "privacy_secret": "every-double-priv"},
}
REGISTERS = tuple(
    {"address": f"holding:{2 * n}", "name": f"Value {n}", "type": "float32", "value": n + 0.5}
    for n in range(8)
)
NODES = tuple(
    {
        **{"address": f"ns=2;s=Value{n}", "name": f"Value{n}", "type": "Double"},
        **{"value": n + 0.5, "options": {"path": "Cell"}},
    }
    for n in range(12)
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What the devices of one /24 are; `count` of them stand for one share of the plant."""

    name: str
    count: int
    services: tuple[Table, ...]
    units: int = 0
    well: bool = False  # asyncua plays no faults


def service(protocol: str, points: tuple[Table, ...] = (), **options: Any) -> Table:
    """One listener."""
    return {"protocol": protocol, "options": options, "points": list(points)}


SECURED = service("opcua", NODES, server="asyncua", endpoints=["Basic256Sha256/SignAndEncrypt"])
KINDS = (
    Kind("meter", 30, (service("modbus", REGISTERS),)),
    Kind("sunspec", 10, (service("modbus", sunspec=True),)),
    Kind("gateway", 10, (service("modbus"),), units=6),
    Kind("switch", 15, (service("snmp", entity=True),)),
    Kind("old-switch", 5, (service("snmp", versions=["v1"]),)),
    Kind("secured-switch", 10, (service("snmp", versions=["v3"], users=[USER]),)),
    Kind("server", 15, (service("opcua", NODES),)),
    Kind("secured-server", 1, (SECURED,), well=True),
    Kind("controller", 10, (service("s7comm"),)),
    Kind("page", 5, (service("http"),)),
    Kind(
        "everything",
        4,
        (
            *(service("modbus", REGISTERS), service("snmp"), service("opcua", NODES)),
            *(service("s7comm"), service("http")),
        ),
    ),
)
ENCRYPTED = ("secured-server",)
"""Kinds whose requests only the peer can read; SNMPv3 tells tshark that it is encrypted."""


def net(prefix: str, name: str) -> str:
    """The first three octets of a kind's addresses."""
    return f"{prefix}.{[kind.name for kind in KINDS].index(name) + 1}"


def write(file: Path, prefix: str, share: int) -> Path:
    """Write the plant with `share` times the counts, and the client's certificate beside it."""
    key = rsa_key(2048)
    identity = file.with_name("client.der")
    identity.write_bytes(certificate(key))
    lines = ['[plant]\nname = "everything"\nsite = "everything"']
    bad = 0
    for kind in KINDS:
        for place in range(1, kind.count * (1 if kind.well else share) + 1):
            faults: tuple[Table, ...] = ()
            if place % EVERY == 0 and not kind.well:
                faults = (FAULTS[bad % len(FAULTS)],)
                bad += 1
            address = f"{net(prefix, kind.name)}.{place}"
            lines += _device(kind, f"{kind.name}-{place}", address, faults)
    lines += _credentials(prefix, str(identity), pem(key))
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _device(kind: Kind, name: str, address: str, faults: tuple[Table, ...]) -> Iterator[str]:
    vendor = {"vendor": "Acme", "product": kind.name, "firmware": "1.2", "serial": f"E-{name}"}
    yield f"[[device]]\n{_pairs({'id': name, 'address': address, **vendor})}"
    for one in kind.services:
        yield f"[[device.service]]\n{_pairs({**one, 'faults': list(faults)})}"
    for unit in range(1, kind.units + 1):
        fields = {"unit": unit, **vendor, "serial": f"E-{name}-{unit}", "points": list(REGISTERS)}
        yield f"[[device.unit]]\n{_pairs(fields)}"


def _credentials(prefix: str, identity: str, key: str) -> Iterator[str]:
    everywhere = {"entitlement": "full"}
    tables: Mapping[str, Table] = {
        "reader": {
            **{"type": "snmp-v3", "user": USER["name"], "auth": USER["auth"]},
            **{"privacy": USER["privacy"], "secret_value": USER["auth_secret"]},
            "privacy_secret_value": USER["privacy_secret"],
            "applies_to": [f"{net(prefix, 'secured-switch')}.0/24"],
        },
        "community": {"type": "snmp-v2c", "secret_value": "public"},
        "old-community": {
            **{"type": "snmp-v1", "secret_value": "public"},
            "applies_to": [f"{net(prefix, 'old-switch')}.0/24"],
        },
        "machine": {
            **{"type": "opcua-certificate", "auth": identity, "secret_value": key},
            "applies_to": [f"{net(prefix, 'secured-server')}.0/24"],
        },
    }
    for name, table in tables.items():
        yield f"[site.credentials.{name}]\n{_pairs(table | everywhere)}"


def _pairs(table: Mapping[str, Any]) -> str:
    return "\n".join(f"{key} = {_inline(value)}" for key, value in table.items())


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_inline(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)
