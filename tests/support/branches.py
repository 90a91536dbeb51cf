"""Which way every branch of some code went, on the level of the interpreter's own jumps.

A line may hold several branches (`a and b`, `x if y else z`); a conditional jump is exactly one.
Each has two ways on: the jump and the next instruction; both must have been gone.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterable, Iterator
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any


def functions(module: ModuleType) -> Iterator[CodeType]:
    """The code of every function that `module` defines, with what is nested in it."""
    for value in vars(module).values():
        found = getattr(value, "__wrapped__", value)  # behind functools.lru_cache
        if isinstance(found, FunctionType) and found.__module__ == module.__name__:
            yield from nested(found.__code__)


def nested(code: CodeType) -> Iterator[CodeType]:
    """A code object and those of its comprehensions and lambdas."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested(constant)


Way = tuple[int, int]
"""Offsets of a conditional jump and of the instruction that follows it."""


def ways(code: CodeType) -> dict[Way, int]:
    """Both ways of every conditional jump, and the line it stands on."""
    steps = list(dis.get_instructions(code))
    found: dict[Way, int] = {}
    line = code.co_firstlineno
    for at, step in enumerate(steps):
        line = step.starts_line if type(step.starts_line) is int else line
        where = getattr(step, "positions", None)
        line = (where.lineno or line) if where else line
        if not ("JUMP" in step.opname and "_IF_" in step.opname) or at + 1 == len(steps):
            continue
        following = {int(step.argval), steps[at + 1].offset}
        raises = any(one.opname == "RERAISE" for one in steps[at + 1 : at + 3])
        if raises and _matches(steps[:at]):
            continue  # "no handler fits" of a try statement: the error goes on as it came
        found |= {(step.offset, way): line for way in following}
    return found


def _matches(before: list[dis.Instruction]) -> bool:
    return bool(before) and before[-1].opname == "CHECK_EXC_MATCH"


class Walked:
    """Records the ways that were gone in some code objects while `run` works."""

    def __init__(self, codes: Iterable[CodeType]) -> None:
        self.codes = frozenset(codes)
        self.entered: set[CodeType] = set()
        self.gone: set[tuple[CodeType, Way]] = set()

    def run(self, work: Callable[[], object]) -> None:
        """Do `work` with every instruction of the code objects observed."""
        before = sys.gettrace()
        sys.settrace(self._called)
        try:
            work()
        finally:
            sys.settrace(before)

    def missed(self) -> list[str]:
        """Branches that went one way only, and functions that were not entered."""
        unseen = [code.co_qualname for code in self.codes - self.entered]
        for code in self.entered:
            for way, line in ways(code).items():
                if (code, way) not in self.gone:
                    unseen.append(f"{code.co_filename}:{line} {code.co_qualname} {way}")
        return sorted(unseen)

    def _called(self, frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code not in self.codes:
            return None
        self.entered.add(frame.f_code)
        frame.f_trace_opcodes = True
        last = -1

        def step(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal last
            if event == "opcode":
                self.gone.add((frame.f_code, (last, frame.f_lasti)))
                last = frame.f_lasti
            return step

        return step
