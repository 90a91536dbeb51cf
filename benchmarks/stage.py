"""Plays generated plants and runs programs beside them, measured by the kernel.

One rule keeps it simple: everything happens on loopback or in network namespaces made here; as root
the whole benchmark moves into a namespace of its own, so that nothing else is counted.
"""

from __future__ import annotations

import contextlib
import ipaddress
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
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
INSIDE = "UNTRAP_BENCH_NAMESPACE"
SHIFT = 10_000
READY_SECONDS = 120


def private_network() -> None:
    """As root, start again inside a network namespace; return there, or at once without rights."""
    if os.environ.get(INSIDE) or os.geteuid() != 0 or shutil.which("unshare") is None:
        return
    words = ["unshare", "-n", "-m", sys.executable, "-m", "benchmarks", *sys.argv[1:]]
    os.execvpe(words[0], words, {**os.environ, INSIDE: "1"})  # noqa: S606 - replaces ourselves


def prepare_network() -> bool:
    """Inside the namespace: loopback up and counters in place. False: there is none."""
    if not os.environ.get(INSIDE):
        return False
    _ip("link", "set", "lo", "up")
    # What /sys tells of interfaces is that of the namespace in which it was mounted.
    subprocess.run(["mount", "-t", "sysfs", "sysfs", "/sys"], check=False, capture_output=True)
    if shutil.which("nft") is None:
        return False
    places = "{ 127.16.0.0/12, 10.48.0.0/14 }"
    rules = (
        "add table ip bench; add counter ip bench to_devices; add counter ip bench from_devices;"
        "add chain ip bench out { type filter hook output priority 0; };"
        "add chain ip bench in { type filter hook input priority 0; };"
        f"add rule ip bench out ip daddr {places} counter name to_devices;"
        f"add rule ip bench in ip saddr {places} counter name from_devices"
    )
    return _nft(rules)


def _nft(rules: str) -> bool:
    return subprocess.run(["nft", rules], check=False, capture_output=True).returncode == 0


def watch_dead(network: str, alive: Sequence[str]) -> None:
    """Count what is sent to addresses of `network` that nobody has."""
    _nft(
        "add counter ip bench to_dead; add set ip bench alive { type ipv4_addr; };"
        f"add element ip bench alive {{ {', '.join(alive)} }};"
        f"add rule ip bench out ip daddr {network} ip daddr != @alive counter name to_dead"
    )


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def counted() -> dict[str, tuple[int, int]]:
    """Packets and bytes so far, by the kernel's own counters: to_devices, from_devices, to_dead."""
    found = {"to_devices": (0, 0), "from_devices": (0, 0), "to_dead": (0, 0)}
    if not os.environ.get(INSIDE):
        return found
    done = subprocess.run(
        ["nft", "-j", "list", "counters"], check=False, capture_output=True, text=True
    )
    if done.returncode:
        return found
    items = (item["counter"] for item in json.loads(done.stdout)["nftables"] if "counter" in item)
    return found | {item["name"]: (item["packets"], item["bytes"]) for item in items}


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of one program. `memory_mb` is the peak of all its processes together."""

    code: int
    wall: float
    cpu: float
    memory_mb: float
    packets: int  # to the devices
    back: int  # from the devices
    to_dead: int  # to addresses that nobody has, where that is watched
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
            "back": self.back,
            "to_dead": self.to_dead,
            "bytes": self.bytes,
        }


def measure(
    words: Sequence[str | Path],
    folder: Path,
    seconds: float = 300,
    watch: Callable[[float], None] | None = None,
) -> Measured:
    """Run a program and measure it; it is killed after `seconds`.

    `watch` is called about every 50 ms with the seconds since the start, and at the end.
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
    peak = [0.0]
    looker = threading.Thread(target=_look, args=(watch, began, over, child.pid, peak), daemon=True)
    looker.start()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - began
    watcher.cancel()
    over.set()
    looker.join()
    child.returncode = os.waitstatus_to_exitcode(status)
    after = counted()
    sent, back, dead = (
        after[name][0] - before[name][0] for name in ("to_devices", "from_devices", "to_dead")
    )
    return Measured(
        child.returncode,
        wall,
        usage.ru_utime + usage.ru_stime,
        peak[0],
        sent,
        back,
        dead,
        after["to_devices"][1] - before["to_devices"][1],
        out.read_text(encoding="utf-8", errors="replace"),
        err.read_text(encoding="utf-8", errors="replace"),
    )


def _look(
    watch: Callable[[float], None] | None,
    began: float,
    over: threading.Event,
    pid: int,
    peak: list[float],
) -> None:
    while not over.wait(0.05):
        peak[0] = max(peak[0], memory(pid))
        if watch is not None:
            watch(time.monotonic() - began)
    if watch is not None:  # what a busy machine has not let us see before
        watch(time.monotonic() - began)


