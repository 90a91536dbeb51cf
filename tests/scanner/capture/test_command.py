"""`untrap import pcap`: the capture enters the inventory, once."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from scanner.cli import untrap
from tests.scanner.capture.packets import SERVER, pcap, polled, write


def test_a_capture_becomes_assets_and_is_stored_once(tmp_path: Path) -> None:
    path = write(tmp_path, pcap(polled())[:-3])
    given = ["--db", str(tmp_path / "a.db")]
    first = CliRunner().invoke(untrap, [*given, "import", "pcap", str(path)])
    assert first.exit_code == 0, first.output
    assert "2 devices" in first.output
    assert "the last record is cut" in first.output
    again = CliRunner().invoke(untrap, [*given, "import", "pcap", str(path)])
    assert "known already" in again.output
    assets = CliRunner().invoke(untrap, [*given, "assets"])
    assert assets.exit_code == 0, assets.output
    assert SERVER in assets.output


def test_what_is_no_capture_is_a_usage_error(tmp_path: Path) -> None:
    path = write(tmp_path, b"hello")
    given = ["--db", str(tmp_path / "a.db"), "import", "pcap", str(path)]
    found = CliRunner().invoke(untrap, given)
    assert found.exit_code == 2
    assert "neither pcap nor pcapng" in found.output
