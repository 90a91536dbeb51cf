"""`untrap demo`: a plant whose ports are taken is played on others."""

from __future__ import annotations

import random
import socket
import tomllib
from pathlib import Path

import pytest

from scanner.demo import EARLIER, SPARES, Demo, DemoError, _further
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


@pytest.mark.parametrize(
    "names",
    [
        ("inventory.db",),  # that of a real plant
        ("plant/site.toml", "inventory.db", "contract.pdf"),
        ("plant/site.toml", "walkdown.csv"),
        (f"{EARLIER}7/inventory.db", "walkdown.csv"),
        ("summary.txt",),
    ],
)
def test_a_folder_that_holds_anything_of_somebody_else_is_left_alone(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    """Before, an `inventory.db` or a `plant/site.toml` sufficed to have all of it deleted."""
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine", encoding="utf-8")
    with pytest.raises(DemoError, match="not ours"):
        Demo(tmp_path, "bottling").run()
    assert all((tmp_path / name).read_text(encoding="utf-8") == "mine" for name in names)


@pytest.mark.parametrize(
    "names",
    [
        ("plant/site.toml", "inventory.db", "inventory.db-wal", "report.html", "gaps.csv"),
        ("plant/site.toml", ".workbook.4711.xlsx", "assets.jsonl", "summary.txt"),  # cut short
        (f"{EARLIER}7/plant/site.toml", "inventory.db"),  # while it was put aside
    ],
)
def test_what_a_demonstration_left_is_known_by_its_names(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    aside = Demo(tmp_path, "bottling")._put_aside()
    assert aside is not None
    assert list(tmp_path.iterdir()) == [aside]
