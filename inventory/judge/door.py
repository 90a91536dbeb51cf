"""A door: what became of one protocol at one endpoint, seen from one vantage.

One rule keeps it simple: a door is judged by its latest scan; what that scan did not come to ask
stands as it was found before, and an older one that says otherwise is kept, never dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from inventory.judge.openness import Protocol, protocol
from inventory.judge.superseded import label
from protocols.contract import DATA, SPOKE, Observation, Openness, Outcome

PRESENT = SPOKE | {Outcome.CLOSED, Outcome.MUTE, Outcome.HUNG_UP, Outcome.OTHER, Outcome.GARBLED}
"""Outcomes that somebody at that address caused: a live control for the other questions."""
OPEN = SPOKE | {Outcome.MUTE, Outcome.HUNG_UP, Outcome.OTHER, Outcome.GARBLED}
SAYS_NOTHING = frozenset({Outcome.NOT_ASKED, Outcome.FAILED_HERE, Outcome.BROKEN})
"""Outcomes about ourselves: a later scan that ends so takes nothing back."""
STANDS = DATA | {Outcome.EMPTY, Outcome.REFUSED_CAPABILITY}
"""Outcomes after which a peer may be asked more: a scan that ends here takes nothing back."""


@dataclass(slots=True)
class Door:
    """What became of one protocol at one endpoint, seen from one vantage, in its latest scan."""

    protocol: str
    transport: str
    port: int
    address: str
    vantage: str
    scan: str
    observations: list[Observation] = field(default_factory=list)
    earlier: list[Observation] = field(default_factory=list)
    standing: list[Observation] = field(default_factory=list)
    spoke: Observation | None = None
    """The best proof that the peer speaks the protocol: the first that tells something."""

    def add(self, item: Observation, silent: bool = False) -> None:
        """One more observation; one of another scan begins anew, if it says anything.

        `silent`: somebody else answered in its stead, so it is no proof that this one speaks.
        """
        if self.scan != item.scan and (item.outcome not in SAYS_NOTHING or not self.asked):
            self.earlier += self.observations
            self.settle()
            self.observations, self.scan, self.spoke = [], item.scan, None
        self.observations.append(item)
        if item.outcome is Outcome.OTHER and self.spoke is not None and not tells(self.spoke):
            self.spoke = None  # COTP carries MMS too: what opened it was not this protocol
        better = self.spoke is None or _proof(item) > _proof(self.spoke)
        if better and item.outcome in SPOKE and not silent:
            self.spoke = item

    def settle(self) -> None:
        """What the latest scan did not come to ask stands as it was found before: a look at who is
        there, or a scan that was cut, takes back nothing of what was read. After a refusal what
        was had under another name stands, if anybody is let in by it still; after silence
        nothing."""
        said = [item for item in self.observations if item.outcome not in SAYS_NOTHING]
        asked = {item.question.operation for item in said}
        ended = [item for item in said if item.outcome not in STANDS]
        refused = {label(item) for item in ended}
        if not ended:
            kept = [item for item in self.standing if item.question.operation not in asked]
        elif all(item.outcome is Outcome.REFUSED_AUTH for item in ended):
            anew = {(item.question.operation, label(item)) for item in said}
            kept = [
                item for item in self.standing
                if label(item) not in refused
                and (item.question.operation, label(item)) not in anew
            ]  # fmt: skip
            if asks_for_names(said):
                kept = [item for item in kept if label(item)]
        else:
            kept = []
        self.standing = kept + said

    def close(self) -> None:
        """Nothing follows: what stands of earlier scans is told before what the latest said."""
        if self.standing:
            self.settle()
            before = [item for item in self.standing if item.scan != self.scan]
            self.observations = before + self.observations
            self.standing = []

    def first(self, *outcomes: Outcome) -> Observation | None:
        """The first observation with one of the outcomes."""
        return next((item for item in self.observations if item.outcome in outcomes), None)

    @property
    def asked(self) -> bool:
        """Whether anything was sent."""
        return any(item.outcome is not Outcome.NOT_ASKED for item in self.observations)

    @property
    def decided(self) -> Observation:
        """The observation that stands for the door: an answer, else the last that tells of it."""
        if self.spoke is not None:
            return self.spoke
        sent = [item for item in self.observations if item.outcome is not Outcome.NOT_ASKED]
        telling = [item for item in sent if item.outcome not in SAYS_NOTHING]
        present = [item for item in telling if item.outcome in PRESENT]
        return (present or telling or sent or self.observations)[-1]


def tells(item: Observation) -> bool:
    """Whether an answer says more than that a conversation may begin."""
    return bool(item.facts or item.points or item.samples)


def asks_for_names(items: Iterable[Observation]) -> bool:
    """Whether an endpoint list is among the answers, and no offer on it takes an anonymous user."""
    offers = [str(f.value) for item in items for f in item.facts if f.name == "security"]
    return bool(offers) and not any(anybody(offer) for offer in offers)


def anybody(offer: str) -> bool:
    """Whether an OPC UA offer may take an anonymous user: one that does not say may."""
    kinds = taken(offer)
    return not kinds or "anonymous" in kinds


def taken(offer: str) -> tuple[str, ...]:
    """Kinds of identity that an OPC UA offer takes ("Basic256Sha256/Sign/anonymous+username");
    none where it does not say."""
    parts = offer.casefold().split("/")
    return tuple(parts[2].split("+")) if len(parts) > 2 else ()


def _proof(item: Observation) -> int:
    """How well an answer proves that its protocol is spoken."""
    return 2 if item.outcome in DATA and tells(item) else int(item.outcome in DATA)


def about_undeclared(item: Observation) -> bool:
    """Whether a gateway refused for a unit that nobody declared: normal emptiness (3.2)."""
    asked = item.question
    unnamed = not asked.part and asked.argument.startswith("unit ")
    return item.outcome is Outcome.REFUSED_DOWNSTREAM and unnamed


NOTHING = Protocol("", "", Openness.O4, False, frozenset(), False, False)
"""Stands for a protocol that the table does not hold: no data can be expected of it."""


def info(door: Door) -> Protocol | None:
    """What is known of a door's protocol as a source of data."""
    return protocol(door.protocol)


def identity(door: Door) -> str:
    """Label of the credential that was let in there, or else that was refused; or "anonymous"."""
    told = [item for item in door.observations if item.outcome in SPOKE]
    let_in = [item for item in told if item.outcome is not Outcome.REFUSED_AUTH]
    labels = {item.credential for item in let_in or told}
    return next((item for item in sorted(labels) if item), "anonymous")


def title_of(name: str) -> str:
    """The protocol's name for people."""
    about = protocol(name)
    return about.title if about else name
