"""No device harms a scan: 65 devices that answer badly, scanned together with healthy ones."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from inventory.store import Store
from protocols.contract import SPOKE
from scanner import scan as scans
from scanner.cli import Settings
from scanner.planning.prepare import Prepared, prepare
from scanner.scan import Run
from tests.support.patience import HUNG_SECONDS
from tests.support.plants import ROOT, played

OWN_OUTCOMES: dict[str, dict[str, str]] = {
    "snmp": {
        **dict.fromkeys(("mute", "silent", "request-id"), "silent"),
        **dict.fromkeys(("garbage", "echo", "cut", "late-garbage", "loop"), "garbled"),
        **{"slow": "complete", "dies": "silent", "busy": "refused_capability"},
    },
    "modbus": {
        **{"mute": "mute", "silent": "silent", "slow": "complete", "dies": "silent"},
        **dict.fromkeys(("hangup", "hangup-at-once", "reset"), "hung_up"),
        **dict.fromkeys(("garbage", "late-garbage", "rtu"), "other"),
        **dict.fromkeys(("echo", "cut", "transaction", "unit", "function"), "garbled"),
        **dict.fromkeys(("busy", "exception-4"), "refused_resource"),
    },
    "opcua": {
        **{"mute": "mute", "silent": "silent", "slow": "complete", "dies": "silent"},
        **dict.fromkeys(("hangup", "hangup-at-once", "reset"), "hung_up"),
        **dict.fromkeys(("garbage", "echo"), "other"),
        **dict.fromkeys(("cut", "late-garbage", "huge-array", "recursive"), "garbled"),
        **dict.fromkeys(("handle", "request-id"), "garbled"),
        **dict.fromkeys(("zero-lifetime", "unlimited-ack"), "complete"),
        "endless": "partial",
    },
}
"""Fault to the outcome that tells it from the others, by protocol; each device has one fault."""
NEVER_BELIEVED = {"garbage", "echo", "cut", "transaction", "unit", "function", "handle"}
"""Faults of every answer: nothing that such a device says is kept as its serial or its maker."""
TICK_SECONDS = 0.01
LONGEST_BLOCK = 0.25  # safety.md 5.2
MOST_MEGABYTES = 400


def prepared(targets: list[str], database: Path, config: Path) -> Prepared:
    return prepare(
        Settings(db=str(database), config=config),
        targets=targets,
        exclude=(),
        depth="points",
        probe_names=(),
        port_list=(),
        profile_name="brisk",
        max_rate=None,
        per_host_delay=None,
        timeout=10.0,
        retries=1,
        units="",
        names=(),
        vantage="",
        collection_vantage="",
        interface="",
        sample_seconds=60.0,
        sample_every=10.0,
        fc17=False,
    )


class Watchdog:
    """The longest that the event loop was busy with one thing, in CPU time of its thread.

    CPU time, since on a busy machine the wall clock tells more about the neighbours.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self.pauses = 0

    @asynccontextmanager
    async def watch(self, run: Run) -> AsyncIterator[None]:
        assert run.wire is not None
        wire = run.wire

        def go_on(_: str) -> None:  # the minute's pause is tested elsewhere
            self.pauses += 1
            wire.pacer.resume()

        wire.on_pause = go_on
        task = asyncio.create_task(self._tick())
        try:
            yield
        finally:
            task.cancel()

    async def _tick(self) -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(TICK_SECONDS)
            self.longest = max(self.longest, time.thread_time() - before)


def scan_all(folder: Path, targets: list[str], config: Path) -> dict[str, Any]:
    """Scan in this process; what came of it."""
    database = folder / "t.db"
    asked = prepared(targets, database, config)
    dog = Watchdog()
    with Store.open(database, asked.site_name) as store:
        scan = scans.new_scan(asked, {})
        store.begin_scan(scan)
        with store.another() as writing:
            run = asyncio.run(scans.run(asked, scan, writing, watch=dog.watch))
        outcomes: dict[str, Counter[str]] = defaultdict(Counter)
        facts: dict[str, set[str]] = defaultdict(set)
        points: Counter[str] = Counter()
        for seen in store.observations(scan=scan.id):
            outcomes[seen.target.address][seen.outcome.value] += 1
            facts[seen.target.address] |= {str(fact.value) for fact in seen.facts}
            points[seen.target.address] += len(seen.points)
    assert run.wire is not None
    return {
        "outcomes": outcomes,
        "facts": {address: sorted(found) for address, found in facts.items()},
        "points": points,
        "spoke": sorted(a for a, found in outcomes.items() if any(o.value in found for o in SPOKE)),
        "longest_block": dog.longest,
        "megabytes": most_megabytes(),
        "unasked": run.tally.unasked,
        "error": run.error,
        "never": run.wire.sent.never,
        "at_once": run.wire.sent.most_at_once,
        "pauses": dog.pauses,
    }


