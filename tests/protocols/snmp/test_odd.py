"""Agents that take less at once than others: what they hold is read all the same."""

from __future__ import annotations

import pytest

from protocols.contract import Depth, Outcome, Quality
from protocols.snmp import codec, sensors
from protocols.snmp.codec import Binding, Oid
from protocols.snmp.exchange import outcome_of
from protocols.snmp.identity import enterprise_oid
from protocols.snmp.points import UNTOLD, apart, still_open
from tests.protocols.snmp.measure import PUBLIC
from tests.protocols.snmp.player import Agent, encode_oid, octets, signed, tlv
from tests.protocols.snmp.test_probe import MOXA, interfaces, link_of, run
from tests.support.plain import PlainLink

PDU = {
    "1.3.6.1.2.1.1.1.0": octets("PDU"),
    "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(enterprise_oid("13742.6"))),
    **interfaces(3),
    **{
        f"1.3.6.1.4.1.13742.6.{column}.1.1.{kind}": signed(raw)
        for kind in (4, 25)
        for column, raw in (("5.2.3.1.4", 2_300), ("3.3.4.1.6", 1), ("3.3.4.1.7", 1))
    },
}


class Small(Agent):
    """Takes so many names a request and no GetBulk: tooBig for anything else."""

    most = 1

    def __call__(self, request: bytes) -> bytes | None:
        message = codec.decode_message(request)
        if message.pdu.kind == codec.GET_BULK or len(message.pdu.bindings) > self.most:
            self.asked.append(message.pdu.kind)
            nothing = [(b.oid, b"\x05\x00") for b in message.pdu.bindings]
            return self.answer(message, codec.TOO_BIG, 0, nothing)
        return super().__call__(request)


@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_an_agent_that_takes_few_names_at_once_is_read_whole(most: int) -> None:
    agent = Small({codec.oid(name): value for name, value in PDU.items()})
    agent.most = most
    link = run(link_of(agent, PUBLIC), Depth.POINTS)
    points = {p.name: p.unit for o in link.observations for p in o.points}
    assert points == {"Inlet 1.1 voltage": "VLT", "Inlet 1.1 voltage L-N": "VLT"}
    facts = {f.name for o in link.observations for f in o.facts}
    assert {"interface.name", "interface.mac", "interface.state"} <= facts
    assert len(link.requests) < 70
    walked = [o for o in link.observations if o.question.operation == "walk"]
    assert walked[-1].outcome is Outcome.COMPLETE


CHASSIS = {  # a rack whose chassis is listed last, behind a power supply that lies in nothing known
    **PDU,
    **{f"1.3.6.1.2.1.47.1.1.1.1.{column}.{row}": value for (column, row), value in {
        (2, 5): octets("Supply"), (5, 5): signed(6, 2), (11, 5): octets("PSU-1"),
        (13, 5): octets("PS-24"),
        (2, 100): octets("Rack"), (5, 100): signed(3, 2), (8, 100): octets("B"),
        (10, 100): octets("3.2.1"), (11, 100): octets("SN-4711"), (12, 100): octets("Weber"),
        (13, 100): octets("WS-700"),
    }.items()},
}  # fmt: skip


def nobodys(values: dict[str, bytes]) -> dict[Oid, bytes]:
    """The same objects under a number that no maker has, without a maker's own."""
    objects = {
        codec.oid(name): value for name, value in values.items() if ".4.1.13742." not in name
    }
    number = tlv(6, encode_oid(codec.oid("1.3.6.1.4.1.99999.7")))
    return {**objects, codec.oid("1.3.6.1.2.1.1.2.0"): number}


BIG = nobodys({**CHASSIS, **interfaces(30)})


def of_entity(link: PlainLink) -> dict[str, str]:
    """The identity that the ENTITY-MIB gave the device itself."""
    told = [f for o in link.observations for f in o.facts if not f.part]
    return {f.name: str(f.value) for f in told if "entPhysical" in f.source}


