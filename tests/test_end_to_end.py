"""The bundled plant, scanned as a person would, against the key that was written by hand.

Misses and false alarms are failures alike; taking away a probe, a rule or a link is noticed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from inventory.conclude import conclude
from inventory.judge import equipment as judge_equipment
from inventory.judge import verdict as judge_verdict
from inventory.judge.workers import Workers
from inventory.rules import DEVICE_RULES
from inventory.shares import derived
from inventory.store import Store
from inventory.store.growing import tells_of_others
from tests.inventory.test_conclude import contents
from tests.support.answers import Key, differences
from tests.support.scanned import BOTTLING, PROBES, Scanned, scan

pytestmark = pytest.mark.xdist_group("bottling")


@pytest.fixture(scope="session")
def bottling(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """One scan for all tests here; they copy what they change."""
    return scan(BOTTLING, tmp_path_factory.mktemp("bottling"))


def test_inventory_gaps_and_questions_are_those_of_the_answer_key(bottling: Scanned) -> None:
    assert differences(bottling.key, bottling.found()) == []


def test_the_key_gives_a_reason_for_every_gap_and_question(bottling: Scanned) -> None:
    rows = bottling.key.expected
    assert all(row["because"] for name in ("gaps", "questions") for row in rows[name])
    assert set(DEVICE_RULES) <= set(rows["rules"])


def test_concluding_again_changes_nothing(bottling: Scanned, tmp_path: Path) -> None:
    assert bottling.copy(tmp_path).again() == []


def test_in_shares_of_three_addresses_the_answers_are_the_same(
    bottling: Scanned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its switch tells of devices in every share."""
    once = bottling.copy(tmp_path)
    once.without("DELETE FROM declaration WHERE kind = 'key'")  # also which keys are recorded
    (tmp_path / "shares").mkdir()
    shares = once.copy(tmp_path / "shares")
    today = datetime.now(UTC)
    with Store.open(once.database, once.key.site) as store:
        conclude(store, today=today, again=True)
        expected = contents(store)
    monkeypatch.setattr("inventory.judge.workers.FEW", 3)
    monkeypatch.setattr("inventory.shares.SHARE", 3)
    with Store.open(shares.database, shares.key.site) as store:
        assert tells_of_others(store)
        conclude(store, today=today, again=True)
        assert contents(store) == expected
        with Workers(store, 0) as crew:
            assert derived(store, crew)  # so it was above: nothing asks for the whole
    assert differences(shares.key, shares.found()) == []
    assert len(expected["gaps"]) > 20


@pytest.mark.parametrize("probe", PROBES)
def test_without_the_answers_of_a_probe_the_result_is_wrong(
    bottling: Scanned, tmp_path: Path, probe: str
) -> None:
    copy = bottling.copy(tmp_path)
    copy.without("DELETE FROM observation WHERE protocol = ?", probe)
    assert any("missed" in line for line in copy.again())


def _rules() -> list[str]:
    rows = Key.load(BOTTLING).expected
    named = {row["rule"] for name in ("gaps", "questions") for row in rows[name]}
    return sorted(named)


@pytest.mark.parametrize("rule", _rules())
def test_without_a_rule_the_result_is_wrong(
    bottling: Scanned, tmp_path: Path, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = {name: one for name, one in DEVICE_RULES.items() if name != rule}
    monkeypatch.setattr("inventory.judge.verdict.DEVICE_RULES", left)
    if rule == "N05":  # written where the category is decided, for want of any other statement
        monkeypatch.setattr(judge_verdict, "_not_assessable", lambda *_: [])
        monkeypatch.setattr(judge_equipment, "_not_assessable", lambda *_: [])
    if hasattr(judge_equipment, rule.lower()):
        monkeypatch.setattr(judge_equipment, rule.lower(), lambda *_: [])
    copy = bottling.copy(tmp_path)
    assert any(f" {rule} " in line for line in copy.again())


def _linked() -> list[str]:
    plant = Key.load(BOTTLING).plant
    return [row["tag"] for row in plant["equipment"] if row.get("monitored_by")]


@pytest.mark.parametrize("tag", _linked())
def test_without_a_link_the_result_is_wrong(bottling: Scanned, tmp_path: Path, tag: str) -> None:
    copy = bottling.copy(tmp_path)
    copy.without(
        "DELETE FROM declaration WHERE kind = 'link' AND json_extract(fields, '$.equipment') = ?",
        tag,
    )
    assert any(tag in line for line in copy.again())


def test_every_finding_leads_to_raw_bytes_a_declaration_or_our_own_log(bottling: Scanned) -> None:
    """Verdict → premise → observation → bytes: nothing is claimed that cannot be looked at."""
    with Store.open(str(bottling.database), bottling.key.site) as store:
        findings = list(store.findings())
        cited = {b.observation for one in findings for b in one.because if b.observation}
        known = {one.id: one for one in store.cited(cited)}
        assert set(known) == cited
        for finding in findings:
            assert finding.because, finding
            observed = [known[b.observation] for b in finding.because if b.observation]
            stated = [b for b in finding.because if b.outcome in ("declared", "derived")]
            assert observed or stated, finding
            for one in observed:
                assert not one.digest or store.raw(one.digest), one


@pytest.mark.parametrize("rule", ["T01", "T06", "A03", "A08", "U01", "U03", "G01", "Q10"])
def test_show_prints_the_way_from_the_finding_to_the_bytes(bottling: Scanned, rule: str) -> None:
    from click.testing import CliRunner

    from scanner.cli import untrap as commands

    with Store.open(str(bottling.database), bottling.key.site) as store:
        finding = next(one for one in store.findings() if one.rule == rule)
        observed = next((b.observation for b in finding.because if b.observation), "")
        answers = [one.raw for one in store.cited([observed])]
    base = ["--db", str(bottling.database), "--site", bottling.key.site, "show"]
    shown = CliRunner().invoke(commands, [*base, finding.id], catch_exceptions=False)
    assert shown.exit_code == 0, shown.output
    assert finding.because[0].text[:40] in shown.output
    if observed:
        bytes_too = CliRunner().invoke(commands, [*base, observed], catch_exceptions=False)
        assert bytes_too.exit_code == 0, bytes_too.output
        for raw in answers:
            assert raw[:4].hex(" ") in bytes_too.output
