"""A copy of the four packages with files of `tests/added/` laid over: what adding one takes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
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


def python_in(house: Path, *words: object) -> str:
    """Runs Python in the changed house; what it wrote on stdout. Asserts that it ended well."""
    done = subprocess.run(
        [sys.executable, *map(str, words)], cwd=house,
        env={**os.environ, "PYTHONPATH": str(house)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
