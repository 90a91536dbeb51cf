"""Mutants of a module's conditions, one change each, put into the running functions and taken out.

One rule keeps it simple: only the code object of a function changes, never the function itself, so
whoever holds the function runs the mutant, and taking it out leaves nothing behind.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from inventory.once import Once

SWAPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
KLEENE = ("both", "either")


@dataclass(frozen=True)
class Mutant:
    """One function of a module with one condition changed."""

    module: str
    function: str
    line: int
    change: str
    code: Callable[[], CodeType]  # compiled when it is wanted

    def __str__(self) -> str:
        return f"{self.module}:{self.line} {self.function}: {self.change}"


def mutants(module: ModuleType) -> Iterator[Mutant]:
    """Every mutant of a module's functions, in order of the source."""
    path = Path(str(module.__file__))
    tree = ast.parse(path.read_text("utf-8"))
    for place, node in enumerate(tree.body):
        if isinstance(node, ast.FunctionDef):
            yield from _of_function(module, path, tree, place, node.name)
        elif isinstance(node, ast.ClassDef):
            for inner, item in enumerate(node.body):
                if isinstance(item, ast.FunctionDef) and not _skips(item):
                    yield from _of_function(module, path, tree, place, item.name, inner)


def _skips(node: ast.FunctionDef) -> bool:
    return node.name.startswith("__")


def _of_function(
    module: ModuleType, path: Path, tree: ast.Module, place: int, name: str, inner: int = -1
) -> Iterator[Mutant]:
    original, owner = _stated(tree, place, inner), tree.body[place]
    if isinstance(owner, ast.ClassDef):
        name = f"{owner.name}.{name}"
    nodes, texts = list(ast.walk(original)), _texts(original)
    for number, node in enumerate(nodes):
        for kind in range(0 if number in texts else _ways(node)):
            if not _applies(node, kind):
                continue
            what = _change(copy.deepcopy(node), kind)
            line = getattr(node, "lineno", original.lineno)
            code = partial(_compiled, tree, path, (place, inner), (number, kind))
            yield Mutant(module.__name__, name, line, what, code)


def _compiled(
    tree: ast.Module, path: Path, where: tuple[int, int], what: tuple[int, int]
) -> CodeType:
    """The code object of the changed function, with the module's future imports."""
    place, inner = where
    changed = copy.deepcopy(_stated(tree, place, inner))
    _change(list(ast.walk(changed))[what[0]], what[1])
    future = [item for item in tree.body if isinstance(item, ast.ImportFrom) and item.level == 0]
    body: list[ast.stmt] = [item for item in future if item.module == "__future__"]
    if inner >= 0:
        owner = copy.copy(tree.body[place])
        assert isinstance(owner, ast.ClassDef)
        owner.body = [changed]
        body.append(owner)
    else:
        body.append(changed)
    whole = ast.fix_missing_locations(ast.Module(body, []))
    code = compile(whole, str(path), "exec")
    for _ in range(2 if inner >= 0 else 1):
        code = next(item for item in reversed(code.co_consts) if isinstance(item, CodeType))
    return code


def _texts(root: ast.AST) -> set[int]:
    """Places, in walking order, of what only chooses words: inside f-strings, or a word at last."""
    words: set[int] = set()
    for node in ast.walk(root):
        within = isinstance(node, ast.JoinedStr | ast.Dict)
        choice = isinstance(node, ast.BoolOp) and any(_is_word(one) for one in node.values)
        if within or choice:
            words |= {id(one) for one in ast.walk(node)}
    return {place for place, node in enumerate(ast.walk(root)) if id(node) in words}


def _is_word(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _ways(node: ast.AST) -> int:
    """How many changes a node allows."""
    if isinstance(node, ast.BoolOp):
        return 1 + len(node.values)
    if isinstance(node, ast.comprehension):
        return 2 * len(node.ifs)
    if isinstance(node, ast.Call):
        return len(node.args)
    return 1


def _stated(tree: ast.Module, place: int, inner: int) -> ast.stmt:
    found = tree.body[place]
    return found.body[inner] if isinstance(found, ast.ClassDef) else found


def _applies(node: ast.AST, kind: int) -> bool:
    return bool(_change(copy.deepcopy(node), kind))


def _change(node: ast.AST, kind: int) -> str:
    """Changes one node in place; "" where there is no condition to change."""
    if isinstance(node, ast.If | ast.IfExp):
        text = ast.unparse(node.test)
        node.test = ast.UnaryOp(ast.Not(), node.test)
        return f"negate {text}"
    if isinstance(node, ast.Compare):
        text = ast.unparse(node)
        node.ops = [SWAPPED[type(node.ops[0])](), *node.ops[1:]]
        return f"{text} -> {ast.unparse(node)}"
    if isinstance(node, ast.BoolOp):
        return _bool(node, kind)
    if isinstance(node, ast.comprehension):
        test = node.ifs[kind // 2]
        if kind % 2:
            node.ifs[kind // 2] = ast.UnaryOp(ast.Not(), test)
            return f"negate filter {ast.unparse(test)}"
        node.ifs.remove(test)
        return f"drop filter {ast.unparse(test)}"
    if isinstance(node, ast.Call):
        return _call(node, kind)
    return ""


def _bool(node: ast.BoolOp, kind: int) -> str:
    text = ast.unparse(node)
    if kind == 0:
        node.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        return f"{text} -> {ast.unparse(node)}"
    left = node.values.pop(kind - 1)
    if len(node.values) == 1:
        node.values.append(copy.deepcopy(node.values[0]))
    return f"drop {ast.unparse(left)} of {text}"


def _call(node: ast.Call, kind: int) -> str:
    if not isinstance(node.func, ast.Name):
        return ""
    text = ast.unparse(node)
    if node.func.id in KLEENE and (len(node.args) > 1 or isinstance(node.args[0], ast.Starred)):
        left = node.args.pop(kind)
        return f"drop premise {ast.unparse(left)} of {text}"
    if node.func.id == "negate":
        node.func.id = "both"
        return f"{text} without negation"
    return ""


@contextmanager
def planted(mutant: Mutant, module: ModuleType) -> Iterator[None]:
    """Runs with the mutant in place of the function's own code."""
    found: object = module
    for name in mutant.function.split("."):
        found = vars(found)[name]
    for attribute in ("func", "__wrapped__", "fget"):
        found = getattr(found, attribute, found)
    assert isinstance(found, FunctionType), mutant
    own = found.__code__
    found.__code__ = mutant.code()
    _forget(module)
    try:
        yield
    finally:
        found.__code__ = own
        _forget(module)


def _forget(module: ModuleType) -> None:
    """Empties what the module's functions remember: of the mutant's answers, another may."""
    for one in vars(module).values():
        make = vars(one)["_make"] if isinstance(one, Once) else one
        if getattr(make, "__module__", "") != module.__name__:
            continue  # it is remembered elsewhere
        if isinstance(one, Once):
            vars(one)["_known"].clear()
        elif hasattr(one, "cache_clear"):
            one.cache_clear()
