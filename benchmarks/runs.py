"""The experiments: each plays a plant, runs the programs beside each other, returns plain data.

One rule keeps it simple: a result is rows (what was measured), targets (what was wanted, and
whether it was met) and notes; whatever cannot run here says why.
"""

from __future__ import annotations

import csv
import ipaddress
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import score, tools
from benchmarks.stage import Played, beyond_router, measure, on_segment, played, watch_dead
from benchmarks.tools import Result
from scanner.profile import Limits
from scanner.wire.pacer import WINDOW_MARGIN
from simulators.generate import from_text

Found = dict[str, Any]
MIXED = "modbus+snmp+gateway+opcua"
AGENTS = "snmp*18+snmp-v1+snmp-v3"
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
    return _over(limits, item, other) if limits and other else None


def _over(limits: float, item: Found, other: float) -> tuple[float, float]:
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


def identify(size: int, folder: Path) -> Found:
    """Mixed devices, 15 % misbehaving: untrap under brisk and bench, nmap beside it."""
    plant = mixed(size, 0.15, "127.30")
    with played(plant, folder) as here:
        brisk = ours(tools.untrap(plant, here, folder), "brisk")
        witness = here.witness().get("devices", {})
        bench = ours(tools.untrap(plant, here, folder, "bench"), "bench")
        nmap = row(tools.nmap(plant, here, folder, PORTS), "nmap") if not here.shift else None
        every = None
        if nmap and size <= UNITS_MOST:
            every = row(tools.nmap(plant, here, folder, PORTS, units=True), "nmap")
            every["profile"] = "of every Modbus unit"
    most = max((device["connections"] for device in witness.values()), default=0)
    share = {250: 0.25, 1_000: 0.5, 2_000: 0.75}.get(size, 0.75)
    nmap_each, our_each = each(nmap or {}) if nmap and "packets" in nmap else None, each(brisk)
    packets = our_each / nmap_each if our_each and nmap_each else None
    there = max(1, brisk["answering"])
    floor, floors = blind(plant), ", ".join(f"{name} {least}" for name, least in FLOOR.items())
    return {
        "rows": [item for item in (brisk, bench, nmap, every) if item],
        "targets": [
            target("wall, brisk / nmap", ratio(brisk, nmap), share, floors=against(brisk, nmap)),
            target("wall, bench / nmap", ratio(bench, nmap), 0.25, floors=against(bench, nmap)),
            target("packets per identified device / nmap", packets, 0.53),
            target("the same / blind floor", our_each / floor if our_each else None, 1.35),
            target("identified", brisk["identified"] / there, 0.99, least=True),
            target("complete", brisk["complete"] / there, 0.97, least=True),
            target("serial", _part(brisk, "serial"), 0.95, least=True),
            target("wrong fields", brisk["wrong"] + bench["wrong"], 0),
            target("answers believed that are none", brisk["believed"] + bench["believed"], 0),
            target("connections to one device and port", most, 4),
            target("first asset in the inventory, s", brisk["first_durable"], 2),
        ],
        "notes": [
            f"Packets per identified device, both ways: {our_each or 0:.1f}; blind floor "
            f"{floor:.1f} (a refused knock {KNOCK}; {floors}).",
            f"Physics under brisk: 100 new hosts/s need {size / 100:g} s, "
            f"{brisk['packets']} packets at 1 000/s {brisk['packets'] / 1_000:.1f} s, and a Modbus "
            "device that is mute takes two questions of 3 s; nobody knows before who is mute.",
            *_floors((brisk, bench), nmap, "nmap"),
            *_anchored(size, (brisk, bench), nmap),
            *_reach(plant, size, nmap, every),
        ],
    }


ANCHOR = {250: 34.0, 1_000: 43.0, 2_000: 49.0}
"""Seconds of the nmap that the targets were set beside, on a plant of its own."""


def _anchored(size: int, rows: Iterable[Found], nmap: Found | None) -> Iterator[str]:
    """The same beside the nmap that the targets were set with."""
    if size in ANCHOR and nmap and not nmap.get("missing"):
        times = ", ".join(f"{item['profile']} {item['wall'] / ANCHOR[size]:.2f}" for item in rows)
        yield (
            f"The targets were set beside an nmap that took {ANCHOR[size]:g} s for so many "
            f"devices; against that: {times}. They are judged by the nmap of this run, which took "
            f"{nmap['wall']:g} s."
        )


