"""What the experiments count with: rows, targets, floors, and the plant of the main table.

One rule keeps it simple: a figure is a number or None, and None is never met.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from benchmarks import score
from benchmarks.tools import Result

Found = dict[str, Any]
MIXED = "modbus+snmp+gateway+opcua"
PER_SUBNET = 50
"""Devices in a /24: the hosts at once are limited per /24, and no plant fills one."""

PORTS = "T:502,4840,102,U:161"
KNOCK = 2  # packets, both ways: what is asked and refused
FLOOR = {"snmp": 2, "modbus": 10, "opcua": 15}
"""Packets, both ways, of the shortest conversation that identifies a device."""

LAB = ("--i-own-this-lab",)
THREE = ("--probe", "snmp,modbus,opcua")


def mixed(size: int, bad: float, prefix: str, protocols: str = MIXED) -> str:
    """The plant of the main table."""
    return (
        f"generate:{size},misbehaving={bad},prefix={prefix},per_subnet={PER_SUBNET},"
        f"protocols={protocols}"
    )


def target(
    what: str,
    found: float | None,
    wanted: float,
    *,
    least: bool = False,
    floors: tuple[float, float] | None = None,
) -> Found:
    """One figure against what was wanted of it: at most, or at least. `floors` are the same figure
    for our limits alone, and with starting and concluding."""
    met = found is not None and (found >= wanted if least else found <= wanted)
    shown = None if found is None else round(found, 3)
    made = {"what": what, "found": shown, "wanted": wanted, "least": least, "met": met}
    return made | ({"floors": [round(one, 3) for one in floors]} if floors else {})


def floors(item: Found, other: float | None) -> tuple[float, float] | None:
    """What our own limits ask of a run, by the plan's arithmetic with what was found, as a share of
    another time; and the same with the seconds before its first packet and after its last."""
    limits = item.get("summary", {}).get("cost", {}).get("seconds")
    return over(limits, item, other) if limits and other else None


def over(limits: float, item: Found, other: float) -> tuple[float, float]:
    """Seconds that the limits ask, as a share of another time, without and with the seconds before
    the first packet and after the last."""
    spent = item.get("phases", {})
    return limits / other, (limits + spent.get("start", 0) + spent.get("end", 0)) / other


def against(item: Found, other: Found | None) -> tuple[float, float] | None:
    """The floors of a run beside another one's wall time."""
    return floors(item, other.get("wall") if other else None)


def ratio(one: Found | None, other: Found | None, name: str = "wall") -> float | None:
    """One row's figure over another's; None where either is missing."""
    if not one or not other or not one.get(name) or not other.get(name):
        return None
    return float(one[name]) / float(other[name])


def row(result: Result | None, name: str, **more: Any) -> Found:
    """A row of the tables; the tool may not be there."""
    return {"name": name, "missing": True} if result is None else result.record() | more


def ours(result: Result, profile: str) -> Found:
    """A row of untrap."""
    return result.record() | {"profile": profile}


def each(item: Found) -> float | None:
    """Packets, both ways, per identified device."""
    known = item.get("identified")
    return (item["packets"] + item["back"]) / known if known else None


def blind(plant: str) -> float:
    """The least packets per identified device for who must ask every port of every device."""
    keys = score.key(plant).values()
    known = sum(item.answers for item in keys)
    knocks = len(keys) * (len(PORTS.split(",")) - 1) * KNOCK
    return (knocks + sum(FLOOR[item.protocol] for item in keys)) / known


def floor_notes(rows: Iterable[Found], other: Found | None, name: str) -> Iterator[str]:
    """What our own limits ask of each run, by the plan's arithmetic with what was found, as a share
    of the other's time: no machine and no code is faster than that under these limits."""
    for item in rows:
        limits = item.get("summary", {}).get("cost", {}).get("seconds")
        if limits and other and other.get("wall"):
            yield (
                f"{item['profile']}: the limits alone ask {limits:g} s of the {item['wall']:g} s, "
                f"{limits / other['wall']:.2f} times {name}'s {other['wall']:g} s."
            )


def part(item: Found, name: str) -> float | None:
    """The share of the devices that tell a field of which the run has it."""
    return item[name] / item[f"{name}_there"] if item.get(f"{name}_there") else None
