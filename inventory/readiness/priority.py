"""Question 6: is it funded and governed as an enterprise priority?

One rule keeps it simple: a scan cannot tell; counts that support the answer are all there is.
"""

from __future__ import annotations

from inventory.readiness.answer import Answer, Concluded


def answer(concluded: Concluded) -> Answer:
    """Question 6."""
    return Answer(
        6,
        "Is it funded and governed as an enterprise priority?",
        (
            ("not answerable by a scan; supporting counts only", ""),
            ("assets without owner, criticality or place (G07)", str(concluded.of("G07"))),
            ("gaps accepted with an expiry", str(concluded.accepted)),
        ),
        None,
        "the answer",
    )
