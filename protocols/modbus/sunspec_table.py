"""Makes `sunspec.csv` from the published SunSpec model definitions; not needed at run time.

    python -m protocols.modbus.sunspec_table FOLDER COMMIT > protocols/modbus/sunspec.csv

FOLDER holds `model_N.json` of github.com/sunspec/models (Apache-2.0). One rule keeps it simple:
only facts that decoding needs are taken (name, type, size, scale factor, unit, access, label), in
the order of the registers, and only for models that measure.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MODELS = (
    *(1, 101, 102, 103, 111, 112, 113, 122, 160),
    *(201, 202, 203, 204, 211, 212, 213, 214),
    *(302, 303, 304, 305, 306, 307, 308, 401, 402, 403, 404, 501, 502),
    *(701, 714, 802, 803, 804),
)
HEADER = """# Points of SunSpec information models, in register order after ID and L.
# Source: github.com/sunspec/models, commit {commit}, Apache-2.0, (c) SunSpec Alliance. Facts only.
# repeat: name of the repeating block and what counts it (a point, or * for "to the end").
"""


def rows(folder: Path) -> Iterator[tuple[object, ...]]:
    """The table's lines; `Any` ends here, where the library of definitions is read."""
    for number in MODELS:
        group: dict[str, Any] = json.loads((folder / f"model_{number}.json").read_text())["group"]
        yield from _points(number, group, "")
        for inner in group.get("groups", []):
            yield from _points(number, inner, f"{inner['name']}:{inner.get('count') or '*'}")


def _points(number: int, group: dict[str, Any], repeat: str) -> Iterator[tuple[object, ...]]:
    points = group["points"] if repeat else group["points"][2:]
    for point in points:
        yield (
            *(number, repeat, point["name"], point["type"], point["size"]),
            *(point.get("sf", ""), point.get("units", ""), point.get("access", "R").lower()),
            point.get("label", ""),
        )


def main() -> None:
    """Write the table to standard output."""
    folder, commit = sys.argv[1:]
    sys.stdout.write(HEADER.format(commit=commit))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow("model repeat name type size sf units access label".split())  # noqa: SIM905
    writer.writerows(rows(Path(folder)))


if __name__ == "__main__":
    main()
