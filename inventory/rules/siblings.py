"""Q11: devices of one make, model and firmware that publish different signals.

One rule keeps it simple: what is compared is what values measure, not what they are called; a tag
in a name (P-101, _102) tells siblings apart and is no difference between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from inventory.judge.comparing import cut_short, unnamed
from inventory.judge.door import title_of
from inventory.judge.gathered import sibling_group
from inventory.judge.logic import derived, true, unknown
from inventory.judge.statements import says
from inventory.judge.view import View
from inventory.model import Proposition, Severity, Strength
from inventory.once import Once
from inventory.rules.rule import Case, new_case
from inventory.signals.points import labelled, measure, signature
from protocols.contract import Point

Sets = Mapping[frozenset[str], int]
"""How many devices publish each set of signals."""


def q11(view: View) -> list[Case]:
    """Another set of signals than the siblings of the same make, model and firmware."""
    group = sibling_group(view.device)
    listed = view.context.siblings.get(group) if group else None
    if not listed or not view.evidence.points:
        return []
    published = signature(view.evidence.points)
    if len(listed) == 1 and published in listed:
        return []
    if any(says("option", item.fields) for item in view.statements()):
        return []
    own = meant(published)
    alike_in_role = _of_this_role(view, group, published, listed)
    if not alike_in_role:
        return []
    usual, count = _usual(alike_in_role)
    if own == usual:
        return []
    alike = len(own & usual) / len(own | usual)
    if alike >= view.context.thresholds.sibling_jaccard and not _units_differ(own, usual):
        return []
    missing, extra = sorted(usual - own)[:5], sorted(own - usual)[:5]
    text = (
        f"{count} sibling{'s' if count > 1 else ''} of {' '.join(group)} publish another set:"
        f" missing here {', '.join(missing) or 'nothing'}; only here {', '.join(extra) or '-'}"
    )
    said = _not_known(view, published) or true(Strength.E3, derived(text), *view.proof())
    return [new_case("", said, {"vendor": group[0], "model": group[1]}, Severity.MEDIUM)]


def _not_known(view: View, published: frozenset[str]) -> Proposition | None:
    """The question that keeps a difference from being one, where there is such."""
    if name := cut_short(view.evidence):
        return unknown(
            f"all that {title_of(name)} lists, to compare it with its siblings: no scan read it to"
            " its end",
            "read it to its end",
            view.ask(name, "points"),
            *view.proof(),
        )
    if unnamed(published):
        return unknown(
            "what its registers measure, to compare them with those of its siblings: they were not"
            " read under a register map",
            "read it again under its register map",
            view.ask("modbus", "points"),
            *view.proof(),
        )
    if view.context.classes.get(view.device.key) == "":
        return unknown(
            "of which class the machine is that it monitors: siblings at machines of another class"
            " may differ",
            "state the class of the machine in the register",
            "untrap import register FILE",
            *view.proof(),
        )
    return None


def _of_this_role(view: View, group: tuple[str, ...], own: frozenset[str], listed: Sets) -> Sets:
    """Without the sets of devices that are declared to monitor another class of machine."""
    classes, owners = view.context.classes, view.context.owners.get(group, {})
    role = classes.get(view.device.key, "")
    if not role:
        return listed
    return {
        points: count
        for points, count in listed.items()
        if points == own or classes.get(owners.get(points, ""), role) == role
    }


def _most_publish(listed: Sets) -> tuple[frozenset[str], int]:
    """What most siblings publish. Where no set is usual, the one that publishes less is the one
    to look at; sets are sorted only to choose between equals."""
    counts: dict[frozenset[str], int] = {}
    for points, count in listed.items():
        signals = meant(points)
        counts[signals] = counts.get(signals, 0) + count
    most = max(counts.values())
    usual = [signals for signals, count in counts.items() if count == most]
    if len(usual) == 1:
        return usual[0], most
    return max(usual, key=lambda signals: (len(signals), sorted(signals))), most


_usual = Once(_most_publish, most=1_024)
"""Asked once of the sets of a model, however many devices of it there are."""


@lru_cache(maxsize=4_096)
def meant(labels: frozenset[str]) -> frozenset[str]:
    """What the values of a listing measure, each once; one that nobody understands under its name
    without tags."""
    return frozenset(map(_meant, labels))


@lru_cache(maxsize=16_384)
def _meant(label: str) -> str:
    name, between, unit = label.rpartition(" [")
    if not between:
        return _signal(_without_tags(label), "")
    return _signal(_without_tags(name), unit.removesuffix("]"))


@lru_cache(maxsize=16_384)
def _signal(name: str, unit: str) -> str:
    """A signal as it is compared; names without tags are few."""
    meaning = measure(Point("", name, unit=unit))
    if not meaning.measurand:
        return labelled(name.casefold(), unit)
    words = [":".join((meaning.measurand, *sorted(meaning.places))), meaning.kind]
    return labelled(" ".join(filter(None, words)), unit)


def _without_tags(name: str) -> str:
    """`P101 flow` and `flow_102` alike; of a name that is only a tag, its shape."""
    if not _DIGITS.search(name):
        return name
    kept = [_DIGITS.sub("", word) for word in _WORDS.findall(name) if not _TAG.fullmatch(word)]
    return " ".join(filter(None, kept)) or _DIGITS.sub("#", name)


_WORDS = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"[0-9]+")
_TAG = re.compile(r"(?=.*[0-9])(?:[0-9]*[^\W\d_]){0,3}[0-9]*")
"""A word of digits and at most three letters."""


def _units_differ(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether a signal of the same name has another unit."""
    mine, theirs = frozenset(one), frozenset(other)
    names = {label.partition(" [")[0] for label in mine - theirs}
    return any(label.partition(" [")[0] in names for label in theirs - mine)
