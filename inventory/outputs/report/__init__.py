"""The report: one self-contained HTML file that answers first and proves below.

One rule keeps it simple: `gather` reads values, `render` prints them; nothing in the file comes
from elsewhere, and its policy forbids everything but its own style and script.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from inventory.outputs.report.render import render

if TYPE_CHECKING:
    from inventory.outputs.report.page import Elsewhere
    from inventory.readiness.sites import Site
    from inventory.store import Store


def write(
    store: Store,
    path: Path,
    *,
    redact: bool = False,
    now: datetime | None = None,
    others: Iterable[Store] = (),
) -> str:
    """Writes the report of a concluded store; returns one line that says so.

    `others`: concluded stores of the other sites, one after the other, of which only the use cases
    and the roll-up are told.

    Raises OSError when the file cannot be written.
    """
    from inventory.outputs.report.gather import gather

    now = now or datetime.now(UTC)
    found = list(_elsewhere(others, now))
    page = gather(store, now, others=[site for _, site in found])
    page = replace(page, elsewhere=tuple(cases for cases, _ in found))
    if redact:
        from inventory.outputs.report.redact import redacted

        page = redacted(store, page)
    text = render(page)
    path.write_text(text, encoding="utf-8")
    size = len(text.encode()) / 1e6
    return f"report of {page.asset_count} assets written to {path} ({size:.2f} MB)"


def _elsewhere(others: Iterable[Store], now: datetime) -> Iterator[tuple[Elsewhere, Site]]:
    from inventory.assemble import context_of, machines
    from inventory.outputs.report.use import elsewhere
    from inventory.readiness.taking import site_of
    from inventory.usecases import Obstacles

    for store in others:
        known = context_of(store, now)
        yield elsewhere(store.site, machines(store, known), Obstacles(store)), site_of(store, now)


__all__ = ["render", "write"]
