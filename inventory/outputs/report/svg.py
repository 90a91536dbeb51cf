"""Where the boxes and lines of the site map stand, in pixels; the template draws them.

One rule keeps it simple: a tree from left to right; a node's first child stands beside it, every
further one on a row of its own, so folding is counting rows.

    network ─ device ─ unit ─ machine
                     └ unit
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inventory.outputs.report.page import Node
from inventory.text import CUT

ROW = 44
"""Height of a row."""
COLUMN = 268
"""Distance from one column to the next."""
BOX = 228
"""Width of a box; its height is 36."""
KNOB = 8
"""Radius of the button that folds, on the right side of a box."""
MOST_COLUMNS = 6
"""Nodes that stand deeper are drawn in the last column, each on a row of its own."""


@dataclass(frozen=True, slots=True)
class Box:
    """One node with its place, and the line from its parent."""

    node: Node
    x: int
    y: int
    line: str  # path data, "" for a root


@dataclass(frozen=True, slots=True)
class Drawing:
    """One tree."""

    width: int
    height: int
    boxes: tuple[Box, ...]


def draw(nodes: Sequence[Node]) -> Drawing:
    """Places nodes that stand in preorder."""
    boxes = tuple(_placed(nodes))
    width = max((box.x for box in boxes), default=0) + BOX + 4
    height = max((box.y - 2 for box in boxes), default=-ROW) + ROW
    return Drawing(width, height, boxes)


def _placed(nodes: Sequence[Node]) -> Iterator[Box]:
    row = -1
    open_: list[tuple[int, int]] = []  # per depth: row of the node, its children so far
    for node in nodes:
        del open_[node.depth :]
        parent = open_[-1] if open_ else None
        if parent is None or parent[1] or node.depth >= MOST_COLUMNS:
            row += 1
        if parent is not None:
            open_[-1] = (parent[0], parent[1] + 1)
        x = min(node.depth, MOST_COLUMNS - 1) * COLUMN + 2
        y = row * ROW + 2
        line = "" if parent is None else elbow(x, y, parent[0] * ROW + 2)
        open_.append((row, 0))
        yield Box(node, x, y, line)


def elbow(x: int, y: int, parent_y: int) -> str:
    """The line that ends at the left side of a box at (x, y)."""
    start = COLUMN - BOX
    half = start // 2
    if y == parent_y:
        return f"M-{start - KNOB} 18h{start - KNOB}"
    return f"M-{half} {parent_y - y + 18}V18h{half}"


NARROW, WIDE = frozenset("iljtfrI1.,:;'|!()[]/- ·"), frozenset("WMm@%w★")


def fitted(text: str, pixels: float, size: float) -> str:
    """The text, cut where it would be wider than `pixels` in letters of `size` pixels; a drawing
    neither wraps nor clips. Widths are those of a wide bold sans serif, so it errs to the short."""
    room = pixels / size
    if sum(map(_width, text)) <= room:
        return text
    room -= _width(CUT)
    for place, letter in enumerate(text):
        room -= _width(letter)
        if room < 0:
            return text[:place].rstrip() + CUT
    return text


def _width(letter: str) -> float:
    """About how wide a letter is, in parts of its size."""
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.05
    if letter in NARROW:
        return 0.42
    return 1.0 if letter in WIDE else 0.77 if letter.isupper() else 0.66
