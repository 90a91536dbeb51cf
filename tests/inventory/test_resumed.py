"""What a run left undone says nothing of a device once a resume of the same scan has asked it."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory.conclude import conclude
from inventory.judge.evidence import assemble
from inventory.model import Device
from inventory.store import Store
from protocols.contract import CUT, Observation, Outcome, Reason
from tests.inventory.making import SITE, observed

HERE = "10.0.0.1"
NAMED = {"vendor": "Acme", "product": "P", "firmware": "1", "serial": "S1"}


def left(reason: str = Reason.ABORTED, **more: object) -> Observation:
    outcome = more.pop("outcome", Outcome.NOT_ASKED)
    return observed(HERE, at=1, outcome=outcome, reason=reason, **more)  # type: ignore[arg-type]


def kept(*observations: Observation) -> tuple[Observation, ...]:
    return assemble(Device("key", SITE), observations).observations


@pytest.mark.parametrize("reason", sorted(CUT))
@pytest.mark.parametrize("then", [Outcome.COMPLETE, Outcome.CLOSED, Outcome.SILENT])
def test_what_a_resume_asked_replaces_what_the_run_left(reason: str, then: Outcome) -> None:
    answer = observed(HERE, at=9, outcome=then)
    assert kept(left(reason), answer) == (answer,)
    failed = left("EMFILE", outcome=Outcome.FAILED_HERE)
    assert kept(failed, answer) == (answer,)


@pytest.mark.parametrize(
    "other",
    [
        observed(HERE, at=9, scan="scan-2"),  # another scan keeps its own account
        observed(HERE, at=9, operation="read"),  # another question
        observed(HERE, at=9, port=1502),
        observed(HERE, at=9, part="unit 3"),
        observed(HERE, at=0),  # before: the run had come so far
    ],
)
def test_what_nobody_asked_again_stands(other: Observation) -> None:
    assert set(kept(left(), other)) == {left(), other}


@pytest.mark.parametrize("reason", [Reason.DISTRESS, Reason.BUDGET, Reason.NO_CREDENTIAL])
def test_reasons_that_are_the_devices_stand(reason: str) -> None:
    item, answer = left(reason), observed(HERE, at=9)
    assert kept(item, answer) == (item, answer)


def test_of_two_runs_that_ended_early_the_last_one_tells() -> None:
    again = observed(HERE, at=9, outcome=Outcome.NOT_ASKED, reason=Reason.MAX_TIME)
    assert kept(left(), again) == (again,)


def test_a_service_and_the_tally_go_by_what_the_resume_found(tmp_path: Path) -> None:
    named = observed(HERE, NAMED, at=0)
    cut = left(protocol="opcua", operation="hello", port=4840)
    with Store.open(tmp_path / "t.db", SITE) as store:
        store.append([named, cut])
        conclude(store)
        assert outcomes(store) == {"modbus": "complete", "opcua": "not_asked"}
        assert store.tally()["not_asked", "aborted"] == 1
        closed = observed(
            HERE, at=9, protocol="opcua", operation="hello", port=4840, outcome=Outcome.CLOSED
        )
        store.append([closed])
        conclude(store)
        assert outcomes(store) == {"modbus": "complete", "opcua": "closed"}
        assert ("not_asked", "aborted") not in store.tally()
        assert store.tally("scan-1") == {("complete", ""): 1, ("closed", ""): 1}


@pytest.mark.parametrize("reason", ["EMFILE", Reason.ABORTED])
def test_the_tally_forgets_what_failed_here_and_went_well_later(
    tmp_path: Path, reason: str
) -> None:
    failed = left(reason, outcome=Outcome.FAILED_HERE)
    with Store.open(tmp_path / "t.db", SITE) as store:
        store.append([failed])
        assert store.tally() == {("failed_here", reason): 1}
        store.append([observed(HERE, at=9)])
        assert store.tally() == {("complete", ""): 1}


def outcomes(store: Store) -> dict[str, str]:
    (device,) = store.devices()
    return {one.protocol: one.outcome.value for one in device.services}
