"""The S7 probe against snap7's server, which nobody here wrote, in a process of its own."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys

import pytest

from protocols.contract import Depth, Outcome, Target
from protocols.s7comm import PROBE
from tests.support.plain import PlainLink

SERVER = """
import sys
import snap7.server, snap7.types
server = snap7.server.Server(log=False)
for port in range(20102, 20302):
    try:
        server.start(tcpport=port)
        break
    except RuntimeError:
        continue
print(port, flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.mark.peer("python-snap7")
@pytest.mark.skipif(importlib.util.find_spec("snap7") is None, reason="python-snap7 is missing")
def test_snap7_server_is_identified_over_one_connection() -> None:
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as child:
        assert child.stdout is not None
        link = PlainLink(PROBE, Target("t", "127.0.0.1", "tcp", int(child.stdout.readline())))

        async def conversation() -> None:
            for depth in (Depth.DISCOVER, Depth.IDENTIFY):
                await PROBE.rungs[depth].run(link)
            await link.close()

        asyncio.run(conversation())
        child.communicate("")
    found = {fact.name: fact.value for o in link.observations for fact in o.facts if not fact.part}
    assert [o.outcome for o in link.observations] == [Outcome.COMPLETE] * 4
    assert found["vendor"] == "Siemens"
    assert found["model"] == "6ES7 315-2EH14-0AB0"
    assert found["product"] == "CPU 315-2 PN/DP"
    assert found["firmware"] == "V3.2.6"
    assert found["serial"] == "S C-C2UR28922012"
    assert found["role"] == "plc"
    assert link.connections == 1
