"""`untrap demo`: a plant whose ports are taken is played on others."""

from __future__ import annotations

import random
import socket
import tomllib
from pathlib import Path

import pytest

from scanner.demo import SPARES, _further
from scanner.play import PlayError, arguments, playing

PLANT = """
[plant]
name = "tiny"
site = "Tiny"
[[device]]
id = "meter"
address = "127.0.87.1"
[[device.service]]
protocol = "modbus"
port = {port}
points = [{{ address = "holding:0", type = "uint16", value = 1 }}]
"""


@pytest.fixture
def taken(tmp_path: Path) -> Path:
    """A plant whose only port somebody listens on, as long as the test lasts."""
    port = random.randrange(1_100, 20_000)
    path = tmp_path / "tiny.toml"
    path.write_text(PLANT.format(port=port))
    with socket.create_server(("127.0.87.1", port)):
        yield path


def test_a_demonstration_whose_ports_are_taken_plays_on_others(taken: Path, tmp_path: Path) -> None:
    with playing(arguments(str(taken), tmp_path / "site", spares=SPARES)):
        site = tomllib.loads((tmp_path / "site" / "site.toml").read_text(encoding="utf-8"))
    assert site["ports"]["modbus"] > SPARES[0]


def test_it_says_how_to_go_on_where_no_shell_finds_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    (_, path, command) = _further(Path("demo x/inventory.db"), Path("demo x/plant/site.toml"))
    assert path.startswith("  export PATH=/")
    words = "untrap --db 'demo x/inventory.db' --config 'demo x/plant/site.toml' questions"
    assert command == f"  {words}"  # with the plant's ports, which what it proposes must name


def test_without_spare_ports_a_taken_one_ends_it(taken: Path) -> None:
    with pytest.raises(PlayError), playing(arguments(str(taken))):
        pass
