"""Each refusal with its own words and its own fix; and what an answer says beside its outcome."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.judge.door import Door
from inventory.judge.remarks import remarks
from inventory.judge.verdict import judge_device
from inventory.judge.view import View
from inventory.model import Finding
from inventory.rules.refusals import MOST_DETAIL, never_opened, offers, trust_words, unusable
from protocols.contract import Fact, Observation
from protocols.contract import Outcome as O
from tests.inventory.verdict.evidence import context, evidence, seen

OFFER = Fact("security", "Basic256Sha256/Sign/anonymous", "opcua GetEndpoints")
OPEN = Fact("security", "None/None/username", "opcua GetEndpoints")
SECURED = seen("opcua", O.COMPLETE, "get_endpoints", facts=(OFFER, OPEN))
CLEAR = seen("opcua", O.COMPLETE, "get_endpoints", facts=(OPEN,))


def refused(reason: str, detail: str = "", credential: str = "") -> Observation:
    found = seen("opcua", O.REFUSED_AUTH, "session", reason=reason, credential=credential)
    return replace(found, detail=detail)


def not_asked(reason: str, credential: str = "ours", detail: str = "why") -> Observation:
    found = seen("opcua", O.NOT_ASKED, "session", reason=reason, credential=credential)
    return replace(found, detail=detail)


def found(rule: str, *observations: Observation) -> Finding:
    about = evidence(*observations)
    return next(one for one in judge_device(about, context(about)).findings if one.rule == rule)


def fixes(rule: str, *observations: Observation) -> list[str]:
    return [item.text for item in found(rule, *observations).remedies]


@pytest.mark.parametrize(
    ("reason", "listed", "begins"),
    [
        ("certificate_untrusted", SECURED, "Exchange certificates with the server"),
        ("certificate_expired", SECURED, "Renew the certificate, or set the clock"),
        ("certificate_host", SECURED, "Make a certificate that names the address"),
        ("certificate_uri", SECURED, "Make a certificate whose URI is"),
        ("certificate_invalid", SECURED, "Make a certificate that the server takes"),
        ("policy_not_offered", SECURED, "Agree on a security policy"),
        ("mode_insufficient", SECURED, "Agree on a security mode"),
        ("discovery_refused", seen("opcua", O.COMPLETE, "hello"), "Switch discovery without sec"),
        ("mode_not_offered", SECURED, "Make a certificate for whoever collects"),
        ("mode_not_offered", CLEAR, "Switch an endpoint with security on in the server"),
        ("mode_not_offered", seen("opcua", O.COMPLETE, "hello"), "Make a certificate for whoever"),
    ],
)
def test_each_reason_has_one_fix_of_its_own(reason: str, listed: Observation, begins: str) -> None:
    (fix,) = fixes("A04", listed, refused(reason))
    assert fix.startswith(begins)


def test_two_refusals_have_both_fixes() -> None:
    both = fixes("A04", SECURED, refused("certificate_expired"), refused("policy_not_offered"))
    assert [text.split()[0] for text in both] == ["Agree", "Renew"]


def test_a_certificate_of_ours_that_cannot_be_used_is_the_first_premise_and_the_fix() -> None:
    evidence_of = SECURED, not_asked("credential_unusable"), refused("mode_not_offered")
    (fix,) = fixes("A04", *evidence_of)
    assert fix.startswith("Replace credential ours")
    assert found("A04", *evidence_of).because[0].text.endswith(": why")


def test_a_short_key_of_the_server_is_renewed_there() -> None:
    (fix,) = fixes("A04", SECURED, not_asked("server_key"), refused("mode_not_offered"))
    assert fix.startswith("Renew the server's certificate with an RSA key")


def test_what_was_seen_stands_in_the_premise_and_is_cut() -> None:
    said = found("A04", SECURED, refused("certificate_expired", "set the clock")).because[0].text
    assert said.endswith("(refused_auth: certificate_expired), from here: set the clock")
    long = found("A04", SECURED, refused("certificate_expired", "word " * 200)).because[0].text
    assert long.endswith(" …")
    assert len(long) < MOST_DETAIL + 150


def test_a_clause_that_does_not_fit_is_left_out_whole() -> None:
    """A command of which the end is missing would be pasted as it stands."""
    room = MOST_DETAIL - len("no endpoint; ")
    whole, longer = "x" * (room + 2), "x" * (room + 3)  # the "; " is not counted
    fits = found("A04", SECURED, refused("certificate_expired", f"no endpoint; {whole}"))
    assert fits.because[0].text.endswith(f": no endpoint; {whole}")
    cut = found("A04", SECURED, refused("certificate_expired", f"no endpoint; {longer}; more"))
    assert cut.because[0].text.endswith(": no endpoint; …")


def test_a_refused_user_is_checked_before_another_is_asked_for() -> None:
    named = fixes("A03", refused("access_denied", credential="reader"))
    assert [text.partition(" ")[0] for text in named] == ["Check", "Ask"]
    assert named[0].startswith("Check credential reader")
    assert len(fixes("A03", refused("access_denied", credential="anonymous"))) == 1
    assert len(fixes("A03", refused("anonymous_not_offered"))) == 1


def test_a_held_password_stays_the_question_beside_a_certificate_of_no_use_there() -> None:
    about = evidence(
        CLEAR,
        refused("mode_not_offered", credential="ours"),
        not_asked("safety_hold", "reader"),
        refused("anonymous_not_offered"),
    )
    verdict = judge_device(about, context(about))
    assert "A03" not in {one.rule for one in verdict.findings}
    assert any("was not sent" in one.missing for one in verdict.questions)


def test_a_door_that_never_opened_hides_what_is_behind_it() -> None:
    shut = seen("opcua", O.REFUSED_CAPABILITY, "hello", reason="endpoint_url")
    about = evidence(replace(shut, detail="add the address that clients use"))
    blocking = judge_device(about, context(about)).level.blocking[0]
    assert blocking.startswith("values behind a door that is not open")
    assert blocking.endswith("add the address that clients use")


def test_one_endpoint_that_opened_is_an_open_door() -> None:
    shut = seen("opcua", O.REFUSED_CAPABILITY, "session", credential="ours")
    about = evidence(shut, seen("opcua", O.COMPLETE, "session", credential="anonymous"))
    blocking = judge_device(about, context(about)).level.blocking[0]
    assert "door" not in blocking


def remark(outcome: O, operation: str, detail: str = "why", reason: str = "") -> Observation:
    return replace(seen("opcua", outcome, operation, reason=reason), detail=detail)


@pytest.mark.parametrize(
    ("item", "tells"),
    [
        (remark(O.COMPLETE, "get_endpoints"), True),
        (remark(O.COMPLETE, "browse"), False),
        (remark(O.COMPLETE, "get_endpoints", ""), False),
        (remark(O.REFUSED_AUTH, "session"), True),
        (remark(O.REFUSED_RESOURCE, "create_session"), True),
        (remark(O.NOT_ASKED, "session"), True),
        (remark(O.PARTIAL, "browse", reason="refused_part"), True),
        (remark(O.PARTIAL, "read", reason="refused_part"), False),  # A05 says it
        (remark(O.PARTIAL, "read", reason="our_cap"), True),
        (remark(O.GARBLED, "read"), False),
    ],
)
def test_what_is_worth_a_remark(item: Observation, tells: bool) -> None:
    assert remarks([item]) == ((item,) if tells else ())


def test_the_newest_answer_to_a_question_speaks() -> None:
    old = remark(O.REFUSED_AUTH, "session")
    new = replace(old, outcome=O.COMPLETE, detail="", time=old.time.replace(minute=59, second=59))
    other = replace(old, credential="reader")
    assert remarks([new, old]) == ()
    assert remarks([old, other]) == (old, other)


@pytest.mark.parametrize(
    ("outcome", "operation", "is_so"),
    [
        (O.REFUSED_CAPABILITY, "hello", True),
        (O.REFUSED_CAPABILITY, "open_channel", True),
        (O.REFUSED_CAPABILITY, "create_session", True),
        (O.REFUSED_CAPABILITY, "session", True),
        (O.REFUSED_CAPABILITY, "browse", False),  # the door is open, this is not offered
        (O.REFUSED_AUTH, "session", False),  # a user is missing, not the door
        (O.COMPLETE, "hello", False),
        (O.NOT_ASKED, "session", False),
    ],
)
def test_a_door_was_never_opened_where_setting_it_up_is_not_offered(
    outcome: O, operation: str, is_so: bool
) -> None:
    assert never_opened(seen("opcua", outcome, operation)) is is_so


def door(*observations: Observation) -> Door:
    about = evidence(*observations)
    (only,) = View(about, context(about)).doors
    return only


def words(*observations: Observation) -> dict[str, str]:
    """The words that are given, of the refusals among these answers."""
    refusals = [item for item in observations if item.outcome is O.REFUSED_AUTH]
    given = trust_words(door(*observations), refusals)
    return {name: word for name, word in given.items() if word}


def test_a_credential_is_of_no_use_only_where_it_was_kept_back_for_that() -> None:
    kept = not_asked("credential_unusable", "mine"), not_asked("server_key", "other")
    others = (
        not_asked("safety_hold", "held"),  # kept back for another reason
        refused("credential_unusable", credential="sent"),  # sent, and refused there
    )
    assert {item.credential for item in unusable(door(*kept, *others))} == {"mine", "other"}
    assert unusable(door(SECURED, *others)) == ()


def test_an_offer_is_only_what_is_told_of_security() -> None:
    name = Fact("application_uri", "urn:server", "opcua GetEndpoints")
    about = seen("opcua", O.COMPLETE, "get_endpoints", facts=(name, OFFER))
    assert offers(door(about)) == ((about, OFFER.value),)


@pytest.mark.parametrize(
    ("reason", "given"),
    [
        ("certificate_untrusted", {"certificates": "certificates"}),
        ("policy_not_offered", {"policy": "a security policy"}),
        ("mode_insufficient", {"policy": "a security mode"}),
        ("certificate_expired", {"expired": "the certificate"}),
        (
            "certificate_host",
            {"naming": "that names the address by which the server is reached"},
        ),
        ("certificate_uri", {"naming": "whose URI is that of the application"}),
        ("certificate_invalid", {"naming": "that the server takes"}),
        ("discovery_refused", {"discovery": "discovery without security"}),
        ("mode_not_offered", {"ours": "a certificate"}),
    ],
)
def test_each_reason_gives_its_word_and_no_other(reason: str, given: dict[str, str]) -> None:
    assert words(SECURED, refused(reason)) == given


def test_of_two_reasons_with_one_remedy_the_first_gives_the_word() -> None:
    mode, policy = refused("mode_insufficient"), refused("policy_not_offered")
    assert words(SECURED, mode, policy) == {"policy": "a security mode"}
    assert words(SECURED, policy, mode) == {"policy": "a security policy"}


@pytest.mark.parametrize(
    ("kept", "given"),
    [
        (not_asked("server_key"), {"short": "the server's certificate"}),
        (not_asked("credential_unusable", "mine"), {"own": "credential mine"}),
        (not_asked("safety_hold"), {"ours": "a certificate"}),
    ],
)
def test_a_certificate_of_no_use_there_is_named_and_no_new_one_is_asked_for(
    kept: Observation, given: dict[str, str]
) -> None:
    assert words(SECURED, refused("mode_not_offered"), kept) == given


ENDPOINT, OURS = {"endpoint": "an endpoint with security"}, {"ours": "a certificate"}


@pytest.mark.parametrize(
    ("listed", "given"),
    [
        ((), OURS),  # nobody told what there is
        (("None/None/anonymous",), ENDPOINT),
        (("none/none",), ENDPOINT),
        (("None/None/anonymous", "Basic256Sha256/Sign/anonymous"), OURS),
        (("Basic256Sha256/SignAndEncrypt",), OURS),  # no kind of user is told
        (("version 3",), ENDPOINT),  # no mode is told
    ],
)
def test_an_endpoint_is_asked_for_where_none_of_those_listed_has_a_mode(
    listed: tuple[str, ...], given: dict[str, str]
) -> None:
    facts = tuple(Fact("security", text, "opcua GetEndpoints") for text in listed)
    about = seen("opcua", O.COMPLETE, "get_endpoints", facts=facts)
    assert words(about, refused("mode_not_offered")) == given
