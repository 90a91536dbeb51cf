"""Secrets: references that resolve when they are used, and canaries that turn up nowhere."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest

from protocols.contract import Credential, Secret
from scanner.secrets import BUILT_IN, SecretError, hidden, revealed, secret
from tests.support.database import sqlite
from tests.support.plants import played, untrap

COMMUNITY = "canary-community-7f3a"
PASSWORD = "canary-password-91bc"
AUTH = "canary-auth-key-42de"
PRIVACY = "canary-privacy-key-08aa"
CANARIES = (COMMUNITY, PASSWORD, AUTH, PRIVACY)

PLANT = f"""
[plant]
name = "canaries"
site = "canaries"

[[device]]
id = "agent"
address = "127.36.1.10"
vendor = "Acme"
product = "Agent"
[[device.service]]
protocol = "snmp"
options = {{ community = "{COMMUNITY}", description = "an agent" }}

[[device]]
id = "echo"
address = "127.36.1.11"
vendor = "Acme"
product = "Echo"
[[device.service]]
protocol = "snmp"
faults = ["echo"]
options = {{ community = "{COMMUNITY}" }}

[[device]]
id = "secure"
address = "127.36.1.12"
vendor = "Acme"
product = "Secure"
[[device.service]]
protocol = "snmp"
[device.service.options]
versions = ["v3"]
[[device.service.options.users]]
name = "reader"
auth = "SHA"
auth_secret = "{AUTH}"
privacy = "AES"
privacy_secret = "{PRIVACY}"

