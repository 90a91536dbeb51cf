"""A copy of the four packages with files of `tests/added/` laid over: what adding one takes."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("inventory", "protocols", "scanner", "simulators")


def house_with(folder: Path, *added: str) -> Path:
    """The copy, with those files and no other change. Raises ValueError when one is not new."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package)
    for name in added:
        if (folder / name).exists():
            raise ValueError(f"{name} is no addition")
        shutil.copyfile(ROOT / "tests" / "added" / name, folder / name)
    return folder
