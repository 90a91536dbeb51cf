"""Makes the vendor tables from lists of `id<TAB>name`: `python make_vendors.py IN OUT HEADER`.

The numbers are facts that ODVA and ASHRAE publish; reserved and unnamed ones are left out.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(source: Path, target: Path, header: str) -> None:
    """Write `id,name` sorted by number."""
    rows: dict[int, str] = {}
    for line in source.read_text(encoding="utf-8").splitlines():
        number, _, name = line.partition("\t")
        if number.isdigit() and name and not name.lower().startswith(("reserved", "unassigned")):
            rows[int(number)] = " ".join(name.split())[:60]
    lines = [f"# {header}"] + [f"{number},{name}" for number, name in sorted(rows.items())]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
