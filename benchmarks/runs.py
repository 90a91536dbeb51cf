"""The experiments: each plays a plant, runs the programs beside each other, returns plain data.

One rule keeps it simple: a result is rows (what was measured), targets (what was wanted, and
whether it was met) and notes; whatever cannot run here says why.
"""

from __future__ import annotations

import csv
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from benchmarks import score, tools
from benchmarks.figures import (
    FLOOR,
    KNOCK,
    PORTS,
    Found,
    against,
    blind,
    each,
    floor_notes,
    mixed,
    ours,
    part,
    ratio,
    row,
    target,
)
from benchmarks.stage import measure, played
from simulators.generate import from_text

AGENTS = "snmp*18+snmp-v1+snmp-v3"


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
            target("serial", part(brisk, "serial"), 0.95, least=True),
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
            *floor_notes((brisk, bench), nmap, "nmap"),
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
        "notes": list(floor_notes(rows[:1], rows[1], "the run without")),
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
            target("serial, of those told", part(found, "serial"), 0.95, least=True),
            target("units behind gateways", part(found, "units"), 0.95, least=True),
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
            *floor_notes((brisk, every), nmap, "nmap"),
            *floor_notes((bench,), braa, "braa"),
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
