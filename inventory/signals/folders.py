"""Which place the folder of a value names, where its own name says none ("Ambient/Temperature").

One rule keeps it simple: the folder that the value lies in speaks, read by the words of names; one
further out may be where the machine stands, and says nothing of the value.
"""

from __future__ import annotations

import re
from functools import lru_cache

from inventory.signals.names import Name, read_name
from inventory.signals.tokens import tokenize
from inventory.signals.words import repair, words

NO_PLACE = frozenset({"load", "phase"})
"""What a value may be of without being at another place; letters of lines and halls too."""
SIDES = frozenset(
    {"primary", "secondary", "hot", "cold", "shell", "tube", "condenser", "evaporator"}
)
"""Sides of a machine, each with an inlet and an outlet of its own ("Condenser/Inlet")."""
IMAGE = frozenset({"input", "output", "eingang", "ausgang"})
"""Folders of a controller's inputs and outputs, which are no side of a machine."""
TAG = re.compile(r"(?<![^\W\d_])[^\W\d_]{1,4}[-_ .]?\d{2,}")
"""What may be the tag of a machine ("M-101")."""


def folder_of(name: str, path: str) -> str:
    """The folder that a value lies in; a path may end in the value's own name."""
    steps = [step for step in path.replace("\\", "/").split("/") if step]
    if steps and steps[-1].casefold() == name.casefold():
        steps.pop()
    return steps[-1] if steps else ""


def placed(said: Name, name: str, path: str) -> tuple[frozenset[str], bool]:
    """The places of a value, and whether they may be where its machine stands: those that its name
    says, else that of its folder. Of which side it is the folder may say beside the name."""
    if not path:
        return said.places, said.near
    if said.places:
        beside = _folder(folder_of(name, path))[0] & SIDES
        return said.places | (frozenset() if said.places & SIDES else beside), said.near
    places, alone = _folder(folder_of(name, path))
    if not places:
        return said.places, said.near
    return places, not alone or said.near or _names_a_machine(name)


@lru_cache(maxsize=16_384)
def _folder(text: str) -> tuple[frozenset[str], bool]:
    """The places that a folder names, and whether it names nothing else ("Room 2", "冷却水")."""
    known = words()
    plain = [one for one in tokenize(repair(text)) if not one.isdecimal()]
    if not plain or IMAGE.issuperset(plain):
        return frozenset(), False
    # A class of machines is no place of what lies in the folder of one: it is the machine.
    places = read_name(text).places - NO_PLACE - known.machines
    alone = all(one in known.places or one in known.particles for one in plain)
    return places, alone and known.machines.isdisjoint(plain)


def _names_a_machine(name: str) -> bool:
    """Whether a name speaks of a machine by its kind, or by what may be its tag."""
    return TAG.search(name) is not None or not words().machines.isdisjoint(tokenize(repair(name)))
