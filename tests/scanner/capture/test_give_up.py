"""Who did not answer ARP is told as soon as that is known, a hundred at a time."""

from __future__ import annotations

import json
from collections import deque

import pytest

from scanner.capture.live import TOLD, give_up


def told(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    return [json.loads(line)["gone"] for line in capsys.readouterr().out.splitlines()]


def test_nobody_is_given_up_before_the_last_of_a_hundred_had_its_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    late = deque((float(n), n) for n in range(TOLD + 5))
    give_up(late, TOLD - 1.5, set())
    assert (told(capsys), len(late)) == ([], TOLD + 5)
    give_up(late, TOLD - 1.0, {7})
    (gone,) = told(capsys)
    assert gone == [f"0.0.0.{n}" for n in range(TOLD) if n != 7]
    assert [number for _, number in late] == list(range(TOLD, TOLD + 5))


def test_a_rest_of_less_than_a_hundred_waits_for_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    late = deque((0.0, n) for n in range(TOLD - 1))
    give_up(late, 1_000.0, set())
    assert (told(capsys), len(late)) == ([], TOLD - 1)
