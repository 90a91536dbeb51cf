"""What registers mean: maps, SunSpec, or nothing but ranges."""

from __future__ import annotations

import struct
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from inventory.signals.units import unit_of
from protocols import modbus
from protocols.contract import Depth, Fact, MapEntry, Options, Outcome, Quality
from protocols.modbus.maps import Bundled, fitting, library, spans
from protocols.modbus.registers import decode, scaled, size
from protocols.modbus.sunspec import models
from tests.protocols.modbus.box import Box, Slave, asked, facts, floats, named, run, values

ENTRY = MapEntry("holding", 0, "uint16", "Speed", vendor="Acme", model="P1")


def one(slave: Slave) -> Box:
    return Box({}, any_unit=slave)


@pytest.mark.parametrize(
    ("kind", "words", "value"),
    [
        ("uint16", [0xFFFF], 65535),
        ("int16", [0xFFFF], -1),
        ("uint32", [1, 0], 65536),
        ("int32", [0xFFFF, 0xFFFE], -2),
        ("uint64", [0, 0, 0, 5], 5),
        ("int64", [0xFFFF] * 4, -1),
        ("float32", [0x4366, 0x0000], 230.0),
        ("float64", [0x406C, 0xC000, 0, 0], 230.0),
        ("string:5", [0x4142, 0x4344, 0x4500], "ABCDE"),
        ("bit", [1], 1),
        ("bit:3", [8], 1),
        ("bcd16", [0x1234], 1234),
        ("bcd32", [0x0012, 0x3456], 123456),
        ("bcd64", [0, 0, 0x9999, 0x0001], 99990001),
    ],
)
def test_types(kind: str, words: list[int], value: object) -> None:
    assert size(kind) == len(words)
    assert decode(words, kind) == value


def test_word_and_byte_order() -> None:
    assert decode([0, 1], "uint32", "little") == 65536
    assert decode([0x0100, 0x0200], "uint32", "big", "little") == 0x0001_0002
    assert decode([0x0200, 0x0100], "uint32", "little", "little") == 0x0001_0002


def test_digits_that_are_none_are_no_number() -> None:
    found = decode([0x12A4], "bcd16")
    assert scaled(found, 0.1, 0.0) == (None, Quality.BAD, "NaN")


@pytest.mark.parametrize(
    "kind", ["", "uint8", "bcd8", "string:0", "string:999", "bit:16", "string:x"]
)
def test_unknown_types_have_no_size(kind: str) -> None:
    assert size(kind) is None


def test_scale_and_not_a_number() -> None:
    assert scaled(2301, 0.1, 0.0) == (230.1, Quality.GOOD, "")
    assert scaled(float("nan"), 1.0, 0.0) == (None, Quality.BAD, "NaN")


def test_blocks_bridge_small_gaps_only_and_stay_within_125() -> None:
    entries = [replace(ENTRY, address=a) for a in (0, 9, 18, 40)]
    assert [span.name for span in spans(entries)] == ["holding:0-18", "holding:40-40"]
    many = [replace(ENTRY, address=a) for a in range(300)]
    assert [span.count for span in spans(many)] == [125, 125, 50]
    assert spans([replace(ENTRY, address=65535, type="uint32")]) == ()


def test_declared_map_turns_registers_into_points() -> None:
    entries = (
        replace(ENTRY, scale=0.1, engineering_unit="Hz", signal="speed"),
        replace(ENTRY, address=2, type="float32", name="Power", engineering_unit="kW"),
    )
    slave = Slave(named(), holding={0: 501, 1: 0, **floats(2, 7.5)})
    link = run(one(slave), maps=entries)
    assert values(link) == {"holding:0": 50.1, "holding:2": 7.5}
    points = {p.address: p for o in link.observations for p in o.points}
    assert (points["holding:0"].unit, points["holding:0"].signal) == ("HTZ", "speed")
    assert points["holding:2"].unit == "KWT"
    assert facts(link, "map")[0].startswith("declared")  # type: ignore[attr-defined]


