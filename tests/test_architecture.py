"""The house rules that a reader relies on: who may import whom, and what the wheel holds."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("inventory", "protocols", "scanner", "simulators")

ALLOWED = {
    "protocols": {"protocols", "cryptography", "pysnmp", "pymodbus", "asyncua"},
    "inventory": {
        *("inventory", "protocols.contract", "sqlalchemy", "alembic", "xlsxwriter", "jinja2"),
        "python_calamine",
    },
    "scanner": {
        *("scanner", "inventory", "protocols", "click", "rich", "cryptography", "scapy"),
        "keyring",
    },
    "simulators": {"simulators", "asyncua", "pysnmp", "pymodbus", "cryptography"},
}


def modules() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", list(modules()), ids=name)
def test_imports_point_one_way(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    for module, line in imported(path):
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names or top == "__future__":
            continue
        good = ALLOWED[package]
        if top == "protocols" and package == "inventory":
            assert module.startswith("protocols.contract"), f"{name(path)}:{line} imports {module}"
        else:
            assert top in good, f"{name(path)}:{line} imports {module}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Neither for types only nor inside a function: each module can be read with those below it."""
    graph = {_dotted(path): set(_modules_named_by(path)) for path in modules()}
    while graph:
        named = set[str]().union(*(below - {one} for one, below in graph.items()))
        inside = {one for one, below in graph.items() if one in named and below & graph.keys()}
        if inside == graph.keys():
            break
        graph = {one: graph[one] & inside - {one} for one in inside}
    assert not graph, sorted(graph)


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _modules_named_by(path: Path) -> Iterator[str]:
    """Without packages: their front pages repeat names of the modules below them."""
    for module, _ in imported(path):
        if (ROOT / module.replace(".", "/")).with_suffix(".py").is_file():
            yield module


def test_scapy_is_imported_by_one_module_only() -> None:
    users = {name(p) for p in modules() if any(m.startswith("scapy") for m, _ in imported(p))}
    assert users <= {"scanner/capture/live.py"}


def test_protocols_do_not_import_each_other() -> None:
    shared = {"contract", "passive"}
    for path in (ROOT / "protocols").rglob("*.py"):
        own = path.relative_to(ROOT / "protocols").parts[0].removesuffix(".py").lstrip("_")
        for module, line in imported(path):
            parts = module.split(".")
            if parts[0] != "protocols" or len(parts) < 2 or parts[1].startswith("_"):
                continue
            inner = parts[1]
            if inner in shared or path.name == "__init__.py" or inner == own:
                continue
            tail = own.removeprefix("passive_")
            known = (ROOT / "protocols" / inner).exists() or (
                ROOT / "protocols" / f"{inner}.py"
            ).exists()
            assert not known or inner == tail, f"{name(path)}:{line} imports {module}"


def test_simulators_share_no_code_with_the_probes() -> None:
    for path in (ROOT / "simulators").rglob("*.py"):
        tops = {module.partition(".")[0] for module, _ in imported(path)}
        assert not tops & {"protocols", "scanner", "inventory"}, name(path)


def test_broad_except_stands_only_where_strangers_are_read() -> None:
    """A probe's fault costs its attempt, a passive decoder's its packet (decision 12)."""
    found = sorted(name(path) for path in modules() for _ in broad(path))
    assert found == ["scanner/capture/walk.py", "scanner/engine.py"]


def broad(path: Path) -> Iterator[ast.ExceptHandler]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            kind = node.type
            named = kind is None or (isinstance(kind, ast.Name) and kind.id in TOO_BROAD)
            last = node.body[-1]
            passes_on = isinstance(last, ast.Raise) and last.exc is None
            if named and not passes_on:
                yield node


TOO_BROAD = ("Exception", "BaseException")
HEAVY = ("asyncua", "pysnmp", "pymodbus", "scapy", "sqlalchemy", "alembic", "cryptography", "rich")


@pytest.mark.parametrize(
    ("arguments", "forbidden"),
    [
        (["--help"], (*HEAVY, "asyncio", "protocols.snmp", "inventory")),
        (["probes"], ("asyncua", "pysnmp", "pymodbus", "scapy", "sqlalchemy", "cryptography")),
        (["plan", "127.0.0.1", "--probe", "modbus"], ("asyncua", "pysnmp", "scapy", "pymodbus")),
    ],
    ids=["help", "probes", "plan"],
)
def test_a_command_loads_only_what_it_needs(
    arguments: list[str], forbidden: tuple[str, ...], tmp_path: Path
) -> None:
    program = (
        "import sys\n"
        "from scanner.cli import main\n"
        f"sys.argv = ['untrap'] + {arguments!r}\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "print('LOADED', *sorted(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    loaded = done.stderr.splitlines()[-1].split()
    assert loaded[0] == "LOADED"
    assert not set(forbidden) & set(loaded)


def test_the_wheel_holds_the_four_packages_and_their_data(tmp_path: Path) -> None:
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(ROOT)),
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    inside = zipfile.ZipFile(wheel).namelist()
    tops = {item.partition("/")[0] for item in inside}
    assert tops == {*PACKAGES, f"untrap-{version()}.dist-info"}
    for path in modules():
        assert name(path) in inside
    for pattern in ("*.toml", "*.csv", "*.json", "*.gz"):
        for package in PACKAGES:
            for path in (ROOT / package).rglob(pattern):
                assert name(path) in inside


def version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])
