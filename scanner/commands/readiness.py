"""`untrap readiness`: roll-ups, use cases, the pilot question, the six questions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import click

from inventory.text import inert
from scanner.cli import Settings
from scanner.console import say, table
from scanner.opening import concluded, opened, site_name

if TYPE_CHECKING:
    from inventory.readiness.sites import Site
    from inventory.rollup import Unit
    from inventory.store import Store
    from inventory.usecases import Ready, UseCase


@click.command()
@click.option("--use-case", "case", default="", metavar="FILE", help="Signals that a pilot needs.")
@click.option("--pilot", default="", metavar="SITE", help="Take the signals this site exposes.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
@click.pass_obj
def command(settings: Settings, case: str, pilot: str, as_json: bool) -> None:
    """Say how ready the site is: levels, coverage, roll-ups, the six questions.

    \b
    Example:  untrap readiness --use-case predictive-maintenance
    """
    if case or pilot:
        _use_case(settings, case, pilot, as_json)
        return
    from inventory.judge.site import without_collector

    with concluded(settings) as store, without_collector():
        _roll_up(settings, store, as_json)


def _roll_up(settings: Settings, store: Store, as_json: bool) -> None:
    from inventory.assemble import stored_units
    from inventory.rollup import rated_too_high, roll_up

    units = list(stored_units(store))
    lines = roll_up(units)
    if as_json:
        for line in lines:
            click.echo(json.dumps(line, ensure_ascii=True))
        return
    table(COLUMNS, map(_row, lines))
    say(LEGEND)
    if rated_too_high(units):
        say("warning: more than 30 % of the rated assets are C3; the rating says little")
    _twins(store, units)
    _questions(settings, store, next((line for line in lines if line["scope"] == "site"), None))


def _questions(settings: Settings, store: Store, line: Mapping[str, object] | None) -> None:
    """The six questions, and the indicators of the other barriers."""
    from inventory.readiness.barriers import barriers
    from inventory.readiness.review import six_questions
    from inventory.readiness.taking import counts_of, taken

    now = datetime.now(UTC)
    census, counts = taken(store, now), counts_of(store)
    sites = list(_all_sites(settings, store, now))
    for answer in six_questions(census, line, counts, sites, now.date()):
        share = "not computable" if answer.unknown is None else f"{answer.unknown:.0%} not known"
        say(f"\n{answer.number}. {answer.question}  ({share})")
        for name, value in answer.measures:
            say(f"   {name}{': ' + value if value else ''}")
        for listed in answer.lists:
            _listed(listed.title, listed.rows)
        say(f"   stays with people: {answer.stays_human}")
    say("\nindicators of the other barriers (indicators, not scores)")
    for barrier, several in groupby(barriers(census, counts), key=itemgetter(0)):
        say(f"\n{barrier}")
        for _, name, value in several:
            say(f"   {name}: {value}")


def _listed(title: str, several: Sequence[tuple[str, str]]) -> None:
    """A list with its first lines, and how many more there are."""
    if not several:
        return
    say(f"   {title}")
    for name, text in several[:MOST_LINES]:
        say(f"     {inert(name, 200)}: {text}")
    if len(several) > MOST_LINES:
        say(f"     and {len(several) - MOST_LINES} more")


def _all_sites(settings: Settings, store: Store, now: datetime) -> Iterator[Site]:
    """The roll-ups of all sites as they are stored, this one first; no other site is judged."""
    from inventory.readiness.taking import site_of

    yield site_of(store, now)
    for name in sorted(set(store.sites()) - {store.site}):
        with opened(_at(settings, name)) as other:
            yield site_of(other, now)


def _twins(store: Store, units: Iterable[Unit]) -> None:
    """Spares that give no data, and machines that look like twins and are counted one by one."""
    from inventory.pairs import alike, locations
    from inventory.rollup import dark_spares

    for spare, best in dark_spares(units):
        name, other = inert(spare.name, 80), inert(best.name, 80)
        say(f"dark spare: {name} gives no data; when {other} stops, nobody sees the one that runs")
    found = list(alike(store.equipment(), locations(store)))
    for some in found[:MOST_PAIRS]:
        say(f"twins? {', '.join(inert(one.tag, 80) for one in some)}: counted one by one")
    if found:
        more = f" (and {len(found) - MOST_PAIRS} more)" if len(found) > MOST_PAIRS else ""
        say(
            f"to count them as one place{more}: untrap import attest FILE, with the statement"
            ' "redundant with" and the twin under Value'
        )


MOST_PAIRS = 5
MOST_LINES = 8
LEGEND = """Dark: critical assets (C3) without data. Level 4: share of the weight of
which the data can be used as it is. Index: 0 nothing, 1 everything.
"a to b": what is not known yet, taken as no and as yes."""
COLUMNS = ("Scope", "Name", "Assets", "Dark", "Level 4", "Index", "Unrated", "Not asked")


def _row(line: dict[str, object]) -> tuple[object, ...]:
    """One scope of the roll-up; an interval where something is not known."""
    share = f"{line['level4_share']:.0%}"
    figures = (_span(line["c3_dark"]), share, _span(line["index"]), f"{line['unrated']:.0%}")
    return (line["scope"], line["name"], line["units"], *figures, line["not_asked"])


def _span(held: object) -> str:
    assert isinstance(held, dict)  # noqa: S101  (the shape that `Total.line` gives)
    lo, hi = held["lo"], held["hi"]
    return str(lo) if lo == hi else f"{lo} to {hi}"


def _use_case(settings: Settings, case: str, pilot: str, as_json: bool) -> None:
    from inventory.assemble import context_of, machines
    from inventory.pilot import AllSites, SiteTotal
    from inventory.usecases import Obstacles, ready

    sites = _sites(settings, pilot)
    wanted = _wanted(settings, case, pilot)
    now = datetime.now(UTC)
    over_all = AllSites(pilot)
    for site in sites:
        total = SiteTotal()
        with concluded(_at(settings, site)) as store:
            obstacles = Obstacles(store)
            for machine in machines(store, context_of(store, now)):
                total.see(machine.cls)
                found = ready(machine, wanted, obstacles.unreadable(machine))
                if found is None:
                    continue
                barred = found.barred(obstacles.of(machine) if found.missing else {})
                total.add(found, barred)
                line = found.line(barred)
                if as_json:
                    click.echo(json.dumps(line, ensure_ascii=True))
                else:
                    say(_ready(found, line))
        click.echo(inert(over_all.add(site, total), 2_000), err=as_json)
    for text in over_all.lines():
        click.echo(inert(text, 2_000), err=as_json)


def _wanted(settings: Settings, case: str, pilot: str) -> UseCase:
    from inventory.assemble import context_of, machines
    from inventory.usecases import pilot_use_case, use_case

    if case:
        try:
            return use_case(case)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
    with concluded(_at(settings, pilot)) as store:
        found = pilot_use_case(machines(store, context_of(store, datetime.now(UTC))), pilot)
    if not found.signals:
        raise click.UsageError(
            f"no machine of site {pilot!r} is known to expose a signal, so there is nothing to look"
            " for elsewhere; link its devices (untrap import links FILE) or name the signals"
            " (--use-case FILE)"
        )
    return found


def _sites(settings: Settings, pilot: str) -> list[str]:
    """The pilot first, then every other site; without a pilot the named site, else all."""
    if not pilot and (settings.site != "default" or settings.config is not None):
        return [site_name(settings)]
    with opened(settings) as store:  # --pilot names the site; --site may name none
        known = store.sites()
    if not pilot:
        return sorted(known) or [site_name(settings)]
    if pilot not in known:
        have = ", ".join(map(inert, known)) or "none yet"
        raise click.UsageError(f"no site {pilot!r} to take signals from; there are {have}")
    return [pilot, *sorted(name for name in known if name != pilot)]


def _at(settings: Settings, site: str) -> Settings:
    from dataclasses import replace

    return replace(settings, site=site)


def _ready(found: Ready, line: dict[str, object]) -> str:
    """Verdict and machine; beneath it each signal that is not had, why, and what frees it.

    What is alike for several signals is told once.
    """
    shown = [f"{line['verdict']:<10} {inert(found.unit, 80)}, {found.site}"]
    missing = line["missing"]
    assert isinstance(missing, list)  # noqa: S101  (the shape that `Ready.line` gives)
    alike: dict[tuple[str, ...], list[str]] = {}
    for item in missing:
        told = tuple(str(item[name] or "") for name in ("state", "text", "why", "effort", "fix"))
        alike.setdefault(told, []).append(str(item["signal"]))
    for (state, text, why, effort, fix), signals in alike.items():
        reason = f": {text}" if text else ""
        shown.append(f"           {', '.join(signals)} {inert(f'{state}{reason}', 200)}")
        if why:
            shown.append(f"             why    {inert(why, 200)}")
        if fix:
            shown.append(f"             fix {effort} {inert(fix, 200)}")
    return "\n".join(shown)
