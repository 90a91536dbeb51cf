"""Prints the values of the report as HTML (jinja2), with a policy that allows only itself.

One rule keeps it simple: every value passes `inert` and is then escaped, without exception; style
and script are this package's files, named in the policy by their digests (CSP Level 3, 8.4).
"""

from __future__ import annotations

import base64
import hashlib
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING

from inventory.outputs.report.page import Page
from inventory.outputs.report.svg import draw, fitted
from inventory.text import inert
from protocols.contract import Outcome

if TYPE_CHECKING:
    from jinja2 import Environment

SECTIONS = (
    "answer",
    "numbers",
    "map",
    "gaps",
    "questions",
    "signals",
    "cases",
    "review",
    "honest",
    "harm",
    "changes",
    "how",
    "about",
)
"""In this order; each is a template, and a heading in `texts.toml`."""

MARKS = {"yes": "●", "unknown": "◐", "no": "○", "none": "□"}
SEVERITY_MARKS = {"critical": "▲▲", "high": "▲", "medium": "◆", "low": "▽", "info": "·"}
"""Severity and state are told by shape and word; colour only repeats them."""

LONGEST = 1_000
"""Characters of one text."""
MOST_NETS = 300
"""Networks in the overview drawing; the table lists all."""

MOST_ROWS = 200
"""Sites, or classes, that one list of the six questions names."""

MOST_SPARES = 6
"""Spares without data that the first screen names."""


def render(page: Page) -> str:
    """The whole file."""
    style, script = _own("style.css"), _own("script.js")
    texts = _Texts(tomllib.loads(_own("texts.toml")))
    template = _environment().get_template("page.html")
    return template.render(
        p=page,
        t=texts,
        style=style,
        script=script,
        policy=policy(style, script),
        names=SECTIONS,
        marks=MARKS,
        severity_marks=SEVERITY_MARKS,
        seen_severities={g.severity for g in page.gaps} | {g.severity for g in page.groups},
        seen_categories={g.category for g in page.gaps} | {g.category for g in page.groups},
        most_nets=MOST_NETS,
        most_spares=MOST_SPARES,
        most_rows=MOST_ROWS,
        draw=draw,
        outcomes=tuple(one.value for one in Outcome),
    )


class _Texts(dict[str, object]):
    """The texts of the page; a word that has none is said as it is, by the template's `or`."""

    def __init__(self, texts: dict[str, object]) -> None:
        super().__init__(
            {name: _Counted(one) if isinstance(one, str) else one for name, one in texts.items()}
        )

    def __missing__(self, key: str) -> str:
        return ""


class _Counted(str):
    """A text, or two with a bar between them: for one, and for any other number. The value that
    is filled in first decides."""

    __slots__ = ()

    def format(self, *args: object, **values: object) -> str:
        one, bar, many = self.partition("|")
        chosen = many if bar and next(iter(values.values()), 0) != 1 else one
        return str.format(chosen, *args, **values)


def policy(style: str, script: str) -> str:
    """What the page may do: show its own style, run its own script, nothing else."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _own(name: str) -> str:
    return files("inventory.outputs.report").joinpath(name).read_text("utf-8")


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("inventory.outputs.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_inert,
    )
    environment.filters["number"] = _number
    environment.filters["fit"] = lambda text, pixels, size: fitted(
        inert(str(text), LONGEST), pixels, size
    )
    return environment


def _number(value: object) -> object:
    """A count with its thousands apart."""
    return f"{value:,}" if isinstance(value, int | float) else value


def _inert(value: object) -> object:
    """What a value shows; markup is only what this package made itself."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return inert(value, LONGEST)
    return value
