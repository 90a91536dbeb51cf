"""The S7 probe against the bundled S7 double: in fragments at a small PDU, and never too much."""

from __future__ import annotations

import asyncio

import pytest

from protocols.contract import Depth, Outcome, Target
from protocols.s7comm import PROBE
from simulators.contract import Bind, Device, Service
from simulators.s7comm import SIMULATOR
from simulators.witness import DeviceWitness
from tests.support.plain import PlainLink

DEVICE = Device(
    "press",
    "127.0.0.1",
    product="CPU 314C-2 PN/DP",
    model="6ES7 314-6EH04-0AB0",
    firmware="V3.3.14",
    hardware="7",
    serial="S C-D7U318822014",
    name="Press station",
)


@pytest.mark.parametrize("pdu_bytes", [240, 480])
def test_the_double_is_identified_whole_whatever_its_pdu(pdu_bytes: int) -> None:
    witness = DeviceWitness()

    async def body() -> PlainLink:
        service = Service("s7comm", options={"pdu": pdu_bytes})
        double = await SIMULATOR.start(DEVICE, service, Bind("127.0.0.1", 0), witness)
        port = double.listener.getsockname()[1]  # type: ignore[attr-defined]
        link = PlainLink(PROBE, Target("t", "127.0.0.1", "tcp", port))
        for depth in (Depth.DISCOVER, Depth.IDENTIFY):
            await PROBE.rungs[depth].run(link)
        await link.close()
        await double.close()
        return link

    link = asyncio.run(body())
    found = {fact.name: fact.value for o in link.observations for fact in o.facts if not fact.part}
    assert found["model"] == "6ES7 314-6EH04-0AB0"
    assert found["firmware"] == "V3.3.14"
    assert found["hardware"] == "7"
    assert found["serial"] == "S C-D7U318822014"
    assert (found["vendor"], found["role"]) == ("Siemens", "plc")
    lists = [o for o in link.observations if o.question.operation == "read_szl"]
    assert lists[-1].outcome is Outcome.COMPLETE
    assert (len(lists) > 2) == (pdu_bytes == 240)
    assert witness.connections == 1
    assert (witness.forbidden, witness.resets, witness.abandoned) == (0, 0, 0)
