"""Which part of untrap a stack of frames belongs to.

One rule keeps it simple: where there is a conclusion or an import in the stack, that is the part;
else the innermost of our own files decides.
"""

from __future__ import annotations

from collections.abc import Sequence

START, IMPORT, PLAN, WIRE = "interpreter", "import", "plan", "wire"
PROTOCOL, KEEP, WRITER = "protocols", "observations", "writer"
CONCLUDE, REST, OTHER_PROCESSES = "derive and judge", "rest", "other processes"

PARTS = (START, IMPORT, PLAN, WIRE, PROTOCOL, KEEP, WRITER, CONCLUDE, REST, OTHER_PROCESSES)

WITHIN = (
    ("/inventory/conclude.py", CONCLUDE),
    ("<frozen importlib._bootstrap>", IMPORT),
)
"""Files that say it all wherever they are in the stack."""

OURS = (
    ("/scanner/planning/", PLAN),
    ("/scanner/summary.py", PLAN),
    ("/protocols/", PROTOCOL),
    ("/inventory/", KEEP),
    ("/scanner/", WIRE),
    ("/asyncio/", WIRE),
    ("/selectors.py", WIRE),
)
"""The innermost file that is one of these decides; the event loop serves the wire."""


def part(files: Sequence[str]) -> str:
    """The part of a stack, its files innermost first."""
    for word, name in WITHIN:
        if any(file.endswith(word) for file in files):
            return name
    for file in files:
        for word, name in OURS:
            if word in file:
                return name
    return REST
