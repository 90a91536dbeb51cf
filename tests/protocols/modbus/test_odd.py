"""Devices that are odd and not hostile: what they say is kept, and nothing is taken for more."""

from __future__ import annotations

import pytest

from protocols.contract import Outcome
from tests.protocols.modbus.box import Box, Slave, asked, facts, named, run
from tests.protocols.modbus.test_hostile import header


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_names_in_utf_16_are_whole_names(codec: str) -> None:
    """A text that ends at the first NUL would make the vendor "S" of one that says more."""
    words = {0: "Siemens".encode(codec), 1: "PAC3220".encode(codec), 2: "V1.0".encode(codec)}
    link = run(Box({}, any_unit=Slave(words, holding={0: 1})))
    assert set(facts(link, "vendor")) == {"Siemens"}
    assert set(facts(link, "product")) == {"PAC3220"}


def test_names_in_latin_1_are_read() -> None:
    words = {0: "Weidmüller".encode("latin-1"), 1: b"EM220\0\0\0\0", 2: b"1.0"}
    link = run(Box({}, any_unit=Slave(words, holding={0: 1})))
    assert set(facts(link, "vendor")) == {"Weidmüller"}
    assert set(facts(link, "product")) == {"EM220"}


def test_a_mark_of_more_that_is_none_costs_no_name() -> None:
    """V1.1b3 6.21 knows 00 and FF: what was listed is kept, where to go on is not believed."""

    def twist(request: bytes, good: bytes) -> bytes:
        if request[7] != 0x2B:
            return good
        return good[:11] + b"\x01\x03" + good[13:]

    link = run(Box({}, any_unit=Slave(named(), holding={0: 1}), twist=twist))
    assert facts(link, "vendor")[0] == "Acme"
    first = asked(link, "identity")[0]
    assert (first.outcome, first.reason) == (Outcome.PARTIAL, "continuation_lost")
    assert len(asked(link, "identity")) == 2  # unit 255, unit 1, and no further page


def test_objects_out_of_order_are_all_read() -> None:
    def twist(request: bytes, good: bytes) -> bytes:
        if request[7] != 0x2B:
            return good
        body = b"\x2b\x0e\x01\x01\x00\x00\x03" + b"\x02\x031.0" + b"\x00\x04Acme" + b"\x01\x02P1"
        return header(good, body)

    link = run(Box({}, any_unit=Slave(named(), holding={0: 1}), twist=twist))
    said = [facts(link, name)[0] for name in ("vendor", "product", "firmware")]
    assert said == ["Acme", "P1", "1.0"]


def test_a_device_that_signs_every_answer_as_unit_1_is_asked_as_unit_1() -> None:
    """Answers to unit 255 are not believed; those to unit 1 fit their questions."""

    def twist(_: bytes, good: bytes) -> bytes:
        return good[:6] + b"\x01" + good[7:]

    box = Box({}, any_unit=Slave(named(), holding=dict.fromkeys(range(10), 7)), twist=twist)
    link = run(box)
    assert link.observations[0].outcome is Outcome.GARBLED
    assert facts(link, "vendor") == ["Acme"]
    assert {unit for unit, _ in box.asked[1:]} == {1}
    assert link.connections <= 2


@pytest.mark.parametrize("base", [0, 40000, 50000])
@pytest.mark.parametrize("length", [0, 3, 60_000, 65_535])
def test_a_sunspec_model_that_lies_about_its_length_ends_the_chain(base: int, length: int) -> None:
    words = [0x5375, 0x6E53, 1, length, *([0x4142] * 16), *([0x4344] * 16), *([0] * 200)]
    holding = {base + at: word for at, word in enumerate(words)}
    box = Box({}, any_unit=Slave(None, holding=holding))
    link = run(box)
    assert len(box.asked) <= 60
    assert not [o for o in link.observations if o.outcome is Outcome.BROKEN]
    assert facts(link, "serial") == []
