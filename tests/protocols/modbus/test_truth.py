"""What a gateway or a device says of itself that is easily lost: serials, budgets, word order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from protocols.contract import Depth, Outcome, Reason
from protocols.modbus.ladder import MOST_IDENTIFY
from protocols.modbus.registers import size
from protocols.modbus.units import numbers
from tests.protocols.modbus.box import Box, Slave, asked, facts, floats, named, run
from tests.protocols.modbus.test_points import ENTRY, one


def private(*texts: str) -> Slave:
    objects = {0x80 + place: words.encode() for place, words in enumerate(texts)}
    return Slave(named() | objects, conformity=3)


@pytest.mark.parametrize(
    ("words", "serial"),
    [
        ("S/N: 0012345", "0012345"),
        ("SN=AB-1234", "AB-1234"),
        ("Serial Number: 4711.08", "4711.08"),
        ("serial no.: X9Y8", "X9Y8"),
        ("Seriennummer: 55 ", None),
        ("SERIAL:12345678", "12345678"),
        ("12345678", None),
        ("S/N", None),
        ("S/N: unknown", None),
        ("S/N: 00000000", None),
        ("Session: 12345", None),
        ("SN: 12 34", None),
        ("Serial port: 9600", None),
        ("Snapshot: 2024", None),
        ("see S/N: 12345 on the label", None),
    ],
)
def test_a_private_object_is_a_serial_where_it_says_so(words: str, serial: str | None) -> None:
    link = run(one(private(words)), Depth.IDENTIFY)
    assert facts(link, "serial") == ([serial] if serial else [])


def test_two_labelled_serials_that_differ_are_none() -> None:
    link = run(one(private("S/N: 1111", "S/N: 2222")), Depth.IDENTIFY)
    assert facts(link, "serial") == []


def test_the_serial_names_its_object() -> None:
    link = run(one(private("rev B", "S/N: 4711A")), Depth.IDENTIFY)
    sources = {f.source for o in link.observations for f in o.facts if f.name == "serial"}
    assert sources == {"modbus 43/14 object 0x81, labelled"}


def test_thirty_absent_units_are_all_told_absent() -> None:
    parts = tuple(f"unit {unit}" for unit in range(2, 33))
    link = run(Box({255: Slave(named("Gate", "W"))}), Depth.IDENTIFY, parts=parts)
    absent = {f.part for o in link.observations for f in o.facts if f.value == "absent"}
    assert absent == set(parts)
    assert len(link.requests) <= MOST_IDENTIFY
    assert not [o for o in link.observations if o.reason == Reason.BUDGET]


def test_units_beyond_the_budget_are_named_and_not_called_absent() -> None:
    units = range(2, 200)
    parts = tuple(f"unit {unit}" for unit in units)
    link = run(Box({255: Slave(named("Gate", "W"))}), Depth.IDENTIFY, parts=parts)
    (summary,) = [o for o in asked(link, "units") if o.outcome is Outcome.PARTIAL]
    assert summary.reason == Reason.BUDGET
    assert "not asked: units 12" in summary.detail
    assert "asked once only: units 2-" in summary.detail
    unasked = {o.question.part for o in asked(link, "units") if o.outcome is Outcome.NOT_ASKED}
    once = {o.question.part for o in asked(link, "identity")} - unasked
    assert unasked | once >= set(parts)
    assert not [f for o in link.observations for f in o.facts if f.value == "absent"]
    assert len(link.requests) == 1 + MOST_IDENTIFY  # the first is of the rung below


def test_an_end_within_the_second_round_keeps_what_was_told_twice() -> None:
    units = range(2, 102)
    parts = tuple(f"unit {unit}" for unit in units)
    link = run(Box({255: Slave(named("Gate", "W"))}), Depth.IDENTIFY, parts=parts)
    (summary,) = [o for o in asked(link, "units") if o.outcome is Outcome.PARTIAL]
    absent = {f.part for o in link.observations for f in o.facts if f.value == "absent"}
    assert summary.detail.startswith("asked once only: units ")
    assert 0 < len(absent) < len(parts)
    assert all(f"unit {unit}" not in absent for unit in (100, 101))


@pytest.mark.parametrize("declared", ["big", "little"])
def test_the_hint_names_the_order_that_makes_sense(declared: str) -> None:
    values = (230.1, 231.2, 229.9, 50.02)
    straight = floats(0, *values)
    crossed = {place ^ 1: word for place, word in straight.items()}
    entries = tuple(
        replace(ENTRY, address=2 * a, type="float32", name=f"V{a}", word_order=declared)
        for a in range(4)
    )
    right, wrong = (straight, crossed) if declared == "big" else (crossed, straight)
    assert facts(run(one(Slave(named(), holding=right)), maps=entries), "word_order") == []
    hinted = run(one(Slave(named(), holding=wrong)), maps=entries)
    assert facts(hinted, "word_order") == ["little" if declared == "big" else "big"]


# ---- the second question asks for everything, and tells whether unit 1 is unit 255

MORE = {**named(), 4: b"Meter", 5: b"M-77", 0x80: b"S/N: 4711A"}


def test_two_questions_tell_that_it_is_one_device_and_all_that_it_says() -> None:
    whole = Slave(MORE, conformity=0x83)
    link = run(Box({255: whole, 1: whole}), Depth.IDENTIFY)
    assert len(link.requests) == 2
    assert (facts(link, "model"), facts(link, "serial")) == (["M-77"], ["4711A"])
    assert {f.part for o in link.observations for f in o.facts} == {""}


def test_another_device_at_unit_one_is_a_unit_with_its_own_objects() -> None:
    other = Slave({**named("Other", "Z"), 5: b"Z-9"}, conformity=0x82)
    link = run(Box({255: Slave(MORE, conformity=0x83), 1: other}), Depth.IDENTIFY)
    assert facts(link, "model", "unit 1") == ["Z-9"]
    assert facts(link, "vendor", "unit 1") == ["Other"]
    assert (facts(link, "vendor"), facts(link, "model")) == (["Acme"], ["M-77"])


def test_a_basic_device_behind_unit_one_answers_at_its_own_level() -> None:
    link = run(
        Box({255: Slave(MORE, conformity=0x83), 1: Slave(named("Other", "Z"))}), Depth.IDENTIFY
    )
    assert facts(link, "vendor", "unit 1") == ["Other"]
    assert facts(link, "serial") == ["4711A"]


@pytest.mark.parametrize("page", [1, 2, 3])
def test_pages_of_the_whole_listing_are_followed(page: int) -> None:
    whole = Slave(MORE, conformity=0x83, page=page)
    link = run(Box({255: whole, 1: whole}), Depth.IDENTIFY)
    assert (facts(link, "model"), facts(link, "serial")) == (["M-77"], ["4711A"])
    assert not facts(link, "unit", "unit 1")


@pytest.mark.parametrize("said", ["refused", "elsewhere"])
def test_where_the_listing_does_not_tell_the_basic_objects_do(said: str) -> None:
    """Some devices refuse read code 03 at object 0, some list the private objects only."""
    whole = Slave(MORE, conformity=0x83)

    def twist(request: bytes, good: bytes) -> bytes:
        if request[7:11] != b"\x2b\x0e\x03\x00":
            return good
        pdu = b"\xab\x03" if said == "refused" else b"\x2b\x0e\x03\x83\x00\x00\x01\x80\x01x"
        return good[:4] + (len(pdu) + 1).to_bytes(2, "big") + good[6:7] + pdu

    link = run(Box({255: whole, 1: whole}, twist=twist), Depth.IDENTIFY)
    assert facts(link, "vendor") == ["Acme", "Acme"]
    assert {f.part for o in link.observations for f in o.facts} == {""}


def test_the_absence_of_unit_one_is_told_by_the_same_question() -> None:
    link = run(Box({255: Slave(MORE, conformity=0x83)}), Depth.IDENTIFY)
    assert facts(link, "serial") == ["4711A"]
    assert facts(link, "vendor") == ["Acme"]
    assert len(link.requests) == 3


@pytest.mark.parametrize("text", ["²", "٣", "9" * 5_000, "-1", "1.0", ""])
def test_what_is_no_plain_number_is_no_unit_and_no_length(text: str) -> None:
    assert numbers([f"unit {text}", f"{text}-{text}", "7"]) == (7,)
    assert size(f"string:{text}") is None
    assert size(f"bit:{text}") == (None if text else 1)


def test_units_are_counted_from_both_ends() -> None:
    assert numbers(["unit 3", "9-11", "254-300", "0007"]) == (3, 9, 10, 11, 254, 255, 7)
    assert size("bit:15") == 1 and size("bit:16") is None
    assert size("string:7") == 4 and size("string:0") is None and size("string:250") == 125
