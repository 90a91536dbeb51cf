"""Three-valued logic with evidence: strong Kleene AND, OR, NOT over propositions.

One rule keeps it simple: a proposition never loses what it rests on. UNKNOWN is a value of its
own, carries the missing premise, and is never turned into FALSE (domain model 2, 2.5, 2.6).
"""

from __future__ import annotations

from inventory.model import Because, Confidence, Proposition, Strength, Truth
from protocols.contract import Observation

MOST_PREMISES = 24
"""Premises that one conclusion cites; a longer list is not read by anybody."""

CONFIDENCE = {
    Strength.E4: Confidence.HIGH,
    Strength.E3: Confidence.HIGH,
    Strength.E2: Confidence.MEDIUM,
    Strength.E1: Confidence.LOW,
}
"""Confidence by the weakest premise; E0 gives no finding (domain model 2.5)."""


def true(strength: Strength, *because: Because) -> Proposition:
    """TRUE, as strong as `strength`."""
    return Proposition(Truth.TRUE, strength, because)


def false(strength: Strength, *because: Because) -> Proposition:
    """FALSE, which always needs a licence: the caller names it in `because`."""
    return Proposition(Truth.FALSE, strength, because)


def unknown(missing: str, next_step: str = "", command: str = "", *because: Because) -> Proposition:
    """UNKNOWN: `missing` is the premise that would settle it."""
    return Proposition(Truth.UNKNOWN, Strength.E0, because, missing, next_step, command)


def both(*propositions: Proposition) -> Proposition:
    """Kleene AND: as strong as the weakest when TRUE, as the strongest refutation when FALSE."""
    return _combine(propositions, Truth.FALSE, Truth.TRUE)


def either(*propositions: Proposition) -> Proposition:
    """Kleene OR: as strong as the strongest support when TRUE, as the weakest when FALSE."""
    return _combine(propositions, Truth.TRUE, Truth.FALSE)


def negate(proposition: Proposition) -> Proposition:
    """Kleene NOT: what is not known stays not known."""
    return Proposition(
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
        return Proposition(
            Truth.UNKNOWN, Strength.E0, because, first.unknown, first.next_step, first.command
        )
    weakest = min((item.strength for item in propositions), default=Strength.E4)
    return Proposition(neutral, weakest, because)


def gather(propositions: tuple[Proposition, ...]) -> tuple[Because, ...]:
    """All premises of several propositions, each once, in order, bounded."""
    seen = dict.fromkeys(premise for item in propositions for premise in item.because)
    return tuple(seen)[:MOST_PREMISES]


def weaken(proposition: Proposition, most: Strength, *because: Because) -> Proposition:
    """The same truth, at most as strong as `most`, with the reason added."""
    return Proposition(
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
    return Because(observation.id, observation.outcome.value, text or describe(observation))


def declared(text: str, declaration: str = "") -> Because:
    """A declaration, or a premise from our own log, as a premise."""
    return Because("", "declared", text, declaration)


def assumed(text: str) -> Because:
    """An assumption that the reader must know of."""
    return Because("", "assumed", text)


def describe(observation: Observation) -> str:
    """One observation in plain words: what was asked where, and what became of it."""
    target, question = observation.target, observation.question
    part = f" {question.part}" if question.part else ""
    reason = f" ({observation.reason})" if observation.reason else ""
    return (
        f"asked {target.address}{part} for {question.protocol} {question.operation} on"
        f" {target.transport}/{target.port} from {observation.vantage or 'here'}:"
        f" {observation.outcome.value}{reason}"
    )
