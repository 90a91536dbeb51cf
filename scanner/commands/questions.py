"""`untrap questions`: what is not known yet, and the cheapest next step."""

from __future__ import annotations

import json

import click

from inventory.model import OpenQuestion
from inventory.text import inert
from scanner.cli import Settings
from scanner.console import WIDTH, next_step, say
from scanner.opening import concluded
from scanner.program import folded, rebased
from scanner.wording import counted


@click.command()
@click.option("--rule", default="", metavar="RULE", help="Only questions of this rule.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
@click.pass_obj
def command(settings: Settings, rule: str, as_json: bool) -> None:
    """List the open questions with the command that settles each.

    \b
    Example:  untrap questions
    """
    count = 0
    with concluded(settings) as store:
        for question in store.questions():
            if rule and question.rule != rule.upper():
                continue
            count += 1
            click.echo(json.dumps(line(question))) if as_json else _show(question)
    next_step("gaps", after=counted(count, "open question", "open questions"))


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


def _show(question: OpenQuestion) -> None:
    """Rule, asset and what is missing; beneath it the next step and its command."""
    name = inert(question.asset_name, 80)
    say(f"{question.rule}  {name}: {inert(question.missing, 400)}")
    say(f"  next   {question.next_step}")
    if question.command:
        click.echo(folded(question.command, 9, WIDTH))
