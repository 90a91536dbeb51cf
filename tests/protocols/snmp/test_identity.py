"""The rules as data: every example, every maker, and the recordings."""

from __future__ import annotations

import os
import re
import signal
from functools import partial

import pytest

from protocols._identity import usable
from protocols.snmp import identity
from protocols.snmp.codec import Oid, oid
from protocols.snmp.identity import Example, Rule
from tests.protocols.snmp import measure
from tests.support.patience import least_cpu

EXAMPLES = [
    pytest.param(rule, example, id=rule.name)
    for rule in identity.rules()
    for example in rule.examples
]


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_every_example_gives_exactly_what_it_expects(rule: Rule, example: Example) -> None:
    object_id = identity.enterprise_oid(example.object_id) if example.object_id else ()
    found = identity.identify(example.description, object_id)
    assert {name: value for name, (value, _) in found.items()} == dict(example.expect)
    assert any(source.endswith(f"rule {rule.name}") for _, source in found.values())


def test_every_rule_has_an_example_and_a_name_of_its_own() -> None:
    names = [rule.name for rule in identity.rules()]
    assert len(set(names)) == len(names)
    assert all(rule.examples for rule in identity.rules())


@pytest.mark.parametrize("enterprise", [2021, 8072, 4413, 26381, None, 0])
def test_an_agent_of_a_software_house_names_no_vendor(enterprise: int | None) -> None:
    assert identity.maker(enterprise) == ""


def test_a_maker_is_named_as_engineers_name_it() -> None:
    assert identity.maker(8691) == "Moxa"
    assert identity.maker(318) == "APC"
    assert identity.maker(4346) == "Phoenix Contact"


@pytest.mark.parametrize(
    "words",
    [
        "",
        " ",
        "N/A",
        '""',
        "000000",
        "Not Available",
        "<private>",
        "Vendor Name",
        "MajorMinorRevision",
    ],
)
def test_a_placeholder_is_not_an_identity(words: str) -> None:
    assert usable(words) == ""


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("serial", "System MAC: 00-00-5e-00-53-01", "00-00-5e-00-53-01"),
        ("serial", "S/N: AB123", "AB123"),
        ("serial", "SN4971", "SN4971"),
        ("serial", "M", ""),
        ("serial", "unavailable", ""),
        ("firmware", "20.1.2e.", "20.1.2e"),
        ("firmware", "VRP (R) software, Version 8.190(CN), RELEASE 0", "8.190(CN)"),
        ("firmware", "15.2(4)M1, RELEASE SOFTWARE (fc1)", "15.2(4)M1"),
        ("product", "Wireless Inc (C) 2006", ""),
        ("model", "CHASSIS", ""),
    ],
)
def test_a_value_is_said_without_what_does_not_belong_to_it(
    name: str, words: str, said: str
) -> None:
    assert identity.worded(name, words) == said


@pytest.mark.parametrize(
    ("description", "object_id", "expect"),
    [
        # of two versions the second is the boot loader's, also where the first cannot be read
        (
            "Netlink Access Point 420: v2.1.5 v3.0.6",
            "4555",
            {"product": "Netlink Access Point 420", "firmware": "2.1.5"},
        ),
        ("Outdoor radio: v2.1.5 v3.0.6", "4555", {}),
        ("Laser printer; L300_V1.01.02.01 11-15-2006;NIC V4.01.06(L-300)", "4555", {}),
        # a version is no part of the name, the maker's name is no product, nor is a host's name
        ("Netlink 3155 R5.3", "4555", {"product": "Netlink 3155", "firmware": "5.3"}),
        ("3Com 3Com Storeroom", "43", {}),
        # a tool that records an agent prints CR LF as two dots
        (
            "Cisco Internetwork Operating System Software ..IOS (tm) C2600 Software "
            "(C2600-IK9O3S3-M), Version 12.3(26), RELEASE SOFTWARE (fc2)..Technical Support: x",
            "9.1.186",
            {"product": "C2600", "firmware": "12.3(26)"},
        ),
        (
            "Dell Force10 OS..Operating System Version: 1.0..Application Software Version: "
            "8.3.5.3..Series: S55..Copyright (c) 1999-2012 by Dell Inc.",
            "6027.1.3.14",
            {"firmware": "8.3.5.3", "model": "S55"},
        ),
        ("core02, network device", "4555", {}),
        ("Onyx,MSN2700,SWv3.9.3202", "4555", {}),
        ("Network Interface Board-C1", "4555", {}),
    ],
)
def test_a_description_is_not_read_for_more_than_it_says(
    description: str, object_id: str, expect: dict[str, str]
) -> None:
    found = identity.identify(description, identity.enterprise_oid(object_id))
    said = {name: value for name, (value, _) in found.items() if name not in ("vendor", "role")}
    assert said == expect


