"""The report: one self-contained HTML file that answers first and proves below.

One rule keeps it simple: `gather` reads values, `render` prints them; nothing in the file comes
from elsewhere, and its policy forbids everything but its own style and script.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from inventory.outputs.report.render import render

if TYPE_CHECKING:
    from datetime import datetime

    from inventory.store import Store


def write(
    store: Store,
    path: Path,
    *,
    redact: bool = False,
    now: datetime | None = None,
) -> str:
    """Writes the report of a concluded store; returns one line that says so.

    Raises OSError when the file cannot be written.
    """
    from inventory.outputs.report.gather import gather

    page = gather(store, now)
    if redact:
        from inventory.outputs.report.redact import redacted

        page = redacted(store, page)
    text = render(page)
    path.write_text(text, encoding="utf-8")
    size = len(text.encode()) / 1e6
    return f"report of {page.asset_count} assets written to {path} ({size:.2f} MB)"


__all__ = ["render", "write"]
