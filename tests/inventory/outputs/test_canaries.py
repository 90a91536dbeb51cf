"""Canaries: a word in every place where a name, an address or a secret may stand, looked for in
every output. Redacted, none may be left; a secret may be in none at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from inventory.conclude import conclude
from inventory.model import Declaration, Kind, Scan
from inventory.store import Store
from protocols.contract import Observation, Outcome, Point
from scanner.cli import untrap
from tests.inventory.making import START, observed, stated
from tests.inventory.outputs.connecting import reading
from tests.inventory.outputs.every import SHOWING, outputs

SITE = "Canaryworks"
SCAN = ("11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002")
TELLING = (
    *("canaryworks", "canaryhall", "canaryline", "canary owner", "canaryfile", "canaryzone"),
    *("canaryplace", "canarydevice", "canaryname", "canarylost", "canaryhost", "canarylogin"),
    *("canaryuser", "canarycontact", "canarypoint", "canarypath", "canaryuri", "canaryunit"),
    *("tk-4711", "tk4711", "tk_4711", "zz-88", "q7-gone", "cser-99817", "cser-old-1"),
    *("10.77.88.", "10_77_88", "10-77-88", "fd00:77:", "00:1b:1b:ca:a7:77", "001b1bcaa777"),
    *("00-1b-1b-ca-a7-77", "001b.1bca.a777", "canaryreason"),
)
"""Every name below, as a reader would look for it, without regard to case."""
SECRET = "canary-secret-5d1e"


def observations() -> Iterator[Observation]:
    """Devices whose every text holds a canary, once as it is and once inside another text."""
    for which, scan in enumerate(SCAN):
        at = which * 86_400.0
        serial = "CSER-99817" if which else "CSER-OLD-1"
        facts: dict[str, object] = {
            "vendor": "Acme", "product": "D1 of TK-4711", "serial": serial, "firmware": "1.2.3.4",
            "name": "CanaryDevice-1", "mac": "00:1b:1b:ca:a7:77", "location": "CanaryHall 3",
            "contact": "CanaryContact", "map": "declared: canaryfile.csv",
        }  # fmt: skip
        yield observed("10.77.88.1", facts, scan=scan, at=at, raw=b"CanaryDevice-1")
        names = ("CanaryPoint flow", "TK4711_Temp", "Power 10_77_88_1", "Temperature")
        points = tuple(
            Point(f"holding:{100 + n}", name, unit="KWT", type="uint16", access="r",
                  description=f"of {name}", signal="current" if not n else "")
            for n, name in enumerate(names)
        )  # fmt: skip
        yield reading(
            "10.77.88.1", "modbus", 502, points, (1, 2, None, 4), argument="unit 255 holding:100",
            sequence=int(at) + 50,
        )  # fmt: skip
        yield observed("10.77.88.2", {"name": "CanaryDevice-2"}, scan=scan, at=at + 1)
        yield observed("10.77.88.2", {"vendor": "Acme"}, part="unit 3", scan=scan, at=at + 2)
        uri = "urn:CanaryUri:press"
        offers = {
            "name": "CanaryName Press", "security": "None/None/username", "namespace": f"2={uri}",
            "endpoint_url": "opc.tcp://canaryhost.example:4840/canarypath",
        }  # fmt: skip
        yield observed("10.77.88.3", offers, protocol="opcua", port=4840, scan=scan, at=at + 3,
                       operation="get_endpoints")  # fmt: skip
        nodes = tuple(
            Point(f"nsu={uri};s=CanaryPath.{n}", name, f"Objects/CanaryPath/{n}", "C16", "Double",
                  "r")
            for n, name in enumerate(("Vibration TK-4711", "CanaryPoint", "M_10-77-88-3"))
        )  # fmt: skip
        yield reading("10.77.88.3", "opcua", 4840, nodes, (1.5, "CanaryName text", None),
                      credential="canarylogin", sequence=int(at) + 60)  # fmt: skip
        refused = Outcome.REFUSED_AUTH
        yield observed("fd00:77::9", protocol="opcua", port=4840, operation="session", scan=scan,
                       at=at + 4, outcome=refused, reason="anonymous_not_offered")  # fmt: skip
        ups = {"name": "CanaryName UPS", "vendor": "APC"}
        yield observed("10.77.88.5", ups, protocol="snmp", port=161,
                       transport="udp", operation="get", scan=scan, at=at + 5)  # fmt: skip
        volts = Point("1.3.6.1.2.1.33.1.2.5.0", "Battery canarypoint", unit="VLT", type="INTEGER",
                      access="r", encoding="scale=0.1")  # fmt: skip
        yield reading("10.77.88.5", "snmp", 161, (volts,), (27.1,), credential="snmp-public",
                      sequence=int(at) + 70)  # fmt: skip


def statements() -> Iterator[Declaration]:
    """A register, links (one to nothing), places, people, a credential with its secret."""
    by = {"document": "canaryfile.csv sha256:1a2b", "author": "Canary Owner"}

    def said(what: Kind, about: str, **fields: str) -> Declaration:
        return Declaration(SITE, what, about, fields, time=START, **by)

    place = {"area": "CanaryHall 3", "line": "CanaryLine 1", "owner": "Canary Owner"}
    yield said(Kind.REGISTER, "TK-4711", tag="TK-4711", kind="device", name="CanaryDevice-1",
               address="10.77.88.1", serial="CSER-99817", criticality="C3", **place)  # fmt: skip
    yield said(Kind.REGISTER, "ZZ-88", tag="ZZ-88", kind="equipment", name="CanaryName pump",
               criticality="C3", **{"class": "pump"}, **place)  # fmt: skip
    yield said(Kind.REGISTER, "Q7-GONE", tag="Q7-GONE", kind="device", name="CanaryLost meter",
               address="10.77.88.99", parent="CanaryUnit")  # fmt: skip
    for device in ("10.77.88.1", "CanaryLost 9"):
        yield said(Kind.LINK, f"ZZ-88|{device}", equipment="ZZ-88", device=device, complete="yes")
    yield said(Kind.ATTEST, "ZZ-88", subject="ZZ-88", statement="seen by canary owner", value="yes")
    yield said(Kind.ZONE, "CanaryZone", name="CanaryZone", addresses="10.77.88.0/28", level="1")
    yield said(Kind.VANTAGE, "CanaryPlace", name="CanaryPlace", zone="CanaryZone",
               covers="10.77.88.0/24", collection="yes")  # fmt: skip
    yield said(Kind.CREDENTIAL, "canarylogin", name="canarylogin", type="opcua-user",
               user="CanaryUser", entitlement="full", secret=SECRET)  # fmt: skip


def plant(folder: Path) -> Path:
    """A database with two scans of it, concluded, and one accepted gap."""
    path = folder / "canary.db"
    with Store.open(path, SITE) as store:
        for which, name in enumerate(SCAN):
            start = START + timedelta(days=which)
            scan = Scan(name, SITE, "CanaryPlace", start, start + timedelta(seconds=90),
                        ("10.77.88.0/24", "canaryhost.example"), ("canaryhost.example",),
                        status="done", summary={"hosts": 9, "answered": 4, "stopped": [
                            {"host": "10.77.88.7", "reason": "distress"}]})  # fmt: skip
            store.begin_scan(scan)
            store.finish_scan(scan)
        for one in observations():
            later = one.time >= START + timedelta(days=1)
            target = replace(one.target, site=SITE)
            store.append([replace(one, scan=SCAN[later], vantage="CanaryPlace", target=target)])
        store.declare(statements())
        conclude(store, today=START + timedelta(days=2))
        gap = next(one for one in store.findings() if one.rule == "Q10" or one.rule[0] in "GA")
        store.declare([stated(Kind.WAIVER, gap.id, SITE, finding=gap.id, owner="Canary Owner",
                              reason="CanaryReason", expires="2030-01-01")])  # fmt: skip
        conclude(store, today=START + timedelta(days=2))
    return path


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("canary"))


@pytest.fixture(scope="module")
def plain(database: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    with Store.open(database, SITE) as store:
        return dict(outputs(store, tmp_path_factory.mktemp("plain"), now=START))


@pytest.fixture(scope="module")
def redacted(database: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    with Store.open(database, SITE) as store:
        return dict(outputs(store, tmp_path_factory.mktemp("red"), redact=True, now=START))


def test_every_canary_sings_where_nothing_is_redacted(plain: dict[str, str]) -> None:
    """Else the test below would look for words that never were there."""
    whole = "\n".join([*plain, *plain.values()]).lower()
    missing = [one for one in TELLING if one not in whole]
    assert set(missing) <= {
        *("tk_4711", "10-77-88", "001b1bcaa777", "00-1b-1b-ca-a7-77", "001b.1bca.a777"),
        *("canaryunit", "canarycontact"),
    }, missing


def test_no_redacted_output_names_the_plant(redacted: dict[str, str]) -> None:
    found = [
        (canary, name, text[max(at - 50, 0) : at + 50])
        for name, content in redacted.items()
        for text in (name, content)
        for canary in TELLING
        for at in [text.lower().find(canary)]
        if at >= 0
    ]
    assert not found, found[:20]


def test_no_identifier_can_be_checked_against_a_guess(
    database: Path, redacted: dict[str, str]
) -> None:
    """Keys and gap ids are made from names; with those, whoever guesses a name could confirm it."""
    with Store.open(database, SITE) as store:
        keys = [one.thing.key for one in store.assets()]
        ids = [one.id for one in store.findings()] + [one.id for one in store.observations()]
        ids += [one.id for one in store.declarations()] + list(SCAN)
    whole = "\n".join([*redacted, *redacted.values()])
    assert not [one for one in keys + ids if one in whole or one[:13] in whole]
    words = set(re.findall(r"[0-9a-f]{8,}", whole))
    assert not [one for one in keys if one[:8] in words or one.replace("-", "")[:12] in words]


def test_no_output_holds_a_secret(plain: dict[str, str], redacted: dict[str, str]) -> None:
    """The record of a credential was given its secret here, which no program of ours does."""
    kept = {**{f"plain {n}": t for n, t in plain.items()}, **redacted}
    told = [name for name, text in kept.items() if SECRET in text]
    assert told == ["plain bundle.zip/declarations.ndjson"]  # the records themselves


@pytest.mark.parametrize(
    "words", [*SHOWING, ("show", "no such thing"), ("export", "nothing")], ids=" ".join
)
def test_no_command_prints_a_secret(database: Path, words: tuple[str, ...]) -> None:
    named = ("10.77.88.1" if word == "ASSET" else word for word in words)
    done = CliRunner().invoke(untrap, ["-vv", "--db", str(database), "--site", SITE, *named])
    assert SECRET not in done.output
    assert done.exit_code in (0, 2, 3), done.output
