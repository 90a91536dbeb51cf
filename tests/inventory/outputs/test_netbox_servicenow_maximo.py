"""Receivers by column profile: documented columns, order of references, lengths, inert cells."""

from __future__ import annotations

import csv
import io
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from inventory.outputs import Request, maximo, netbox, profile, servicenow
from inventory.outputs.rows import records
from inventory.store import Store
from tests.inventory.making import SITE
from tests.inventory.outputs.connecting import plant

NETBOX = {
    "01-manufacturers.csv": "name slug",
    "02-device-types.csv": "manufacturer model slug",
    "03-device-roles.csv": "name slug color",
    "04-sites.csv": "name slug status",
    "05-devices.csv": "name role manufacturer device_type serial asset_tag status site"
    " description comments",
    "06-interfaces.csv": "device name type description",
    "07-ip-addresses.csv": "address status device interface",
}
SERVICENOW = (
    *("Correlation id", "Name", "Display name", "Short description", "Type", "Status"),
    *("Manufacturer", "Vendor", "Model number", "Serial number", "Firmware version"),
    *("Hardware version", "First discovered"),
    *(f"IP Address {n}" for n in range(1, 10)),
    *(f"MAC Address {n}" for n in range(1, 10)),
    *("Purdue level", "Control module parent id", "Site", "Equipment model entity path"),
    *(f"Custom field {n}" for n in range(1, 6)),
)
MAXIMO = [
    "ASSETNUM",
    "DESCRIPTION",
    "LOCATION",
    "PARENT",
    "STATUS",
    "ASSETTYPE",
    "SERIALNUM",
    "SITEID",
]
Rows = list[dict[str, str]]


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "hostile"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    place = plant(tmp_path_factory.mktemp("plant"), hostile=request.param)
    with Store.open(place, SITE) as found:
        yield found


def rows(text: str) -> Rows:
    return list(csv.DictReader(io.StringIO(text)))


def netbox_files(store: Store, folder: Path) -> dict[str, Rows]:
    netbox.write(store, Request(folder))
    return {path.name: rows(path.read_text("utf-8")) for path in sorted(folder.glob("*.csv"))}


def test_netbox_files_have_the_documented_columns_in_import_order(
    store: Store, tmp_path: Path
) -> None:
    found = netbox_files(store, tmp_path / "o")
    assert {name: " ".join(content[0]) for name, content in found.items()} == NETBOX
    readme = (tmp_path / "o/README.md").read_text("utf-8")
    places = [readme.index(name) for name in NETBOX]
    assert places == sorted(places)


def test_netbox_takes_every_column_and_gets_every_required_one(
    store: Store, tmp_path: Path
) -> None:
    """Judged by the fields of NetBox's own import forms."""
    text = (Path(__file__).parent / "receivers.toml").read_text("utf-8")
    known = tomllib.loads(text)["netbox"]
    files = netbox_files(store, tmp_path)
    for name, fields in known["columns"].items():
        for row in files[name]:
            assert set(row) <= set(fields), name
            assert all(row[column] for column in known["required"][name]), (name, row)


def test_every_netbox_reference_is_in_a_file_before(store: Store, tmp_path: Path) -> None:
    found = netbox_files(store, tmp_path / "o")
    makers = {row["name"] for row in found["01-manufacturers.csv"]}
    types = {(row["manufacturer"], row["model"]) for row in found["02-device-types.csv"]}
    roles = {row["name"] for row in found["03-device-roles.csv"]}
    sites = {row["name"] for row in found["04-sites.csv"]}
    devices = [row["name"] for row in found["05-devices.csv"]]
    assert {maker for maker, _ in types} <= makers
    for row in found["05-devices.csv"]:
        assert row["role"] in roles
        assert row["site"] in sites
        assert (row["manufacturer"], row["device_type"]) in types
    assert len({name.casefold() for name in devices}) == len(devices)
    places = {(row["device"], row["name"]) for row in found["06-interfaces.csv"]}
    assert {device for device, _ in places} <= set(devices)
    for row in found["07-ip-addresses.csv"]:
        assert (row["device"], row["interface"]) in places
        assert row["address"].endswith("/32")
    for name in ("01-manufacturers.csv", "02-device-types.csv", "03-device-roles.csv"):
        slugs = [row["slug"] for row in found[name]]
        assert len(set(slugs)) == len(slugs)


def test_netbox_as_one_zip(store: Store, tmp_path: Path) -> None:
    netbox.write(store, Request(tmp_path / "n.zip"))
    with zipfile.ZipFile(tmp_path / "n.zip") as found:
        assert set(found.namelist()) == {*NETBOX, "README.md"}


