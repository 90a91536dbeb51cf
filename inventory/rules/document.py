"""The page `docs/gaps.md`, made from the rules themselves.

One rule keeps it simple: the page holds nothing that the rules' data does not say.
"""

from __future__ import annotations

from inventory.model import Category
from inventory.rules.catalogue import catalogue, rules_version
from inventory.rules.rule import Rule

FAMILIES = {
    Category.TRAPPED: "Trapped: the data exists, and no collectable path leads to it",
    Category.INACCESSIBLE: "Inaccessible: the path is known, and something stands in it",
    Category.UNINSTRUMENTED: "Uninstrumented: a signal is missing",
    Category.POOR_QUALITY: "Poor quality: values arrive, and cannot be used as they are",
    Category.UNGOVERNED: "Ungoverned: nobody watches over it",
    Category.NONE: "No gap",
}
HEAD = """# Gaps: what each rule says, what it needs, and what fixes it

A rule fires only when every premise is shown. What cannot be decided becomes an open question
with the cheapest next step; it is never counted as a gap, and never as "all is well".
Effort: E0 configuration, no outage · E1 permit and a day on site · E2 small hardware ·
E3 project or planned outage · E4 replacement.

Severity is the base severity, a step up for C3 and down for C1, and a step down with a spare. What
stands in the way of data is rated by the worst of the device and of the machines that are linked to
it; records and governance by the device alone.

Nothing is held against what a person declared (`import attest`): under the statement *shutdown*,
*plant shutdown*, *maintenance*, *maintenance window*, *out of service* or *removed* about a device,
its line, area or site, until the last day that Value names, A01, A02, A08, T06, Q01, Q02, Q03 and
Q12 are silent. In a zone named *safety* or *SIS*, or under that statement, only fixes that touch
nothing are offered; severity stays.

Under *redundant with* (Value: the twin) two machines, or two devices, serve one functional
location: sums count it once, with the level of the better twin at the weight of a place with a
spare, and `readiness` names the spare that gives no data. Tags that look alike are asked about and
never joined. A device that the register gives as a machine's address is proposed as the one that
monitors it and lifts no level until a person says so: `untrap set TAG monitored_by=DEVICE`.

Made from the rules' data; `untrap rules` prints the same.
"""


def gaps_page() -> str:
    """The whole page as Markdown."""
    parts = [HEAD]
    for category, title in FAMILIES.items():
        rules = [rule for rule in catalogue().values() if rule.category is category]
        if rules:
            parts.append(f"## {title}\n")
            parts += [_section(rule) for rule in rules]
    return "\n".join(parts).rstrip() + "\n"


def _section(rule: Rule) -> str:
    lines = [f"### {rule.id} {rule.label}", "", rule.meaning, ""]
    lines.append(f"Version {rule.version} · base severity {rule.base.value}")
    for title, texts in (("It needs", rule.premises), ("Not if", rule.not_if)):
        if texts:
            lines += ["", f"{title}:", *(f"- {text}" for text in texts)]
    if rule.remedies:
        lines += ["", "Fix, cheapest first:"]
        lines += [
            f"- {item.effort.value}: {item.text}{' (needs an outage)' if item.needs_outage else ''}"
            for item in rule.remedies
        ]
    return "\n".join(lines) + "\n"


def version() -> str:
    """The version that every export names."""
    return rules_version()
