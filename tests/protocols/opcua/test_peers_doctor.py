"""Why can't I connect, asked of a server that nobody here wrote: each verdict, each step."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from protocols.contract import Credential, Depth, Observation, Outcome
from protocols.opcua.visit import Visit, visited
from tests.protocols.opcua.identities import certificate, held, pem, rsa_key
from tests.protocols.opcua.test_peers import facts, link_of, outcome, points, visit
from tests.protocols.opcua.test_peers_secured import asyncua, node
from tests.protocols.opcua.test_probe import climb
from tests.support.plain import PlainLink

OLD_HOST = "press-old.cell.local"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Credential:
    return held(tmp_path_factory.mktemp("client"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Credential:
    return held(tmp_path_factory.mktemp("stranger"), bits=3072)


@pytest.fixture(scope="module")
def neglected(
    machine: Credential, stranger: Credential, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    """Its certificate expired and is another host's, it advertises that host, it holds one session
    at a time, and its only users are certificates, of which it knows one."""
    folder = tmp_path_factory.mktemp("neglected")
    known = _as_pem(folder / "known.pem", Path(machine.auth).read_bytes())
    other = _as_pem(folder / "other.pem", Path(stranger.auth).read_bytes())
    with node(
        folder,
        machine,
        **_own(folder, days=-2),
        clients=[other],
        people=known,
        hostname=OLD_HOST,
        anonymous=False,
        maxSessions=1,
    ) as port:
        yield port


@pytest.fixture(scope="module")
def late(machine: Credential, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """It trusts the machine, and its clock is a year behind."""
    folder = tmp_path_factory.mktemp("late")
    with node(folder, machine, **_own(folder), shiftDays=-365) as port:
        yield port


def _own(folder: Path, days: int = 10) -> dict[str, str]:
    """A key and a certificate of the server's, valid until so many days from now."""
    key = rsa_key(2048, 2)
    (folder / "own.key").write_text(pem(key))
    shown = certificate(key, "urn:node:peer", days=days, host=OLD_HOST)
    return {"certificate": _as_pem(folder / "own.pem", shown), "key": str(folder / "own.key")}


def _as_pem(path: Path, der: bytes) -> str:
    path.write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))
    return str(path)


def said(link: PlainLink, operation: str) -> Observation:
    return [seen for seen in link.observations if seen.question.operation == operation][-1]


def test_an_expired_certificate_of_another_host_is_told_as_both_with_the_steps(
    neglected: int,
) -> None:
    link = visit(neglected, depth=Depth.IDENTIFY)
    detail = said(link, "get_endpoints").detail
    assert "certificate expired" in detail
    assert "renew it" in detail
    assert f"certificate names {OLD_HOST}, not 127.0.0.1" in detail


def test_an_advertised_address_that_leads_nowhere_is_kept_and_not_followed(neglected: int) -> None:
    link = visit(neglected, depth=Depth.IDENTIFY)
    assert facts(link, "endpoint_url") == [f"opc.tcp://{OLD_HOST}:{neglected}"]
    assert facts(link, "endpoint_reach") == ["unresolved"]
    assert "set it in the server or in DNS" in said(link, "get_endpoints").detail


def test_a_certificate_is_a_user_there(neglected: int, machine: Credential) -> None:
    link = visit(neglected, machine)
    assert outcome(link, "session") == (Outcome.COMPLETE, "")
    assert "Temperature" in points(link)


def test_a_certificate_that_is_trusted_but_no_user_there_is_refused_once(
    neglected: int, stranger: Credential
) -> None:
    link = visit(neglected, stranger)
    verdict = said(link, "session")
    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED_AUTH, "user_rejected")
    assert "ask the server's administrator for a user" in verdict.detail
    assert link.functions.count("OPC UA ActivateSession") == 1
    assert not points(link)


def test_without_a_credential_it_says_that_only_certificates_get_in(neglected: int) -> None:
    verdict = said(visit(neglected), "session")
    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED_AUTH, "mode_not_offered")
    assert "needs a certificate" in verdict.detail


def test_where_the_only_session_is_taken_the_server_is_full_and_asked_once(
    neglected: int, machine: Credential
) -> None:
    """The holder is a session of our own; who comes second is told so and does not come again."""
    second: list[PlainLink] = []

    async def meanwhile(_held: Visit) -> None:
        link = link_of(neglected, machine)
        await climb(link, Depth.POINTS)
        await link.close()
        second.append(link)

    async def both() -> None:
        first = link_of(neglected, machine)
        await climb(first, Depth.IDENTIFY)
        await visited(first, meanwhile, most_reads=1, most_seconds=60.0, says_why=True)
        await first.close()

    asyncio.run(both())
    (full,) = second
    verdict = said(full, "create_session")
    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED_RESOURCE, "BadTooManySessions")
    assert "raise the server's session limit" in verdict.detail
    assert full.functions.count("OPC UA CreateSession") == 1
    assert full.functions.count("OPC UA Hello") == 2


def test_a_clock_a_year_behind_is_why_a_good_certificate_is_refused(
    late: int, machine: Credential
) -> None:
    link = visit(late, machine)
    assert facts(link, "clock_skew_seconds")[0] == pytest.approx(-365 * 86_400, abs=60)
    verdicts = [seen for seen in link.observations if seen.outcome is Outcome.REFUSED_AUTH]
    assert [seen.reason for seen in verdicts] == ["certificate_expired", "clock_skew"]
    assert "set the server's clock" in verdicts[-1].detail


def _only_one_policy(name: str, folder: Path, machine: Credential) -> AbstractContextManager[int]:
    if name == "asyncua":
        return asyncua(folder, machine, "Aes128Sha256RsaOaep_SignAndEncrypt")
    return node(folder, machine, policies=["Aes128_Sha256_RsaOaep"])


@pytest.mark.parametrize("name", ["asyncua", "node"])
def test_a_policy_that_is_not_offered_is_told_with_those_that_are(
    name: str, machine: Credential, tmp_path: Path
) -> None:
    with _only_one_policy(name, tmp_path, machine) as port:
        wished = visit(port, replace(machine, privacy="Basic256Sha256"))
        free = visit(port, machine)
    verdict = next(s for s in wished.observations if s.reason == "policy_not_offered")
    assert verdict.outcome is Outcome.REFUSED_AUTH
    assert "policy Basic256Sha256 is not offered, but: Aes128_Sha256_RsaOaep" in verdict.detail
    assert "name one of these as the credential's privacy" in verdict.detail
    assert wished.connections == 1, "nothing is tried that the list rules out"
    assert outcome(free, "session") == (Outcome.COMPLETE, "")