def test_the_only_chassis_of_a_table_that_was_read_is_the_device() -> None:
    """Its number is nobody's, so the second datagram asked for subtrees and not for the chassis."""
    told = of_entity(run(link_of(Agent(nobodys(CHASSIS)), PUBLIC), Depth.POINTS))
    assert told["model"] == told["product"] == "WS-700"
    assert (told["serial"], told["firmware"], told["vendor"]) == ("SN-4711", "3.2.1", "Weber")
    assert told["hardware"] == "B"


def test_chassis_of_a_stack_say_what_they_have_in_common() -> None:
    second = {name.replace(".100", ".101"): value for name, value in CHASSIS.items()}
    second["1.3.6.1.2.1.47.1.1.1.1.11.101"] = octets("SN-4712")
    told = of_entity(run(link_of(Agent(nobodys(CHASSIS | second)), PUBLIC), Depth.POINTS))
    assert (told.get("model"), told.get("serial")) == ("WS-700", None)


@pytest.mark.parametrize("most", [1, 2, 4, 7])
def test_an_agent_that_cuts_its_pages_is_read_whole(most: int) -> None:
    """It leaves out what does not fit (RFC 3416, 4.2.3); the columns behind were given up."""

    class Cutting(Agent):
        def _bulk(self, oids: list[Oid], single: int, repetitions: int) -> list[tuple[Oid, bytes]]:
            return super()._bulk(oids, single, repetitions)[:most]

    whole = run(link_of(Agent(BIG), PUBLIC), Depth.POINTS)
    link = run(link_of(Cutting(BIG), PUBLIC), Depth.POINTS)
    assert {f for o in link.observations for f in o.facts if f.part} == {
        f for o in whole.observations for f in o.facts if f.part
    }


def test_an_agent_that_drops_getbulk_is_walked_with_getnext() -> None:
    """Its tables were taken for lost: silence to that question may be about the question."""
    plain = Agent(BIG)

    def answer(request: bytes) -> bytes | None:
        bulk = codec.decode_message(request).pdu.kind == codec.GET_BULK
        return None if bulk else plain(request)

    link = run(link_of(answer, PUBLIC), Depth.POINTS)
    assert {f.name for o in link.observations for f in o.facts} >= {"interface.name", "part"}
    assert link.functions.count("SNMP getbulk") == 1


IN_FIRST_ROW = {name.replace(".100", ".1"): value for name, value in CHASSIS.items()}


@pytest.mark.parametrize("most", [1, 2, 3, 5, 8])
def test_an_agent_that_takes_few_names_says_who_it_is(most: int) -> None:
    """What did not fit beside the first names was never asked for: name, model, serial number."""
    name = {"1.3.6.1.2.1.1.5.0": octets("rack-7")}
    agent = Small(nobodys({**IN_FIRST_ROW, **name}))
    agent.most = most
    link = run(link_of(agent, PUBLIC), Depth.IDENTIFY)
    told = of_entity(link)
    assert (told["vendor"], told["model"], told["serial"]) == ("Weber", "WS-700", "SN-4711")
    assert told["firmware"] == "3.2.1"
    said = {(f.name, f.value) for o in link.observations for f in o.facts}
    assert {("name", "rack-7"), ("description", "PDU")} <= said
    assert {value for name, value in said if name == "product"} == {"WS-700"}
    assert len(link.requests) <= 30


@pytest.mark.parametrize("most", [1, 2, 3, 5, 8])
def test_a_makers_own_objects_are_asked_few_at_a_time(most: int) -> None:
    agent = Small({codec.oid(name): value for name, value in MOXA.items()})
    agent.most = most
    link = run(link_of(agent, PUBLIC), Depth.IDENTIFY)
    said = {f.name: f.value for o in link.observations for f in o.facts}
    assert (said["model"], said["firmware"], said["serial"], said["name"]) == (
        "EDS-405A-MM-SC", "V3.8", "TAABB0001", "sw-hall-3",
    )  # fmt: skip


def test_an_agent_that_takes_few_names_is_sampled() -> None:
    agent = Small({codec.oid(name): value for name, value in PDU.items()})
    link = link_of(agent, PUBLIC, sample_seconds=20.0, sample_every_seconds=10.0)
    run(link, Depth.SAMPLE)
    read = [s for o in link.observations if o.question.argument == "sample" for s in o.samples]
    assert [s.value for s in read] == [230] * 4


