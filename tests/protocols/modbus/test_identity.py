"""Who answers: the pages of 43/14, the units, and what silence of one of them means."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest

from protocols.contract import Depth, Options, Outcome
from protocols.modbus.talk import late_ids
from tests.protocols.modbus.box import Box, Slave, asked, facts, named, run

ID = Depth.IDENTIFY


def same(slave: Slave) -> Box:
    """A plain device: it does not care about the unit."""
    return Box({}, any_unit=slave)


def test_plain_device_costs_two_exchanges() -> None:
    link = run(same(Slave(named())), ID)
    assert facts(link, "vendor") == ["Acme", "Acme"]
    assert facts(link, "product")[0] == "P1"
    assert facts(link, "firmware")[0] == "1.0"
    assert len(link.requests) == 2
    assert {o.question.part for o in link.observations} == {""}


def test_source_names_the_object() -> None:
    link = run(same(Slave(named())), ID)
    vendor = next(f for o in link.observations for f in o.facts if f.name == "vendor")
    assert vendor.source == "modbus 43/14 object 0x00"


def test_regular_objects_are_asked_for_where_conformity_offers_them() -> None:
    objects = {**named(), 3: b"http://x", 4: b"Pump drive", 5: b"M-77", 6: b"Line 2"}
    link = run(same(Slave(objects, conformity=0x82)), ID)
    assert len(link.requests) == 2
    assert facts(link, "model") == ["M-77"]
    assert facts(link, "name") == ["Line 2"]
    assert facts(link, "description") == ["Pump drive"]


def test_extended_listing_is_read_once() -> None:
    link = run(same(Slave({**named(), 5: b"M-77", 0x80: b"x"}, conformity=0x83)), ID)
    assert len(link.requests) == 2
    assert facts(link, "model") == ["M-77"]


def test_more_follows_is_followed() -> None:
    link = run(same(Slave(named(), page=1)), ID)
    assert facts(link, "firmware") == ["1.0"]
    first = asked(link, "identity")[0]
    assert (first.outcome, first.reason) == (Outcome.PARTIAL, "more_follows")


def endless(request: bytes, good: bytes) -> bytes:
    """More follows, for ever: always object 0 and the promise of another one."""
    if request[7] != 43:
        return good
    body = bytes((43, 14, request[9], 1, 0xFF, (request[10] + 1) % 256, 1, request[10], 1, 65))
    return struct.pack(">HHHB", *struct.unpack(">HH", good[:4]), len(body) + 1, good[6]) + body


def test_endless_more_follows_ends() -> None:
    link = run(Box({}, any_unit=Slave(named()), twist=endless), ID)
    assert len(link.requests) <= 20


def circle(request: bytes, good: bytes) -> bytes:
    """More follows, and the next object is the first one again."""
    data = bytearray(good)
    data[11:13] = b"\xff\x00"
    return bytes(data)


def test_circle_of_pages_is_not_walked() -> None:
    link = run(Box({}, any_unit=Slave(named()), twist=circle), ID)
    assert len(link.requests) == 2
    assert facts(link, "vendor")[0] == "Acme"


def test_blank_identity_is_not_a_fact() -> None:
    link = run(same(Slave({0: b"", 1: b"\0\0", 2: b" "})), ID)
    assert not facts(link, "vendor") + facts(link, "product") + facts(link, "firmware")


def test_refused_identification_is_told_and_normal() -> None:
    link = run(same(Slave(None, holding={0: 1})), ID)
    first = link.observations[0]
    assert first.outcome is Outcome.REFUSED_CAPABILITY
    assert "read device identification (43/14)=refused" in facts(link, "function")


def test_unit_one_alone_is_the_asset_itself() -> None:
    link = run(Box({1: Slave(named())}), ID)
    assert facts(link, "vendor") == ["Acme"]
    assert {o.question.part for o in link.observations} == {""}


def test_first_question_unanswered_leads_to_one_read_of_unit_one() -> None:
    box = Box({1: Slave(named(), holding={0: 5})}, unknown=None)
    link = run(box, ID)
    assert [unit for unit, _ in box.asked] == [255, 1, 1]
    assert box.asked[1][1] == bytes.fromhex("0300000001")
    assert facts(link, "vendor") == ["Acme"]


def test_server_id_needs_the_option() -> None:
    slave = Slave(named(), functions=(3, 17, 43))
    assert b"\x11" not in [r[7:] for r in run(same(slave), ID).requests]
    link = run(same(slave), ID, options=Options(settings={"modbus.fc17": "1"}))
    assert facts(link, "description") == ["Drive X1"]


def test_gateway_own_identity_and_unit_one_differ() -> None:
    link = run(Box({255: Slave(named("Moxa", "MGate")), 1: Slave(named("Acme", "M1"))}), ID)
    assert facts(link, "vendor") == ["Moxa"]
    assert facts(link, "vendor", "unit 1") == ["Acme"]
    assert facts(link, "unit", "unit 1") == ["present"]


TWO = {3: Slave(named("A", "x")), 7: Slave(named("B", "y"))}
DECLARED = ("unit 3", "unit 7")


def test_declared_units_are_parts_with_their_own_identity() -> None:
    link = run(Box(TWO), ID, parts=DECLARED)
    assert facts(link, "vendor", "unit 3") == ["A"]
    assert facts(link, "vendor", "unit 7") == ["B"]
    assert not facts(link, "vendor")


def test_undeclared_absence_is_no_part() -> None:
    link = run(Box(TWO), ID, parts=DECLARED)
    parts = {o.question.part for o in link.observations} | {
        f.part for o in link.observations for f in o.facts
    }
    assert parts <= {"", "unit 3", "unit 7", "unit 1"}
    assert facts(link, "unit", "unit 1") == []


def test_declared_unit_that_is_refused_is_tried_twice_ten_seconds_apart() -> None:
    link = run(Box(TWO), ID, parts=(*DECLARED, "unit 9"))
    tries = [o for o in link.observations if o.question.part == "unit 9"]
    refused = [o for o in tries if o.outcome is Outcome.REFUSED_DOWNSTREAM]
    assert len(refused) >= 2
    assert link.waited_seconds >= 10
    between = link.observations[link.observations.index(refused[0]) :]
    assert any(o.question.part in DECLARED and o.outcome is Outcome.COMPLETE for o in between)
    assert facts(link, "unit", "unit 9") == ["absent"]


def test_silence_of_one_unit_counts_for_that_unit_only() -> None:
    def quiet(request: bytes, good: bytes) -> bytes | None:
        return None if request[6] == 3 else good

    box = Box({**TWO, 255: Slave(named())}, twist=quiet)
    link = run(box, ID, parts=DECLARED)
    assert facts(link, "unit", "unit 3") == ["silent"]
    assert facts(link, "vendor", "unit 7") == ["B"]
    silent = [place for place, (unit, _) in enumerate(box.asked) if unit == 3]
    assert all(b - a > 1 for a, b in pairwise(silent))  # a control between


def test_when_the_control_fails_too_asking_ends() -> None:
    dead = False

    def dies(request: bytes, good: bytes) -> bytes | None:
        nonlocal dead
        dead = dead or request[6] == 3
        return None if dead else good

    box = Box({**TWO, 255: Slave(named())}, twist=dies)
    run(box, ID, parts=DECLARED)
    assert [unit for unit, _ in box.asked][-2:] == [3, 255]


def test_unit_that_drops_function_43_is_found_by_a_read() -> None:
    def drops(request: bytes, good: bytes) -> bytes | None:
        return None if (request[6], request[7]) == (3, 43) else good

    link = run(Box({**TWO, 255: Slave(named())}, twist=drops), ID, parts=DECLARED)
    assert facts(link, "unit", "unit 3") == ["present"]


@pytest.mark.parametrize("objects", [named(), None])
def test_echo_of_every_unit_is_one_asset(objects: dict[int, bytes] | None) -> None:
    box = same(Slave(objects, holding=dict.fromkeys(range(20), 4)))
    link = run(box, parts=("unit 2", "unit 3", "unit 4"))
    assert facts(link, "unit") == ["echo"]
    assert not [f for o in link.observations for f in o.facts if f.part and f.name == "vendor"]
    assert all(point.part == "" for o in link.observations for point in o.points)
    assert {unit for unit, _ in box.asked} == {255, 1, 2, 247}


def test_two_equal_meters_are_two_assets() -> None:
    meter = Slave(named("Acme", "M1"))
    link = run(Box({3: meter, 7: meter}), ID, parts=DECLARED)
    assert facts(link, "vendor", "unit 3") == ["Acme"]
    assert facts(link, "vendor", "unit 7") == ["Acme"]
    assert "echo" not in facts(link, "unit")


def test_sweep_asks_every_unit_and_makes_no_phantom() -> None:
    link = run(Box(TWO), ID, options=Options(units=tuple(range(1, 11))))
    present = [f.part for o in link.observations for f in o.facts if f.value == "present"]
    assert set(present) == {"unit 3", "unit 7"}
    assert not [o for o in link.observations if o.question.part not in ("", "unit 3", "unit 7")]


def test_late_answer_is_dropped_and_the_right_one_taken() -> None:
    link = run(same(Slave(named())), ID)
    late = late_ids(tuple(link.observations), 3)
    assert late(1)
    assert late(2)
    assert not late(0)
    assert not late(4)
    assert not late(3)


@pytest.mark.parametrize(
    "objects",
    [
        {0: b"VendorName", 1: b"ProductCode", 2: b"MajorMinorRevision"},
        {0: b"Vendor Name", 1: b"Product Code", 2: b"0"},
        {0: b"N/A", 1: b"Unknown", 2: b"---"},
        {0: b"????", 1: b"\xff\xff\xff\xff", 2: b"\0\0\0"},
        {0: b"\0rest of a buffer", 1: b"  ", 2: b"\x01\x02"},
    ],
)
def test_a_field_that_nobody_filled_in_is_no_fact(objects: dict[int, bytes]) -> None:
    link = run(same(Slave(objects)), ID)
    assert not facts(link, "vendor") + facts(link, "product") + facts(link, "firmware")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"Schneider Electric  ", "Schneider Electric"),
        (b"TM221CE16T\0\0\0", "TM221CE16T"),
        (b"UMG 604\0old bytes", "UMG 604"),
        ("Gerätebau".encode("latin-1"), "Gerätebau"),
        ("Gerätebau".encode(), "Gerätebau"),
        (b'"ILC 151"\r\n', "ILC 151"),
    ],
)
def test_padding_and_either_encoding_are_read(raw: bytes, said: str) -> None:
    assert facts(run(same(Slave({0: raw})), ID), "vendor")[0] == said
