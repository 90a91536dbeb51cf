"""What a person states by hand about assets: fields, merges, splits.

One rule keeps it simple: a statement is a declaration with author and time; nothing is overwritten.
"""

from __future__ import annotations

import getpass
import os
from datetime import UTC, datetime

from inventory.model import Declaration, Kind


def author() -> str:
    """Who states it: UNTRAP_AUTHOR, else the name of the account."""
    try:
        return os.environ.get("UNTRAP_AUTHOR") or getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


def by_hand(kind: Kind, site: str, subject: str, fields: dict[str, str]) -> Declaration:
    """A declaration made at the command line, now; saying it again later is a new statement."""
    now = datetime.now(UTC)
    document = f"command line {now.isoformat()}"
    return Declaration(site, kind, subject, fields, author(), document, now)
