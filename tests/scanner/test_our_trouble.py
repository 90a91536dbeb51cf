"""Our own trouble is never blamed on a device: no descriptors, no interface."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from protocols.contract import Outcome
from scanner.wire.failures import OURS, TABLE, of_error
from tests.scanner.test_link import Bench
from tests.scanner.test_resume import stored
from tests.support.database import sqlite
from tests.support.patience import HUNG_SECONDS
from tests.support.peers import PLACES, need
from tests.support.plants import ROOT, patiently, played, started, untrap
from tests.support.rights import unshared

HOSTS = 40


def plant(net: int, fault: str) -> str:
    return '[plant]\nname = "many"\nsite = "many"\n' + "".join(
        f"""
[[device]]
id = "d{n}"
address = "127.37.{net}.{n}"
vendor = "Acme"
product = "Many"
[[device.service]]
protocol = "modbus"
{fault}
"""
        for n in range(1, HOSTS + 1)
    )


def outcomes(database: Path) -> Counter[str]:
    with sqlite(database) as connection:
        rows = connection.execute("SELECT outcome, count(*) FROM observation GROUP BY outcome")
        return Counter(dict(rows.fetchall()))


def test_running_out_of_descriptors_is_our_side(tmp_path: Path) -> None:
    """So few descriptors that 32 slow devices of one subnet cannot be talked to at once."""
    file = tmp_path / "many.toml"
    file.write_text(plant(1, 'faults = [{ kind = "slow", value = 1.0 }]'), encoding="utf-8")
    database = tmp_path / "t.db"
    with played(file, tmp_path) as here:
        done = subprocess.run(
            [
                *(need("prlimit"), "--nofile=26:26", sys.executable, "-m", "scanner"),
                *("--db", database, "--config", here.config, "scan", "-iL"),
                *(here.folder / "targets.txt", "--profile", "brisk", "--probe", "modbus"),
                *("--depth", "discover", "--json"),
            ],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=HUNG_SECONDS,
            check=False,
        )
        witness = here.witness()["total"]
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 4), done.stderr
    summary = json.loads(done.stdout)
    assert summary["harm"]["our_side"].get("EMFILE", 0) > 0
    assert summary["stopped"] == []  # nobody is left alone for what we lack
    seen = outcomes(database)
    assert not seen.keys() & {"silent", "mute", "closed", "hung_up", "no_path", "broken"}
    assert seen["complete"] + seen["empty"] + seen["refused_capability"] > 0
    if seen["failed_here"]:
        assert done.returncode == 4
        assert "scan --resume" in done.stderr
    assert witness["peak_connections"] == 1
    assert witness["resets"] == witness["bare"] == 0


@pytest.mark.parametrize("code", sorted(OURS))
def test_what_the_system_lacks_is_failed_here(code: int) -> None:
    assert of_error(OSError(code, "x")).outcome is Outcome.FAILED_HERE


def test_the_table_blames_nobody_for_what_is_ours() -> None:
    assert not OURS & TABLE.keys()
    assert of_error(OSError(errno.EXDEV, "never heard of")).outcome is Outcome.FAILED_HERE


def inside(folder: Path, back: bool) -> dict[str, Any]:
    """In a namespace: scan, take the interface down in the middle, and bring it back.

    Where it stays away, the scan ends by its time; on a busy machine that is over too soon, and
    more of it is granted.
    """
    for seconds in (12, 60, 300):
        found = cut_off(folder / str(seconds), back, seconds)
        if found["first"].total() or back:
            break
    return found


def cut_off(folder: Path, back: bool, seconds: int) -> dict[str, Any]:
    os.environ["PATH"] = PLACES
    subprocess.run([need("ip"), *["link", "set", "lo", "up"]], check=True)
    folder.mkdir()
    file = folder / "many.toml"
    file.write_text(plant(2, ""), encoding="utf-8")
    database = folder / "t.db"
    with played(file, folder) as here:
        words = ("--db", database, "--config", here.config, "scan")
        limit = [] if back else ["--max-time", f"{seconds}s"]
        child = started(
            (*words, "-iL", here.folder / "targets.txt", "--profile", "gentle", "--probe",
             "modbus", "--depth", "identify", "--json", *limit),
            folder,
        )  # fmt: skip
        patiently(
            lambda: stored(database) >= 6 or child.poll() is not None, lambda: stored(database)
        )
        if child.poll() is not None:
            return {"first": Counter()}
        subprocess.run([need("ip"), *["link", "set", "lo", "down"]], check=True)
        if back:
            time.sleep(4)  # as long as a cable takes to be pulled and put back
            subprocess.run([need("ip"), *["link", "set", "lo", "up"]], check=True)
        out, err = child.communicate(timeout=HUNG_SECONDS)
        first = outcomes(database)
        subprocess.run([need("ip"), *["link", "set", "lo", "up"]], check=True)
        again = untrap(*words, "--resume", "--yes", cwd=folder) if child.returncode else None
        return {
            "code": child.returncode,
            "err": err,
            "summary": json.loads(out),
            "first": first,
            "again": again.code if again else 0,
            "at_last": outcomes(database),
        }


@pytest.mark.root
@pytest.mark.parametrize("back", [True, False], ids=["comes-back", "stays-away"])
def test_an_interface_that_goes_down_is_our_side(tmp_path: Path, back: bool) -> None:
    need("ip")
    code = (
        "import json, sys; from pathlib import Path; "
        "from tests.scanner.test_our_trouble import inside; "
        f"print(json.dumps(inside(Path(sys.argv[1]), {back})))"
    )
    done = subprocess.run(
        [*unshared("-rn"), sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=HUNG_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert "Traceback" not in found["err"]
    summary = found["summary"]
    assert summary["harm"]["our_side"].get("ENETDOWN", 0) > 0
    assert summary["harm"]["pauses"] > 0
    assert summary["stopped"] == []
    for counts in (found["first"], found["at_last"]):
        assert not counts.keys() & {"silent", "mute", "closed", "no_path", "hung_up", "broken"}
    assert found["code"] in ((0, 4) if back else (4,)), found["err"]
    assert found["again"] == 0


def bufferless(lasts: bool) -> dict[str, Any]:
    """In a namespace whose loopback queue takes no packet: ask over UDP, once the wire is paused
    perhaps with the queue as it should be."""
    os.environ["PATH"] = PLACES
    subprocess.run([need("ip"), *["link", "set", "lo", "up"]], check=True)
    tc = need("tc")

    def queue(words: str) -> None:
        subprocess.run([tc, "qdisc", *words.split()], check=True)

    async def run() -> dict[str, Any]:
        heard: list[bytes] = []

        class Answers(asyncio.DatagramProtocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                self.transport = transport

            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                heard.append(data)
                self.transport.sendto(b"!1 hello\n", addr)  # type: ignore[attr-defined]

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Answers, local_addr=("127.0.0.1", 0))
        bench = Bench(transport.get_extra_info("sockname")[1], "udp")
        paused: list[str] = []

        def on_pause(why: str) -> None:
            paused.append(why)
            if not lasts and len(paused) == 1:
                queue("del dev lo root")

        bench.wire.on_pause = on_pause
        # A bucket that is smaller than any packet: the kernel drops each and says ENOBUFS.
        queue("add dev lo root tbf rate 8kbit burst 10 limit 10")
        outcome = await bench.ask()
        bench.wire.close()
        transport.close()
        return {
            "outcome": outcome.value,
            "reason": bench.emitted[0].reason,
            "paused": len(paused),
            "our_side": dict(bench.wire.our_side),
            "arrived": len(heard),
            "requests": bench.wire.sent.requests,
            "stopped": dict(bench.wire.ward.stopped),
            "unasked": bench.host.failed_here,
        }

    return asyncio.run(run())


@pytest.mark.root
@pytest.mark.parametrize("lasts", [False, True], ids=["for-a-while", "for-good"])
def test_a_full_queue_of_our_own_is_our_side(lasts: bool) -> None:
    """The kernel's own ENOBUFS: the wire pauses, goes on, and blames nobody."""
    need("tc")
    code = (
        "import json; from tests.scanner.test_our_trouble import bufferless; "
        f"print(json.dumps(bufferless({lasts})))"
    )
    done = subprocess.run(
        [*unshared("-rn"), sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=HUNG_SECONDS,
        check=False,
    )
    if "Specified qdisc" in done.stderr:
        pytest.skip("this kernel has no token bucket queue")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["our_side"]["ENOBUFS"] >= 1
    assert found["paused"] >= 1
    assert found["stopped"] == {}
    if lasts:
        assert (found["outcome"], found["reason"]) == ("failed_here", "ENOBUFS")
        assert found["arrived"] == found["requests"] == 0
        assert found["unasked"]  # so that a resume asks this host again
    else:
        assert found["outcome"] == "complete"
        assert found["arrived"] == found["requests"] == 1
        assert not found["unasked"]