def most_megabytes() -> float:
    """The most memory that this program held.

    From its own status, not `getrusage`: that figure survives exec, so it would tell of whatever
    large process started this one.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def child(folder: Path, targets: list[str], config: Path) -> tuple[dict[str, Any], str]:
    """`scan_all` in a process of its own, so that its memory is its own."""
    code = (
        "import json, logging, sys; from pathlib import Path; "
        "logging.basicConfig(level=logging.WARNING); "
        "from tests.scanner.test_hostile_plant import scan_all; "
        "print(json.dumps(scan_all(Path(sys.argv[1]), sys.argv[3:], Path(sys.argv[2]))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), str(config), *targets],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=HUNG_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def test_every_hostile_answer_has_an_outcome_and_the_healthy_are_complete(tmp_path: Path) -> None:
    for attempt in ("first", "second", "third"):
        folder = tmp_path / attempt
        folder.mkdir()
        with played("hostile", folder) as here:
            found, said = child(folder, here.targets, here.config)
            witness = here.witness()
        # What a hypervisor gives to others in the meantime counts as CPU time of ours, and where
        # neither side gets a turn for seconds a connection may end badly (seen once, at 4 % of a
        # core): what we do wrong is there every time.
        harm = {name: witness["total"][name] for name in ("forbidden", "bare", "resets", "early")}
        if found["longest_block"] <= LONGEST_BLOCK and not any(harm.values()):
            break
    assert "Traceback" not in said
    outcomes = {address: Counter(counts) for address, counts in found["outcomes"].items()}
    assert set(outcomes) == set(here.targets)
    total = sum(outcomes.values(), Counter())
    assert total["broken"] == total["failed_here"] == 0
    assert found["unasked"] == found["never"] == 0
    assert found["error"] == ""
    assert found["at_once"] == 1
    assert found["longest_block"] <= LONGEST_BLOCK
    assert found["megabytes"] <= MOST_MEGABYTES
    for name, device in witness["devices"].items():
        address = device["address"]
        if "healthy" in name:
            assert not outcomes[address].keys() & {"garbled", "silent", "mute", "hung_up"}, name
            assert any(device_fact(found, address)), name
        else:
            assert outcomes[address], name
    assert_own_outcomes(witness, outcomes, found)
    counts = witness["total"]
    assert counts["open_connections"] == counts["open_sessions"] == 0
    assert not any(harm.values()), harm
    assert counts["peak_connections"] == 1
    print(  # noqa: T201 - figures are printed, and asserted on only where a promise stands
        f"longest block {found['longest_block'] * 1000:.0f} ms CPU, "
        f"{found['megabytes']:.0f} MB, {found['pauses']} pauses"
    )


def assert_own_outcomes(
    witness: dict[str, Any], outcomes: dict[str, Counter[str]], found: dict[str, Any]
) -> None:
    """Every fault of the three protocols is told by its own outcome, and adds no wrong fact."""
    for protocol, faults in OWN_OUTCOMES.items():
        played_here = {name for name in witness["devices"] if name.startswith(f"{protocol}-")}
        known = {f"{protocol}-{fault}" for fault in faults}
        assert played_here - known <= {f"{protocol}-healthy", f"{protocol}-hostile-text"}
        for fault, outcome in faults.items():
            address = witness["devices"][f"{protocol}-{fault}"]["address"]
            assert outcomes[address][outcome], (protocol, fault, outcomes[address])
            if fault in NEVER_BELIEVED:
                assert not device_fact(found, address), (protocol, fault)


def device_fact(found: dict[str, Any], address: str) -> list[str]:
    return [text for text in found["facts"].get(address, []) if text.startswith(("H0", "Acme"))]