def test_too_big_is_not_busy() -> None:
    """Busy twice in a row ends a visit (safety.md 2); an agent that takes less goes on."""
    assert outcome_of(codec.TOO_BIG) == (Outcome.REFUSED_CAPABILITY, "tooBig")
    assert outcome_of(13)[0] is Outcome.REFUSED_RESOURCE  # resourceUnavailable


def binding(*arcs: int, tag: int = codec.INTEGER) -> Binding:
    return Binding(arcs, tag, b"\x01")


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ({(1, 1): binding(1, 5, 0)}, [(1, 5), (1, 6)]),  # it lies under the third: ask it
        ({(1, 1): binding(1, 7, 0)}, []),
        ({(1, 3): binding(1, 5, 0)}, [(1, 1), (1, 5), (1, 6)]),
        ({(1, 3): Binding((1, 3), codec.END_OF_MIB_VIEW, b"")}, [(1, 1)]),
        ({(1, 3): UNTOLD}, [(1, 1), (1, 5), (1, 6)]),
        ({(1, 3): Binding((), codec.SPOILT, b"")}, [(1, 1), (1, 5), (1, 6)]),
        ({(1, 3): binding(1, 2, 0)}, [(1, 1), (1, 5), (1, 6)]),  # backwards: tells nothing
        ({}, [(1, 1), (1, 3), (1, 5), (1, 6)]),
    ],
)
def test_an_answer_tells_what_lies_between(told: dict[Oid, Binding], left: list[Oid]) -> None:
    roots = [(1, 1), (1, 3), (1, 5), (1, 6)]
    assert [root for root in still_open(roots, told) if root not in told] == left


def test_what_is_asked_first_lies_far_apart() -> None:
    roots = [(1, n) for n in range(95)]
    assert apart(roots, 10) == tuple((1, n) for n in range(0, 95, 10))
    assert apart(roots[:3], 10) == tuple(roots[:3])
    assert apart(roots, 1) == ((1, 0),)


@pytest.mark.parametrize(
    ("scale", "precision", "raw", "value"),
    [
        (9, 0, 25, 25),
        (8, 0, 25, 0.025),  # milli
        (10, 1, 25, 2_500),  # kilo, one digit
        (9, 1, -40, -4),
        (1, 0, 1, 1e-24),  # yocto
        (17, 0, 1, 1e24),  # yotta
        (9, -8, 1, 1),  # accurate digits, no decimal places: the number is as it stands
        (9, -2, 4_200, 4_200),
        (9, 9, 1, 1e-9),
        (9, 0, 1_000_000_000, None),  # RFC 3433: more than can be shown
        (9, 0, -1_000_000_000, None),
    ],
)
def test_scale_and_precision_are_those_of_the_standard(
    scale: int, precision: int, raw: int, value: float | None
) -> None:
    numbers = (8, scale, precision, raw, 1)
    row = {
        column: Binding((*column, 1), codec.INTEGER, number.to_bytes(5, "big", signed=True))
        for column, number in zip(sensors.SENSOR, numbers, strict=False)
    }
    (sample,) = sensors.read_entity((1,), row, {}).samples
    assert sample.value == (pytest.approx(value) if value is not None else None)
    assert (sample.quality is Quality.GOOD) == (value is not None)


@pytest.mark.parametrize(("status", "expected"), [(1, (2, "false")), (2, (None, "unavailable"))])
def test_a_truth_value_is_a_state_and_no_number(
    status: int, expected: tuple[int | None, str]
) -> None:
    """RFC 3433: truthvalue(12), 1 true and 2 false."""
    row = {
        column: Binding((*column, 1), codec.INTEGER, bytes((number,)))
        for column, number in zip(sensors.SENSOR, (12, 9, 0, 2, status), strict=False)
    }
    read = sensors.read_entity((1,), row, {(1,): "Door"})
    assert [(s.value, s.status) for s in read.samples] == [expected]
    assert (read.points[0].type == sensors.ENUMERATION) == (status == 1)


