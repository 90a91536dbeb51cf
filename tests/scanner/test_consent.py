"""Consent, windows and the refusals before the first packet."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from scanner.cli import untrap
from scanner.consent import Refusal, seconds, window, windows

ELSEWHERE = "192.0.2.0/30"  # RFC 5737: documentation only; nothing may ever leave for it


def scan(folder: Path, *words: str, given: str | None = None) -> Result:
    return CliRunner().invoke(untrap, ["--db", str(folder / "t.db"), "scan", *words], input=given)


@pytest.mark.parametrize(
    "words",
    [
        (ELSEWHERE,),
        ("127.0.0.1", "192.0.2.1"),  # one of them is enough
        ("192.0.2.1:502/modbus",),
        ("2001:db8::1",),
        (ELSEWHERE, "--profile", "gentle", "--json"),
    ],
)
def test_off_loopback_nothing_is_sent_unless_somebody_agrees(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    found = scan(tmp_path, *words, given="y\n")  # a pipe is nobody
    assert found.exit_code == 5
    assert "--yes" in found.output
    assert not (tmp_path / "t.db").exists()


@pytest.mark.parametrize("more", [(), ("--yes",)])
def test_bench_is_refused_off_loopback_also_with_yes(tmp_path: Path, more: tuple[str, ...]) -> None:
    found = scan(tmp_path, ELSEWHERE, "--profile", "bench", *more)
    assert found.exit_code == 5
    assert "--i-own-this-lab" in found.output
    assert not (tmp_path / "t.db").exists()


def test_an_own_lab_still_needs_the_consent(tmp_path: Path) -> None:
    found = scan(tmp_path, ELSEWHERE, "--profile", "bench", "--i-own-this-lab")
    assert found.exit_code == 5
    assert "--yes" in found.output


def test_a_closed_window_refuses(tmp_path: Path) -> None:
    now = datetime.now().astimezone()
    closed = f"{(now.hour + 2) % 24:02}:00-{(now.hour + 3) % 24:02}:00"
    found = scan(tmp_path, "127.0.0.1", "--window", closed)
    assert found.exit_code == 5
    assert closed in found.output
    assert not (tmp_path / "t.db").exists()


def test_a_closed_window_of_the_site_file_refuses_and_a_flag_goes_over_it(tmp_path: Path) -> None:
    now = datetime.now().astimezone()
    site = tmp_path / "site.toml"
    closed = f"{(now.hour + 2) % 24:02}:00-{(now.hour + 3) % 24:02}:00"
    site.write_text(f'windows = ["{closed}"]', encoding="utf-8")
    common = ["--config", str(site), "--db", str(tmp_path / "t.db"), "scan", "127.0.0.1"]
    found = CliRunner().invoke(untrap, common)
    assert found.exit_code == 5
    assert "site file" in found.output
    assert "safety" not in CliRunner().invoke(untrap, [*common, "--window", "x"]).output


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, 4, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "now", "left"),
    [
        ("", at(12), None),
        ("08:00-16:00", at(15), 3_600),
        ("22:00-05:30", at(23), 6.5 * 3_600),
        ("22:00-05:30", at(5), 1_800),
        ("00:00-23:59", at(0), 86_340),
        (" 08:00 - 16:00 ", at(8), 8 * 3_600),
    ],
)
def test_an_open_window_says_how_long(text: str, now: datetime, left: float | None) -> None:
    assert window(text, now) == left


@pytest.mark.parametrize(
    ("text", "now"),
    [("08:00-16:00", at(16)), ("08:00-16:00", at(7, 59)), ("22:00-05:30", at(5, 30))],
)
def test_a_closed_window_is_a_refusal(text: str, now: datetime) -> None:
    with pytest.raises(Refusal):
        window(text, now)


def test_one_open_window_of_several_is_enough() -> None:
    assert windows("", ("01:00-02:00", "08:00-16:00"), at(15)) == 3_600
    with pytest.raises(Refusal):
        windows("", ("01:00-02:00", "08:00-16:00"), at(17))


@pytest.mark.parametrize(
    ("text", "expected"), [("40m", 2_400), ("90s", 90), ("1h30m", 5_400), ("7", 7), ("0.5m", 30)]
)
def test_durations(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "m", "4x", "-5", "0", "1..5m"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(click.UsageError, match="40m"):
        seconds(text)