def test_a_block_that_touches_a_hole_is_halved_until_the_rest_is_found() -> None:
    entries = tuple(replace(ENTRY, address=a, name=f"R{a}") for a in range(20))
    holding = {a: a for a in range(20) if a != 13}
    link = run(one(Slave(named(), holding=holding)), maps=entries)
    assert values(link) == {f"holding:{a}": a for a in range(20) if a != 13}


def test_map_that_fits_nothing_stops_early() -> None:
    entries = tuple(replace(ENTRY, address=20 * a, name=f"R{a}") for a in range(200))
    box = one(Slave(named()))
    link = run(box, maps=entries)
    assert len(box.asked) < 40
    assert any(o.outcome is Outcome.PARTIAL and o.reason == "our_cap" for o in link.observations)


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ({}, True),
        ({"vendor": "acme"}, True),
        ({"vendor": "Other"}, False),
        ({"model": "P2"}, False),
        ({"firmware": "1.0"}, True),
        ({"firmware": "2"}, False),
        ({"unit": "1"}, True),
        ({"unit": "2"}, False),
        ({"vendor": "", "model": ""}, False),
    ],
)
def test_a_map_fits_where_all_that_it_states_agrees(change: dict[str, str], fits: bool) -> None:
    said = [Fact("vendor", "ACME Corp.", "s"), Fact("product", "P1 mk2", "s")]
    said.append(Fact("firmware", "1.0", "s"))
    entry = replace(ENTRY, **change)  # type: ignore[arg-type]
    assert (fitting(said, (entry,), 1) is not None) is fits


def test_word_order_is_hinted_where_values_make_no_sense() -> None:
    words = {}
    for place, value in enumerate((230.1, 231.2, 229.9, 50.02)):
        high, low = struct.unpack(">HH", struct.pack(">f", value))
        words |= {2 * place: low, 2 * place + 1: high}
    entries = tuple(replace(ENTRY, address=2 * a, type="float32", name=f"V{a}") for a in range(4))
    link = run(one(Slave(named(), holding=words)), maps=entries)
    assert facts(link, "word_order") == ["little"]
    good = run(one(Slave(named(), holding=floats(0, 230.1, 231.2, 229.9, 50.02))), maps=entries)
    assert facts(good, "word_order") == []


def test_serial_of_a_map_is_an_identity() -> None:
    entry = replace(ENTRY, type="uint32", name="Serial", signal="serial")
    link = run(one(Slave(named(), holding={0: 1, 1: 2})), maps=(entry,))
    assert facts(link, "serial") == ["65538"]


def test_library_map_is_chosen_by_identity() -> None:
    power = floats(0, *[float(v) for v in range(1, 41)])
    link = run(one(Slave(named("Eastron", "SDM630-Modbus V2"), input=power)))
    assert values(link)["input:52"] == 27.0
    assert facts(link, "map")[0].startswith("library: eastron-sdm630")  # type: ignore[attr-defined]


def test_library_is_well_formed() -> None:
    assert len(library()) >= 18
    for one_map in library():
        addresses = [(e.table, e.address) for e in one_map.entries]
        assert len(addresses) == len(set(addresses)), one_map.name
        ends = sorted(
            (e.table, e.address, e.address + (size(e.type) or 0)) for e in one_map.entries
        )
        for before, after in pairwise(ends):
            assert before[0] != after[0] or before[2] <= after[1], (one_map.name, before, after)
        assert one_map.source
        assert all(e.name and size(e.type) for e in one_map.entries)
        units = {e.engineering_unit for e in one_map.entries} - {""}
        assert all(unit_of(unit) for unit in units), (one_map.name, units)
        assert {e.word_order for e in one_map.entries} <= {"big", "little"}, one_map.name


def test_every_map_names_a_second_source() -> None:
    folder = Path(modbus.__file__).with_name("library")
    for file in folder.glob("*.csv"):
        head = [line for line in file.read_text("utf-8").splitlines() if line.startswith("#")]
        assert any("confirmed by" in line for line in head), file.name


