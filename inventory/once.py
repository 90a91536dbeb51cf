"""Remembers what a function gave, by the very value that it was given, or beside that value.

One rule keeps it simple: values are never compared, so remembering costs the same for all of them;
the memory is small and is emptied when it is full.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

K = TypeVar("K")
T = TypeVar("T")


class Once(Generic[K, T]):
    """A function of one value that is asked for the same value several times in a row."""

    MOST, LONGEST = 256, 512

    def __init__(self, make: Callable[[K], T], most: int = MOST) -> None:
        self._make = make
        self._most = most
        self._known: dict[int, tuple[K, T]] = {}

    def __call__(self, value: K) -> T:
        known = self._known.get(id(value))
        if known is not None and known[0] is value:
            return known[1]
        made = self._make(value)
        if not isinstance(value, tuple) or len(value) <= self.LONGEST:
            if len(self._known) >= self._most:
                self._known.clear()
            self._known[id(value)] = (value, made)
        return made


class Lazily(Generic[T]):
    """An attribute that is made when it is first asked for: `functools.cached_property` without
    its lock (1 µs until Python 3.12), for values that one thread has to itself."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, held: None, kind: type) -> Lazily[T]: ...

    @overload
    def __get__(self, held: object, kind: type) -> T: ...

    def __get__(self, held: Any, kind: type) -> Lazily[T] | T:
        if held is None:
            return self
        made = held.__dict__[self._name] = self._make(held)
        return made