def test_servicenow_has_exactly_the_documented_columns(store: Store, tmp_path: Path) -> None:
    servicenow.write(store, Request(tmp_path / "s.xlsx"))
    sheet = openpyxl.load_workbook(tmp_path / "s.xlsx").active
    assert sheet is not None
    header, *lines = sheet.iter_rows(values_only=True)
    assert tuple(header) == SERVICENOW
    found = [dict(zip(SERVICENOW, line, strict=True)) for line in lines]
    keys = [row["Correlation id"] for row in found]
    assert keys == [one.thing.key for one in store.assets("device")]
    names = [str(row["Name"]).casefold() for row in found]
    assert len(set(names)) == len(names)
    drive = next(row for row in found if row["Name"] == "DRV-1")
    assert drive["Purdue level"] == "1"
    assert drive["IP Address 1"] == "10.0.0.1"
    assert drive["First discovered"] == "2026-05-04 08:00:00"
    gone = next(row for row in found if row["Name"] == "GONE-1")
    assert gone["Purdue level"] is None  # nobody declared a zone for it
    gaps = {one.rule for one in store.findings(str(drive["Correlation id"]))}
    assert set(str(drive["Custom field 1"] or "").split()) == gaps
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_maximo_keeps_lengths_case_and_uniqueness(store: Store, tmp_path: Path) -> None:
    maximo.write(store, Request(tmp_path / "m.csv"))
    found = rows((tmp_path / "m.csv").read_text("utf-8"))
    assert list(found[0]) == MAXIMO
    numbers = [row["ASSETNUM"] for row in found]
    assert len(set(numbers)) == len(numbers) == sum(1 for _ in store.assets())
    longest = {"ASSETNUM": 12, "DESCRIPTION": 101, "SERIALNUM": 65, "SITEID": 8}
    for row in found:  # an apostrophe before what a spreadsheet would run
        assert row["ASSETNUM"] == row["ASSETNUM"].upper()
        assert row["ASSETTYPE"] in ("PRODUCTION", "FACILITIES", "FLEET", "IT")
        assert all(len(row[name]) <= length for name, length in longest.items())
        assert row["PARENT"] in ("", *numbers)
    assert sum(1 for row in found if row["PARENT"]) == 1  # the unit behind the gateway


def test_no_cell_is_a_formula_or_acts(tmp_path: Path) -> None:
    with Store.open(plant(tmp_path, hostile=True), SITE) as store:
        found = netbox_files(store, tmp_path / "o")
        maximo.write(store, Request(tmp_path / "m.csv"))
    everything = [*found.values(), rows((tmp_path / "m.csv").read_text("utf-8"))]
    for content in everything:
        for row in content:
            for text in row.values():
                assert not text.startswith(("=", "+", "-", "@", "\t"))
                assert text.isprintable()


OWN = """
title = "Own"
[[file]]
name = "own.csv"
[[file.column]]
name = "Id"
from = ["tag", "key"]
[[file.column]]
name = "Where"
from = ["area", "site"]
upper = true
"""


def test_a_profile_of_ones_own(store: Store, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN, "utf-8")
    options = {"profile": str(tmp_path / "own.toml")}
    maximo.write(store, Request(tmp_path / "o.csv", options=options))
    found = rows((tmp_path / "o.csv").read_text("utf-8"))
    assert {"Id": "DRV-1", "Where": "FILLING"} in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[file]]\nname = 'a'", "a .*file"),
        (OWN.replace("area", "aera"), "unknown field 'aera'; one of key"),
        (OWN.replace("upper", "uper"), "unknown key 'uper'"),
        (OWN + "\nformat = 1 =", "not TOML"),
        ("format = 'doc'\n" + OWN, "write csv or xlsx"),
    ],
)
def test_a_wrong_profile_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(profile.ProfileError, match=said):
        profile.parse(text, "own.toml")


def test_rules_come_in_the_order_of_the_assets_and_all_of_them(store: Store) -> None:
    """Read side by side with the assets, so that neither is held in memory."""
    wanted: dict[str, set[str]] = {}
    for one in store.findings():
        wanted.setdefault(one.asset, set()).add(one.rule)
    found = {str(one["key"]): str(one["gaps"]).split() for one in records(store)}
    assert wanted and all(len(set(codes)) == len(codes) for codes in found.values())
    assert {key: set(codes) for key, codes in found.items() if codes} == wanted


def test_only_values_that_were_changed_or_are_referred_to_are_kept(store: Store) -> None:
    """The others are told apart by a digest of eight bytes: memory grows little with the plant."""
    text = OWN.replace('["tag", "key"]', '["role", "key"]\nunique = true') + (
        '[[file.column]]\nname = "Behind"\nrefers = "parent"\n'
    )
    (file,) = profile.parse(text, "own.toml").files
    given = profile._Given(file, store)
    several = list(records(store, file.rows))
    parents = {str(one["parent"]) for one in several}
    kept = {key for _, key in given._of}
    assert kept and len(kept) < len(several)
    for one in several:
        cells = [given.value(column, one) for column in file.columns]
        key = str(one["key"])
        assert (key in kept) == (key in parents or cells[0] != profile.plain(file.columns[0], one))
