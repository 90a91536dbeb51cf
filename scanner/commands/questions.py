"""`untrap questions`: what is not known yet, and the cheapest next step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import click

from inventory.model import OpenQuestion
from inventory.text import inert
from protocols.contract import spaced
from scanner.cli import Settings
from scanner.console import Page, next_step, printed
from scanner.opening import concluded
from scanner.program import folded, rebased
from scanner.wording import counted

if TYPE_CHECKING:
    from inventory.namesakes import Labels


@click.command()
@click.option("--rule", default="", metavar="RULE", help="Only questions of this rule.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
@click.pass_obj
def command(settings: Settings, rule: str, as_json: bool) -> None:
    """List the open questions with the command that settles each.

    \b
    Example:  untrap questions
    """
    from inventory.namesakes import Labels

    count = 0
    rule = _known(rule.upper()) if rule else ""
    with concluded(settings) as store:
        wanted = (one for one in store.questions() if not rule or one.rule == rule)
        shown = _as_lines if as_json else _Shown(Labels(store))

        def texts() -> Iterator[str]:
            nonlocal count
            for alike in grouped(wanted):
                count += len(alike)
                yield shown(alike)

        printed(texts())
    next_step("gaps", after=counted(count, "open question", "open questions"))


def _known(rule: str) -> str:
    from inventory.rules.catalogue import catalogue

    if rule not in (rules := catalogue()):
        raise click.UsageError(f"no rule {rule!r}; there are {', '.join(rules)}")
    return rule


def line(question: OpenQuestion) -> dict[str, object]:
    """One question as data; the keys are stable."""
    return {
        "rule": question.rule,
        "asset": question.asset,
        "asset_name": question.asset_name,
        "site": question.site,
        "subject": question.subject,
        "missing": question.missing,
        "next_step": question.next_step,
        "command": rebased(question.command),
    }


def grouped(questions: Iterable[OpenQuestion]) -> Iterator[list[OpenQuestion]]:
    """Neighbours that one step settles together: same rule, asset, premise and command."""
    for _, alike in groupby(
        questions, key=lambda one: (one.rule, one.asset, one.missing, one.next_step, one.command)
    ):
        yield list(alike)


def _as_lines(alike: Sequence[OpenQuestion]) -> str:
    return "\n".join(spaced(line(question)) for question in alike)


class _Shown:
    """Rule, asset, what it is about and what is missing; beneath it the next step's command."""

    def __init__(self, labels: Labels) -> None:
        self._page = Page()
        self._labels = labels

    def __call__(self, alike: Sequence[OpenQuestion]) -> str:
        question = alike[0]
        subjects = ", ".join(inert(one.subject, 80) for one in alike if one.subject)
        name = self._labels.of(question.asset, question.asset_name)
        name = inert(name, 120) + (f" [{subjects}]" if subjects else "")
        said = [
            self._page(f"{question.rule}  {name}: {inert(question.missing, 400)}"),
            self._page(f"  next   {question.next_step}"),
        ]
        if question.command:
            said.append(folded(question.command, 9, self._page.width))
        return "\n".join(said)
