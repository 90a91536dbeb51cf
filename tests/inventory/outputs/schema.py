"""Checks values against a JSON Schema, as far as the published schema uses the language.

An unknown keyword is an error, so that nothing in the schema goes unchecked (draft 2020-12).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import cast

PATH = Path(__file__).parents[3] / "docs" / "output.schema.json"
TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "integer": (int,),
    "number": (int, float),
}
SILENT = {"$schema", "$id", "title", "description", "$defs"}


@cache
def published() -> Mapping[str, object]:
    """The published schema."""
    return cast("Mapping[str, object]", json.loads(PATH.read_text("utf-8")))


def errors(value: object, name: str) -> list[str]:
    """What is wrong with a value by the definition of that name; empty when it is valid."""
    return list(_check(value, {"$ref": f"#/$defs/{name}"}, name))


def unnamed(value: object, name: str) -> list[str]:
    """Keys of a value that the definition of that name does not tell of."""
    return sorted(set(_unnamed(value, _definition(f"#/$defs/{name}"), name)))


def _unnamed(value: object, schema: Mapping[str, object], at: str) -> Iterator[str]:
    """Only where a schema names properties: a map from anything to a count names none."""
    if "$ref" in schema:
        yield from _unnamed(value, _definition(str(schema["$ref"])), at)
    for one in cast("list[Mapping[str, object]]", schema.get("anyOf", [])):
        if not list(_check(value, one, at)):
            yield from _unnamed(value, one, at)
    if isinstance(value, dict) and "properties" in schema:
        known = cast("Mapping[str, Mapping[str, object]]", schema["properties"])
        for key, item in value.items():
            if key in known:
                yield from _unnamed(item, known[key], f"{at}.{key}")
            else:
                yield f"{at}.{key}"
    if isinstance(value, list) and "items" in schema:
        for item in value:
            yield from _unnamed(item, cast("Mapping[str, object]", schema["items"]), f"{at}[]")


def _definition(reference: str) -> Mapping[str, object]:
    definitions = cast("Mapping[str, Mapping[str, object]]", published()["$defs"])
    return definitions[reference.removeprefix("#/$defs/")]


def _check(value: object, schema: Mapping[str, object], at: str) -> Iterator[str]:
    for word, wanted in schema.items():
        if word in SILENT:
            continue
        yield from _WORDS[word](value, wanted, at)


def _ref(value: object, wanted: object, at: str) -> Iterator[str]:
    yield from _check(value, _definition(str(wanted)), at)


def _type(value: object, wanted: object, at: str) -> Iterator[str]:
    names = wanted if isinstance(wanted, list) else [wanted]
    for name in names:
        fits = isinstance(value, TYPES[name])
        if fits and not (isinstance(value, bool) and name in ("integer", "number")):
            return
    yield f"{at}: {value!r} is not {wanted}"


def _required(value: object, wanted: object, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{at}: no {name!r}" for name in cast("list[str]", wanted) if name not in value)


def _properties(value: object, wanted: object, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, schema in cast("dict[str, dict[str, object]]", wanted).items():
            if name in value:
                yield from _check(value[name], schema, f"{at}.{name}")


def _items(value: object, wanted: object, at: str) -> Iterator[str]:
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield from _check(item, cast("dict[str, object]", wanted), f"{at}[{place}]")


def _enum(value: object, wanted: object, at: str) -> Iterator[str]:
    if value not in cast("list[object]", wanted):
        yield f"{at}: {value!r} is none of {wanted}"


def _const(value: object, wanted: object, at: str) -> Iterator[str]:
    if value != wanted:
        yield f"{at}: {value!r} is not {wanted!r}"


def _least(value: object, wanted: object, at: str) -> Iterator[str]:
    if isinstance(value, int | float) and value < cast("float", wanted):
        yield f"{at}: {value} is below {wanted}"


def _most(value: object, wanted: object, at: str) -> Iterator[str]:
    if isinstance(value, int | float) and value > cast("float", wanted):
        yield f"{at}: {value} is above {wanted}"


def _length(value: object, wanted: object, at: str) -> Iterator[str]:
    if isinstance(value, str) and len(value) < cast("int", wanted):
        yield f"{at}: shorter than {wanted}"


def _pattern(value: object, wanted: object, at: str) -> Iterator[str]:
    if isinstance(value, str) and not re.search(str(wanted), value):
        yield f"{at}: {value!r} does not match {wanted}"


def _any(value: object, wanted: object, at: str) -> Iterator[str]:
    several = cast("list[dict[str, object]]", wanted)
    if all(list(_check(value, schema, at)) for schema in several):
        yield f"{at}: {value!r} fits none of {len(several)}"


_WORDS = {
    "$ref": _ref,
    "type": _type,
    "required": _required,
    "properties": _properties,
    "items": _items,
    "enum": _enum,
    "const": _const,
    "minimum": _least,
    "maximum": _most,
    "minLength": _length,
    "pattern": _pattern,
    "anyOf": _any,
}
