"""Running a child with fewer rights, or in a namespace of its own."""

from __future__ import annotations

import os
import subprocess
from functools import cache

import pytest

from tests.support.peers import need


def ordinary() -> tuple[str, ...]:
    """The beginning of a command that obeys file modes, also where the tests run as root."""
    if os.geteuid() != 0:
        return ()
    lost = "-dac_override,-dac_read_search"
    return (need("setpriv"), "--bounding-set", lost, "--inh-caps", lost)


@cache
def _allowed(flags: str) -> bool:
    words = [need("unshare"), flags, "true"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def unshared(flags: str) -> tuple[str, ...]:
    """The beginning of a command in namespaces of its own; skips where that is not allowed."""
    if not _allowed(flags):
        if os.environ.get("UNTRAP_REQUIRE_PEERS") == "1":
            pytest.fail(f"unshare {flags} is required and not allowed")
        pytest.skip(f"unshare {flags} is not allowed here")
    return (need("unshare"), flags)