UNITS_MOST = 250
"""Devices of which nmap is asked for every unit: more take minutes."""


def _floors(rows: Iterable[Found], other: Found | None, name: str) -> Iterator[str]:
    """What our own limits ask of each run, by the plan's arithmetic with what was found, as a share
    of the other's time: no machine and no code is faster than that under these limits."""
    for item in rows:
        limits = item.get("summary", {}).get("cost", {}).get("seconds")
        if limits and other and other.get("wall"):
            yield (
                f"{item['profile']}: the limits alone ask {limits:g} s of the {item['wall']:g} s, "
                f"{limits / other['wall']:.2f} times {name}'s {other['wall']:g} s."
            )


def _reach(plant: str, size: int, nmap: Found | None, every: Found | None) -> Iterator[str]:
    """What nmap can identify at all, and what it does to find units."""
    if not nmap or nmap.get("missing"):
        return
    keys = [item for item in score.key(plant).values() if item.answers]
    able = sum(item.protocol != "opcua" and not item.units for item in keys)
    yield (
        f"nmap has scripts for SNMP and Modbus and asks unit 1: {able} of these {len(keys)} devices"
        f" at most, of which it identified {nmap['identified']}. So the fastest flags are those "
        f"that identify most as well; on average it sent {nmap['packets'] / nmap['wall']:.0f} "
        "packets/s, its scripts, which no rate of its binds, included."
    )
    if every and not every.get("missing"):
        units = sum(item.units for item in keys)
        yield (
            f"Asked for every Modbus unit ({units} stand behind the gateways of these {size}), it "
            f"tells of {every['summary']['units_told']} and identifies {every['identified']} "
            "devices; no target is judged by that run."
        )


def _part(item: Found, name: str) -> float | None:
    return item[name] / item[f"{name}_there"] if item.get(f"{name}_there") else None


def healthy(folder: Path) -> Found:
    """With and without misbehaviour: what it costs the others."""
    rows = []
    for bad, prefix in ((0.15, "127.29"), (0.0, "127.28")):
        plant = mixed(1_000, bad, prefix)
        with played(plant, folder) as here:
            rows.append(ours(tools.untrap(plant, here, folder), f"brisk, {bad:.0%} misbehaving"))
    both = ratio(rows[0], rows[1])
    return {
        "rows": rows,
        "targets": [
            target("time with / without misbehaving", both, 1.25, floors=against(rows[0], rows[1]))
        ],
        "notes": list(_floors(rows[:1], rows[1], "the run without")),
    }


def complete(folder: Path) -> Found:
    """In depth, with the units declared: the whole identity, as the devices tell it."""
    plant = mixed(250, 0.15, "127.27")
    register = folder / "units.csv"
    _register(plant, register)
    with played(plant, folder) as here:
        done = tools.untrap(plant, here, folder, depth="points", register=register)
        connections = [one["connections"] for one in here.witness().get("devices", {}).values()]
    found = ours(done, "brisk, points")
    there = max(1, found["answering"])
    return {
        "rows": [found],
        "targets": [
            target("identified", found["identified"] / there, 0.99, least=True),
            target("complete", found["complete"] / there, 0.97, least=True),
            target("serial, of those told", _part(found, "serial"), 0.95, least=True),
            target("units behind gateways", _part(found, "units"), 0.95, least=True),
            target("wrong fields", found["wrong"], 0),
            target("connections to one device and port", max(connections, default=0), 4),
        ],
        "notes": [
            "OPC UA servers tell firmware and serial in a session only, and Modbus meters their "
            "serial in the SunSpec models only: at `identify` neither is asked, so that every "
            "device costs the fewest packets. Units are asked because a register declares them.",
        ],
    }


def _register(plant: str, path: Path) -> None:
    """Tags, addresses and units of the gateways, and nothing of who they are."""
    made = from_text(plant.removeprefix("generate:"))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("Tag", "Kind", "Address", "Protocol", "Unit", "Parent"))
        for device in made.devices:
            for unit in device.units:
                tag = f"{device.id}/{unit.unit}"
                writer.writerow((tag, "device", device.address, "modbus", unit.unit, ""))


