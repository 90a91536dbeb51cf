"""Makes `oui.csv.gz` from the IEEE registries' CSV files: `python make_oui.py DIR DATE`.

DIR holds `oui.csv`, `mam.csv` and `oui36.csv` as standards-oui.ieee.org publishes them.
"""

from __future__ import annotations

import csv
import gzip
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(folder: Path, date: str) -> None:
    """Write prefix and organisation, one line each, sorted."""
    found: dict[str, str] = {}
    for name in ("oui.csv", "mam.csv", "oui36.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                organisation = " ".join(row["Organization Name"].split())
                if organisation not in ("", "Private", "IEEE Registration Authority"):
                    found[row["Assignment"].lower()] = organisation[:60]
    lines = [f"# prefix,organisation; IEEE MA-L, MA-M, MA-S; {date}\n"]
    lines += [f"{prefix},{name}\n" for prefix, name in sorted(found.items())]
    packed = gzip.compress("".join(lines).encode(), 9, mtime=0)
    (HERE / "oui.csv.gz").write_bytes(packed)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
