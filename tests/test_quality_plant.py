"""The bundled plant of windows: what needs several reads, against its key; N01, Q01 and A09."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory.judge import equipment as judge_equipment
from inventory.judge import verdict as judge_verdict
from inventory.rules import DEVICE_RULES
from tests.support.answers import differences
from tests.support.scanned import BOTTLING, Scanned, scan

QUALITY = BOTTLING.with_name("quality.toml")
WINDOW = ("--depth", "sample", "--sample-seconds", "7", "--sample-every", "0.5")

pytestmark = pytest.mark.xdist_group("quality")


@pytest.fixture(scope="session")
def quality(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """One scan over a window of seven seconds: ten reads and more."""
    return scan(QUALITY, tmp_path_factory.mktemp("quality"), *WINDOW)


def test_what_a_window_shows_is_that_of_the_answer_key(quality: Scanned) -> None:
    assert differences(quality.key, quality.found()) == []


@pytest.mark.parametrize("rule", ["Q01", "A09"])
def test_without_a_rule_of_devices_the_result_is_wrong(
    quality: Scanned, tmp_path: Path, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = {name: one for name, one in DEVICE_RULES.items() if name != rule}
    monkeypatch.setattr(judge_verdict, "DEVICE_RULES", left)
    said = quality.copy(tmp_path).again()
    assert [line for line in said if line.startswith(f"missed gap {rule} ")], said


def test_without_n01_nothing_suffices(
    quality: Scanned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge_verdict, "sufficient", lambda _: False)
    monkeypatch.setattr(judge_equipment, "sufficient", lambda _: False)
    said = quality.copy(tmp_path).again()
    for name in ("dyno", "M-2"):
        assert any(line.startswith(f"{name}: category is ") for line in said), said
