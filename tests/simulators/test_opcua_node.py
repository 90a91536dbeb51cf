"""The light OPC UA double as node-opcua's client, which nobody here wrote, sees it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.simulators.opcua_bench import play

PEERS = Path(__file__).parents[2] / ".peers"
MODULES = next(
    (
        modules
        for modules in (
            Path(os.environ.get("UNTRAP_NODE_MODULES", PEERS / "node_modules")),
            PEERS / "opcua" / "node_modules",
            PEERS / "node_modules",
        )
        if (modules / "node-opcua").is_dir()
    ),
    None,
)
SCRIPT = Path(__file__).with_name("opcua_reader.js")

pytestmark = [
    pytest.mark.peer("node-opcua"),
    pytest.mark.skipif(
        not shutil.which("node") or MODULES is None,
        reason="node-opcua is missing; `make peers` installs it",
    ),
]


def test_node_opcua_reads_endpoints_browses_and_reads_values_with_unit_and_status() -> None:
    options = {"endpoints": ["None", "Basic256Sha256/SignAndEncrypt"]}
    nodes = ["ns=2;s=Press/Hydraulics/Pressure", "ns=2;s=Press/Vibration", "ns=2;s=Press/Strokes"]

    async def body() -> None:
        async with play(options, host="127.46.9.2") as played:
            process = await asyncio.create_subprocess_exec(
                *("node", str(SCRIPT), played.url, *nodes),
                env={**os.environ, "NODE_PATH": str(MODULES)},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            out, problems = await process.communicate()
            if process.returncode == 3:
                pytest.skip(f"node-opcua cannot run: {problems.decode().strip()}")
            assert process.returncode == 0, problems.decode()
            found = json.loads(next(line for line in out.splitlines() if line.startswith(b"{")))
            assert found["endpoints"] == [["None", 1], ["Basic256Sha256", 3]]
            assert found["servers"] == ["urn:press-4:opcua"]
            assert {"Hydraulics", "OilTemperature", "Strokes"} <= set(found["browsed"])
            assert "Secret" not in found["browsed"]
            assert found["values"] == {
                nodes[0]: ["Good", 162.5, 0x424152],
                nodes[1]: ["BadNotConnected", None, 0x433136],
                nodes[2]: ["Good", 71_204, None],
            }
            assert played.witness.open_sessions == 0
            assert played.witness.forbidden == 0

    asyncio.run(body())
