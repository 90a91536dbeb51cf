"""Thing Descriptions: structure per dialect, what is never in them, and how units are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inventory.connectable import connectable
from inventory.connection import STEPS, _secured, connections, interval, logins
from inventory.outputs import Request, wot
from inventory.outputs.report.gather import gather
from inventory.outputs.report.render import render
from inventory.outputs.wot import dialects
from inventory.store import Store
from tests.inventory.making import SITE, START
from tests.inventory.outputs.connecting import plant
from tests.inventory.outputs.sample import CANARY

DIALECTS = tuple(dialects())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.open(plant(tmp_path_factory.mktemp("plant")), SITE) as found:
        yield found


def things(store: Store, folder: Path, dialect: str) -> dict[str, dict[str, Any]]:
    wot.write(store, Request(folder, options={"dialect": dialect}))
    found = [json.loads(path.read_text("utf-8")) for path in sorted(folder.iterdir())]
    return {f"{one['title']} {one['untrap:pollingIntervalSeconds']}": one for one in found}


def of(store: Store, folder: Path, dialect: str, title: str) -> dict[str, Any]:
    found = things(store, folder, dialect)
    return next(one for name, one in found.items() if name.startswith(title))


def test_a_mapped_register_says_type_order_and_how_to_scale(store: Store, tmp_path: Path) -> None:
    thing = of(store, tmp_path / "o", "w3c", "Filler drive")
    assert thing["@context"][0] == "https://www.w3.org/2022/wot/td/v1.1"
    current = thing["properties"]["Motor-current"]
    assert current["forms"] == [
        {
            "href": "modbus+tcp://10.0.0.1:502/255/100?quantity=1",
            "op": ["readproperty"],
            "contentType": "application/octet-stream;length=2;signed=false;byteSeq=BIG_ENDIAN",
            "modv:entity": "HoldingRegister",
            "modv:type": "xsd:unsignedShort",
            "modv:zeroBasedAddressing": True,
            "modv:pollingTime": 1000,
        }
    ]
    assert "unit" not in current  # 123 is not 123 A
    assert (current["untrap:unit"], current["untrap:scale"]) == ("unece:AMP", 0.1)
    assert current["untrap:evidence"] == "verified"
    assert len(current["untrap:observation"]) == 36
    power = thing["properties"]["Power"]
    assert (power["type"], power["unit"]) == ("number", "unece:KWT")
    assert power["forms"][0]["modv:mostSignificantWord"] is False
    assert thing["properties"]["Temperature"]["description"] == "value = raw x 0.1 - 40 CEL"
    assert thing["properties"]["Running"]["type"] == "boolean"


def test_a_register_without_a_map_gets_no_name(store: Store, tmp_path: Path) -> None:
    thing = of(store, tmp_path / "o", "w3c", "Mixer")
    assert list(thing["properties"]) == ["holding_0", "holding_1"]
    for one in thing["properties"].values():
        assert "title" not in one
        assert one["description"].startswith("raw UINT16")
        assert one["type"] == "integer"


def test_an_opc_ua_node_is_named_as_each_dialect_wants_it(store: Store, tmp_path: Path) -> None:
    w3c = of(store, tmp_path / "w", "w3c", "Press")
    form = w3c["properties"]["Vibration"]["forms"][0]
    assert form["href"] == "opc.tcp://10.0.0.4:4840/?id=nsu%3Durn%3Aacme%3Apress%3Bs%3DP.V"
    assert w3c["properties"]["Vibration"]["maximum"] == 20.0
    assert "Setpoint" not in w3c["properties"]  # not readable
    edge = of(store, tmp_path / "e", "ua-edge", "Press")
    assert edge["base"] == "opc.tcp://10.0.0.4:4840"
    form = edge["properties"]["Vibration"]["forms"][0]
    assert (form["href"], form["type"]) == ("nsu=urn:acme:press;s=P.V", "xsd:double")


def test_a_bad_value_is_proposed_with_its_status(store: Store, tmp_path: Path) -> None:
    flow = of(store, tmp_path / "o", "w3c", "Press")["properties"]["Flow"]
    assert flow["untrap:evidence"] == "proposed"
    assert flow["untrap:status"] == "BadNotConnected"


def test_ua_edge_puts_the_unit_into_the_base(store: Store, tmp_path: Path) -> None:
    thing = of(store, tmp_path / "o", "ua-edge", "Filler drive")
    assert thing["base"] == "modbus+tcp://10.0.0.1:502/255"
    assert thing["properties"]["Motor-current"]["forms"][0] == {
        "href": "100?quantity=1",
        "op": ["readproperty"],
        "modv:type": "xsd:unsignedShort",
        "modv:entity": "holdingRegister",
        "modv:pollingTime": 1000,
    }
    assert "holding:102" in thing["untrap:leftOut"]  # words swapped: it could not decode them


def test_node_wot_gets_only_what_it_can_read(store: Store, tmp_path: Path) -> None:
    found = things(store, tmp_path / "o", "node-wot")
    titles = {one["title"] for one in found.values()}
    assert not titles & {"Press", "UPS"}  # a login, and SNMP
    drive = next(one for one in found.values() if one["title"] == "Filler drive")
    assert drive["untrap:leftOut"] == ["holding:200"]  # 64 bits


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_can_be_written_and_no_secret_is_told(
    store: Store, tmp_path: Path, dialect: str
) -> None:
    for thing in things(store, tmp_path / "o", dialect).values():
        assert "actions" not in thing
        for one in thing["properties"].values():
            assert one["readOnly"] is True
            assert all(form["op"] == ["readproperty"] for form in one["forms"])
        assert set(thing["security"]) <= set(thing["securityDefinitions"])
    text = "".join(path.read_text("utf-8") for path in (tmp_path / "o").iterdir())
    assert CANARY not in text


def test_a_login_is_a_reference(store: Store, tmp_path: Path) -> None:
    thing = of(store, tmp_path / "o", "w3c", "Press")
    assert thing["untrap:credential"] == {"name": "historian", "type": "opcua-user"}
    assert thing["securityDefinitions"]["historian_sc"]["scheme"] == "basic"
    thing = of(store, tmp_path / "o", "w3c", "UPS")
    assert thing["securityDefinitions"]["snmp-public_sc"]["scheme"] == "apikey"


def test_hostile_names_stay_in_the_folder_and_are_inert(tmp_path: Path) -> None:
    with Store.open(plant(tmp_path, hostile=True), SITE) as store:
        for dialect in DIALECTS:
            wot.write(store, Request(tmp_path / "o", options={"dialect": dialect}))
    for path in (tmp_path / "o").rglob("*"):
        assert path.parent == tmp_path / "o"
        text = path.read_text("utf-8")
        assert "\u202e" not in text
        assert "\\u202e" not in json.dumps(json.loads(text))
        assert "\\u0000" not in text


def test_an_unknown_dialect_is_named(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'soap'; there are node-wot, ua-edge, w3c"):
        wot.write(store, Request(tmp_path / "o", options={"dialect": "soap"}))
    with pytest.raises(ValueError, match="name a folder"):
        wot.write(store, Request())


def test_the_interval_follows_the_answer_time() -> None:
    assert interval(0.01) == 1
    assert interval(0.4) == 10  # 5 % of the time at most
    assert interval(0.4, shared=True) == 30  # others are on that line too
    assert interval(0.0) == 60
    assert interval(1e9) == STEPS[-1]


def test_a_shared_line_is_polled_less_often(store: Store) -> None:
    known = logins(store.declarations())
    found = [one for e in store.evidences() for one in connections(e, known)]
    unit = next(one for one in found if one.unit == 3)
    assert (unit.part, unit.interval_seconds) == ("unit 3", 30)


def test_connectable_counts_what_gave_a_value_with_a_meaning(store: Store) -> None:
    found = connectable(store.evidences(), logins(store.declarations()))
    # drive, unit 3, press, UPS; not the raw controller, the gateway itself, the lost meter
    assert (found.ready, found.assets) == (4, 7)
    without = {label: one for label, one in logins(()).items() if label == "snmp-public"}
    assert connectable(store.evidences(), without).ready == 3  # nobody declared "historian"


def test_the_report_counts_the_same_as_connectable(store: Store) -> None:
    page = gather(store, START)
    assert (page.connectable.lo, page.connectable.hi, page.connectable.whole) == (4, 4, 7)
    assert "4 of 7 (57 %)" in render(page)


def test_a_password_goes_over_the_strongest_offer() -> None:
    offers = (
        "None/None/anonymous,username",
        "Basic256Sha256/Sign/username",
        "Basic256Sha256/SignAndEncrypt/anonymous,username",
    )
    assert _secured(offers, login=True) == ("Basic256Sha256", "SignAndEncrypt")
    assert _secured(offers, login=False) == ("None", "None")
    assert _secured(offers[2:], login=False) == ("Basic256Sha256", "SignAndEncrypt")
    assert _secured(("None/None/certificate",), login=False) == ("", "")


def test_nothing_to_describe_is_said_with_the_next_step(tmp_path: Path) -> None:
    with Store.open(tmp_path / "empty.db", SITE) as empty:
        said = wot.write(empty, Request(tmp_path / "o"))
    assert said.startswith("no service can be described yet")
    assert "untrap gaps" in said