@pytest.mark.parametrize(
    ("vendor", "model", "name"),
    [
        ("Schneider Electric", "PM5560", "schneider-pm5000"),
        ("Schneider Electric", "METSEPM5320", "schneider-pm5000"),
        ("Schneider Electric", "ATV320U15N4C", "schneider-altivar"),
        ("TELEMECANIQUE", "ATV31HU15N4", "schneider-altivar"),
        ("Schneider Electric", "ATV312HU15N4", "schneider-altivar"),
        ("Schneider Electric", "ATV3200", ""),
        ("Schneider Electric", "ATV630U07N4", ""),
        ("SIEMENS AG", "PAC3200", "siemens-pac3200"),
        ("Siemens", "PAC3200T", ""),
        ("ABB", "B23 112-100", "abb-b23-b24"),
        ("Janitza electronics GmbH", "UMG 96RM-E", "janitza-umg"),
        ("Carlo Gavazzi", "EM24DINAV93XE1X", "carlo-gavazzi-em24"),
        ("Eastron", "SDM120M", "eastron-sdm120"),
        ("Schneider Electric", "BMXP342020", ""),
        ("Schneider Electric", "iEM3155", "schneider-iem3000"),
        ("Schneider Electric", "iEM3110", ""),
        ("Siemens", "PAC2200", "siemens-pac2200"),
        ("Carlo Gavazzi", "EM340DINAV23XS1X", "carlo-gavazzi-em330-em340"),
        ("Eastron", "SDM220-Modbus", "eastron-sdm220"),
        ("Eastron", "SDM72D-M", "eastron-sdm72"),
        ("Danfoss", "FC-051P1K5T4", ""),
        ("Danfoss", "FC-302P1K5T4", "danfoss-fc"),
        ("Danfoss Drives", "VLT HVAC Drive FC 102", "danfoss-fc"),
        ("HUAWEI", "SUN2000", "huawei-sun2000"),
        ("HUAWEI", "SmartLogger", ""),
        ("SOCOMEC", "COUNTIS E44", "socomec-countis-diris"),
        ("SOCOMEC", "DIRIS A14", "socomec-countis-diris"),
        ("SOCOMEC", "COUNTIS E23", ""),
        ("Lovato Electric", "DMG610", "lovato-dmg"),
        ("Phoenix Contact", "EEM-MA370", "phoenix-contact-empro"),
        ("Phoenix Contact", "ILC 171 ETH 2TX", ""),
    ],
)
def test_library_is_matched_by_vendor_and_model(vendor: str, model: str, name: str) -> None:
    found = fitting([Fact("vendor", vendor, "s"), Fact("product", model, "s")], (), 1)
    assert (found.chosen.split()[1] if found else "") == name


def test_a_map_of_which_nothing_answers_is_no_meaning() -> None:
    """Another edition of a meter: its name fits, its registers are elsewhere."""
    held = {at: at + 1 for at in range(10)}
    link = run(one(Slave(named("Eastron", "SDM72D-M"), holding=held)))
    assert facts(link, "map") == []
    assert facts(link, "range") == ["holding:0-9"]
    assert values(link)["holding:3"] == 4
    told = [o for o in link.observations if o.question.operation == "map"]
    assert [o.outcome for o in told] == [Outcome.EMPTY]
    assert "none of its registers answers" in told[0].detail


def test_a_drive_is_read_in_its_own_units() -> None:
    held = {3202: 423, 3204: 31, 3209: 48, 8604: 65_536 - 1_268}
    link = run(one(Slave(named("Schneider Electric", "ATV320U15N4C"), holding=held)))
    found = {p.address: p for o in link.observations for p in o.points}
    read = {found[at].name: (values(link)[at], found[at].unit) for at in values(link)}
    assert read == {
        "Output frequency": (42.3, "HTZ"),
        "Motor current": (3.1, "AMP"),
        "Drive thermal state": (48, "P1"),
        "Motor speed": (-1268, "RPM"),
    }


