"""Which predicate belongs to which rule, in the order in which they are printed.

One rule keeps it simple: adding a rule is one entry here, one in `data/rules.toml`, one test.
"""

from __future__ import annotations

from collections.abc import Mapping

from inventory.rules import (
    conversations,
    frozen,
    governance,
    inaccessible,
    instruments,
    networks,
    quality,
    ranges,
    siblings,
    trapped,
)
from inventory.rules.catalogue import Predicate

DEVICE_RULES: Mapping[str, Predicate] = {
    "T01": trapped.t01,
    "T02": trapped.t02,
    "T03": trapped.t03,
    "T05": trapped.t05,
    "T06": trapped.t06,
    "T07": trapped.t07,
    "T08": instruments.t08,
    "T10": networks.t10,
    "T11": conversations.t11,
    "A01": inaccessible.a01,
    "A02": inaccessible.a02,
    "A03": inaccessible.a03,
    "A04": inaccessible.a04,
    "A05": inaccessible.a05,
    "A08": inaccessible.a08,
    "A09": inaccessible.a09,
    "U03": quality.u03,
    "Q01": quality.q01,
    "Q02": quality.q02,
    "Q03": frozen.q03,
    "Q04": quality.q04,
    "Q05": ranges.q05,
    "Q07": quality.q07,
    "Q10": quality.q10,
    "Q11": siblings.q11,
    "Q12": quality.q12,
    "G01": governance.g01,
    "G02": governance.g02,
    "G03": governance.g03,
    "G04": governance.g04,
    "G05": governance.g05,
    "G06": conversations.g06,
    "G07": governance.g07,
    "G10": governance.g10,
}
"""Rules of devices. U01, U02, U04, U05 belong to equipment (`rules.uninstrumented`)."""
