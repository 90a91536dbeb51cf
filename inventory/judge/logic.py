"""Three-valued logic with evidence: strong Kleene AND, OR, NOT over propositions.

One rule keeps it simple: a proposition never loses what it rests on. UNKNOWN is a value of its
own, carries the missing premise, and is never turned into FALSE (domain model 2, 2.5, 2.6).
"""

from __future__ import annotations

from inventory.model import Because, Confidence, Proposition, Strength, Truth
from inventory.once import Once
from inventory.quick import quick
from protocols.contract import Observation, Outcome

MOST_PREMISES = 24
"""Premises that one conclusion cites; a longer list is not read by anybody."""

_new_proposition, _new_because = quick(Proposition), quick(Because)

CONFIDENCE = {
    Strength.E4: Confidence.HIGH,
    Strength.E3: Confidence.HIGH,
    Strength.E2: Confidence.MEDIUM,
    Strength.E1: Confidence.LOW,
}
"""Confidence by the weakest premise; E0 gives no finding (domain model 2.5)."""


def true(strength: Strength, *because: Because) -> Proposition:
    """TRUE, as strong as `strength`."""
    return _new_proposition(Truth.TRUE, strength, because)


def false(strength: Strength, *because: Because) -> Proposition:
    """FALSE, which always needs a licence: the caller names it in `because`."""
    return _new_proposition(Truth.FALSE, strength, because)


def unknown(missing: str, next_step: str = "", command: str = "", *because: Because) -> Proposition:
    """UNKNOWN: `missing` is the premise that would settle it."""
    return _new_proposition(Truth.UNKNOWN, Strength.E0, because, missing, next_step, command)


def both(*propositions: Proposition) -> Proposition:
    """Kleene AND: as strong as the weakest when TRUE, as the strongest refutation when FALSE."""
    return _combine(propositions, Truth.FALSE, Truth.TRUE)


def either(*propositions: Proposition) -> Proposition:
    """Kleene OR: as strong as the strongest support when TRUE, as the weakest when FALSE."""
    return _combine(propositions, Truth.TRUE, Truth.FALSE)


def negate(proposition: Proposition) -> Proposition:
    """Kleene NOT: what is not known stays not known."""
    return _new_proposition(
        Truth(2 - proposition.truth),
        proposition.strength,
        proposition.because,
        proposition.unknown,
        proposition.next_step,
        proposition.command,
    )


def _combine(propositions: tuple[Proposition, ...], deciding: Truth, neutral: Truth) -> Proposition:
    """The deciding value wins, then UNKNOWN, then the neutral value that needs all premises."""
    decisive = [item for item in propositions if item.truth is deciding]
    if decisive:
        return max(decisive, key=lambda item: item.strength)
    because = gather(propositions)
    open_ones = [item for item in propositions if item.truth is Truth.UNKNOWN]
    if open_ones:
        first = open_ones[0]
        return _new_proposition(
            Truth.UNKNOWN, Strength.E0, because, first.unknown, first.next_step, first.command
        )
    weakest = min((item.strength for item in propositions), default=Strength.E4)
    return _new_proposition(neutral, weakest, because)


def gather(propositions: tuple[Proposition, ...]) -> tuple[Because, ...]:
    """All premises of several propositions, each once, in order, bounded."""
    seen = dict.fromkeys(premise for item in propositions for premise in item.because)
    return tuple(seen)[:MOST_PREMISES]


def weaken(proposition: Proposition, most: Strength, *because: Because) -> Proposition:
    """The same truth, at most as strong as `most`, with the reason added."""
    return _new_proposition(
        proposition.truth,
        min(proposition.strength, most),
        proposition.because + because,
        proposition.unknown,
        proposition.next_step,
        proposition.command,
    )


def demote(strength: Strength) -> Strength:
    """One step of *confidence* down: E4 and E3 are one step together (domain model 2.5)."""
    return Strength.E2 if strength >= Strength.E3 else Strength(max(strength - 1, 0))


def confidence(strength: Strength) -> Confidence | None:
    """Confidence of a conclusion as strong as `strength`; None when there can be none."""
    return CONFIDENCE.get(strength)


def cite(observation: Observation, text: str = "") -> Because:
    """An observation as a premise; by default in the words of its question and outcome."""
    known = _cited(observation)
    return _new_because(known.observation, known.outcome, text) if text else known


def _cite(observation: Observation) -> Because:
    return _new_because(observation.id, observation.outcome.value, describe(observation))


_cited = Once(_cite)
"""Several rules cite the same answer, and its id is a digest of it."""


def declared(text: str, declaration: str = "") -> Because:
    """A declaration by its id, or a premise from our own log, as a premise."""
    return _new_because("", "declared", text, declaration)


def derived(text: str) -> Because:
    """A premise that is computed from what else is cited."""
    return _new_because("", "derived", text)


def assumed(text: str) -> Because:
    """An assumption that the reader must know of."""
    return _new_because("", "assumed", text)


WORDS = {
    Outcome.NOT_ASKED: "{who} was not asked for {what}",
    Outcome.NO_PATH: "there is no path to {who} for {what}",
    Outcome.SILENT: "{who} was silent when asked for {what}",
    Outcome.BLOCKED: "a filter blocks {what} to {who}",
    Outcome.CLOSED: "{who} refuses every connection for {what}",
    Outcome.MUTE: "{who} accepted the connection for {what} and said nothing",
    Outcome.HUNG_UP: "{who} hung up when asked for {what}",
    Outcome.OTHER: "{who} spoke another protocol when asked for {what}",
    Outcome.GARBLED: "{who} answered {what} with bytes that cannot be right",
    Outcome.REFUSED_AUTH: "{who} refused {what} for want of trust or rights",
    Outcome.REFUSED_CAPABILITY: "{who} does not offer {what}",
    Outcome.REFUSED_RESOURCE: "{who} could not serve {what} then",
    Outcome.REFUSED_DOWNSTREAM: "{who} could not be reached by its gateway for {what}",
    Outcome.EMPTY: "{who} answered {what} with nothing",
    Outcome.PARTIAL: "{who} answered a part of {what}",
    Outcome.COMPLETE: "{who} answered {what}",
    Outcome.FAILED_HERE: "our own side failed to ask {who} for {what}",
    Outcome.BROKEN: "our own program failed on {what} of {who}",
}
"""What became of a question, in words for people; the outcome's own word follows in brackets."""

LONG = 40
"""Characters of an argument that a sentence can bear."""


def describe(observation: Observation) -> str:
    """One observation in plain words: what was asked where, what became of it, seen from where."""
    target, question = observation.target, observation.question
    who = f"{target.address} {question.part}".rstrip()
    asked = f"{question.protocol} {question.operation}"
    if 0 < len(question.argument) <= LONG:
        asked += f" {question.argument}"
    what = f"{asked} on {target.transport}/{target.port}"
    outcome = observation.outcome
    reason = f": {observation.reason}" if observation.reason else ""
    said = WORDS[outcome].format(who=who, what=what)
    return f"{said} ({outcome.value}{reason}), from {observation.vantage or 'here'}"
