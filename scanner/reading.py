"""Opening the inventory for a reading command, with today's rules applied.

One rule keeps it simple: every command that reads opens the store here, so none shows old verdicts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from scanner.cli import Settings

if TYPE_CHECKING:
    from inventory.store import Store


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """The site's store, up to date. Raises `click.ClickException` when it cannot be opened."""
    from inventory.conclude import conclude
    from inventory.store import Store, StoreError

    try:
        with Store.open(settings.db, site=settings.site) as store:
            conclude(store)
            yield store
    except StoreError as error:
        raise click.ClickException(str(error)) from error
