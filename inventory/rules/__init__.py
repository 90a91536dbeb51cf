"""The gap rules: data (`data/rules.toml`) plus one small predicate each, grouped by family.

One rule keeps it simple: a predicate looks at one view and returns *cases*, each a three-valued
proposition about one subject; texts, remedies, severity and versions are data.
"""

from inventory.rules.catalogue import Predicate, catalogue, rules_version, versions
from inventory.rules.registry import DEVICE_RULES
from inventory.rules.rule import Case, Rule

__all__ = ["DEVICE_RULES", "Case", "Predicate", "Rule", "catalogue", "rules_version", "versions"]