def test_an_inverter_that_answers_is_read_in_its_own_units() -> None:
    held = dict.fromkeys(range(32_064, 32_116), 0)
    held |= {32_069: 2_301, 32_080: 0, 32_081: 4_200, 32_085: 5_001, 32_087: 65_536 - 25}
    held |= {32_072: 0x7FFF, 32_073: 0xFFFF, 32_106: 1, 32_107: 34_464}
    link = run(one(Slave(named("HUAWEI", "SUN2000", "V100R001"), holding=held)))
    read = {at: values(link)[f"holding:{at}"] for at in (32_069, 32_080, 32_085, 32_087, 32_106)}
    assert read == {32_069: 230.1, 32_080: 4200, 32_085: 50.01, 32_087: -2.5, 32_106: 1000}
    assert values(link)["holding:32072"] is None


def test_what_a_meter_does_not_measure_is_no_number() -> None:
    absent = dict.fromkeys(range(23296, 23314), 65535)
    absent |= {23316: 0x7FFF, 23317: 0xFFFF, 23318: 0, 23319: 12_345}
    link = run(one(Slave(named("ABB", "B23 112-100"), holding=absent)))
    found = {s.point: s for o in link.observations for s in o.samples}
    for address in ("holding:23296", "holding:23316"):
        sample = found[address]
        assert (sample.value, sample.quality, sample.status) == (
            None,
            Quality.BAD,
            "not available",
        )
    assert found["holding:23318"].value == 123.45


def test_a_number_that_the_map_calls_no_value_is_none() -> None:
    entry = replace(ENTRY, engineering_unit="V", not_available=0xFFFF)
    link = run(one(Slave(named(), holding={0: 0xFFFF})), maps=(entry,))
    (sample,) = (s for o in link.observations for s in o.samples)
    assert (sample.value, sample.quality, sample.status) == (None, Quality.BAD, "not available")


@pytest.mark.parametrize("one_map", library(), ids=lambda item: item.name)
def test_a_value_for_not_available_fits_its_type(one_map: Bundled) -> None:
    bounds = {"int16": 15, "int32": 31, "int64": 63, "uint16": 16, "uint32": 32, "uint64": 64}
    for entry in one_map.entries:
        if entry.not_available is not None:
            most = 2 ** bounds[entry.type]
            least = 0 if entry.type.startswith("u") else -most
            assert least <= entry.not_available < most, entry


def text(value: str, registers: int) -> list[int]:
    raw = value.encode().ljust(2 * registers, b"\0")
    return list(struct.unpack(f">{registers}H", raw))


def inverter(base: int = 40000) -> dict[int, int]:
    """SunS, common model (66), a model nobody knows (2 registers), inverter 103 (50), end."""
    common = text("Fronius", 16) + text("Symo 8.2", 16) + text("", 8) + text("3.1", 8)
    common += [*text("S-4711", 16), 1, 0x8000]
    body = [0xFFFF] * 50
    body[0], body[4] = 123, 0xFFFF  # A 12.3, A_SF -1
    body[12], body[13] = 4321, 1  # W, W_SF
    body[14], body[15] = 5001, (1 << 16) - 2  # Hz, Hz_SF -2
    body[16] = 0x8000  # VA: not implemented
    words = [0x5375, 0x6E53, 1, 66, *common, 64999, 2, 7, 7, 103, 50, *body, 0xFFFF, 0]
    return {base + place: word for place, word in enumerate(words)}


@pytest.mark.parametrize("base", [40000, 50000, 0])
def test_sunspec_names_units_scales_and_identifies(base: int) -> None:
    link = run(one(Slave(None, holding=inverter(base))))
    assert "Fronius" in facts(link, "vendor")
    assert "S-4711" in facts(link, "serial")
    assert set(facts(link, "model_id")) == {1, 103}
    points = {p.semantic: p for o in link.observations for p in o.points}
    read = values(link)
    assert read[points["sunspec:103:A"].address] == 12.3
    assert read[points["sunspec:103:W"].address] == 43210.0
    assert read[points["sunspec:103:Hz"].address] == 50.01
    assert points["sunspec:103:Hz"].unit == "HTZ"
    assert "sunspec:103:VA" not in points  # not implemented, so not there


