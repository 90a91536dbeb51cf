"""The experiments on networks of their own: a router in front, or one segment. They need root.

One rule keeps it simple: every address of the network is somebody's to answer for, so that the
silent ones are silent as in a plant.
"""

from __future__ import annotations

import ipaddress
import subprocess
import sys
from pathlib import Path

from benchmarks import score, tools
from benchmarks.figures import (
    LAB,
    MIXED,
    PORTS,
    THREE,
    Found,
    against,
    floor_notes,
    ours,
    over,
    ratio,
    row,
    target,
)
from benchmarks.stage import Played, beyond_router, measure, on_segment, played, watch_dead
from benchmarks.tools import Result
from scanner.profile import Limits
from scanner.wire.pacer import WINDOW_MARGIN


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
                floors=over(asked_for, brisk, MASSCAN_SECONDS),
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
            *floor_notes((brisk,), nmap, "nmap"),
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
