"""Secured sessions with servers that nobody here wrote: trusted, not trusted, and with a user."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from protocols.contract import Credential, Depth, Outcome
from tests.protocols.opcua.identities import held
from tests.protocols.opcua.test_peers import (
    ROOT,
    USER,
    WRONG,
    child,
    facts,
    modules,
    outcome,
    points,
    visit,
)
from tests.support.peers import need

ASYNCUA = ("Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss")
POLICIES = ("Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss")
EVERY = ",".join(f"{name}_{mode}" for name in ASYNCUA for mode in ("Sign", "SignAndEncrypt"))


@contextmanager
def asyncua(folder: Path, trusted: Credential, offers: str = EVERY) -> Iterator[int]:
    (folder / "trusted").mkdir(exist_ok=True)
    shutil.copy(trusted.auth, folder / "trusted")
    script = str(Path(__file__).with_name("asyncua_server.py"))
    with child([sys.executable, script, offers, str(folder)]) as port:
        yield port


@contextmanager
def node(folder: Path, trusted: Credential, **settings: object) -> Iterator[int]:
    script = str(ROOT / "tests" / "peers" / "node-opcua" / "server.js")
    place = str(modules())
    pem = x509.load_der_x509_certificate(Path(trusted.auth).read_bytes()).public_bytes(Encoding.PEM)
    (folder / "client.pem").write_bytes(pem)
    command = [need("node"), script, "trusting", str(folder), json.dumps(settings)]
    with child(command, UNTRAP_NODE_MODULES=place) as port:
        yield port


PEERS = {"asyncua": asyncua, "node": node}


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Credential:
    return held(tmp_path_factory.mktemp("client"))


@pytest.fixture(scope="session", params=PEERS)
def peer(
    request: pytest.FixtureRequest, machine: Credential, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    """A server that trusts the machine, under all policies and both modes."""
    with PEERS[request.param](tmp_path_factory.mktemp(request.param), machine) as port:
        yield port


@pytest.mark.parametrize("policy", POLICIES)
def test_a_trusted_certificate_reads_under_each_policy(
    peer: int, machine: Credential, policy: str
) -> None:
    link = visit(peer, replace(machine, privacy=policy))
    assert outcome(link, "session") == (Outcome.COMPLETE, "")
    assert outcome(link, "browse") == (Outcome.COMPLETE, "")
    assert len(points(link)) >= 31
    assert link.connections == 2
    values = {sample.point for seen in link.observations for sample in seen.samples}
    assert len(values) == len(points(link))
    assert not any(b"Value1" in raw for raw in link.requests)


def test_a_user_name_goes_through_the_secured_channel(peer: int, machine: Credential) -> None:
    link = visit(peer, machine, USER)
    assert outcome(link, "session") == (Outcome.COMPLETE, "")
    session = next(s for s in link.observations if s.question.operation == "session")
    assert session.credential == "reader"
    assert not any(b"right" in request for request in link.requests)


def test_a_wrong_password_is_refused_once(peer: int, machine: Credential) -> None:
    link = visit(peer, machine, WRONG)
    assert outcome(link, "session")[0] is Outcome.REFUSED_AUTH
    assert link.functions.count("OPC UA ActivateSession") == 1


def test_samples_are_read_in_a_secured_session_of_their_own(peer: int, machine: Credential) -> None:
    link = visit(peer, machine, depth=Depth.SAMPLE)
    assert link.connections == 3
    assert outcome(link, "sample")[0] is Outcome.COMPLETE


@pytest.mark.parametrize("name", PEERS)
def test_a_certificate_that_is_not_trusted_is_named(
    name: str, machine: Credential, tmp_path: Path
) -> None:
    other = held(tmp_path, bits=3072)
    with PEERS[name](tmp_path, other) as port:
        link = visit(port, machine)
    refused = next(s for s in link.observations if s.outcome is Outcome.REFUSED_AUTH)
    assert refused.reason == "certificate_untrusted"
    assert "trust our certificate" in refused.detail
    assert facts(link, "application_uri")
    assert not points(link)


def test_a_channel_that_is_only_signed_is_read(machine: Credential, tmp_path: Path) -> None:
    with asyncua(tmp_path, machine, "Basic256Sha256_Sign") as port:
        link = visit(port, machine)
    assert len(points(link)) == 251


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_a_server_that_takes_nothing_but_a_users_certificate(
    known: bool, machine: Credential, tmp_path: Path
) -> None:
    """The channel is trusted either way: who is unknown as a user is told so."""
    people = tmp_path / "people"
    people.mkdir()
    shutil.copy(machine.auth if known else held(tmp_path, bits=3072).auth, people)
    with asyncua(tmp_path, machine, "Basic256Sha256_SignAndEncrypt") as port:
        link = visit(port, machine)
    assert facts(link, "security") == ["Basic256Sha256/SignAndEncrypt/certificate"]
    if known:
        assert outcome(link, "session") == (Outcome.COMPLETE, "")
        assert len(points(link)) == 251
        return
    refused = next(s for s in link.observations if s.outcome is Outcome.REFUSED_AUTH)
    assert refused.reason == "access_denied"  # BadUserAccessDenied, in the server's own words
    assert refused.question.operation == "session"
    assert "user" in refused.detail
    assert not points(link)