CISCO = identity.enterprise_oid("9")
PRODUCTS = {row[0][6]: row for row in identity.products()}  # one of each maker


@pytest.mark.parametrize("row", PRODUCTS.values(), ids=lambda row: row[2])
def test_an_identifier_that_is_a_products_name_names_it(row: tuple[Oid, str, str]) -> None:
    object_id, product, called = row
    said = (product, f"snmp sysObjectID.0 {called}")
    assert identity.registered(object_id) == said
    assert identity.registered((*object_id, 1)) == said
    assert identity.registered((*object_id[:-1], 999_999)) != said
    found = identity.identify("Linux device 3.10", object_id)
    assert found.get("product") == (None if object_id[:7] == CISCO else said)


def test_the_registered_products_are_told_once_in_order_and_by_their_identifiers() -> None:
    rows = identity.products()
    assert [row[0] for row in rows] == sorted({row[0] for row in rows})
    for _, product, called in rows:
        number = "".join(re.findall(r"\d", product))
        assert number in "".join(re.findall(r"\d", called)), called


def test_no_product_is_registered_outside_the_makers_arcs() -> None:
    for words in ("9.1", "9", ".1.3", ".1.3.6.1.2.1.1", ".0.0"):
        assert identity.registered(identity.enterprise_oid(words)) is None


@pytest.mark.parametrize("entry", identity.spellings(), ids=lambda entry: entry.example[1])
def test_a_name_that_is_written_short_is_said_in_full(entry: identity.Spelling) -> None:
    short, full = entry.example
    assert identity.spelled(entry.enterprise, "model", short) == full
    assert identity.spelled(entry.enterprise, "serial", short) == short
    assert identity.spelled(entry.enterprise + 1, "model", short) == short
    assert identity.spelled(None, "model", short) == short
    assert identity.spelled(entry.enterprise, "model", full) == full


def test_the_maker_in_front_of_a_description_speaks_for_an_agent_of_a_software_house() -> None:
    linux = identity.enterprise_oid("8072.3.2.10")
    found = identity.identify("Westermo Viper-112, software 1.2", linux)
    assert found["vendor"][0] == "Westermo"
    assert found["product"][0] == "Viper-112"
    for words in ("Linux plc-7 4.14", "Delta line 3", "Westermosque", "my Westermo 3"):
        assert "vendor" not in identity.identify(words, linux), words


def test_patterns_stay_quick_on_hostile_text() -> None:
    hostile = [
        "Siemens, SIMATIC NET, " + "A," * 2_000,
        "Linux " + "a" * 5_000,
        "-" * 5_000,
        "MD:" * 2_000,
        "a1-" * 2_000,
        " " * 5_000,
        "1.1" * 2_000,
    ]
    tops = {o for rule in identity.rules() for o in rule.objects} | {()}

    def every_top(words: str) -> None:
        for top in tops:
            identity.identify(words, top)

    for words in hostile:
        assert least_cpu(partial(every_top, words), 1) / len(tops) < 0.05, words[:20]


