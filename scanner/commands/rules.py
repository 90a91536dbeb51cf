"""`untrap rules`: what each gap rule says, needs and advises."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from inventory.rules.catalogue import catalogue, rules_version
from inventory.rules.rule import Rule
from inventory.text import inert
from scanner.cli import Settings
from scanner.console import next_step, say
from scanner.opening import concluded


@click.command()
@click.argument("names", nargs=-1, metavar="[RULE]…")
@click.option("--changes", is_flag=True, help="What other versions of the rules changed here.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
@click.pass_obj
def command(settings: Settings, names: tuple[str, ...], changes: bool, as_json: bool) -> None:
    """List the gap rules: premises, traps, remedies.

    \b
    Example:  untrap rules T01
    """
    if changes:
        _changes(settings, {name.upper() for name in names}, as_json)
        return
    rules = catalogue()
    wanted = [name.upper() for name in names] or list(rules)
    for name in wanted:
        if name not in rules:
            raise click.UsageError(f"no rule {name!r}; there are {', '.join(rules)}")
        rule = rules[name]
        if as_json:
            click.echo(json.dumps(described(rule), ensure_ascii=True))
        else:
            say(_text(rule))
    next_step("gaps", after=f"rules version {rules_version()}")


def _changes(settings: Settings, names: set[str], as_json: bool) -> None:
    """What rules of other versions changed of findings and questions; the records are the same."""
    from inventory.store import rulebook

    with concluded(settings) as store:
        found = [one for one in rulebook.changes(store) if not names or one.rule in names]
    for one in found:
        subject = f" [{inert(one.subject, 200)}]" if one.subject else ""
        grades = f" ({one.text})" if one.text else ""
        if as_json:
            click.echo(json.dumps(asdict(one), ensure_ascii=True))
        else:
            say(
                f"{one.rule} version {one.before or 'none'} -> {one.after or 'none'}"
                f"  {inert(one.asset_name, 80)}{subject}: {one.what}{grades}"
            )
    if not found:
        click.echo("no finding or question was changed by another version of a rule", err=True)


def described(rule: Rule) -> dict[str, object]:
    """One rule as data."""
    return {
        "rule": rule.id,
        "version": rule.version,
        "category": rule.category.value,
        "label": rule.label,
        "base": rule.base.value,
        "meaning": rule.meaning,
        "premises": list(rule.premises),
        "not_if": list(rule.not_if),
        "remedies": [
            {"text": item.text, "effort": item.effort.value, "needs_outage": item.needs_outage}
            for item in rule.remedies
        ],
    }


def _text(rule: Rule) -> str:
    lines = [f"{rule.id} {rule.label} ({rule.category.value}, {rule.base.value}, v{rule.version})"]
    lines.append(f"  {rule.meaning}")
    lines += [f"  needs   {text}" for text in rule.premises]
    lines += [f"  not if  {text}" for text in rule.not_if]
    lines += [f"  fix {item.effort.value}  {item.text}" for item in rule.remedies]
    return "\n".join(lines)