def agents(size: int, folder: Path) -> Found:
    """SNMP alone: agents that speak version 2c, which every tool can ask; then, for untrap, one in
    twenty with version 1 only and one with version 3 only."""
    plant, kinds = mixed(size, 0, "127.26", "snmp"), mixed(size, 0, "127.20", AGENTS)
    rows: list[Found] = []
    with played(plant, folder) as here:
        for profile in ("brisk", "bench"):
            done = tools.untrap(plant, here, folder, profile, "--probe", "snmp")
            rows.append(ours(done, profile))
        if not here.shift:
            rows.append(row(tools.nmap(plant, here, folder, "U:161"), "nmap"))
            words = folder / "communities"
            words.write_text("public\n", encoding="ascii")
            one = ("-c", str(words), "-i", str(here.targets), "-w", "1")
            rows.append(row(tools.simple("onesixtyone", one, folder, plant), "onesixtyone"))
            lines = here.targets.read_text(encoding="ascii").split()
            asked = [f"public@{address}:.1.3.6.1.2.1.1.1.0" for address in lines]
            rows.append(row(tools.simple("braa", ("-t", "1", *asked), folder, plant), "braa"))
    with played(kinds, folder) as here:
        done = tools.untrap(kinds, here, folder, "brisk", "--probe", "snmp")
        rows.append(ours(done, "brisk, with v1-only and v3-only agents"))
    by = {item["name"]: item for item in rows[2:-1] if not item.get("missing")}
    brisk, bench, every = rows[0], rows[1], rows[-1]
    nmap, other, braa = by.get("nmap"), by.get("onesixtyone"), by.get("braa")
    sent = every["packets"] / max(1, every["identified"])
    return {
        "rows": rows,
        "targets": [
            target("wall, brisk / nmap", ratio(brisk, nmap), 0.55, floors=against(brisk, nmap)),
            target("wall, brisk / onesixtyone -w 1", ratio(brisk, other), 1.0),
            target("wall, bench / braa", ratio(bench, braa), 1.0, floors=against(bench, braa)),
            target(
                "identified", brisk["identified"] / max(1, brisk["answering"]), 0.99, least=True
            ),
            target(
                "identified, with v1-only and v3-only agents",
                every["identified"] / max(1, every["answering"]),
                0.99,
                least=True,
            ),
            target(
                "wall with those / nmap without",
                *(ratio(every, nmap), 0.55),
                floors=against(every, nmap),
            ),
            target("packets sent per identified agent, with those", sent, 3),
        ],
        "notes": [
            "An agent of version 1 or 3 alone is silent to the community of version 2c: each "
            "credential has its first try before any has its second, 2 s apart, so that the third "
            "has its turn after 4 s. That, and not the rate, ends such a scan.",
            *_floors((brisk, every), nmap, "nmap"),
            *_floors((bench,), braa, "braa"),
        ],
    }


def killed(folder: Path) -> Found:
    """Killed at half time: how many devices the inventory holds."""
    plant = mixed(1_000, 0.15, "127.25")
    with played(plant, folder) as here:
        whole = tools.untrap(plant, here, folder)
        half = whole.measured.wall / 2
        done = tools.untrap(plant, here, folder, seconds=half)
    held = done.score["identified"] / max(1, done.score["answering"])
    first = whole.record()["first_durable"]
    return {
        "rows": [ours(whole, "brisk"), ours(done, "brisk, killed")],
        "targets": [
            target("identified when killed at half time", held, 0.4, least=True),
            target("first asset in the inventory, s", first, 2),
        ],
        "notes": [f"`kill -9` after {half:.1f} s."],
    }


def promise(folder: Path, size: int = 250) -> Found:
    """The plan's arithmetic with what was found, against what was sent."""
    rows, targets = [], []
    plants = {
        "bottling": "bottling",
        f"{size} healthy": mixed(size, 0, "127.24"),
        f"{size}, 15 % misbehaving": mixed(size, 0.15, "127.23"),
    }
    for name, plant in plants.items():
        with played(plant, folder) as here:
            done = tools.untrap(plant, here, folder)
        cost, sent = done.summary.get("cost", {}), done.summary.get("sent", {})
        rows.append(ours(done, f"brisk, {name}"))
        for unit, wanted in (("packets", 0.05), ("seconds", 0.2)):
            there = cost.get(unit) and sent.get(unit)
            off = abs(cost[unit] / sent[unit] - 1) if there else None
            targets.append(target(f"{name}: {unit} planned / sent, off by", off, wanted))
    return {"rows": rows, "targets": targets}


