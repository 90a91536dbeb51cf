"""The lines of `gaps --json`, written from rows of table `gaps` as they are kept.

One rule keeps it simple: a line is what `spaced(records.gap(finding))` gives, to the byte (a test
compares them on hostile texts), at a third of the cost: no finding is built, and what thousands of
gaps share, as a rule's label and its remedies, is put into words once. 100 000 devices have a
quarter of a million gaps, and one process prints them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted

from inventory.outputs.records import number
from protocols.contract import expand, spaced


def line(row: Sequence[object]) -> str:
    """One line, from a row that holds `values.GAPS` in order."""
    (
        key, site, asset, name, rule, version, category, label, subject, severity, confidence,
        value, unlocks, waived, body,
    ) = row  # fmt: skip
    because, _, rest = str(body).removeprefix('{"because":').partition(',"remedies":')
    remedies, _, assumed = rest.rpartition(',"assumed":')
    premises = ", ".join(
        [
            f'{{"observation": {quoted(seen)}, "outcome": {quoted(outcome)},'
            f' "text": {quoted(text)}, "declaration": {quoted(stated)}}}'
            for seen, outcome, text, stated in expand(because)
        ]
    )
    about, where = _about(rule, version, category, label), _quoted(str(site))
    return (
        f'{{"id": "{key}", {about}, "asset": "{asset}", "asset_name": {quoted(str(name))},'
        f' "site": {where}, "subject": {quoted(str(subject))}, "severity": "{severity}",'
        f' "confidence": "{confidence}", "value": {_number(value)}, "because": [{premises}],'
        f' "remedies": {_remedies(remedies)}, "unlocks": {unlocks},'
        f' "criticality_assumed": {assumed[:-1]}, "waived": {quoted(str(waived))}}}'
    )


_quoted = lru_cache(maxsize=64)(quoted)


@lru_cache(maxsize=4_096)
def _number(value: object) -> str:
    return spaced(number(float(str(value))))


@lru_cache(maxsize=1_024)
def _about(rule: object, version: object, category: object, label: object) -> str:
    told = {"rule": rule, "version": version, "category": category, "label": label}
    return spaced(told)[1:-1]


@lru_cache(maxsize=4_096)
def _remedies(kept: str) -> str:
    """Remedies as a line shows them, from the JSON text in which they are kept."""
    names = ("text", "effort", "needs_outage", "cause")
    return spaced([dict(zip(names, one, strict=True)) for one in expand(kept)])
