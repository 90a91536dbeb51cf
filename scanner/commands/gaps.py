"""`untrap gaps`: the findings, most valuable fix first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from inventory.model import Finding, Severity
from inventory.store.values import GAPS
from inventory.text import inert
from protocols.contract import spaced
from scanner.cli import Settings
from scanner.console import Page, next_step, printed
from scanner.opening import concluded
from scanner.wording import counted

if TYPE_CHECKING:
    from inventory.fixes import Fix
    from inventory.store import Store

ORDER = tuple(Severity)
MOST = 300  # characters of one text
NOTHING = "nothing is known of this site yet"
SHOWN_FAMILIES = ("T", "A", "U", "Q", "G")


@click.command()
@click.option("--all", "everything", is_flag=True, help="Also severity info and accepted gaps.")
@click.option("--by", type=click.Choice(["value", "fix"]), default="value", help="Order.")
@click.option("--fail-on", type=click.Choice([item.value for item in ORDER]), default=None)
@click.option("--fail-on-questions", is_flag=True, help="Exit 1 when questions are open.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
@click.pass_context
def command(
    ctx: click.Context,
    everything: bool,
    by: str,
    fail_on: str | None,
    fail_on_questions: bool,
    as_json: bool,
) -> None:
    """List the gaps with their proof and cheapest fix.

    \b
    Example:  untrap gaps --by fix
    """
    from inventory.namesakes import Labels
    from inventory.outputs import gap_lines

    settings: Settings = ctx.obj
    with concluded(settings) as store:
        seen = Counts()
        gaps = seen.counting(store.ranked(SHOWN_FAMILIES, everything=everything))
        rows = seen.counting_rows(store.ranked_rows(SHOWN_FAMILIES, everything=everything))
        if by == "fix":
            from inventory.fixes import plan_fixes

            fixes = plan_fixes(Labels(store).labelled(gaps))
            behind = _behind(store)
            lines = (fix_line(fix, behind) for fix in fixes)
            texts = (_fix(fix, behind, again) for fix, again in _told(fixes))
            printed(map(spaced, lines) if as_json else map(Page(), texts))
        elif as_json:
            printed(map(gap_lines.line, rows))
        else:
            printed(map(Page(), map(_gap, Labels(store).labelled(gaps))))
        questions = store.questions_count()
        empty = next(iter(store.assets()), None) is None
    said = NOTHING if empty else last_line(seen.live, questions)
    follow = ("scan", "TARGET") if empty else ("questions",) if questions else ("readiness",)
    click.echo(said, err=as_json)
    next_step(*follow, why=left(questions))
    ctx.exit(exit_code(seen.worst, questions, fail_on, fail_on_questions))


_WAIVED, _SEVERITY = map(GAPS.index, ("waived", "severity"))
_PLACES: dict[object, int] = {one.value: place for place, one in enumerate(ORDER)}


class Counts:
    """What the last line and the exit code need of the gaps that are shown: they stream by."""

    def __init__(self) -> None:
        self.live = 0
        self.worst = -1  # place in `ORDER` of the gravest live gap

    def counting(self, gaps: Iterable[Finding]) -> Iterator[Finding]:
        """The same gaps, counted."""
        for gap in gaps:
            if not gap.waived:
                self.live += 1
                self.worst = max(self.worst, ORDER.index(gap.severity))
            yield gap

    def counting_rows(self, rows: Iterable[Sequence[object]]) -> Iterator[Sequence[object]]:
        """The same of gaps as they are kept."""
        for row in rows:
            if not row[_WAIVED]:
                self.live += 1
                self.worst = max(self.worst, _PLACES[row[_SEVERITY]])
            yield row


def exit_code(worst: int, questions: int, fail_on: str | None, fail_on_questions: bool) -> int:
    """1 for a live gap at or above the limit, or for questions where that was asked; else 0."""
    if fail_on and worst >= ORDER.index(Severity(fail_on)):
        return 1
    return int(bool(fail_on_questions and questions))


def last_line(live: int, questions: int) -> str:
    """The summary; it never looks clean while questions are open."""
    if questions and not live:
        return (
            f"no gap found, but {counted(questions, 'open question', 'open questions')}:"
            " this is not a clean result"
        )
    asked = (
        counted(questions, "open question", "open questions") if questions else "no open questions"
    )
    return f"{counted(live, 'gap', 'gaps')}, {asked}"


def left(questions: int) -> str:
    """What stands beside the next command, so that the very last line never looks clean."""
    return f"not known yet: {counted(questions, 'question', 'questions')}" if questions else ""


def _behind(store: Store) -> dict[str, list[str]]:
    """Tags of the machines whose data come by a device, by its key."""
    found: dict[str, list[str]] = {}
    for machine in store.equipment():
        for device in dict.fromkeys(machine.monitored_by):
            found.setdefault(device, []).append(machine.tag or machine.name)
    return found


def _machines(fix: Fix, behind: Mapping[str, Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(tag for key in fix.keys for tag in behind.get(key, ())))


def fix_line(fix: Fix, behind: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """One fix as data; `behind` are the machines whose data come by a device."""
    return {
        "cause": fix.cause,
        "text": fix.text,
        "effort": fix.effort.value,
        "each": fix.each,
        "needs_outage": fix.needs_outage,
        "value": fix.value,
        "gaps": list(fix.gaps),
        "assets": list(fix.assets),
        "machines": _machines(fix, behind),
    }


def _gap(gap: Finding) -> str:
    """Severity, asset and gap; beneath it why, and the cheapest fix."""
    subject = f" [{inert(gap.subject, MOST)}]" if gap.subject else ""
    shown = [
        f"{gap.severity.value:<10} {inert(gap.asset_name, 80)}{subject}: {gap.label}",
        f"  {gap.rule}      {gap.confidence.value} confidence, id {gap.id[:8]}",
    ]
    shown += [f"  why      {inert(text, MOST)}" for text in reasons(gap)]
    if gap.remedies:
        first = gap.remedies[0]
        shown.append(f"  fix {first.effort.value}   {inert(first.text, MOST)}")
    if gap.waived:
        shown.append(f"  accepted {inert(gap.waived, MOST)}")
    return "\n".join(shown)


def reasons(gap: Finding) -> list[str]:
    """The first premise, and the first of another kind: what was found, and what was not."""
    first = gap.because[:1]
    other = [item for item in gap.because if item.outcome != first[0].outcome]
    told = [item.text for item in (*first, *other[:1]) if item.outcome != "assumed"]
    return told or [item.text for item in first]


AGAIN = " (as above, where it frees less for the same effort)"


def _told(fixes: Iterable[Fix]) -> Iterator[tuple[Fix, bool]]:
    """Each fix with whether the same was told before, of assets that matter more."""
    before: set[str] = set()
    for fix in fixes:
        yield fix, fix.cause in before
        before.add(fix.cause)


def _fix(fix: Fix, behind: Mapping[str, Sequence[str]], again: bool = False) -> str:
    """Effort and what to do; beneath it what it frees, and the machines that wait for that."""
    outage = ", needs an outage" if fix.needs_outage else ""
    gaps = "1 gap" if len(fix.gaps) == 1 else f"{len(fix.gaps)} gaps"
    assets = "1 asset" if len(fix.assets) == 1 else f"{len(fix.assets)} assets"
    assets += ", each on its own" if fix.each and len(fix.assets) > 1 else ""
    machines = _machines(fix, behind)
    return (
        f"fix {fix.effort.value}     {inert(fix.text, MOST)}{AGAIN if again else ''}\n"
        f"  frees    {gaps} on {assets}{outage}: {_first(fix.assets)}"
        + (f"\n  for      {_first(machines)}" if machines else "")
    )


def _first(names: Sequence[str], most: int = 6) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(inert(name, 80) for name in names[:most]) + more
