"""Whether an XML document is what its document type definition allows (XML 1.0, 3.2 and 3.3).

Elements with their children in the order of the content model, attributes that are declared,
required ones, and words of enumerations. Identifiers and entities are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat
from xml.parsers.expat import model as kind

QUANTITY = {kind.XML_CQUANT_NONE: "", kind.XML_CQUANT_OPT: "?",
            kind.XML_CQUANT_REP: "*", kind.XML_CQUANT_PLUS: "+"}  # fmt: skip


@dataclass
class Definition:
    """Element → pattern of its children's names; element → attribute → (type, required)."""

    children: dict[str, re.Pattern[str]] = field(default_factory=dict)
    attributes: dict[str, dict[str, tuple[str, bool]]] = field(default_factory=dict)

    def faults(self, element: ElementTree.Element) -> Iterator[str]:
        """What is wrong in an element and all below it."""
        known = self.attributes.get(element.tag, {})
        pattern = self.children.get(element.tag)
        if pattern is None:
            yield f"{element.tag} is not declared"
        elif not pattern.fullmatch("".join(f"{child.tag} " for child in element)):
            yield f"{element.tag} holds {[child.tag for child in element][:9]}"
        for name, value in element.attrib.items():
            if name not in known:
                yield f"{element.tag}: {name} is not declared"
            elif known[name][0].startswith("(") and value not in known[name][0][1:-1].split("|"):
                yield f"{element.tag}: {name} is {value!r}, not of {known[name][0]}"
        for name, (_, required) in known.items():
            if required and name not in element.attrib:
                yield f"{element.tag}: {name} is missing"
        for child in element:
            yield from self.faults(child)


def definition(path: Path) -> Definition:
    """A document type definition, with its parameter entities put in."""
    found = Definition()
    parser = expat.ParserCreate()
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_ALWAYS)

    def element(name: str, content: Any) -> None:
        found.children[name] = re.compile(_pattern(content))

    def attribute(name: str, key: str, words: str, _default: Any, required: int) -> None:
        found.attributes.setdefault(name, {})[key] = (words, bool(required))

    def outside(context: str, *_: Any) -> int:
        inner = parser.ExternalEntityParserCreate(context)
        inner.Parse(path.read_bytes(), True)
        return 1

    parser.ElementDeclHandler, parser.AttlistDeclHandler = element, attribute
    parser.ExternalEntityRefHandler = outside
    parser.Parse('<!DOCTYPE x SYSTEM "x"><x/>', True)
    return found


def _pattern(content: Any) -> str:
    """A content model as a pattern over names, each with a blank behind it."""
    what, quantity, name, children = content
    if what in (kind.XML_CTYPE_EMPTY, kind.XML_CTYPE_ANY):
        return "" if what == kind.XML_CTYPE_EMPTY else "(?:[^ ]+ )*"
    if what == kind.XML_CTYPE_NAME:
        inner = f"{re.escape(name)} "
    else:
        between = "" if what == kind.XML_CTYPE_SEQ else "|"
        inner = between.join(map(_pattern, children))
    return f"(?:{inner}){QUANTITY[quantity]}"
