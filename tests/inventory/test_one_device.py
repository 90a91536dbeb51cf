"""However a device is known - asked, heard, listed, in tables of others - it is one asset.

Devices are drawn with any mixture of evidence, in any order. What only gives an IP address and what
only gives a hardware address belongs together where something that was heard or asked names both; a
row of the register is no proof of that, since it may be older than the device.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.derive.assets import derive
from inventory.model import Declaration
from protocols.contract import Fact, Observation
from tests.inventory.making import SITE, listed, observed

SWITCH, ROUTER = "10.0.9.2", "10.0.9.1"
BOTH = frozenset({"asked with mac", "heard with mac", "nmap with mac", "arp table"})
BY_ADDRESS = frozenset({"asked", "nmap", "row with address", "heard"})
BY_MAC = frozenset({"heard by mac", "switch table", "row with mac"})
ROWS = {"row with both", "row with address", "row with mac"}
EVIDENCE = sorted(BOTH | BY_ADDRESS | BY_MAC | ROWS)


@dataclass(frozen=True)
class Known:
    """One device and how it is known."""

    number: int
    by: frozenset[str]

    @property
    def address(self) -> str:
        return f"10.0.0.{10 + self.number}"

    @property
    def mac(self) -> str:
        return f"00:1b:1b:00:00:{self.number:02x}"


@st.composite
def plants(draw: st.DrawFn) -> list[Known]:
    """Devices; of the ways to be listed one at most, and a tie where both halves are known."""
    found = []
    for number in range(draw(st.integers(1, 5))):
        by = draw(st.sets(st.sampled_from(EVIDENCE), min_size=1, max_size=5))
        by -= set(sorted(by & ROWS)[1:])
        if by & BY_MAC and by & BY_ADDRESS and not by & BOTH:
            by.add(draw(st.sampled_from(sorted(BOTH))))
        found.append(Known(number, frozenset(by)))
    return found


def evidence(one: Known) -> list[Observation]:
    itself = {"vendor": "Siemens AG", "product": f"S7 {one.number}"}
    mac = {"mac": one.mac}
    heard = {"protocol": "capture", "operation": "heard", "transport": "link", "port": 0,
             "origin": "capture", "scan": "capture-1", "at": 5}  # fmt: skip
    nmap = {"protocol": "nmap", "operation": "host", "transport": "link", "port": 0,
            "origin": "nmap", "scan": "nmap-1", "at": 7}  # fmt: skip
    made = {
        "asked": lambda: observed(one.address, itself),
        "asked with mac": lambda: observed(one.address, itself | mac),
        "heard": lambda: observed(one.address, {"role": "ot-device"}, **heard),
        "heard with mac": lambda: observed(one.address, {"role": "ot-device"} | mac, **heard),
        "heard by mac": lambda: observed(one.mac, {"role": "ot-device"} | mac, **heard),
        "nmap": lambda: observed(one.address, {"product": "S7"}, **nmap),
        "nmap with mac": lambda: observed(one.address, {"product": "S7"} | mac, **nmap),
    }
    return [made[name]() for name in sorted(one.by) if name in made]


def rows(one: Known) -> list[Declaration]:
    given = {
        "row with both": {"address": one.address, "mac": one.mac},
        "row with address": {"address": one.address},
        "row with mac": {"mac": one.mac},
    }
    return [listed(tag=f"D-{one.number}", **given[name]) for name in sorted(one.by & ROWS)]


def table(address: str, facts: list[Fact]) -> list[Observation]:
    itself = {"name": address, "vendor": "Hirschmann", "mac": f"ec:74:ba:00:00:{address[-1]:0>2}"}
    who = observed(address, itself, protocol="snmp", operation="system", port=161)
    walked = observed(address, {}, protocol="snmp", operation="walk", port=161, at=1)
    return [who, replace(walked, facts=tuple(facts))]


@settings(max_examples=60)
@given(plants(), st.randoms(use_true_random=False))
def test_one_device_is_one_asset(plant: list[Known], chance: object) -> None:
    seen = [one for known in plant for one in evidence(known)]
    learned = [Fact("mac_seen", k.mac, "snmp BRIDGE-MIB", f"port {k.number}")
               for k in plant if "switch table" in k.by]  # fmt: skip
    spoken = [Fact("arp_seen", f"{k.address}={k.mac}", "snmp IP-MIB", "if 1")
              for k in plant if "arp table" in k.by]  # fmt: skip
    seen += table(SWITCH, learned) + table(ROUTER, spoken)
    declared = [row for known in plant for row in rows(known)]
    chance.shuffle(seen)  # type: ignore[attr-defined]
    found = derive(SITE, seen, declared).devices
    named = {
        known.number: [
            one for one in found
            if known.address in one.addresses or one.mac == known.mac
            or (one.register and one.register.tag == f"D-{known.number}")
        ]
        for known in plant
    }  # fmt: skip
    assert {number: len(devices) for number, devices in named.items()} == dict.fromkeys(named, 1)
    assert len(found) == len(plant) + 2, [one.addresses for one in found]