def test_a_second_common_model_is_a_block_of_the_same_device() -> None:
    """An inverter with a meter beside it: it came out as two devices, each with all values."""
    words = [word for _, word in sorted(inverter().items())][:-2]
    meter = text("Metermaker", 16) + text("M-7", 16) + text("", 8) + text("2.0", 8)
    meter += [*text("M-0815", 16), 2, 0x8000]
    words += [1, 66, *meter, 203, 105, *([0x8000] * 105), 0xFFFF, 0]
    link = run(one(Slave(None, holding={40000 + at: word for at, word in enumerate(words)})))
    assert set(facts(link, "serial")) == {"S-4711"}
    assert set(facts(link, "vendor")) == {"Fronius"}
    assert facts(link, "serial", "block 2") == ["M-0815"]
    assert facts(link, "model", "block 2") == ["M-7"]
    assert 203 in facts(link, "model_id")


@pytest.mark.parametrize("most", [1, 4, 9])
def test_a_device_that_gives_few_registers_at_a_time_is_read(most: int) -> None:
    """It answers exception 03 to a count that it does not take, where others say 02."""

    def few(request: bytes, good: bytes) -> bytes:
        too_many = request[7] == 3 and int.from_bytes(request[10:12], "big") > most
        return good[:4] + b"\0\3" + request[6:7] + b"\x83\x03" if too_many else good

    box = Box({}, any_unit=Slave(named(), holding=dict.fromkeys(range(20), 7)), twist=few)
    assert len(values(run(box))) == most


def test_a_sunspec_model_that_announces_too_much_is_read_as_far_as_it_goes() -> None:
    words = inverter()
    start = min(words) + 2 + 2 + 66 + 2 + 2
    assert (words[start], words[start + 1]) == (103, 50)
    words[start + 1] = 2_000
    link = run(one(Slave(None, holding=words)))
    points = {p.semantic: p for o in link.observations for p in o.points}
    assert values(link)[points["sunspec:103:A"].address] == 12.3


@pytest.mark.parametrize("factor", [0x8000, 100])
def test_a_sunspec_point_without_a_usable_factor_is_listed_without_a_value(factor: int) -> None:
    """It exists: a device states 123, and nobody can say of what."""
    words = inverter()
    start = min(words) + 2 + 2 + 66 + 2 + 2 + 2  # marker, common model, stranger, head of 103
    assert (words[start], words[start + 4]) == (123, 0xFFFF)
    words[start + 4] = factor
    link = run(one(Slave(None, holding=words)))
    (told,) = [s for o in link.observations for s in o.samples if s.point == f"holding:{start}"]
    assert (told.value, told.quality, told.status) == (None, Quality.BAD, "scale factor missing")


@pytest.mark.parametrize(
    ("kind", "words", "limit"),
    [
        ("uint16", (0xFFFF,), True),
        ("int16", (0x7FFF,), True),
        ("int16", (0x8000,), True),
        ("uint32", (0xFFFF, 0xFFFF), True),
        ("int32", (0x8000, 0), True),
        ("int16", (0xFFFF,), False),
        ("uint16", (0x7FFF,), False),
        ("uint16", (0,), False),
    ],
)
@pytest.mark.parametrize("unit", ["V", ""])
def test_a_measured_value_at_the_limit_of_its_type_is_doubtful(
    kind: str, words: tuple[int, ...], limit: bool, unit: str
) -> None:
    """Many devices say "not available" so; without a unit it may be bits."""
    maps = (MapEntry("holding", 0, kind, "U", vendor="Acme", engineering_unit=unit),)
    box = one(Slave(named(), holding=dict(enumerate(words))))
    (told,) = [s for o in run(box, maps=maps).observations for s in o.samples]
    expected = (
        (Quality.UNCERTAIN, "at the limit of its type") if limit and unit else (Quality.GOOD, "")
    )
    assert (told.quality, told.status) == expected


