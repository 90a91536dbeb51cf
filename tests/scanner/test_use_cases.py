"""Use cases as files: what is taken, and what is refused with the nearest good name."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from inventory.judge.presence import class_of
from inventory.judge.profiles import classes
from inventory.usecases import bundled, use_case
from scanner.cli import untrap

PAGE = Path(__file__).parents[2] / "docs" / "use-cases.md"


def test_a_class_in_other_letters_is_told_how_to_be_written(tmp_path: Path) -> None:
    (tmp_path / "u.toml").write_text('[class.Energiezähler]\nsignals = ["energy"]\n', "utf-8")
    with pytest.raises(ValueError, match=r'write \[class."Energiezähler"\]'):
        use_case(str(tmp_path / "u.toml"))
    (tmp_path / "u.toml").write_text('[class."Energiezähler"]\nsignals = ["energy"]\n', "utf-8")
    assert set(use_case(str(tmp_path / "u.toml")).signals) == {class_of("Energiezähler")}


def test_the_example_of_the_page_is_one(tmp_path: Path) -> None:
    example = PAGE.read_text("utf-8").partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "my.toml").write_text(example, "utf-8")
    found = use_case(str(tmp_path / "my.toml"))
    assert (found.name, sorted(found.signals)) == ("seal wear", ["motor", "pump"])


def test_the_bundled_ones_are_about_classes_that_have_a_profile() -> None:
    named = PAGE.read_text("utf-8").partition("Bundled:")[2].partition("\n")[0]
    assert len(bundled()) == 3
    for name in bundled():
        assert set(use_case(name).signals) <= set(classes())
        assert f"`{name.removesuffix('.toml')}`" in named


def test_a_class_may_be_written_as_the_register_writes_it(tmp_path: Path) -> None:
    (tmp_path / "u.toml").write_text(
        '[class.Kreiselpumpe]\nsignals = ["flow"]\n[class.extruder]\nsignals = ["power"]\n', "utf-8"
    )
    assert set(use_case(str(tmp_path / "u.toml")).signals) == {"pump", class_of("extruder")}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[class.pump]\nsignals = ["vibraton"]', "'vibraton'; did you mean 'vibration'"),
        ('[class.pump]\nsignals = ["flow|presure"]', "did you mean 'pressure'"),
        ('[class.pump]\nsignals = ["temperature:bering"]', "did you mean 'bearing'"),
        ('[class.pump]\nsignals = "vibration"', 'signals = ["vibration"]'),
        ("[class.pump]\nsignals = []", 'signals = ["vibration"]'),
        ('[class.pump]\nsignal = ["flow"]', 'signals = ["vibration"]'),
        ('[class.pump]\nsignals = ["flow"]\nmost = 2', "unknown key in [class.pump]: 'most'"),
        ('[classes.pump]\nsignals = ["flow"]', "did you mean 'class'"),
        (
            '[class.pump]\nsignals = ["flow"]\n[class.Kreiselpumpe]\nsignals = ["power"]',
            "[class.Kreiselpumpe] is class 'pump' once more",
        ),
        (
            '[class.pump]\nsignals = ["flow"]\n[class.pumq]\nsignals = ["power"]',
            "[class.pumq] is no known class; did you mean [class.pump]?",
        ),
        ("class = 3", "[class.pump]"),
        ('name = "nothing"', "[class.pump]"),
        ("name == 2", "line 1"),
    ],
)
def test_what_no_value_could_answer_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "u.toml").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"u\.toml") as refused:
        use_case(str(tmp_path / "u.toml"))
    assert says in str(refused.value)


def test_a_file_that_is_no_text_and_a_name_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "u.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"u\.toml"):
        use_case(str(tmp_path / "u.toml"))
    with pytest.raises(ValueError, match="bundled are energy-monitoring"):
        use_case("energy")


def test_the_classes_that_are_there_are_told_inert_and_in_one_breath(tmp_path: Path) -> None:
    rows = "".join(f"T-{n},equipment,\x1b[31mpress {n}\n" for n in range(30))
    (tmp_path / "r.csv").write_text(f"Tag,Kind,Class\n{rows}", encoding="utf-8")
    given = ("--db", str(tmp_path / "t.db"))
    made = CliRunner().invoke(untrap, [*given, "import", "register", str(tmp_path / "r.csv")])
    assert made.exit_code == 0, made.output
    words = (*given, "readiness", "--use-case", "pump-efficiency")
    found = CliRunner().invoke(untrap, words, color=True)  # as on a terminal
    assert "no machine that the use case is about; classes of machines here: " in found.output
    assert "\x1b" not in found.output
    assert "and 18 more" in found.output
