"""Long lists are written some at a time, and nothing that was found is lost on the way."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator

import pytest

from inventory.store import StoreError
from protocols.contract import spaced
from scanner import console

LONG = "x" * 99


class Counted(io.StringIO):
    """A stream that counts how often it is flushed."""

    def __init__(self, *, terminal: bool = False) -> None:
        super().__init__()
        self.terminal = terminal
        self.flushed = 0

    def flush(self) -> None:
        self.flushed += 1
        super().flush()

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize("terminal", [False, True])
def test_a_list_is_written_some_at_a_time_but_to_a_terminal_at_once(
    monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    stream = Counted(terminal=terminal)
    monkeypatch.setattr(sys, "stdout", stream)
    console.printed(LONG for _ in range(1_000))
    assert stream.getvalue() == f"{LONG}\n" * 1_000
    assert stream.flushed == 1_000 if terminal else stream.flushed <= 4


def test_what_was_found_before_an_error_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaking() -> Iterator[str]:
        yield "first"
        yield "second"
        raise StoreError("the disk is gone")

    stream = Counted()
    monkeypatch.setattr(sys, "stdout", stream)
    with pytest.raises(StoreError):
        console.printed(breaking())
    assert stream.getvalue() == "first\nsecond\n"


def test_nothing_is_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Counted()
    monkeypatch.setattr(sys, "stdout", stream)
    console.printed(())
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    "value", [{"a": [1, 2.5, None, True, "ü\u2028\x1b"], "b": {}}, [], {"n": float("nan")}]
)
def test_spaced_is_what_json_dumps_writes(value: object) -> None:
    assert spaced(value) == json.dumps(value)
