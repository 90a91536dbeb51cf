"""Question 3: is it visible what is connected, where data comes from and where gaps are?

One rule keeps it simple: what is not known is counted apart from what is not there.
"""

from __future__ import annotations

from collections.abc import Mapping

from inventory.population import estimate
from inventory.readiness.answer import Answer, Concluded, share
from inventory.readiness.census import Census


def answer(census: Census, line: Mapping[str, object], concluded: Concluded) -> Answer:
    """Question 3."""
    seen, left = census.register, int(str(line.get("not_asked", 0)))
    return Answer(
        3,
        "Is it visible what is connected, where data comes from and where gaps are?",
        (
            ("devices found and not declared", share(seen.undeclared, seen.devices)),
            ("declared and not observed", share(seen.unseen, seen.devices)),
            ("devices that there are, estimated (Chapman)",
             str(estimate(seen.listed, seen.found, seen.shared, seen.from_scan))),
            ("maker known", share(seen.identity["vendor"], seen.devices)),
            ("serial number known", share(seen.identity["serial"], seen.devices)),
            ("fields of an OT inventory that are known (CISA 2025, the 14 of high priority)",
             census.fields.whole),
            ("of these", census.fields.each),
            ("required signals whose source is known", census.origins.known),
            ("devices seen last", str(census.seen)),
            ("values read last", str(census.read)),
            ("networks that nobody looked at (T10)", str(concluded.of("T10"))),
            ("questions not asked", f"{left}; {share(left, left + seen.asked)}"),
        ),
        concluded.unknown(seen.devices),
        "who owns the register",
    )  # fmt: skip
