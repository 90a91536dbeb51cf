"""Software that nobody here wrote and that the tests run against."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/local/sbin"))


def need(name: str) -> str:
    """The path of an executable; skips the test without it, or fails where peers are required."""
    found = shutil.which(name, path=PLACES)
    if found is None:
        missing(name)
    return found


def missing(name: str) -> NoReturn:
    """Skips the test, or fails it where peers are required."""
    if os.environ.get("UNTRAP_REQUIRE_PEERS") == "1":
        pytest.fail(f"{name} is required and not installed")
    pytest.skip(f"{name} is not installed")