[[device]]
id = "server"
address = "127.36.1.13"
vendor = "Acme"
product = "Server"
[[device.service]]
protocol = "opcua"
[device.service.options]
tokens = ["username"]
password_policy = "Basic256Sha256"
certificate = "valid"
users = {{ historian = "{PASSWORD}" }}
"""
SITE = """
[credentials.line]
type = "snmp-v2c"
secret = "env:CANARY_COMMUNITY"
[credentials.reader]
type = "snmp-v3"
user = "reader"
auth = "SHA"
privacy = "AES-128"
secret = "file:{folder}/auth.txt"
privacy_secret = "env:CANARY_PRIVACY"
[credentials.historian]
type = "opcua-user"
user = "historian"
secret = "env:CANARY_PASSWORD"
"""
ENVIRONMENT = {
    "CANARY_COMMUNITY": COMMUNITY,
    "CANARY_PRIVACY": PRIVACY,
    "CANARY_PASSWORD": PASSWORD,
}


def leaks(where: str, content: bytes) -> list[str]:
    return [f"{canary} in {where}" for canary in CANARIES if canary.encode() in content]


def raw_answers(database: Path) -> bytes:
    """Every stored answer, unpacked: a compressed secret is a secret too."""
    with sqlite(database) as connection:
        rows = connection.execute("SELECT compressed FROM raw").fetchall()
    return b"\n".join(unpacked(bytes(row[0])) for row in rows)


def unpacked(blob: bytes) -> bytes:
    try:
        return zlib.decompress(blob)
    except zlib.error:
        return blob


@pytest.mark.parametrize("record", ["capture.pcapng", "payloads.jsonl"])
def test_no_canary_turns_up_anywhere(tmp_path: Path, record: str) -> None:
    plant = tmp_path / "canaries.toml"
    plant.write_text(PLANT, encoding="utf-8")
    key = tmp_path / "auth.txt"
    key.write_text(AUTH + "\n", encoding="utf-8")
    key.chmod(0o600)
    out = tmp_path / "out"
    out.mkdir()
    with played(plant, tmp_path) as here:
        ports = "".join(
            line + "\n"
            for line in here.config.read_text(encoding="utf-8").splitlines()
            if line.split("=")[0].strip() in ("snmp", "opcua")
        )
        site = tmp_path / "own.toml"
        site.write_text("[ports]\n" + ports + SITE.format(folder=tmp_path), encoding="utf-8")
        common = ("-vv", "--db", out / "t.db", "--config", site)
        ran = untrap(
            *(*common, "scan", *here.targets, "--profile", "brisk"),
            *("--record", out / record),
            cwd=out,
            environment=ENVIRONMENT,
        )
    assert ran.code == 0, ran.err
    found = leaks("the scan's output", (ran.out + ran.err).encode())
    commands = (
        *(("assets", "--json"), ("points", "--json"), ("gaps", "--json"), ("show", "127.36.1.10")),
        *(("export", "csv"), ("export", "json"), ("export", "telegraf", "-o", out / "telegraf")),
    )
    for words in commands:
        said = untrap(*common, *words, cwd=out)
        assert "Traceback" not in said.err
        found += leaks(" ".join(map(str, words)), (said.out + said.err).encode())
    for file in out.rglob("*"):
        if file.is_file():
            found += leaks(file.name, file.read_bytes())
            found += leaks(f"{file.name} (hexadecimal)", unhexed(file))
    found += leaks("the stored answers", raw_answers(out / "t.db"))
    assert not found
    assert spoke(out / "t.db") >= {"127.36.1.10", "127.36.1.12"}  # the secrets were in use


def unhexed(file: Path) -> bytes:
    if file.suffix != ".jsonl":
        return b""
    lines = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return b"\n".join(bytes.fromhex(line["bytes"]) for line in lines)


def spoke(database: Path) -> set[str]:
    with sqlite(database) as connection:
        wanted = "SELECT DISTINCT address FROM observation WHERE credential <> '' AND outcome IN "
        rows = connection.execute(wanted + "('complete', 'partial')").fetchall()
    return {row[0] for row in rows}


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("env:CANARY_NOT_SET", "CANARY_NOT_SET is not set"),
        ("file:/no/such/file", "No such file"),
        ("prompt:", "terminal"),
    ],
)
def test_a_secret_that_cannot_be_had_is_said_before_the_first_packet(
    tmp_path: Path, reference: str, why: str
) -> None:
    site = tmp_path / "site.toml"
    site.write_text(
        f'[credentials.line]\ntype = "snmp-v2c"\nsecret = "{reference}"\n', encoding="utf-8"
    )
    ran = untrap("--config", site, "scan", "127.36.9.9", cwd=tmp_path)
    assert ran.code == 2
    assert why in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "untrap.db").exists()


def test_a_secret_in_a_readable_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("canary", encoding="utf-8")
    file.chmod(0o640)
    with pytest.raises(SecretError, match="chmod 600") as said:
        secret(f"file:{file}", "line").reveal()
    assert "canary" not in str(said.value)


def test_a_secret_typed_in_by_mistake_is_not_repeated() -> None:
    with pytest.raises(SecretError) as said:
        secret("canary-in-clear", "line")
    assert "canary" not in str(said.value)
    assert "env:NAME" in str(said.value)


def test_a_secret_does_not_show() -> None:
    held = Credential("line", "snmp-v2c", Secret(lambda: "canary"))
    assert "canary" not in repr(held) + str(held) + f"{held.secret}"


@pytest.mark.parametrize(
    ("data", "secrets", "expected"),
    [
        (b"a community here", (b"community",), b"a ********* here"),
        (b"word word", (b"word",), b"**** ****"),
        (b"xyxy", (b"x",), b"*yxy"),  # so short that it may be anything: the header only
        (b"nothing", (b"community",), b"nothing"),
        (b"long longer", (b"longer", b"long"), b"**** ******"),
    ],
)
def test_secrets_are_starred_out_at_their_length(
    data: bytes, secrets: tuple[bytes, ...], expected: bytes
) -> None:
    assert hidden(data, secrets) == expected


def test_the_built_in_names_are_no_secrets() -> None:
    assert revealed(BUILT_IN.values()) == ()
    own = Credential("own", "snmp-v2c", Secret(lambda: "a"), privacy_secret=Secret(lambda: "abc"))
    assert revealed([*BUILT_IN.values(), own]) == (b"abc", b"a")