def test_sunspec_identity_needs_two_more_exchanges() -> None:
    link = run(one(Slave(None, holding=inverter())), Depth.IDENTIFY)
    assert len(link.requests) == 4
    assert facts(link, "serial") == ["S-4711"]


def test_sunspec_chain_without_end_mark() -> None:
    words = inverter()
    for place in sorted(words)[-2:]:
        del words[place]
    link = run(one(Slave(None, holding=words)))
    assert 103 in facts(link, "model_id")


def test_sunspec_chain_that_never_ends_is_bounded() -> None:
    words = {40000: 0x5375, 40001: 0x6E53}
    words |= {40002 + a: (64999, 1, 0)[a % 3] for a in range(25_000)}
    box = one(Slave(None, holding=words))
    run(box)
    assert len(box.asked) < 80


def test_sunspec_chain_beyond_the_table_is_told() -> None:
    words = {40000: 0x5375, 40001: 0x6E53, 40002: 103, 40003: 65000}
    link = run(one(Slave(None, holding=words)))
    assert any(o.outcome is Outcome.GARBLED for o in asked(link, "sunspec"))


def test_sunspec_table_agrees_with_the_models() -> None:
    lengths = {1: 66, 101: 50, 103: 50, 111: 60, 113: 60, 201: 105, 203: 105, 211: 124, 213: 124}
    lengths |= {122: 44, 802: 62}
    for model, length in lengths.items():
        assert models()[model][0].size == length, model


def test_without_a_map_only_ranges_are_claimed() -> None:
    slave = Slave(None, holding={a: a for a in range(5)}, coil=dict.fromkeys(range(10), 1))
    link = run(one(slave))
    assert set(facts(link, "range")) >= {"holding:0-4", "coil:0-9"}
    points = {p.address: p for o in link.observations for p in o.points}
    assert points["holding:4"].type == "uint16"
    assert points["holding:4"].name == ""
    assert "not interpretable" in points["holding:4"].description
    assert "holding:5" not in points
    assert max(struct.unpack(">H", r[10:12])[0] for r in link.requests if r[7] < 5) <= 10


def test_refused_function_is_not_asked_again() -> None:
    box = one(Slave(None, holding={0: 1}, functions=(3, 43)))
    link = run(box)
    assert [pdu[0] for _, pdu in box.asked].count(4) == 1
    assert "read input registers (4)=refused" in facts(link, "function")


@pytest.mark.parametrize("functions", [(4,), (4, 43)])
def test_a_device_of_input_registers_alone_is_asked_for_the_others_once(
    functions: tuple[int, ...],
) -> None:
    box = one(Slave(named(), input={place: place for place in range(8)}, functions=functions))
    link = run(box)
    assert [pdu[0] for _, pdu in box.asked].count(3) == 1
    found = {point.address for seen in link.observations for point in seen.points}
    assert found == {f"input:{place}" for place in range(8)}


def test_units_have_points_of_their_own() -> None:
    units = {255: Slave(named()), 3: Slave(named("B", "y"), holding={0: 42})}
    link = run(Box(units), parts=("unit 3",))
    assert values(link, "unit 3") == {"holding:0": 42}


def test_sampling_reads_again_over_the_window() -> None:
    options = Options(depth=Depth.SAMPLE, sample_seconds=30, sample_every_seconds=10)
    slave = Slave(named(), holding={0: 501})
    link = run(one(slave), Depth.SAMPLE, maps=(ENTRY,), options=options)
    assert len([s for o in link.observations for s in o.samples]) == 4
    assert link.waited_seconds == 30


def test_sampling_reads_sunspec_models_again() -> None:
    options = Options(depth=Depth.SAMPLE, sample_seconds=20, sample_every_seconds=10)
    link = run(one(Slave(None, holding=inverter())), Depth.SAMPLE, options=options)
    read = [o for o in asked(link, "sunspec") if "model 103" in o.question.argument]
    assert [o.outcome for o in read] == [Outcome.COMPLETE] * 3
