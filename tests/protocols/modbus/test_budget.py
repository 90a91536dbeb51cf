"""What it costs: packets of the model, sizes as found, and that nothing escapes a rung."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from protocols.contract import Depth, Outcome, Size
from protocols.modbus import PROBE
from tests.protocols.modbus.box import Box, Slave, named, run
from tests.protocols.modbus.test_codec import mutate
from tests.protocols.modbus.test_points import inverter

FLOOR_PACKETS = 10
PLAIN = {
    "basic": (Slave(named()), {}),
    "regular": (Slave({**named(), 5: b"M"}, conformity=0x82), {}),
    "extended": (Slave({**named(), 5: b"M"}, conformity=0x83), {}),
    "sunspec": (Slave(None, holding=inverter()), {}),
    "mute product": (Slave(None), {}),
}


@pytest.mark.parametrize("name", PLAIN)
def test_packets_of_a_plain_device_stay_near_the_floor(name: str) -> None:
    slave, _ = PLAIN[name]
    for box in (Box({}, any_unit=slave), Box({1: slave})):
        requests = len(run(box, Depth.IDENTIFY).requests)
        assert 2 + 2 * requests + 2 <= 1.3 * FLOOR_PACKETS


def climb_sizes(box: Box) -> None:
    """The sizes found say exactly how many requests and connections there were."""
    link = run(box)
    total = 0
    for rung, heard in split(link.observations).items():
        size = PROBE.rungs[rung].size
        assert size is not None
        cost = PROBE.rungs[rung].cost(size(heard))
        total += cost.requests
    assert total == len(link.requests)


def split(observations: list) -> dict[Depth, list]:  # type: ignore[type-arg]
    first = 2 if observations[0].outcome is Outcome.MUTE else 1
    return {Depth.DISCOVER: observations[:first], Depth.POINTS: observations[first:]}


@pytest.mark.parametrize("unknown", [0x0B, None])
def test_found_size_gives_the_requests_that_were_sent(unknown: int | None) -> None:
    climb_sizes(Box({1: Slave(named(), holding={0: 1})}, unknown=unknown))


def test_refused_connection_costs_nothing() -> None:
    link = run(None, Depth.DISCOVER, port=1)
    size = PROBE.rungs[Depth.DISCOVER].size
    assert size is not None
    assert link.observations[0].outcome is Outcome.CLOSED
    assert PROBE.rungs[Depth.DISCOVER].cost(size(link.observations)).requests == 0


@pytest.mark.parametrize("depth", list(Depth))
def test_cost_is_monotonic_and_ceiling_covers_the_usual(depth: Depth) -> None:
    rung = PROBE.rungs[depth]
    usual, most = rung.cost(rung.usual), rung.cost(rung.most)
    assert usual.requests <= most.requests
    assert usual.connections <= most.connections
    base = rung.cost(Size(1, 1, 1))
    for bigger in (Size(2, 1, 1), Size(1, 2, 1), Size(1, 1, 2)):
        cost = rung.cost(bigger)
        assert cost.requests >= base.requests
        assert cost.bytes >= base.bytes


def torture(count: int, seed: int) -> None:
    for turn in range(count):
        rng = random.Random(seed + turn)

        def twist(_: bytes, good: bytes) -> bytes | None:
            chance = rng.random()  # noqa: B023 - used within this turn only
            if chance < 0.1:
                return mutate(rng, good)  # noqa: B023
            return None if chance < 0.15 else good

        units = {255: Slave(named("M", "G")), 3: Slave(named(), page=1), 4: Slave(None)}
        units[4].holding = inverter()
        link = run(Box(units, twist=twist), parts=("unit 3", "unit 4", "unit 9"))
        asked = [o for o in link.observations if o.question.operation != "units"]
        for one, most in ((Outcome.BROKEN, 0), (Outcome.NOT_ASKED, 3)):
            assert sum(o.outcome is one for o in asked) <= most
        assert len(link.requests) <= 420


def test_no_mixture_of_bad_answers_escapes_a_rung() -> None:
    torture(150, 1)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
def test_many_mixtures_of_bad_answers() -> None:
    torture(20_000, 10_000)


def test_import_is_light() -> None:
    code = "import sys, protocols.modbus; print('pymodbus' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
