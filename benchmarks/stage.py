"""Plays generated plants and runs programs beside them, measured by the kernel.

One rule keeps it simple: everything happens on loopback or in network namespaces made here; as root
the whole benchmark moves into a namespace of its own, so that nothing else is counted.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INSIDE = "UNTRAP_BENCH_NAMESPACE"
SHIFT = 10_000
READY_SECONDS = 120


def private_network() -> None:
    """As root, start again inside a network namespace; return there, or at once without rights."""
    if os.environ.get(INSIDE) or os.geteuid() != 0 or shutil.which("unshare") is None:
        return
    words = ["unshare", "-n", sys.executable, "-m", "benchmarks", *sys.argv[1:]]
    os.execvpe(words[0], words, {**os.environ, INSIDE: "1"})  # noqa: S606 - replaces ourselves


def prepare_network() -> bool:
    """Inside the namespace: loopback up and counters in place. False: there is none."""
    if not os.environ.get(INSIDE):
        return False
    _ip("link", "set", "lo", "up")
    if shutil.which("nft") is None:
        return False
    rules = (
        "add table ip bench; add counter ip bench to_devices;"
        "add chain ip bench out { type filter hook output priority 0; };"
        "add rule ip bench out ip daddr { 127.16.0.0/12, 10.50.0.0/16 } counter name to_devices"
    )
    return subprocess.run(["nft", rules], check=False, capture_output=True).returncode == 0


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def counted() -> tuple[int, int]:
    """Packets and bytes sent to devices so far, by the kernel's own counter; else 0, 0."""
    if shutil.which("nft") is None:
        return 0, 0
    done = subprocess.run(
        ["nft", "-j", "list", "counters"], check=False, capture_output=True, text=True
    )
    if done.returncode:
        return 0, 0
    for item in json.loads(done.stdout)["nftables"]:
        if "counter" in item:
            return item["counter"]["packets"], item["counter"]["bytes"]
    return 0, 0


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of one program. `memory_mb` is the peak of its largest process."""

    code: int
    wall: float
    cpu: float
    memory_mb: float
    packets: int
    bytes: int
    out: str
    err: str

    def figures(self) -> dict[str, float]:
        """What the tables show."""
        return {
            "wall": round(self.wall, 2),
            "cpu": round(self.cpu, 2),
            "memory_mb": round(self.memory_mb),
            "packets": self.packets,
            "bytes": self.bytes,
        }


def measure(
    words: Sequence[str | Path],
    folder: Path,
    seconds: float = 300,
    watch: Callable[[float], None] | None = None,
) -> Measured:
    """Run a program and measure it; it is killed after `seconds`.

    `watch` is called about every 50 ms with the seconds since the start.
    """
    out, err = folder / "measured.out", folder / "measured.err"
    before, began = counted(), time.monotonic()
    with out.open("wb") as stdout, err.open("wb") as stderr:
        child = subprocess.Popen(
            [str(word) for word in words],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )
    watcher = threading.Timer(seconds, os.killpg, (child.pid, signal.SIGKILL))
    watcher.daemon = True
    watcher.start()
    over = threading.Event()
    looker = threading.Thread(target=_look, args=(watch, began, over), daemon=True)
    looker.start()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - began
    watcher.cancel()
    over.set()
    looker.join()
    child.returncode = os.waitstatus_to_exitcode(status)
    after = counted()
    return Measured(
        child.returncode,
        wall,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / 1024,
        after[0] - before[0],
        after[1] - before[1],
        out.read_text(encoding="utf-8", errors="replace"),
        err.read_text(encoding="utf-8", errors="replace"),
    )


def _look(watch: Callable[[float], None] | None, began: float, over: threading.Event) -> None:
    while watch is not None and not over.wait(0.05):
        watch(time.monotonic() - began)


@dataclass(frozen=True, slots=True)
class Played:
    """A plant that is being played; `folder` holds what `simulate --write` writes."""

    folder: Path
    shift: int

    @property
    def targets(self) -> Path:
        """One address a line."""
        return self.folder / "targets.txt"

    @property
    def config(self) -> Path:
        """The site file with ports and credentials."""
        return self.folder / "site.toml"


@contextmanager
def played(plant: str, folder: Path, *, namespace: int = 0) -> Iterator[Played]:
    """Play a plant: with the standard ports where that is possible, in the namespace of process
    `namespace` if one is given. Raises RuntimeError with what the simulators said."""
    shift = 0 if os.environ.get(INSIDE) else SHIFT
    inside = ("nsenter", "-t", str(namespace), "-n") if namespace else ()
    out = folder / "plant"
    child = subprocess.Popen(
        [*inside, sys.executable, "-m", "simulators", plant, "--write", str(out),
         "--base-port", str(shift)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert child.stdout is not None  # noqa: S101 - a pipe was asked for
    try:
        if "ready" not in child.stdout.readline():
            child.kill()
            raise RuntimeError(f"{plant} was not played: {child.communicate()[1].strip()}")
        yield Played(out, shift)
    finally:
        child.terminate()
        child.communicate(timeout=READY_SECONDS)


@contextmanager
def beyond_router(network: str, alive: Sequence[str], *, refuse: bool = False) -> Iterator[int]:
    """A namespace behind a veth pair where `alive` addresses exist; gives its process id.

    Other addresses of `network` are silent, or answer RST where `refuse` is set.
    """
    holder = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
    pid = str(holder.pid)
    try:
        while Path(f"/proc/{pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink():
            time.sleep(0.01)
        _ip("link", "add", "bench0", "type", "veth", "peer", "name", "bench1", "netns", pid)
        _ip("addr", "add", "10.49.0.1/30", "dev", "bench0")
        _ip("link", "set", "bench0", "up")
        _ip("route", "add", network, "via", "10.49.0.2")
        there = ["nsenter", "-t", pid, "-n"]
        kind = ["local", network, "dev", "lo"] if refuse else ["blackhole", network]
        lines = ["link set lo up", "addr add 10.49.0.2/30 dev bench1", "link set bench1 up"]
        lines += [f"route add {' '.join(kind)}", *(f"addr add {a}/32 dev lo" for a in alive)]
        script = "\n".join(lines)
        subprocess.run([*there, "ip", "-batch", "-"], input=script, text=True, check=True)
        forward = ["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]
        subprocess.run([*there, *forward], check=True)
        yield holder.pid
    finally:
        subprocess.run(["ip", "link", "del", "bench0"], check=False, capture_output=True)
        holder.kill()
        holder.wait()
