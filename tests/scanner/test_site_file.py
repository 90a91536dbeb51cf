"""The site file: what it may say, and that a slip is named with the nearest good key."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from docs.generate import SITE_FILE
from inventory.judge.gathered import Gathered
from inventory.judge.survey import context_from
from inventory.judge.thresholds import Thresholds
from scanner.cli import untrap
from scanner.declare import declarations
from scanner.secrets import SecretError
from scanner.site import SiteError, load, parse
from scanner.site_values import keys

TODAY = datetime(2026, 5, 4, tzinfo=UTC)
WHOLE = """
exclude = ["10.0.0.9"]
windows = ["22:00-05:30"]
[site]
name = "Mill"
areas = ["North"]
[ports]
modbus = 1502
[credentials.line]
type = "snmp-v2c"
secret = "env:LINE"
applies_to = ["10.0.0.0/24"]
entitlement = "full"
[[vantage]]
name = "cell"
zone = "cell-4"
level = 2
covers = ["10.0.0.0/24"]
collection = true
[[zone]]
name = "cell-4"
addresses = ["10.0.0.0/24"]
[[zone]]
name = "dmz"
[[conduit]]
from = "cell-4"
to = "dmz"
protocols = ["opcua"]
[thresholds]
stale_seconds = 30
"""


def read(text: str) -> object:
    return parse(tomllib.loads(text))


def test_everything_that_may_be_said_is_understood() -> None:
    site = parse(tomllib.loads(WHOLE))
    assert (site.name, site.areas) == ("Mill", ("North",))
    assert site.ports == {"modbus": (1502,)}
    assert site.named == ("line",)
    assert site.credentials["line"].applies_to == ("10.0.0.0/24",)
    assert "snmp-public" in site.credentials  # may be named, is not tried unnamed
    assert site.vantages[0].collection
    assert site.exclude == ("10.0.0.9",)
    assert site.windows == ("22:00-05:30",)
    assert site.thresholds == {"stale_seconds": 30.0}


def test_no_file_is_an_empty_site() -> None:
    assert load(None).named == ()


@pytest.mark.parametrize(
    ("text", "bad", "good"),
    [
        ('exlude = ["10.0.0.9"]', "exlude", "exclude"),
        ('[site]\nnmae = "x"', "nmae", "name"),
        ('[sites]\nname = "x"', "sites", "site"),
        ('[credentials.a]\ntype = "snmp-v2"\nsecret = "env:A"', "snmp-v2", "snmp-v2c"),
        ('[credentials.a]\ntype = "snmp-v2c"\npasword = "env:A"', "pasword", "secret"),
        (
            '[credentials.a]\ntype = "snmp-v2c"\nsecret = "env:A"\nentitlement = "ful"',
            "ful",
            "full",
        ),
        ("[ports]\nmodbus = 70000", "70000", "65535"),
        ("[ports]\nmodbus = true", "True", "65535"),
        ("[ports]\nmodbus = [502, 0]", "0", "65535"),
        ("[ports]\nmodbus = []", "modbus", "[502, 1502]"),
        ('[[vantage]]\nname = "a"\ncollection = "yes"', "yes", "true or false"),
        ('[[vantage]]\nnaem = "a"', "naem", "name"),
        ('[thresholds]\nstale_seconds = "many"', "many", "number"),
        ("[thresholds]\nstale_secnds = 3", "stale_secnds", "stale_seconds"),
        ("[thresholds]\nstale_seconds = nan", "nan", "604800"),
        ("[thresholds]\nheld_scans = inf", "inf", "604800"),
        ("[thresholds]\nheld_scans = -1", "-1", "604800"),
        (
            '[credentials.a]\ntype = "snmp-v2c"\nsecret = "env:A"\napplies_to = ["10.0.0.0/33"]',
            "10.0.0.0/33",
            "10.0.0.0/24",
        ),
        ('windows = ["25:00-1"]', "25:00-1", "22:00-05:30"),
        ('windows = ["22:00"]', "22:00", "22:00-05:30"),
        ('exclude = "10.0.0.9"', "exclude", "list"),
        ("credentials = 5", "credentials", "[credentials]"),
        ('vantage = "here"', "vantage", "[[vantage]]"),
    ],
)
def test_a_slip_is_named_with_a_good_one(text: str, bad: str, good: str) -> None:
    with pytest.raises(SiteError) as said:
        read(text)
    assert bad in str(said.value)
    assert good in str(said.value)


def test_a_secret_in_clear_is_refused_and_not_repeated() -> None:
    with pytest.raises(SecretError) as said:
        read('[credentials.a]\ntype = "snmp-v2c"\nsecret = "hunter2"')
    assert "hunter2" not in str(said.value)


@pytest.mark.parametrize("content", [b"[site", b"\xff\xfe", b"a = "])
def test_what_is_no_toml_is_one_error_that_names_the_file(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "site.toml"
    file.write_bytes(content)
    with pytest.raises(SiteError, match=r"site\.toml"):
        load(file)


def test_a_site_may_have_several_ports_of_one_protocol() -> None:
    assert read("[ports]\nmodbus = [1502, 502, 1502]").ports == {"modbus": (1502, 502)}


def test_a_file_that_an_editor_marked_is_read(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text('[site]\r\nname = "x"\r\n', encoding="utf-8-sig")
    assert load(path).name == "x"


def test_a_protocol_with_a_slip_is_named(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("[ports]\nmodbux = 1502\nhttp = 8080\n", encoding="utf-8")
    done = CliRunner().invoke(untrap, ["--config", str(path), "plan", "127.0.0.1"])
    assert done.exit_code == 2
    assert "unknown key 'modbux' in [ports]: did you mean 'modbus'?" in done.stderr


def test_the_example_of_the_page_is_a_site_file_and_the_page_knows_every_key() -> None:
    site = parse(tomllib.loads(SITE_FILE.partition("```toml")[2].partition("```")[0]))
    assert site.conduits[0]["protocols"] == ["opcua"]
    assert list(keys()["thresholds"]) == list(Thresholds.__dataclass_fields__)


def test_what_anonymous_users_may_see_is_stated_and_tried_nowhere() -> None:
    site = parse({"credentials": {"anonymous": {"type": "opcua-anonymous", "entitlement": "full"}}})
    assert site.named == ()
    assert "anonymous" not in site.credentials
    (stated,) = declarations(site, "Mill", None)
    assert stated.fields["entitlement"] == "full"
    (silent,) = declarations(parse({"credentials": {"anonymous": {}}}), "Mill", None)
    assert silent.fields["entitlement"] == "unknown"


@pytest.mark.parametrize(
    ("text", "bad", "good"),
    [
        ('[credentials.anonymous]\nuser = "x"', "credentials.anonymous.user", "entitlement"),
        ('[credentials.anonymous]\nentitlement = "ful"', "'ful'", "'full'"),
        ('[credentials.anonymous]\nentitlement = "full"\ntype = "opcua-user"', "opcua-user",
         "opcua-anonymous"),
        ('[credentials.a]\ntype = "opcua-anonymous"', "credentials.a", "[credentials.anonymous]"),
        ('[[zone]]\naddresses = ["10.0.0.0/8"]', "zone.name ''", "name of its own"),
        ('[[zone]]\nname = "a"\n[[zone]]\nname = "a"', "'a'", "name of its own"),
        ('[[zone]]\nname = "a"\naddresses = ["10.0.0.999/24"]', "10.0.0.999/24", "10.0.0.0/24"),
        ('[[zone]]\nname = "cell"\n[[vantage]]\nname = "x"\nzone = "cel"', "'cel'", "'cell'"),
        ('[[vantage]]\nname = "x"\ncovers = ["abc"]', "'abc'", "10.0.0.0/24"),
        ('[[zone]]\nname = "cell"\n[[conduit]]\nfrom = "cell"\nto = "dzm"', "'dzm'", "cell"),
        ('[[conduit]]\nfrom = "a"\nto = "b"\nprotocols = ["opc-ua"]', "opc-ua", "opcua"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_named_with_a_good_one(text: str, bad: str, good: str) -> None:
    with pytest.raises(SiteError) as caught:
        read(text)
    assert bad in str(caught.value)
    assert good in str(caught.value)


def test_a_vantage_reaches_the_zones_that_the_file_names_also_with_spaces() -> None:
    site = parse(
        {
            "zone": [{"name": "cell 7", "addresses": ["10.0.7.0/24"]}, {"name": "dmz"}],
            "vantage": [{"name": "laptop", "zone": "dmz", "covers": ["cell 7", "10.0.9.0/24"]}],
        }
    )
    said = declarations(site, "Mill", None)
    laptop = context_from(Gathered(), declarations=said, today=TODAY).vantages["laptop"]
    assert laptop.covers == ("cell 7", "10.0.9.0/24")
    assert laptop.reaches("cell 7", "10.0.7.1")
    assert laptop.reaches("elsewhere", "10.0.9.1")
    assert not laptop.reaches("elsewhere", "10.0.8.1")
