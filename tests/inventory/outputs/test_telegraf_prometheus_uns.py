"""Telegraf, Prometheus and topic proposals: documented keys only, references, no made-up level."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inventory.outputs import Request, prometheus, telegraf, uns
from inventory.store import Store
from tests.inventory.making import SITE
from tests.inventory.outputs.connecting import plant
from tests.inventory.outputs.sample import CANARY
from tests.support.patience import HUNG_SECONDS
from tests.support.peers import need

RECEIVERS: dict[str, Any] = tomllib.loads(
    (Path(__file__).parent / "receivers.toml").read_text("utf-8")
)
TELEGRAF = RECEIVERS["telegraf"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.open(plant(tmp_path_factory.mktemp("plant")), SITE) as found:
        yield found


@pytest.fixture(scope="module")
def inputs(
    store: Store, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[str, dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("telegraf")
    telegraf.write(store, Request(folder))
    texts = {path.name: path.read_text("utf-8") for path in folder.glob("*.conf")}
    return {name: (text, tomllib.loads(text)) for name, text in texts.items()}


def named(inputs: dict[str, tuple[str, dict[str, Any]]], start: str) -> tuple[str, dict[str, Any]]:
    return next(one for name, one in inputs.items() if name.startswith(start))


def documented(held: dict[str, Any], known: dict[str, Any], *more: str) -> None:
    """Fails for a key, or a value of a closed list, that the receiver does not document."""
    assert set(held) <= {*known["keys"], *more}, set(held) - set(known["keys"])
    for key, value in held.items():
        allowed = known.get(key)
        assert not isinstance(allowed, list) or value in allowed, (key, value)


@pytest.mark.parametrize("hostile", [False, True])
def test_telegraf_files_use_documented_keys_and_values_only(tmp_path: Path, hostile: bool) -> None:
    with Store.open(plant(tmp_path, hostile=hostile), SITE) as store:
        telegraf.write(store, Request(tmp_path / "o"))
    kinds = set()
    for path in (tmp_path / "o").glob("*.conf"):
        content = tomllib.loads(path.read_text("utf-8"))
        assert set(content) <= {"inputs"}
        for kind, several in content.get("inputs", {}).items():
            kinds.add(kind)
            known = TELEGRAF[kind]
            for one in several:
                documented(one, known, *TELEGRAF["every"])
                for request in one.get("request", ()):
                    documented(request, known["request"])
                    for field in request["fields"]:
                        documented(field, known["field"])
                for node in one.get("nodes", ()):
                    documented(node, known["node"])
                for entry in one.get("field", ()):
                    documented(entry, known["entry"])
    assert kinds == {"modbus", "opcua", "snmp"}


def test_telegraf_reads_registers_by_request(
    inputs: dict[str, tuple[str, dict[str, Any]]],
) -> None:
    text, content = named(inputs, "Filler")
    (one,) = content["inputs"]["modbus"]
    assert one["controller"] == "tcp://10.0.0.1:502"
    found = {(r["register"], r["byte_order"]): r["fields"] for r in one["request"]}
    assert found[("holding", "CDAB")] == [{"address": 102, "name": "Power", "type": "FLOAT32"}]
    current = {"address": 100, "name": "Motor current", "type": "UINT16", "scale": 0.1}
    assert current in found[("holding", "ABCD")]
    assert found[("coil", "ABCD")] == [{"address": 3, "name": "Running"}]
    assert one["request"][0]["slave_id"] == 255
    assert "add -40 to the value" in text
    assert "left out (no such type here): holding:300 string:16" in text


def test_telegraf_raw_registers_stay_comments(
    inputs: dict[str, tuple[str, dict[str, Any]]],
) -> None:
    text, content = named(inputs, "Mixer")
    assert content == {}
    assert '#     { address=0, name="holding_0", type="UINT16" },' in text


def test_telegraf_holds_references_and_no_secret(
    inputs: dict[str, tuple[str, dict[str, Any]]],
) -> None:
    (press,) = named(inputs, "Press")[1]["inputs"]["opcua"]
    assert press["password"] == "@{untrap:historian_password}"
    assert press["nodes"][0]["id"] == "nsu=urn:acme:press;s=P.V"
    (ups,) = named(inputs, "UPS")[1]["inputs"]["snmp"]
    assert ups["community"] == "${UNTRAP_SNMP_PUBLIC_COMMUNITY}"
    voltage = {"oid": ".1.3.6.1.2.1.33.1.2.5.0", "name": "Battery voltage"}
    assert ups["field"][0] == voltage | {"conversion": "float(1)"}
    assert not any(CANARY in text for text, _ in inputs.values())


def test_telegraf_keeps_hostile_text_inside_its_string(tmp_path: Path) -> None:
    with Store.open(plant(tmp_path, hostile=True), SITE) as store:
        telegraf.write(store, Request(tmp_path / "o"))
    for path in (tmp_path / "o").glob("*.conf"):
        content = tomllib.loads(path.read_text("utf-8"))
        assert set(content) <= {"inputs"}
    assert telegraf.quoted('a"\n[[outputs.exec]] @{store:key} ${HOME}') == (
        '"a\\"\\\\x0a[[outputs.exec]] @ {store:key} \\u0024{HOME}"'
    )


def test_prometheus_names_target_module_and_auth(store: Store, tmp_path: Path) -> None:
    said = prometheus.write(store, Request(tmp_path / "o"))
    assert said.startswith("1 SNMP targets in 1 modules")
    (one,) = json.loads((tmp_path / "o/targets/snmp-1s.json").read_text("utf-8"))
    assert one["targets"] == ["10.0.0.5:161"]
    assert one["labels"]["__param_auth"] == "snmp-public"
    modules = (tmp_path / "o/snmp.yml").read_text("utf-8")
    assert f"  {one['labels']['__param_module']}:" in modules
    assert "community" not in modules
    example = (tmp_path / "o/auths.yml.example").read_text("utf-8")
    assert 'community: "${UNTRAP_SNMP_PUBLIC_COMMUNITY}"' in example


@pytest.mark.peer("promtool")
def test_promtool_accepts_the_configuration(tmp_path: Path) -> None:
    promtool = need("promtool")
    for hostile in (False, True):
        folder = tmp_path / str(hostile)
        folder.mkdir()
        with Store.open(plant(folder, hostile=hostile), SITE) as store:
            prometheus.write(store, Request(folder / "o"))
        command = [promtool, "check", "config", str(folder / "o/prometheus.yml")]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=HUNG_SECONDS, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "SUCCESS" in done.stdout


@pytest.mark.parametrize(
    ("option", "said"),
    [({"exporter": "a b"}, "write HOST:PORT"), ({"style": "1"}, "0.23")],
)
def test_prometheus_names_a_bad_option(
    store: Store, tmp_path: Path, option: dict[str, str], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        prometheus.write(store, Request(tmp_path / "o", options=option))


def test_topics_only_where_the_hierarchy_is_known(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "uns.csv"
    said = uns.write(store, Request(file, options={"enterprise": "Acme + Co/North #1"}))
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"))))
    assert rows[0]["Topic"] == "Acme-Co-North-1/plant/Filling/Line-1/DRV-1/Motor-current"
    assert {row["Name"] for row in rows} == {"Filler drive"}  # the others have no area and line
    assert "4 assets have no area and line" in said
    for row in rows:
        assert not set(row["Topic"]) & set(" +#$\t")
        assert len(row["Topic"].split("/")) == 6
