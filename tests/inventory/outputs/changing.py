"""A small plant on two days, as plant files: what happened in between is what `diff` must tell.

Each device has one service, so that a scan can ask `address:port/protocol` and nothing else: on
loopback every address that nobody uses answers a connection with a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

NET = "127.31.1"
SNMP = 'options = {{ versions = ["v2c"], enterprise = 248, object_id = "1.3.6.1.4.1.248.14.10.41",'
SWITCH = """[[device]]
id = "{id}"
address = "{net}.{host}"
vendor = "Hirschmann"
product = "RS20-0800T1T1"
firmware = "{firmware}"
serial = "{serial}"
name = "{id}"
[[device.service]]
protocol = "snmp"
{options} description = "Hirschmann Railswitch", entity = true }}
{faults}
"""
SERVER = """[[device]]
id = "{id}"
address = "{net}.{host}"
vendor = "Beckhoff Automation"
product = "CX5140"
firmware = "4.4.1"
serial = "{serial}"
name = "{id}"
[[device.service]]
protocol = "opcua"
options = {{ application_name = "{id}", application_uri = "urn:{id}:server", product_uri = "urn:BeckhoffAutomation:TcOpcUaServer", nameplate = true{tokens} }}
points = [{{ address = "ns=2;s=Pump.Flow", name = "Pump flow", type = "Double", value = 38.4, unit = "m³/h", options = {{ path = "Pump", low = 0, high = 60 }} }}]
"""  # noqa: E501 - an inline table is one line

FIRST = ("stays", "moves", "updated", "falls-silent", "not-asked", "locks", "opens")
SECOND = ("stays", "moves", "updated", "falls-silent", "not-asked", "locks", "opens", "is-new")
SERVERS = frozenset(("locks", "opens"))
HOSTS: Mapping[str, int] = {name: place for place, name in enumerate(SECOND, 10)}
ELSEWHERE = 99
"""Where the device that moves is on the second day."""
LOCKED = ', tokens = ["username"], users = { service = "changing-2026" }'


def host(name: str, later: bool) -> str:
    """The address of a device on one of the two days."""
    return f"{NET}.{ELSEWHERE if later and name == 'moves' else HOSTS[name]}"


def plant(later: bool) -> str:
    """The plant file of one of the two days."""
    head = '[plant]\nname = "changing"\nsite = "Changing Works"\nabout = "One plant on two days"\n'
    return head + "".join(_device(name, later) for name in (SECOND if later else FIRST))


def _device(name: str, later: bool) -> str:
    at = {"id": name, "net": NET, "host": host(name, later).rpartition(".")[2]}
    at["serial"] = f"SN-4711-{HOSTS[name]}"
    if name in SERVERS:
        locked = later is (name == "locks")
        return SERVER.format(**at, tokens=LOCKED if locked else "")
    firmware = "09.1.02" if later and name == "updated" else "09.0.15"
    silent = 'faults = ["silent"]' if later and name == "falls-silent" else ""
    return SWITCH.format(**at, firmware=firmware, options=SNMP.format(), faults=silent)


def targets(shift: int, later: bool) -> Sequence[str]:
    """What the scan of one of the two days asks; the second asks the moved one at both places, and
    one device not at all."""
    names = [name for name in (SECOND if later else FIRST) if not (later and name == "not-asked")]
    asked = [f"{host(name, later)}:{_service(name, shift)}" for name in names]
    return [*asked, f"{host('moves', False)}:{_service('moves', shift)}"] if later else asked


def _service(name: str, shift: int) -> str:
    return f"{4840 + shift}/opcua" if name in SERVERS else f"{161 + shift}/snmp"