def test_a_sensor_that_goes_away_while_it_is_sampled_is_bad() -> None:
    """ENTITY-SENSOR-MIB leaves the last value where it was and says it in the status alone."""
    values = {
        "1.3.6.1.2.1.1.1.0": octets("switch"),
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(enterprise_oid("99999"))),
        **{f"1.3.6.1.2.1.99.1.1.1.{n}.7": signed(v) for n, v in enumerate((8, 9, 0, 25, 1), 1)},
    }
    plain = Agent({codec.oid(name): value for name, value in values.items()})
    status = codec.oid("1.3.6.1.2.1.99.1.1.1.5.7")

    def answer(request: bytes) -> bytes | None:
        message = codec.decode_message(request)
        if message.pdu.kind == codec.GET and status in [b.oid for b in message.pdu.bindings]:
            plain.values = {**plain.values, status: signed(3)}
        return plain(request)

    link = link_of(answer, PUBLIC, sample_seconds=10.0, sample_every_seconds=10.0)
    run(link, Depth.SAMPLE)
    read = [(s.value, s.quality) for o in link.observations for s in o.samples]
    assert read == [(25, Quality.GOOD), (None, Quality.BAD)]


IP = "1.3.6.1.2.1.4."
NEWER = {
    f"{IP}34.1.3.1.4.10.7.1.2": signed(4),
    f"{IP}34.1.4.1.4.10.7.1.2": signed(1),
    f"{IP}34.1.5.1.4.10.7.1.2": tlv(6, encode_oid(codec.oid(f"{IP}32.1.5.4.1.4.10.7.1.0.26"))),
    f"{IP}34.1.3.1.4.127.0.0.1": signed(1),
    f"{IP}34.1.4.1.4.127.0.0.1": signed(1),
    f"{IP}34.1.5.1.4.127.0.0.1": tlv(6, b"\x00"),
    f"{IP}35.1.4.4.1.4.10.7.1.9": tlv(4, bytes.fromhex("000e8c112233")),
    f"{IP}35.1.6.4.1.4.10.7.1.9": signed(3),
    f"{IP}35.1.4.4.1.4.10.7.1.8": tlv(4, bytes.fromhex("000e8c112244")),
    f"{IP}35.1.6.4.1.4.10.7.1.8": signed(2),  # invalid
    f"{IP}24.7.1.7.1.4.10.99.0.0.24.2.0.0.1.4.10.7.1.1": signed(4),
    f"{IP}24.7.1.7.1.4.0.0.0.0.0.2.0.0.1.4.10.7.1.1": signed(4),
}


def test_networks_and_neighbours_of_the_newer_tables_are_read() -> None:
    """RFC 4293 and RFC 4292: agents of today often have these only."""
    plain = {"1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(enterprise_oid("99999")))}
    agent = Agent({codec.oid(name): value for name, value in (plain | NEWER).items()})
    link = run(link_of(agent, PUBLIC), Depth.POINTS)
    facts = [(f.name, f.value, f.part) for o in link.observations for f in o.facts]
    found = {f for f in facts if f[0] in ("address", "network", "arp_seen")}
    assert found == {
        ("address", "10.7.1.2", "if 4"),
        ("network", "10.7.1.0/26", "if 4"),
        ("arp_seen", "10.7.1.9=00:0e:8c:11:22:33", "if 4"),
        ("network", "10.99.0.0/24", ""),
    }


def test_the_newer_table_is_not_asked_for_beside_the_older() -> None:
    older = {
        f"{IP}20.1.1.10.7.1.2": tlv(64, bytes((10, 7, 1, 2))),
        f"{IP}20.1.2.10.7.1.2": signed(4),
        f"{IP}20.1.3.10.7.1.2": tlv(64, bytes((255, 255, 255, 192))),
    }
    agent = Agent({codec.oid(name): value for name, value in (older | NEWER).items()})
    link = run(link_of(agent, PUBLIC), Depth.POINTS)
    walks = {o.question.argument for o in link.observations if o.question.operation == "walk"}
    assert walks == {"ipAddrTable", "ipNetToPhysicalTable", "inetCidrRouteTable"}
