"""The rungs against agents of our own: versions, credentials, errors, tables, sensors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from protocols.contract import (
    Credential,
    Depth,
    Observation,
    Options,
    Outcome,
    Quality,
    Reason,
    Secret,
    Size,
    Target,
)
from protocols.snmp import PROBE, codec
from protocols.snmp import message as v3
from tests.protocols.snmp.measure import PUBLIC, climb
from tests.protocols.snmp.player import Agent, agent, encode_oid, octets, signed, tlv
from tests.protocols.snmp.test_codec import report
from tests.support.plain import NoAnswerError, PlainLink

OLD = Credential("old", "snmp-v1", Secret(lambda: "public"))
OTHER = Credential("other", "snmp-v2c", Secret(lambda: "secret"))
SECURE = Credential("secure", "snmp-v3", Secret(lambda: "password"), user="reader")
MOXA = {
    "1.3.6.1.2.1.1.1.0": octets("EDS-405A"),
    "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(codec.oid("1.3.6.1.4.1.8691.7.6"))),
    "1.3.6.1.2.1.1.3.0": signed(123_456, 0x43),
    "1.3.6.1.2.1.1.4.0": octets("maintenance"),
    "1.3.6.1.2.1.1.5.0": octets("sw-hall-3"),
    "1.3.6.1.2.1.1.6.0": octets("Hall 3"),
    "1.3.6.1.4.1.8691.7.6.1.2.0": octets("EDS-405A-MM-SC"),
    "1.3.6.1.4.1.8691.7.6.1.4.0": octets("V3.8"),
    "1.3.6.1.4.1.8691.7.6.1.78.0": octets("TAABB0001"),
}
NAMED = {
    "1.3.6.1.2.1.1.1.0": octets(
        "Siemens, SIMATIC NET, SCALANCE XB205-3, 6GK5 205-3BB00-2AB2, HW: Version 3, "
        "FW: Version V04.03.00, SVPL0000001"
    ),
    "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(codec.oid("1.3.6.1.4.1.4329.6.1.2"))),
}


def link_of(
    responder: Callable[[bytes], bytes | None], *credentials: Credential, **options: object
) -> PlainLink:
    return PlainLink(
        PROBE,
        Target("test", "127.0.0.1", "udp", 161),
        responder=responder,
        credentials=credentials,
        options=Options(**options),  # type: ignore[arg-type]
    )


def run(link: PlainLink, depth: Depth = Depth.IDENTIFY) -> PlainLink:
    asyncio.run(climb(link, depth))
    return link


def facts(link: PlainLink, name: str) -> list[object]:
    return [f.value for o in link.observations for f in o.facts if f.name == name]


def walked(link: PlainLink, table: str) -> list[Observation]:
    asked = ("walk", table)
    return [o for o in link.observations if (o.question.operation, o.question.argument) == asked]


def test_a_device_that_names_itself_takes_one_request() -> None:
    link = run(link_of(agent(NAMED), PUBLIC))
    assert len(link.requests) == 1
    assert facts(link, "vendor") == ["Siemens"]
    assert facts(link, "model") == ["6GK5 205-3BB00-2AB2"]
    assert facts(link, "serial") == ["VPL0000001"]


def test_the_vendors_own_objects_complete_the_identity() -> None:
    link = run(link_of(agent(MOXA), PUBLIC))
    assert len(link.requests) == 2
    assert facts(link, "model") == ["EDS-405A-MM-SC"]
    assert facts(link, "firmware") == ["V3.8"]
    assert facts(link, "serial") == ["TAABB0001"]
    assert facts(link, "uptime_seconds") == [1234.56]
    assert all(f.source for o in link.observations for f in o.facts)


def test_version_1_identifies_the_same_device() -> None:
    link = run(link_of(agent(MOXA, versions=(0,)), OLD))
    assert facts(link, "model") == ["EDS-405A-MM-SC"]
    assert facts(link, "serial") == ["TAABB0001"]


def test_version_1_takes_one_request_also_where_a_name_is_absent() -> None:
    values = {k: v for k, v in MOXA.items() if k != "1.3.6.1.2.1.1.4.0"}
    link = run(link_of(agent(values, versions=(0,)), OLD), Depth.DISCOVER)
    assert [o.outcome for o in link.observations] == [Outcome.COMPLETE]
    assert facts(link, "name") == ["sw-hall-3"]
    assert facts(link, "contact") == []


def test_version_1_drops_the_names_that_nothing_follows() -> None:
    link = run(link_of(agent(NAMED, versions=(0,)), OLD), Depth.DISCOVER)
    outcomes = [o.outcome for o in link.observations]
    assert outcomes == [Outcome.EMPTY, Outcome.COMPLETE]
    assert facts(link, "serial") == ["VPL0000001"]


def test_an_agent_that_refuses_absent_names_in_version_2_is_asked_for_the_system_alone() -> None:
    """Some agents answer as in version 1: noSuchName for the whole request."""
    whole = agent(MOXA)

    def answer(request: bytes) -> bytes | None:
        message = codec.decode_message(request)
        absent = [i for i, b in enumerate(message.pdu.bindings, 1) if b.oid not in whole.values]
        if absent and message.pdu.kind == codec.GET:
            null = [(b.oid, b"\x05\x00") for b in message.pdu.bindings]
            return Agent.answer(message, codec.NO_SUCH_NAME, absent[0], null)
        return whole(request)

    link = run(link_of(answer, PUBLIC))
    assert [o.outcome for o in link.observations] == [Outcome.EMPTY] + [Outcome.COMPLETE] * 2
    assert facts(link, "serial") == ["TAABB0001"]


@pytest.mark.parametrize(("row", "owner"), [(1, "chassis"), (1001, "chassis"), (1, "port")])
def test_version_1_reads_the_first_row_of_the_chassis(row: int, owner: str) -> None:
    entity = "1.3.6.1.2.1.47.1.1.1.1"
    values = NAMED | {
        "1.3.6.1.2.1.1.1.0": octets("a device"),
        f"{entity}.5.{row}": signed(3 if owner == "chassis" else 10),
        f"{entity}.11.{row}": octets("SN1"),
        f"{entity}.13.{row}": octets("M1"),
        "1.3.6.1.4.1.4329.1.0": signed(1),
    }
    link = run(link_of(agent(values, versions=(0,)), OLD), Depth.DISCOVER)
    assert len(link.requests) == 1
    assert facts(link, "serial") == (["SN1"] if owner == "chassis" else [])


def test_without_a_credential_only_the_engine_is_asked() -> None:
    link = run(link_of(lambda request: report(codec.decode_version(request) and 1)))
    assert link.functions == ["SNMP v3 discovery"]
    assert facts(link, "engine_id") == ["80001f8803001b001b001b"]
    assert facts(link, "vendor") == []
    assert (link.observations[-1].outcome, link.observations[-1].reason) == (
        Outcome.NOT_ASKED,
        Reason.NO_CREDENTIAL,
    )


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [(Outcome.CLOSED, Reason.DEPENDENCY), (Outcome.BLOCKED, Reason.DEPENDENCY),
     (Outcome.NO_PATH, Reason.DEPENDENCY), (Outcome.SILENT, Reason.NO_CREDENTIAL)],
)  # fmt: skip
def test_no_credential_is_missed_where_nobody_listens(outcome: Outcome, reason: Reason) -> None:
    def nobody(_: bytes) -> bytes:
        raise NoAnswerError(outcome)

    last = run(link_of(nobody)).observations[-1]
    assert (last.outcome, last.reason) == (Outcome.NOT_ASKED, reason)


def test_silence_to_communities_leads_to_version_3_where_it_is_named() -> None:
    def answer(request: bytes) -> bytes | None:
        version, _, _ = codec.decode_version(request)
        return report(v3.decode(request).message_id) if version == codec.V3 else None

    link = run(link_of(answer, PUBLIC, SECURE))
    assert link.functions == ["SNMP get", "SNMP v3 discovery", "SNMP get"]
    assert [(o.outcome, o.credential) for o in link.observations] == [
        (Outcome.SILENT, "snmp-public"),
        (Outcome.COMPLETE, ""),
        (Outcome.REFUSED_CAPABILITY, "secure"),
    ]


def test_credentials_are_tried_once_each_in_their_order() -> None:
    link = run(link_of(agent(MOXA, versions=(0,)), OTHER, PUBLIC, OLD), Depth.DISCOVER)
    assert [(o.credential, o.outcome) for o in link.observations] == [
        ("other", Outcome.SILENT),
        ("snmp-public", Outcome.SILENT),
        ("old", Outcome.COMPLETE),
    ]


def test_silence_ends_every_rung() -> None:
    link = run(link_of(lambda _: None, PUBLIC), Depth.SAMPLE)
    assert [o.outcome for o in link.observations] == [Outcome.SILENT]


def test_an_agent_that_cannot_answer_so_much_is_asked_less() -> None:
    small = agent(MOXA)

    def answer(request: bytes) -> bytes | None:
        message = codec.decode_message(request)
        if len(message.pdu.bindings) > 6:
            null = [(b.oid, b"\x05\x00") for b in message.pdu.bindings]
            return Agent.answer(message, codec.TOO_BIG, 0, null)
        return small(request)

    link = run(link_of(answer, PUBLIC), Depth.DISCOVER)
    assert [o.outcome for o in link.observations] == [Outcome.REFUSED_CAPABILITY, Outcome.COMPLETE]


def test_a_nameless_agent_is_known_by_the_subtree_that_it_serves() -> None:
    values = {
        "1.3.6.1.2.1.1.1.0": octets("Linux box 5.10"),
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(codec.oid("1.3.6.1.4.1.8072.3.2.10"))),
        "1.3.6.1.4.1.2021.4.1.0": signed(1),
        "1.3.6.1.4.1.6574.1.5.1.0": octets("DS220"),
        "1.3.6.1.4.1.8072.1.1.0": signed(1),
    }
    link = run(link_of(agent(values), PUBLIC))
    assert facts(link, "vendor") == ["Synology"]
    assert facts(link, "model") == ["DS220"]


def test_a_plain_linux_has_no_vendor() -> None:
    values = {
        "1.3.6.1.2.1.1.1.0": octets("Linux box 5.10"),
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(codec.oid("1.3.6.1.4.1.8072.3.2.10"))),
        "1.3.6.1.4.1.2021.4.1.0": signed(1),
        "1.3.6.1.4.1.8072.1.1.0": signed(1),
    }
    assert facts(run(link_of(agent(values), PUBLIC)), "vendor") == []


# ---- tables


def interfaces(count: int) -> dict[str, bytes]:
    entry = "1.3.6.1.2.1.2.2.1"
    values: dict[str, bytes] = {}
    for n in range(1, count + 1):
        values[f"{entry}.2.{n}"] = octets(f"port {n}")
        values[f"{entry}.6.{n}"] = tlv(4, b"\x00\x90\xe8" + n.to_bytes(3, "big"))
        values[f"{entry}.8.{n}"] = signed(1 + n % 2)
        values[f"{entry}.14.{n}"] = signed(n, 0x41)
        values[f"{entry}.20.{n}"] = signed(0, 0x41)
        values[f"1.3.6.1.2.1.31.1.1.1.1.{n}"] = octets(f"ge{n}")
    return values


@pytest.mark.parametrize("credential", [PUBLIC, OLD])
def test_interfaces_are_walked_to_the_end(credential: Credential) -> None:
    link = run(link_of(agent(MOXA | interfaces(30)), credential), Depth.POINTS)
    pages = walked(link, "ifTable")
    assert pages[-1].outcome in (Outcome.COMPLETE, Outcome.EMPTY)
    assert {o.reason for o in pages[:-1]} <= {"continues", "noSuchName"}
    assert facts(link, "interface.name") == [f"ge{n}" for n in range(1, 31)]
    assert len(facts(link, "interface.mac")) == 30
    assert facts(link, "mac") == ["00:90:e8:00:00:01"]


def test_a_long_table_ends_at_our_cap() -> None:
    values = MOXA | {f"1.3.6.1.2.1.6.20.1.4.1.4.0.0.0.0.{n}": signed(n) for n in range(1, 1_500)}
    link = run(link_of(agent(values), PUBLIC), Depth.POINTS)
    last = walked(link, "tcpListenerTable")[-1]
    assert (last.outcome, last.reason, last.items) == (Outcome.PARTIAL, Reason.OUR_CAP, 1_000)
    assert len(facts(link, "listener")) == 1_000


def test_a_table_that_goes_silent_keeps_what_was_read() -> None:
    whole = agent(MOXA | interfaces(60))

    def answer(request: bytes) -> bytes | None:
        message = codec.decode_message(request)
        first = message.pdu.bindings[0].oid
        return (
            None
            if first[:10] == codec.oid("1.3.6.1.2.1.2.2.1.2") and first[10:]
            else whole(request)
        )

    link = run(link_of(answer, PUBLIC), Depth.POINTS)
    count = len(facts(link, "interface.name"))
    assert 0 < count < 60
    noted = [o for o in link.observations if o.reason == Reason.WENT_SILENT]
    assert [(o.outcome, o.detail) for o in noted] == [(Outcome.PARTIAL, f"{count} rows read")]


def test_an_agent_without_getbulk_is_walked_with_getnext() -> None:
    whole = agent(MOXA | interfaces(5))

    def answer(request: bytes) -> bytes | None:
        message = codec.decode_message(request)
        if message.pdu.kind == codec.GET_BULK:
            null = [(b.oid, b"\x05\x00") for b in message.pdu.bindings]
            return Agent.answer(message, codec.GEN_ERR, 0, null)
        return whole(request)

    link = run(link_of(answer, PUBLIC), Depth.POINTS)
    assert facts(link, "interface.name") == [f"ge{n}" for n in range(1, 6)]
    assert link.functions.count("SNMP getbulk") == 4  # 10, 5, 2, 1


def test_addresses_neighbours_and_learned_macs_are_facts() -> None:
    lldp = "1.0.8802.1.1.2.1"
    values = MOXA | {
        "1.3.6.1.2.1.4.20.1.1.10.1.2.3": tlv(64, bytes((10, 1, 2, 3))),
        "1.3.6.1.2.1.4.20.1.2.10.1.2.3": signed(4),
        "1.3.6.1.2.1.4.20.1.3.10.1.2.3": tlv(64, bytes((255, 255, 255, 0))),
        "1.3.6.1.2.1.4.22.1.2.4.10.1.2.9": tlv(4, bytes.fromhex("000e8c112233")),
        "1.3.6.1.2.1.17.1.4.1.2.7": signed(107),
        "1.3.6.1.2.1.17.4.3.1.2.0.14.140.1.2.3": signed(7),
        "1.3.6.1.2.1.17.4.3.1.3.0.14.140.1.2.3": signed(3),
        "1.3.6.1.2.1.17.4.3.1.2.0.14.140.1.2.4": signed(7),
        "1.3.6.1.2.1.17.4.3.1.3.0.14.140.1.2.4": signed(4),
        "1.3.6.1.2.1.17.4.3.1.2.1.0.94.0.0.1": signed(7),
        "1.3.6.1.2.1.17.4.3.1.3.1.0.94.0.0.1": signed(3),  # a group's address is nobody's
        f"{lldp}.3.7.1.3.5": octets("P5"),
        f"{lldp}.4.1.1.4.0.5.1": signed(4),
        f"{lldp}.4.1.1.5.0.5.1": tlv(4, bytes.fromhex("001b1b000001")),
        f"{lldp}.4.1.1.6.0.5.1": signed(7),
        f"{lldp}.4.1.1.7.0.5.1": octets("port-001"),
        f"{lldp}.4.1.1.9.0.5.1": octets("plc-7"),
        f"{lldp}.4.1.1.10.0.5.1": octets("Siemens, SIMATIC S7"),
    }
    link = run(link_of(agent(values), PUBLIC), Depth.POINTS)
    found = {(f.name, f.value, f.part) for o in link.observations for f in o.facts}
    assert {
        ("address", "10.1.2.3", "if 4"),
        ("network", "10.1.2.0/24", "if 4"),
        ("arp_seen", "10.1.2.9=00:0e:8c:11:22:33", "if 4"),
        ("mac_seen", "00:0e:8c:01:02:03", "if 107"),
        ("neighbour.name", "plc-7", "P5"),
        ("neighbour.port", "port-001", "P5"),
        ("neighbour.mac", "00:1b:1b:00:00:01", "P5"),
    } <= found
    assert not {value for _, value, _ in found} & {"00:0e:8c:01:02:04", "01:00:5e:00:00:01"}


def neighbour(number: int, chassis: tuple[int, str], port: tuple[int, str]) -> dict[str, bytes]:
    """One row of lldpRemTable on local port 5; identifiers as subtype and hex."""
    row = {
        4: signed(chassis[0]), 5: tlv(4, bytes.fromhex(chassis[1])),
        6: signed(port[0]), 7: tlv(4, bytes.fromhex(port[1])), 12: tlv(4, b"\x28\0"),
    }  # fmt: skip
    return {f"1.0.8802.1.1.2.1.4.1.1.{n}.0.5.{number}": value for n, value in row.items()}


def test_each_neighbour_of_a_port_is_told_apart_with_its_address_and_role() -> None:
    """A chassis that is named by its network address (802.1AB, 9.5.2.3), and a switch beside it."""
    values = MOXA | neighbour(1, (5, "010a141e28"), (5, "65746830"))
    values |= neighbour(2, (4, "001b1b000001"), (3, "001b1b000002"))
    values |= neighbour(3, (5, "02fe80"), (7, "37"))
    values["1.0.8802.1.1.2.1.4.2.1.4.0.5.2.1.4.10.9.8.7"] = signed(1)
    link = run(link_of(agent(values), PUBLIC), Depth.POINTS)
    found = {(f.name, f.value, f.source[-1]) for o in link.observations for f in o.facts}
    assert {(name, value, row) for name, value, row in found if name.startswith("neigh")} == {
        ("neighbour.address", "10.20.30.40", "1"), ("neighbour.port", "eth0", "1"),
        ("neighbour.mac", "00:1b:1b:00:00:01", "2"), ("neighbour.port", "00:1b:1b:00:00:02", "2"),
        ("neighbour.address", "10.9.8.7", "2"), ("neighbour.port", "7", "3"),
        *(("neighbour.role", "switch", row) for row in "123"),
    }  # fmt: skip


def sensor(index: int, *columns: int) -> dict[str, bytes]:
    return {
        f"1.3.6.1.2.1.99.1.1.1.{column}.{index}": signed(value)
        for column, value in enumerate(columns, 1)
    }


def test_entity_sensors_have_scale_precision_and_quality() -> None:
    values = MOXA | sensor(1, 8, 9, 1, 215, 1) | sensor(2, 4, 8, 0, 3_300, 1)
    values |= sensor(3, 8, 9, 0, 0, 2) | sensor(4, 8, 9, 0, 0, 3)
    values |= {"1.3.6.1.2.1.47.1.1.1.1.7.1": octets("Inlet")}
    values |= {f"1.3.6.1.2.1.47.1.1.1.1.13.{n}": octets("") for n in range(1, 5)}
    link = run(link_of(agent(values), PUBLIC), Depth.POINTS)
    points = {p.address: p for o in link.observations for p in o.points}
    samples = {s.point: s for o in link.observations for s in o.samples}
    column = "1.3.6.1.2.1.99.1.1.1.4"
    assert (samples[f"{column}.1"].value, points[f"{column}.1"].unit) == (21.5, "CEL")
    assert points[f"{column}.1"].name == "Inlet"
    assert (samples[f"{column}.2"].value, points[f"{column}.2"].unit) == (3.3, "VLT")
    assert (samples[f"{column}.3"].value, samples[f"{column}.3"].quality) == (None, Quality.BAD)
    assert samples[f"{column}.4"].status == "nonoperational"


UPS = {
    "1.3.6.1.2.1.33.1.2.4.0": signed(97),
    "1.3.6.1.2.1.33.1.2.5.0": signed(545),
    "1.3.6.1.2.1.33.1.4.4.1.2.1": signed(229),
    "1.3.6.1.2.1.33.1.4.4.1.2.2": signed(231),
}


def test_a_ups_tells_its_values_in_their_units() -> None:
    link = run(link_of(agent(MOXA | UPS), PUBLIC), Depth.POINTS)
    samples = {s.point: s.value for o in link.observations for s in o.samples}
    assert samples == {
        "1.3.6.1.2.1.33.1.2.4.0": 97,
        "1.3.6.1.2.1.33.1.2.5.0": 54.5,
        "1.3.6.1.2.1.33.1.4.4.1.2.1": 229,
        "1.3.6.1.2.1.33.1.4.4.1.2.2": 231,
    }


def test_samples_repeat_the_same_scale_within_the_window() -> None:
    link = link_of(agent(MOXA | UPS), PUBLIC, sample_seconds=30.0, sample_every_seconds=10.0)
    run(link, Depth.SAMPLE)
    values = [
        s.value for o in link.observations for s in o.samples if s.point == "1.3.6.1.2.1.33.1.2.5.0"
    ]
    assert values == [54.5] * 4
    assert link.waited_seconds == 30


def test_costs_grow_with_every_field_and_hold_what_was_sent() -> None:
    for depth, rung in PROBE.rungs.items():
        small, large = rung.cost(rung.usual), rung.cost(rung.most)
        assert small.requests <= large.requests
        assert small.bytes <= large.bytes
        assert rung.cost(Size(pages=3)).requests >= rung.cost(Size(pages=2)).requests
        assert depth in Depth
    link = run(link_of(agent(MOXA | interfaces(30) | UPS), PUBLIC), Depth.DISCOVER)
    sent = len(link.requests)
    for depth in (Depth.IDENTIFY, Depth.POINTS):
        before = len(link.observations)
        asyncio.run(PROBE.rungs[depth].run(link))
        size = PROBE.rungs[depth].size
        assert size is not None
        cost = PROBE.rungs[depth].cost(size(link.observations[before:]))
        assert cost.requests == len(link.requests) - sent
        sent = len(link.requests)


def test_an_object_id_that_is_written_as_text_is_read() -> None:
    values = MOXA | {"1.3.6.1.2.1.1.2.0": octets(".1.3.6.1.4.1.8691.7.6")}
    link = run(link_of(agent(values), PUBLIC))
    assert facts(link, "object_id") == ["1.3.6.1.4.1.8691.7.6"]
    assert facts(link, "serial") == ["TAABB0001"]


@pytest.mark.parametrize("words", ["1.3.6.1.4.1", "1.3.6.1.4.1." + "9" * 20, "1.3.6.1.4.1.x", ""])
def test_other_text_is_no_object_id(words: str) -> None:
    values = MOXA | {"1.3.6.1.2.1.1.2.0": octets(words)}
    assert facts(run(link_of(agent(values), PUBLIC)), "object_id") == []
