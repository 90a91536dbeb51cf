"""Our own certificate: what is wrong with it is said before anything is sent."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from protocols.contract import Credential, Depth, Outcome, Secret
from protocols.opcua.client import RECIPE, URI, load
from tests.protocols.opcua.identities import certificate, held, pem, rsa_key
from tests.protocols.opcua.responder import BASIC, Responder, endpoint, plant
from tests.protocols.opcua.secured import Secured
from tests.protocols.opcua.test_probe import climb, link_to
from tests.support.peers import need

NOW = datetime.now(UTC)


def test_the_recipe_makes_a_certificate_that_is_taken(tmp_path: Path) -> None:
    need("openssl")
    command = RECIPE.split(";")[0]
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True, capture_output=True)
    key = tmp_path / "client-key.pem"
    made = Credential(
        "m", "opcua-certificate", Secret(key.read_text), auth=f"{tmp_path}/client.pem"
    )
    client = load(made, datetime.now(UTC))
    assert client.uri == URI
    assert key.stat().st_mode & 0o077 == 0


def test_a_key_with_a_pass_phrase_opens_by_it(tmp_path: Path) -> None:
    locked = pem(rsa_key(2048), b"open sesame")
    given = replace(held(tmp_path), secret=Secret(lambda: locked))
    with pytest.raises(ValueError, match="pass phrase"):
        load(given, NOW)
    opened = replace(given, privacy_secret=Secret(lambda: "open sesame"))
    assert load(opened, NOW).uri == "urn:test:client"


def broken(folder: Path) -> dict[str, Credential]:
    good = held(folder)
    other = pem(rsa_key(2048, 1))
    nameless, junk = folder / "nameless.der", folder / "junk.pem"
    nameless.write_bytes(certificate(rsa_key(2048), None))
    junk.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    return {
        "names no certificate file": replace(good, auth=""),
        "No such file": replace(good, auth=str(folder / "absent.pem")),
        "no certificate in PEM or DER": replace(good, auth=str(junk)),
        "no private key in PEM": replace(good, secret=Secret(lambda: "hunter2")),
        "does not belong": replace(good, secret=Secret(lambda: other)),
        "names no application URI": replace(good, auth=str(nameless)),
        "is valid from": held(folder, days=-1),
    }


@pytest.mark.parametrize(
    "words",
    [
        "names no certificate file",
        "No such file",
        "no certificate in PEM or DER",
        "no private key in PEM",
        "does not belong",
        "names no application URI",
        "is valid from",
    ],
)
def test_a_certificate_of_no_use_is_named_and_nothing_is_sent_with_it(
    words: str, tmp_path: Path
) -> None:
    credential = broken(tmp_path)[words]
    link = link_to(Responder([endpoint(policy=BASIC, mode=3, certificate=b"x")]), credential)
    asyncio.run(climb(link, Depth.POINTS))
    first = next(s for s in link.observations if s.question.operation == "session")
    assert (first.outcome, first.reason) == (Outcome.NOT_ASKED, "credential_unusable")
    assert words in first.detail
    assert "hunter2" not in first.detail
    assert link.functions.count("OPC UA Hello") == 1


def test_without_it_an_open_endpoint_is_used_all_the_same(tmp_path: Path) -> None:
    peer = Responder([endpoint(), endpoint(policy=BASIC, mode=3, certificate=b"no certificate")])
    plant(peer)
    link = link_to(peer, held(tmp_path))
    asyncio.run(climb(link, Depth.POINTS))
    assert {point.name for seen in link.observations for point in seen.points} == {"Temp", "Secret"}
    assert [s.reason for s in link.observations if s.outcome is Outcome.NOT_ASKED] == ["server_key"]


def test_a_short_server_key_is_named(tmp_path: Path) -> None:
    link = link_to(Secured(bits=1024), held(tmp_path))  # type: ignore[arg-type]
    asyncio.run(climb(link, Depth.POINTS))
    first = next(s for s in link.observations if s.question.operation == "session")
    assert "1024 bits" in first.detail
