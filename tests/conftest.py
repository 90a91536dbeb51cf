"""What holds for every test: stable names, and a plain word about what is missing."""

from __future__ import annotations

import pytest


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Bytes are named by their number in the list: they may hold the time of day, and parallel
    workers must agree on names."""
    return argname if isinstance(val, bytes) else None
