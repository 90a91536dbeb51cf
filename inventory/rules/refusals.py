"""What a refusal asks for: its reason in words that a remedy uses, and the step that was seen.

One rule keeps it simple: who asked saw why it failed and what helps (the observation's detail), and
a finding says that rather than one sentence for all refusals.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten

from inventory.judge.door import Door
from inventory.judge.logic import cite, describe
from inventory.model import Because
from protocols.contract import Observation, Outcome, Reason

MOST_DETAIL = 240
"""Characters of a detail that a premise shows; `show OBSERVATION` has it whole."""
UNUSABLE = frozenset({"credential_unusable", "server_key"})
"""Reasons for which a credential of ours did not get as far as the network."""

SET_UP = frozenset({"hello", "open_channel", "create_session", "session"})
"""Questions that open the door for all others: one that is not offered leaves those unasked."""

_CERTIFICATES, _OURS, _ENDPOINT, _POLICY = "certificates", "ours", "endpoint", "policy"
_EXPIRED, _NAMING, _OWN, _SHORT = "expired", "naming", "own", "short"
_DISCOVERY = "discovery"
_WORDS = {
    Reason.CERTIFICATE_UNTRUSTED.value: (_CERTIFICATES, "certificates"),
    Reason.POLICY_NOT_OFFERED.value: (_POLICY, "a security policy"),
    "mode_insufficient": (_POLICY, "a security mode"),
    "certificate_expired": (_EXPIRED, "the certificate"),
    "certificate_host": (_NAMING, "that names the address by which the server is reached"),
    "certificate_uri": (_NAMING, "whose URI is that of the application"),
    "discovery_refused": (_DISCOVERY, "discovery without security"),
    "certificate_invalid": (_NAMING, "that the server takes"),
}
"""By reason, the remedy's word that goes with it (`rules.toml`, A04)."""
_NO_WORDS = dict.fromkeys(
    (_CERTIFICATES, _OURS, _ENDPOINT, _POLICY, _EXPIRED, _NAMING, _OWN, _SHORT, _DISCOVERY), ""
)


def told(item: Observation) -> Because:
    """An answer as a premise, with what was seen to stand in the way and the step to take."""
    if not item.detail:
        return cite(item)
    return cite(item, f"{describe(item)}: {_clauses(item.detail)}")


def _clauses(detail: str) -> str:
    """As many whole clauses as there is room for: half a command is none."""
    first, *others = detail.split("; ")
    text = shorten(first, MOST_DETAIL, placeholder=" …")
    for clause in others:
        if len(text) + len(clause) > MOST_DETAIL:
            return f"{text}; …"
        text += f"; {clause}"
    return text


def never_opened(item: Observation) -> bool:
    """Whether the door itself was not opened, whatever stands behind it."""
    capability = item.outcome is Outcome.REFUSED_CAPABILITY
    return capability and item.question.operation in SET_UP


def offers(door: Door) -> tuple[tuple[Observation, str], ...]:
    """What the service offers ("Basic256Sha256/Sign/anonymous+username"), and who said so."""
    return tuple(
        (item, str(fact.value))
        for item in door.observations
        for fact in item.facts
        if fact.name == "security"
    )


def unusable(door: Door) -> tuple[Observation, ...]:
    """Our credentials that could not be used there at all."""
    return tuple(
        item
        for item in door.observations
        if item.outcome is Outcome.NOT_ASKED and item.reason in UNUSABLE
    )


def trust_words(door: Door, refusals: Sequence[Observation]) -> dict[str, str]:
    """The words of those remedies of A04 that help against these refusals; "" drops the others."""
    words = dict(_NO_WORDS)
    listed = [offer for _, offer in offers(door)]
    for item in refusals:
        if item.reason == Reason.MODE_NOT_OFFERED:
            name, word = _mode(listed)
        else:
            name, word = _WORDS[item.reason]
        words[name] = words[name] or word
    for item in unusable(door):
        words[_OURS] = ""
        if item.reason == "server_key":
            words[_SHORT] = "the server's certificate"
        else:
            words[_OWN] = f"credential {item.credential}"
    return words


def _mode(listed: Sequence[str]) -> tuple[str, str]:
    """What is missing where no endpoint has the mode that was wanted."""
    if listed and not any(_secured(offer) for offer in listed):
        return _ENDPOINT, "an endpoint with security"
    return _OURS, "a certificate"


def _secured(offer: str) -> bool:
    parts = offer.casefold().split("/")
    return len(parts) > 1 and parts[1] != "none"
