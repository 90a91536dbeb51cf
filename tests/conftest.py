"""What holds for every test: stable names, and a plain word about what is missing."""

from __future__ import annotations

import re
import signal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.support.rights import own_loopback

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadGroupScheduling

settings.register_profile(
    "suite", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")
"""A run of the suite means the same twice; `make soak` draws other examples at every run."""

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts the suite in the background has it ignore Ctrl-C, and every program that
    # a test starts would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Every process that runs tests has a loopback of its own, where that is allowed."""
    own_loopback()


GROUP = re.compile(r"xdist_group\(\"([\w-]+)\"\)")


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Bytes are named by their number in the list: they may hold the time of day, and parallel
    workers must agree on names."""
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadGroupScheduling | None:
    """Keeps the tests of a group on one worker, where they share a scan or a namespace.

    pytest-xdist 3.8 writes the group into a test's id by a field that pytest 9.2 does not have any
    more, so that groups are lost without a word; here the group is read from the test's file.
    """
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadGroupScheduling

    class Grouped(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file, _, _ = nodeid.partition("::")
            return _group(config.rootpath / file) or super()._split_scope(nodeid)

    return Grouped(config, log)


@cache
def _group(file: Path) -> str:
    """The group that a test file names, or ""."""
    found = GROUP.search(file.read_text(encoding="utf-8")) if file.is_file() else None
    return found[1] if found else ""
