"""What a person gets wrong: exit code 2, the bad value named, and a good one beside it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from inventory.store import Store
from scanner.cli import untrap
from scanner.wire.names import interfaces
from tests.inventory.making import listed
from tests.support.peers import need


def run(*words: str, given: str = "", folder: Path | None = None) -> Result:
    database = (folder or Path("nowhere")) / "t.db"
    return CliRunner().invoke(untrap, ["--db", str(database), *words], input=given)


@pytest.mark.parametrize(
    ("words", "bad", "good"),
    [
        (("10.0.0.5-1",), "5-1", "1-254"),
        (("10.0.0.300",), "300", "0 to 255"),
        (("10.0.0",), "10.0.0", "four octets"),
        (("10.0.0.1!",), "10.0.0.1!", "10.0.0.0/24"),
        (("10.0.0.1", "--exclude", "10.0.0.0/24"), "exclusions", "wider"),
        (("10.0.0.1:502/modbus", "--exclude", "10.0.0.1"), "exclusions", "wider"),
        (("[::1]:502/modbus", "--exclude", "::1"), "exclusions", "wider"),
        (("2001:db8::/64",), "2001:db8::/64", "/112"),
        (("0.0.0.0/0",), "0.0.0.0/0", "/8 or longer"),
        (("10.0.0.0/7",), "16777216", "/8 or longer"),
        (("0.0.0.0/32",), "0.0.0.0/32", "10.0.0.5"),
        (("224.0.0.1",), "multicast", "10.0.0.5"),
        (("223-224.0.0.1",), "multicast", "10.0.0.5"),
        (("239.255.255.250:161/snmp",), "multicast", "10.0.0.5"),
        (("::ffff:224.0.0.1",), "multicast", "10.0.0.5"),
        (("255.255.255.255",), "broadcast", "10.0.0.5"),
        (("ff02::1",), "multicast", "10.0.0.5"),
        (("[ff02::1]:502/modbus",), "multicast", "10.0.0.5"),
        (("::",), "unspecified", "10.0.0.5"),
        (("fe80::1%lo",), "fe80::1%lo", "fd00::5"),
        (("010.0.0.1",), "010", "leading zeros"),
        (("10.0.0.1-05",), "1-05", "leading zeros"),
        (("10.0.0.1", "--exclude", "nonsense!"), "excluded: target 'nonsense!'", "10.0.0.0/24"),
        (("10.0.0.1", "--probe", ","), "--probe ','", "modbus"),
        (("10.0.0.1", "--window", "1"), "'1'", "22:00-05:30"),
        (("10.0.0.1", "--max-time", "soon"), "soon", "40m"),
        (("10.0.0.1", "--record", "x.txt"), "x.txt", "x.pcapng"),
        (("x" * 300,), "x" * 80, "10.0.0.0/24"),
        (("10.0.0.5:1502/modbux",), "modbux", "modbus"),
        (("10.0.0.5:99999/modbus",), "99999", "502"),
        (("10.0.0.0/16:502/modbus",), "10.0.0.0/16:502/modbus", "--port modbus=502"),
        (("10.0.0.1", "--units", "300"), "300", "0 to 255"),
        (("10.0.0.1", "--units", "9-3"), "9-3", "lower end first"),
        (("10.0.0.1", "--units", "one"), "one", "1-16,20"),
        (("10.0.0.1", "--units", "²"), "²", "1-16,20"),
        (("10.0.0.1", "--units", "1-²"), "1-²", "1-16,20"),
        (("10.0.0.1", "--units", "9" * 5_000), "9" * 40, "1-16,20"),
        (("10.0.0.1", "--port", "modbus=²"), "modbus=²", "modbus=1502"),
        (("10.0.0.1", "--port", f"modbus={'9' * 5_000}"), "modbus=9", "modbus=1502"),
        (("10.0.0.1", "--port", "modbs=502"), "modbs", "modbus=1502"),
        (("10.0.0.1", "--port", "modbus=0"), "modbus=0", "modbus=1502"),
        (("10.0.0.1", "--port", "modbus"), "modbus", "modbus=1502"),
        (("10.0.0.1", "--probe", "modbsu"), "modbsu", "modbus"),
        (("10.0.0.1", "--profile", "fast"), "fast", "gentle"),
        (("10.0.0.1", "--depth", "all"), "all", "identify"),
        (("10.0.0.1", "--max-rate", "5000"), "5000", "1000"),
        (("10.0.0.1", "--max-rate", "nan"), "nan", "1000"),
        (("10.0.0.1", "--per-host-delay", "0"), "0", "0.1"),
        (("10.0.0.1", "--timeout", "0"), "0", "30"),
        (("10.0.0.1", "--retries", "9"), "9", "0, 1 or 2"),
        (("10.0.0.1", "--interface", "eth99"), "eth99", "lo"),
        (("10.0.0.1", "--credentials", "nobody"), "nobody", "snmp-public"),
        (("10.0.0.1", "--sample-seconds", "-1"), "-1", "86400"),
        (("10.0.0.1", "--sample-every", "0"), "0", "3600"),
        (("10.0.0.1", "--untis", "4"), "--untis", "--units"),
        ((), "no target", "10.20.1.0/24"),
        (("-iL", "/no/such/file"), "/no/such/file", "No such file"),
    ],
)
def test_a_bad_value_is_named_with_a_good_one(words: tuple[str, ...], bad: str, good: str) -> None:
    found = run("plan", *words)
    assert found.exit_code == 2
    assert bad in found.output
    assert good in found.output


@pytest.mark.parametrize(
    ("words", "bad", "good"),
    [
        (("--window", "25:00-26:00"), "25:00", "22:00-05:30"),
        (("--window", "now"), "now", "22:00-05:30"),
        (("--max-time", "soon"), "soon", "40m"),
        (("--max-time", "0"), "0", "40m"),
        (("--record", "/no/such/folder/x.pcapng"), "/no/such/folder", "No such file"),
        (("--fail-on", "awful"), "awful", "medium"),
        (("--resume", "cafe"), "t.db", "makes one"),
    ],
)
def test_a_bad_value_of_scan_is_named_with_a_good_one(
    words: tuple[str, ...], bad: str, good: str, tmp_path: Path
) -> None:
    target = () if "--resume" in words else ("127.0.0.1",)
    found = run("scan", *target, *words, folder=tmp_path)
    assert found.exit_code == 2
    assert bad in found.output
    assert good in found.output
    assert not (tmp_path / "t.db").exists()  # nothing was begun


@pytest.mark.parametrize(
    ("words", "bad", "good"),
    [
        (("waive", "x", "--owner", " ", "--reason", "b", "--until", "2999-01-01"), "--owner", "J."),
        (("waive", "x", "--owner", "a", "--reason", "", "--until", "2999-01-01"), "--reason", "J."),
        (("waive", "x", "--owner", "a", "--reason", "b", "--until", "soon"), "soon", "2027-06-30"),
        (("waive", "x", "--owner", "a", "--reason", "b", "--until", "1999-01-01"), "1999", "come"),
        (("set", "x", "mac=zz"), "zz", "00:1d:9c:c7:b0:70"),
        (("set", "x", "mac=01:00:5e:00:00:01"), "01:00:5e", "00:1d:9c:c7:b0:70"),
        (("set", "x", "owner=a", "owner=b"), "owner", "once"),
        (("set", "x", "colour=red"), "colour=red", "owner"),
        (("readiness", "--pilot", "nope"), "nope", "default"),
        (("questions", "--rule", "zzz"), "ZZZ", "T01"),
        (("import", "register", "."), ".", "register.csv"),
        (("import", "register", "no.csv"), "no.csv", "register.csv"),
        (("points", ""), "''", "assets"),
        (("export", "csv", "--dialect", "w3c"), "dialect", "none"),
        (("export", "wot", "-o", "x", "--option", "dialekt=w3c"), "dialekt", "dialect"),
        (("export", "uns", "--option", "key"), "key", "NAME=VALUE"),
    ],
)
def test_a_bad_value_of_other_commands_is_named_with_a_good_one(
    words: tuple[str, ...], bad: str, good: str, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "t.db", "default") as store:
        store.declare([listed(tag="P-1", site="default")])
    found = run(*words, folder=tmp_path)
    assert found.exit_code == 2
    assert bad in found.output
    assert good in found.output
    assert found.stderr.count("\n") == 1


def test_a_wrong_command_names_the_right_one() -> None:
    found = run("scam")
    assert found.exit_code == 2
    assert "'scan'" in found.output


def test_targets_come_from_standard_input_with_comments_and_commas() -> None:
    found = run("plan", "-iL", "-", "--json", given="# cell 4\n10.0.0.1, 10.0.0.2\n\n10.0.1.0/30\n")
    assert found.exit_code == 0
    assert '"hosts": 4' in found.output


def test_an_empty_list_is_no_target() -> None:
    found = run("plan", "-iL", "-", given="# nothing yet\n")
    assert found.exit_code == 2
    assert "no target" in found.output


def test_exclusions_come_from_a_file_and_from_flags(tmp_path: Path) -> None:
    file = tmp_path / "never.txt"
    file.write_text("10.0.0.2  # the burner\n10.0.0.4-5\n", encoding="utf-8")
    found = run(
        "plan", "10.0.0.1-8", "--exclude-file", str(file), "--exclude", "10.0.0.8", "--json"
    )
    assert found.exit_code == 0, found.output
    assert '"hosts": 4' in found.output
    for text in ("10.0.0.2", "10.0.0.4-5", "10.0.0.8"):
        assert f'"targets": ["{text}"], "hosts": 0' in found.output


def test_a_host_name_is_shown_with_what_it_stands_for() -> None:
    assert "localhost is 127.0.0.1" in run("plan", "localhost").stdout
    (total,) = run("plan", "localhost", "--json").stdout.splitlines()[-1:]
    assert {"name": "localhost", "address": "127.0.0.1"} in json.loads(total)["names"]


def test_a_list_of_another_encoding_is_read_and_another_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "targets.txt"
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        file.write_bytes("10.0.0.1 # Füller\r\n10.0.0.2\r\n".encode(encoding))
        found = run("plan", "-iL", str(file), "--json")
        assert '"hosts": 2' in found.output
    file.write_bytes(b"10.0.0.1\0\n")
    found = run("plan", "-iL", str(file))
    assert (found.exit_code, found.stderr.count("\n")) == (2, 1)
    assert "no text file" in found.stderr


@pytest.fixture
def other_interface() -> Iterator[str]:
    """An interface that is not loopback: root, whose tests see no network, makes one."""
    others = [name for name in interfaces() if name != "lo"]
    made = not others and os.geteuid() == 0
    if made:
        pair = ("add", "other", "type", "veth", "peer", "name", "beyond")
        subprocess.run([need("ip"), "link", *pair], check=True)
        others = ["other"]
    if not others:
        pytest.skip("there is no other interface")
    yield others[0]
    if made:
        subprocess.run([need("ip"), "link", "delete", "other"], check=True)


def test_loopback_is_not_asked_through_another_interface(other_interface: str) -> None:
    found = run("plan", "127.0.0.1", "--interface", other_interface)
    assert found.exit_code == 2
    assert "use lo" in found.output
    assert run("plan", "127.0.0.1", "--interface", "lo").exit_code == 0


@pytest.mark.parametrize("target", ["::1/128", "[::1]:502/modbus"])
def test_an_ipv6_target_is_shown_as_it_can_be_typed_again(target: str) -> None:
    found = run("plan", target, "--probe", "modbus", "--json")
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout.splitlines()[0])["targets"] == [target]
