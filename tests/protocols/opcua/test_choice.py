"""Which identity is chosen, and the verdict where there is none. Pure."""

from __future__ import annotations

import pytest

from protocols.contract import Credential, Outcome, Secret
from protocols.opcua.choice import choose
from protocols.opcua.discovery import Application, Endpoint, TokenPolicy
from protocols.opcua.numbers import POLICY_ROOT

NOTHING = Secret(lambda: "")
MACHINE = Credential("machine", "opcua-certificate", NOTHING)
USER = Credential("reader", "opcua-user", NOTHING, user="reader")
ANON, NAME = TokenPolicy("a", 0, ""), TokenPolicy("u", 1, "")
CLEAR = TokenPolicy("c", 1, POLICY_ROOT + "None")
BASIC, AES128, AES256 = "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"


def offer(policy: str = "None", mode: int = 1, *tokens: TokenPolicy) -> Endpoint:
    about = Application("urn:x", "", "", 0, ())
    return Endpoint("", about, b"", mode, POLICY_ROOT + policy, tokens or (ANON,), "", 0)


@pytest.mark.parametrize(
    ("offers", "expected"),
    [
        ([offer(), offer(BASIC, 3), offer(AES256, 3)], (AES256, 3)),
        ([offer(AES256, 2), offer(AES128, 3)], (AES128, 3)),
        ([offer(AES128, 3), offer(BASIC, 3)], (BASIC, 3)),
        ([offer("Basic128Rsa15", 3), offer(BASIC, 2)], (BASIC, 2)),
        ([offer(AES256, 3, NAME), offer(AES128, 2)], (AES128, 2)),
    ],
)
def test_the_strongest_that_takes_us_is_chosen(
    offers: list[Endpoint], expected: tuple[str, int]
) -> None:
    identity, verdicts = choose(tuple(offers), (MACHINE,))
    assert identity is not None
    assert identity.endpoint is not None
    assert identity.certificate is MACHINE
    assert (identity.endpoint.policy.removeprefix(POLICY_ROOT), identity.endpoint.mode) == expected
    assert verdicts == ()


@pytest.mark.parametrize(
    ("offers", "held", "reason", "words"),
    [
        ([offer(BASIC, 3)], (), "mode_not_offered", "openssl req"),
        ([offer(BASIC, 3)], (USER,), "mode_not_offered", "openssl req"),
        ([offer("Basic128Rsa15", 3)], (MACHINE,), "policy_not_offered", "Basic128Rsa15"),
        ([offer(BASIC, 3, NAME)], (MACHINE,), "anonymous_not_offered", "username"),
        ([offer("None", 1, NAME)], (), "anonymous_not_offered", "read-only user"),
    ],
)
def test_no_way_in_names_the_step(
    offers: list[Endpoint], held: tuple[Credential, ...], reason: str, words: str
) -> None:
    identity, verdicts = choose(tuple(offers), held)
    assert identity is None
    assert (verdicts[-1].outcome, verdicts[-1].reason) == (Outcome.REFUSED_AUTH, reason)
    assert words in verdicts[-1].detail


def test_a_certificate_that_nobody_asks_for_leaves_the_open_endpoint() -> None:
    identity, verdicts = choose((offer(),), (MACHINE,))
    assert identity is not None
    assert identity.endpoint is None
    assert [verdict.reason for verdict in verdicts] == ["mode_not_offered"]


def test_a_password_in_clear_goes_through_an_encrypted_channel_only() -> None:
    encrypted, _ = choose((offer(BASIC, 3, CLEAR),), (MACHINE, USER))
    signed, verdicts = choose((offer(BASIC, 2, CLEAR, ANON),), (MACHINE, USER))
    assert encrypted is not None
    assert encrypted.name == "reader"
    assert signed is not None
    assert signed.name == "machine"
    assert [verdict.reason for verdict in verdicts] == ["username_not_offered"]


def test_a_user_who_needs_a_secured_endpoint_is_told_how_to_get_a_certificate() -> None:
    identity, verdicts = choose((offer(), offer(BASIC, 3, NAME)), (USER,))
    assert identity is not None
    assert identity.name == ""
    assert "openssl req" in verdicts[0].detail
