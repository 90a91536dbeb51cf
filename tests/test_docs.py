"""Pages say what the program does: generated ones are equal, links and commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.generate import DOCS, PAGES
from scanner.cli import COMMANDS

ROOT = DOCS.parent
WRITTEN = sorted(
    path for pattern in ("*.md", "docs/*.md", "docs/decisions/*.md") for path in ROOT.glob(pattern)
)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", list(PAGES))
def test_a_generated_page_equals_the_code(page: str) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == PAGES[page]()


@pytest.mark.parametrize("path", WRITTEN, ids=name)
def test_links_lead_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8")):
        if not link.startswith(("http:", "https:")):
            assert (path.parent / link).exists(), link


@pytest.mark.parametrize("path", WRITTEN, ids=name)
def test_commands_named_in_the_pages_exist(path: Path) -> None:
    for command in re.findall(r"`untrap ([a-z]+)", path.read_text(encoding="utf-8")):
        assert command in COMMANDS, command


def test_every_make_target_that_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"^make ([a-z]+)", (ROOT / page).read_text("utf-8"), re.M):
            assert f"\n{target}:" in makefile, target


@pytest.mark.parametrize("path", WRITTEN, ids=name)
def test_no_path_of_one_machine_is_named(path: Path) -> None:
    assert not re.search(r"/(work|root|tmp)/", path.read_text(encoding="utf-8"))


def test_each_decision_has_a_number_of_its_own_and_is_found_by_it() -> None:
    names = [path.name for path in (ROOT / "docs" / "decisions").glob("*.md")]
    numbers = sorted(name[:4] for name in names)
    assert numbers == sorted(set(numbers))
    for name in names:
        title = (ROOT / "docs" / "decisions" / name).read_text(encoding="utf-8").splitlines()[0]
        assert re.match(rf"# 0*{int(name[:4])}\b", title), name
    for folder in ("inventory", "protocols", "scanner", "simulators"):
        for path in (ROOT / folder).rglob("*.py"):
            named = re.findall(r"decisions/(\d{4})", path.read_text(encoding="utf-8"))
            assert set(named) <= set(numbers), path