def memory(pid: int) -> float:
    """Megabytes: the peaks of a process and of its children that live, together. The kernel's own
    figure for an ended child also holds what the child's parent had before."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:  # it has ended
        return 0.0
    own = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")), "0")
    return int(own) / 1024 + sum(memory(int(child)) for child in children)


@dataclass(frozen=True, slots=True)
class Played:
    """A plant that is being played; `folder` holds what `simulate --write` writes."""

    folder: Path
    shift: int
    child: subprocess.Popen[str] | None = None

    def witness(self) -> dict[str, Any]:
        """What arrived at each device so far, as the devices counted it."""
        assert self.child is not None  # noqa: S101 - set by whoever plays
        path = self.folder / "witness.json"
        path.unlink(missing_ok=True)
        self.child.send_signal(signal.SIGUSR1)
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):  # not whole yet
                found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
                return found
            time.sleep(0.05)
        return {}

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
    out.mkdir(exist_ok=True)
    child = subprocess.Popen(
        [*inside, sys.executable, "-m", "simulators", plant, "--write", str(out),
         "--base-port", str(shift), "--witness", str(out / "witness.json")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert child.stdout is not None  # noqa: S101 - a pipe was asked for
    try:
        if "ready" not in child.stdout.readline():
            child.kill()
            raise RuntimeError(f"{plant} was not played: {child.communicate()[1].strip()}")
        yield Played(out, shift, child)
    finally:
        child.terminate()
        child.communicate(timeout=READY_SECONDS)


@contextmanager
def _beyond(here: str, there: Callable[[], Sequence[str]]) -> Iterator[int]:
    """A namespace at the other end of a veth pair, set up by `ip` lines; gives its process id."""
    holder = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
    pid = str(holder.pid)
    try:
        while Path(f"/proc/{pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink():
            time.sleep(0.01)
        _ip("link", "add", "bench0", "type", "veth", "peer", "name", "bench1", "netns", pid)
        _ip("addr", "add", here, "dev", "bench0")
        _ip("link", "set", "bench0", "up")
        inside = ["nsenter", "-t", pid, "-n"]
        script = "\n".join(("link set lo up", "link set bench1 up", *there()))
        subprocess.run([*inside, "ip", "-batch", "-"], input=script, text=True, check=True)
        # One kernel stands for many devices: each would limit its own ICMP errors.
        rules = {"ip_forward": 1, "icmp_ratelimit": 0, "icmp_msgs_per_sec": 1_000_000}
        lines = [f"echo {to} > /proc/sys/net/ipv4/{name}" for name, to in rules.items()]
        subprocess.run([*inside, "sh", "-c", "; ".join(lines)], check=True)
        yield holder.pid
    finally:
        subprocess.run(["ip", "link", "del", "bench0"], check=False, capture_output=True)
        holder.kill()
        holder.wait()


@contextmanager
def beyond_router(network: str, alive: Sequence[str], *, refuse: bool = False) -> Iterator[int]:
    """A namespace behind a router where `alive` addresses exist; gives its process id.

    Other addresses of `network` are silent, or answer RST where `refuse` is set.
    """

    def there() -> list[str]:
        _ip("route", "add", network, "via", "10.49.0.2")
        kind = f"local {network} dev lo" if refuse else f"blackhole {network}"
        lines = ["addr add 10.49.0.2/30 dev bench1", f"route add {kind}"]
        return lines + [f"addr add {address}/32 dev lo" for address in alive]

    with _beyond("10.49.0.1/30", there) as pid:
        yield pid


@contextmanager
def on_segment(network: str, alive: Sequence[str]) -> Iterator[int]:
    """A namespace on our own segment `network`, with the addresses `alive`, each on an interface
    with a hardware address of its own; our interface is `bench0`, with the last address."""
    whole = ipaddress.ip_network(network)
    bits, last = whole.prefixlen, whole.broadcast_address - 1

    def there() -> list[str]:
        lines = [f"addr add {last - 1}/{bits} dev bench1"]
        for place, address in enumerate(alive):
            lines += [
                f"link add m{place} link bench1 type macvlan mode bridge",
                f"addr add {address}/32 dev m{place}",
                f"link set m{place} up",
            ]
        return lines

    with _beyond(f"{last}/{bits}", there) as pid:
        # Each interface answers for its own address only, and answers may leave by another.
        rules = ["arp_ignore=1", "arp_announce=2", "rp_filter=0"]
        for rule in rules:
            name, _, value = rule.partition("=")
            change = f"for f in /proc/sys/net/ipv4/conf/*/{name}; do echo {value} > $f; done"
            words = ["nsenter", "-t", str(pid), "-n", "sh", "-c", change]
            subprocess.run(words, check=True)
        yield pid
