"""All rows of all families."""

from __future__ import annotations

from tests.inventory.verdict.plants import (
    Row,
    conversations,
    governed,
    inaccessible,
    instruments,
    machines,
    quality,
    trapped,
)

ROWS: tuple[Row, ...] = (
    *trapped.ROWS,
    *inaccessible.ROWS,
    *machines.ROWS,
    *quality.ROWS,
    *governed.ROWS,
    *conversations.ROWS,
    *instruments.ROWS,
)
