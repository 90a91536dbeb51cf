"""The experiments: each plays a plant, runs the programs beside each other, returns plain data.

One rule keeps it simple: an experiment that cannot run here says so in `skipped`, and why.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import tools
from benchmarks.stage import beyond_router, measure, played
from benchmarks.tools import Result

Found = dict[str, Any]
MIXED = "modbus+snmp+gateway+opcua"
SNMP_WAIT = "1"


def mixed(size: int, bad: float, prefix: str, protocols: str = MIXED) -> str:
    """The plant of the main table."""
    return f"generate:{size},misbehaving={bad},prefix={prefix},protocols={protocols}"


def identify(size: int, folder: Path, profiles: tuple[str, ...], peers: bool) -> Found:
    """Mixed devices, 15 % misbehaving: untrap under each profile, nmap beside it."""
    plant = mixed(size, 0.15, "127.30")
    rows: list[Found] = []
    with played(plant, folder) as here:
        rows += [
            tools.untrap(plant, here, folder, profile).record() | {"profile": profile}
            for profile in profiles
        ]
        if peers and not here.shift:
            rows.append(_row(tools.nmap(plant, here, folder, "T:502,4840,102,U:161"), "nmap"))
    return {"size": size, "rows": rows}


def healthy(size: int, folder: Path) -> Found:
    """The same without misbehaviour: what misbehaviour costs the others."""
    plant = mixed(size, 0, "127.29")
    with played(plant, folder) as here:
        rows = [tools.untrap(plant, here, folder).record() | {"profile": "brisk"}]
    return {"size": size, "rows": rows}


def agents(size: int, folder: Path) -> Found:
    """SNMP alone, beside the tools that speak nothing else."""
    plant = mixed(size, 0, "127.28", "snmp")
    rows: list[Found] = []
    with played(plant, folder) as here:
        for profile in ("brisk", "bench"):
            done = tools.untrap(plant, here, folder, profile, "--probe", "snmp")
            rows.append(done.record() | {"profile": profile})
        if here.shift:
            return {"size": size, "rows": rows}
        rows.append(_row(tools.nmap(plant, here, folder, "U:161"), "nmap"))
        words = folder / "communities"
        words.write_text("public\n", encoding="ascii")
        one = ("-c", str(words), "-i", str(here.targets), "-w", SNMP_WAIT)
        rows.append(_row(tools.simple("onesixtyone", one, folder, plant), "onesixtyone"))
        lines = here.targets.read_text(encoding="ascii").split()
        asked = [f"public@{address}:.1.3.6.1.2.1.1.1.0" for address in lines]
        rows.append(_row(tools.simple("braa", ("-t", "1", *asked), folder, plant), "braa"))
    return {"size": size, "rows": rows}


def _row(result: Result | None, name: str) -> Found:
    return {"name": name, "missing": True} if result is None else result.record()


def killed(size: int, folder: Path, wall: float) -> Found:
    """Killed at half of `wall`: how many devices the inventory holds."""
    plant = mixed(size, 0.15, "127.27")
    with played(plant, folder) as here:
        done = tools.untrap(plant, here, folder, seconds=wall / 2)
    return {
        "size": size,
        "killed_after": round(wall / 2, 1),
        "held": done.score.get("identified", 0),
        "answering": done.score.get("answering", 0),
    }


def promise(folder: Path, size: int) -> list[Found]:
    """`cost` against `sent`: on a bundled plant, on healthy and on misbehaving devices."""
    found = []
    plants = {
        "bottling": "bottling",
        f"{size} healthy": mixed(size, 0, "127.26"),
        f"{size}, 15 % misbehaving": mixed(size, 0.15, "127.25"),
    }
    for name, plant in plants.items():
        with played(plant, folder) as here:
            done = tools.untrap(plant, here, folder)
        cost, sent = done.summary.get("cost", {}), done.summary.get("sent", {})
        kernel = done.measured.packets
        found.append({"plant": name, "cost": cost, "sent": sent, "kernel_packets": kernel})
    return found


def profiles(folder: Path) -> list[Found]:
    """Wall time of the slow profiles against the bound that their limits set."""
    found = []
    for name, size in (("gentle", 12), ("standard", 40)):
        plant = mixed(size, 0, "127.24")
        with played(plant, folder) as here:
            done = tools.untrap(plant, here, folder, name)
        bound = done.summary.get("cost", {}).get("seconds")
        lasted = done.summary.get("seconds")
        found.append({"profile": name, "size": size, "bound": bound, "seconds": lasted})
    return found


def routed(folder: Path, devices: int, bits: int, *, refuse: bool, peers: bool) -> Found:
    """Devices scattered over a routed network of 2^(32-bits) addresses."""
    subnets = max(1, 1 << max(0, 24 - bits))
    per = -(-devices // subnets)
    plant = f"{mixed(devices, 0, '10.50')},per_subnet={per}"
    network = f"10.50.0.0/{bits}"
    alive = list(tools.score.key(plant))
    rows: list[Found] = []
    with (
        beyond_router(network, alive, refuse=refuse) as pid,
        played(plant, folder, namespace=pid) as here,
    ):
        done = tools.untrap(plant, here, folder, "brisk", network, seconds=900)
        rows.append(done.record() | {"profile": "brisk"})
        if peers:
            ports = "T:502,4840,102,U:161"
            rows.append(_row(tools.nmap(plant, here, folder, ports, network), "nmap"))
            words = ("-p", "502,4840,102,U:161", "--rate", "1000", "--wait", "3", network)
            router = ("--adapter", "bench0", "--adapter-ip", "10.49.0.1", "--router-mac")
            asked = (*words, *router, _router_mac())
            rows.append(_row(tools.simple("masscan", asked, folder), "masscan"))
    return {"network": network, "devices": devices, "refuse": refuse, "rows": rows}


def _router_mac() -> str:
    import subprocess

    done = subprocess.run(
        ["ip", "neigh", "show", "10.49.0.2"], check=True, capture_output=True, text=True
    )
    words = done.stdout.split()
    return words[words.index("lladdr") + 1] if "lladdr" in words else ""


def start_up(folder: Path, times: int = 7) -> dict[str, float]:
    """Medians of seconds: the help text, and the gaps of a small inventory."""
    with played("bottling", folder) as here:
        tools.untrap("bottling", here, folder)
        database = folder / "bench.db"
        base = (sys.executable, "-m", "scanner", "--db", str(database))
        commands: dict[str, tuple[str, ...]] = {
            "--help": (sys.executable, "-m", "scanner", "--help"),
            "gaps": (*base, "--config", str(here.config), "gaps"),
        }
        return {
            name: _median(lambda words=words: measure(words, folder).wall, times)  # type: ignore[misc]
            for name, words in commands.items()
        }


def _median(work: Callable[[], float], times: int) -> float:
    return round(statistics.median(work() for _ in range(times)), 3)