HEADS = ("", "A1x,", "v", "HP Comware Software, Software Version 7 Release 1 HP ")
PIECES = ("a,", "A1,", "x ", "version ", ", v", "Model: ", "SN:", "A1-", ".1", "<<HW_REV: ", "a/",
          "Device, Compiled ", "\n", "; VENDOR: ", "1.1 ")  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_no_pattern_goes_through_a_repeated_text_in_many_ways(piece: str) -> None:
    """What a pattern may read in several ways, it tries in all of them: bounded per pattern."""

    def too_long(*_: object) -> None:
        pytest.fail("a pattern took more than two seconds")

    before = signal.signal(signal.SIGALRM, too_long)
    try:
        signal.setitimer(signal.ITIMER_REAL, 2)
        for rule in identity.rules():
            for head in HEADS if rule.pattern else ():
                signal.setitimer(signal.ITIMER_REAL, 2)
                rule.pattern.search((head + piece * 600)[:1_024])  # type: ignore[union-attr]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_strange_object_id_is_no_enterprise() -> None:
    assert identity.enterprise_of(oid("0.9.43.6.1.4.1")) is None
    assert identity.enterprise_of(oid("1.3.6.1.4.1.0")) is None
    assert identity.enterprise_of(()) is None


def _recordings() -> None:
    if not (measure.corpus() / "labels.csv").exists():
        if os.environ.get("CI") == "true":
            pytest.fail("the recordings are required in CI: set UNTRAP_CORPUS")
        pytest.skip("no recordings: set UNTRAP_CORPUS")


def _the_labels_that_were_read() -> None:
    """Other recordings may have other wrong labels; the table names the manifest that was read."""
    _recordings()
    if measure.manifest_digest() not in measure.TABLE.read_text("utf-8"):
        pytest.skip(
            "the table in the docs is of other recordings: run tests.protocols.snmp.measure"
        )


@pytest.mark.corpus
def test_recordings_are_identified() -> None:
    _recordings()
    for field, least in (("vendor", 0.97), ("model", 0.85)):
        right, labelled = measure.share(field)
        assert right / labelled >= least, field


@pytest.mark.corpus
def test_no_recording_is_identified_wrongly() -> None:
    _the_labels_that_were_read()
    wrong = [
        (case.name, field, case.said.get(field))
        for case in measure.cases()
        for field, verdict in case.verdicts.items()
        if verdict == "wrong"
    ]
    assert wrong == []


@pytest.mark.corpus
def test_a_recording_takes_few_datagrams() -> None:
    _recordings()
    requests = sum(case.requests for case in measure.cases())
    assert requests / len(measure.cases()) < 2


@pytest.mark.corpus
def test_the_table_in_the_docs_is_that_of_the_code() -> None:
    _the_labels_that_were_read()
    assert measure.TABLE.read_text("utf-8") == measure.page()


@pytest.mark.parametrize(
    "description",
    [
        "Outlet Metered, Outlet Switched SN:P9S10A PN:Device Model:230V, 32A, 7.4kVA, 50/60Hz",
        "HP Stack, revision KA.00.00.0000",
        "plc-hall-3-line-2-cell-7-b1",
        "labdns01",
        "Linux SNMP agent version 5.7.2",
    ],
)
def test_words_that_look_like_an_identity_and_are_none(description: str) -> None:
    for object_id in (
        (),
        identity.enterprise_oid("11.2.3.7.8.5.2"),
        identity.enterprise_oid("4555"),
    ):
        found = identity.identify(description, object_id)
        assert not {"serial", "firmware", "product", "model"} & set(found)


@pytest.mark.parametrize(
    ("description", "model"),
    [
        ("Extreme Networks, Inc. B3G124-24 Rev 06.61.05.0009", "B3G124-24"),
        ('"Calix, Inc. E3-48 v2.1.0"', "E3-48"),
        ("EXAMPLE SYSTEMS GmbH XR-200, firmware 1.2", "XR-200"),
    ],
)
def test_a_former_makers_name_in_front_is_no_part_of_the_model(
    description: str, model: str
) -> None:
    found = identity.identify(description, identity.enterprise_oid("5624.2.1.100"))
    assert found["product"][0] == model