def profiles(folder: Path) -> Found:
    """Wall time of the slow profiles against the bound that their limits set."""
    rows, targets = [], []
    for name, size in (("gentle", 40), ("standard", 240)):
        plant = mixed(size, 0, "127.22")
        with played(plant, folder) as here:
            done = tools.untrap(plant, here, folder, name)
        rows.append(ours(done, name))
        bound = done.summary.get("cost", {}).get("seconds") or 0
        lasted = done.summary.get("seconds")
        what = f"{name}, {size} devices: {lasted} s / bound {bound} s"
        targets.append(target(what, lasted / bound if bound and lasted else None, 1.1))
    note = (
        "What a run takes over its bound is a second or so at its start and end, whatever its "
        "size: 120 devices took 9.6 s of 8.5 s under standard."
    )
    return {"rows": rows, "targets": targets, "notes": [note]}


def scattered(devices: int, bits: int, prefix: str) -> str:
    """Devices spread over the /24s of a network."""
    subnets = max(1, 1 << max(0, 24 - bits))
    per = -(-devices // subnets)
    return f"generate:{devices},prefix={prefix},per_subnet={per},protocols={MIXED}"


MASSCAN_SECONDS = 4 * 4_094 / 1_000 + 3
MASSCAN_IDEAL = "wall / what masscan's rate and wait promise, 19.4 s"
"""Its own run takes longer on some machines, and a slow anchor flatters."""


def routed(folder: Path) -> Found:
    """250 devices in a routed /20 whose other addresses are silent."""
    plant, network = scattered(250, 20, "10.50"), "10.50.0.0/20"
    alive = list(score.key(plant))
    with (
        beyond_router(network, alive) as pid,
        played(plant, folder, namespace=pid) as here,
    ):
        brisk = ours(tools.untrap(plant, here, folder, "brisk", network), "brisk")
        nmap = row(tools.nmap(plant, here, folder, PORTS, network), "nmap")
        words = ("-p", "502,4840,102,U:161", "--rate", "1000", "--wait", "3", network)
        router = ("--adapter", "bench0", "--adapter-ip", "10.49.0.1", "--router-mac")
        asked = (*words, *router, _router_mac())
        masscan = row(tools.simple("masscan", asked, folder), "masscan")
    packets = brisk["summary"].get("sent", {}).get("packets", 0)
    # The plan's own arithmetic plays some of so many hosts and extends that to all: too much here.
    asked_for = packets / 1_000 * WINDOW_MARGIN + Limits().connect_timeout
    return {
        "rows": [brisk, nmap, masscan],
        "targets": [
            target("wall / masscan, which only finds", ratio(brisk, masscan), 1.3),
            target(
                MASSCAN_IDEAL,
                *(brisk["wall"] / MASSCAN_SECONDS, 1.3),
                floors=_over(asked_for, brisk, MASSCAN_SECONDS),
            ),
            target("wall / nmap", ratio(brisk, nmap), 0.65),
            target("identified", brisk["identified"] / 250, 0.99, least=True),
        ],
        "notes": [
            "4 094 addresses, four ports, and the likeliest asked twice: 20.9 s at the rate. The "
            f"limits alone ask {asked_for:.1f} s of the {brisk['wall']:g} s: "
            f"{brisk['summary'].get('sent', {}).get('packets')} packets at 1 000/s with 2 % of "
            "margin, and 0.9 s for the last packet.",
        ],
    }


def _router_mac() -> str:
    done = subprocess.run(
        ["ip", "neigh", "show", "10.49.0.2"], check=True, capture_output=True, text=True
    )
    words = done.stdout.split()
    return words[words.index("lladdr") + 1] if "lladdr" in words else ""


def segment(folder: Path) -> Found:
    """250 devices on our own segment, a /20."""
    plant, network = scattered(250, 20, "10.51"), "10.51.0.0/20"
    alive = list(score.key(plant))
    with on_segment(network, alive) as pid, played(plant, folder, namespace=pid) as here:
        ends = ipaddress.ip_network(network).broadcast_address
        watch_dead(network, [*alive, str(ends - 1), str(ends - 2)])
        brisk = ours(tools.untrap(plant, here, folder, "brisk", network), "brisk")
        nmap = row(tools.nmap(plant, here, folder, PORTS, network, near=True), "nmap")
        words = ("-I", "bench0", "-x", "--interval=1", network)
        arp = row(tools.simple("arp-scan", words, folder), "arp-scan")
    return {
        "rows": [brisk, nmap, arp],
        "targets": [
            target("wall / nmap", ratio(brisk, nmap), 0.5, floors=against(brisk, nmap)),
            target(
                "wall / arp-scan, which only finds",
                *(ratio(brisk, arp), 1.3),
                floors=against(brisk, arp),
            ),
            target("IP packets to dead addresses", brisk["to_dead"], 0),
            target("identified", brisk["identified"] / 250, 0.99, least=True),
        ],
        "notes": [
            "ARP leaves at 1 000/s in both; each asks a silent address twice.",
            *_floors((brisk,), nmap, "nmap"),
        ],
    }


def big(folder: Path) -> Found:
    """500 devices in a routed /16 whose other addresses refuse."""
    plant, network = scattered(500, 16, "10.50"), "10.50.0.0/16"
    alive = list(score.key(plant))
    with (
        beyond_router(network, alive, refuse=True) as pid,
        played(plant, folder, namespace=pid) as here,
    ):
        done = tools.untrap(plant, here, folder, "brisk", network, *THREE, seconds=400)
    found = ours(done, "brisk")
    return {
        "rows": [found],
        "targets": [
            target("wall, s", found["wall"], 240),
            target("memory, MB", found["memory_mb"], 200),
            target("identified", found["identified"] / 500, 1.0, least=True),
        ],
        "notes": [
            "Three protocols, one packet each for 65 534 addresses: 196.6 s at 1 000 packets/s. "
            "A fourth would make that 262 s.",
        ],
    }


def dead(folder: Path) -> Found:
    """A routed /16 where nobody is, as fast as can be, beside bare epoll."""
    network = "10.50.0.0/16"
    site = folder / "plant"
    site.mkdir(exist_ok=True)
    here = Played(site, 0)
    here.config.write_text("", encoding="utf-8")
    with beyond_router(network, ()):
        more = (network, "--probe", "modbus", *LAB)
        done = ours(tools.untrap("", here, folder, "bench", *more, seconds=400), "bench")
        bare = measure([sys.executable, "-m", "benchmarks.epoll", network, "502"], folder)
    floor = Result("epoll", network, bare).record()
    return {
        "rows": [done, floor],
        "targets": [
            target("wall / bare epoll", ratio(done, floor), 2.2),
            target("memory, MB", done["memory_mb"], 150),
        ],
        "notes": [
            "Both knock at one port of 65 534 addresses, 0.9 s, 4 096 at once, and once more; "
            "untrap waits 2 s before the second try and keeps every outcome.",
        ],
    }


def memory(folder: Path) -> Found:
    """2 000 devices in depth."""
    plant = mixed(2_000, 0.05, "127.21")
    with played(plant, folder) as here:
        done = tools.untrap(plant, here, folder, "bench", depth="points", seconds=400)
    found = ours(done, "bench, points")
    return {
        "rows": [found],
        "targets": [target("memory of all processes, MB", found["memory_mb"], 400)],
    }


def start_up(folder: Path, times: int = 7) -> Found:
    """Medians of seconds: the help text, and the gaps of a small inventory."""
    with played("bottling", folder) as here:
        tools.untrap("bottling", here, folder)
        database = folder / "bench.db"
        base = (sys.executable, "-m", "scanner", "--db", str(database))
        shown = _median(lambda: measure((*base[:3], "--help"), folder).wall, times)
        gaps = (*base, "--config", str(here.config), "gaps")
        listed = _median(lambda: measure(gaps, folder).wall, times)
    return {
        "rows": [],
        "targets": [
            target("`untrap --help`, s", shown, 0.25),
            target("`untrap gaps` on a small inventory, s", listed, 0.6),
        ],
        "notes": ["Medians of seven runs."],
    }


def _median(work: Callable[[], float], times: int) -> float:
    return round(statistics.median(work() for _ in range(times)), 3)
