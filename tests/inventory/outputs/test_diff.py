"""What changed between two scans: by identity, and never more than was asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from inventory.diff import Change, Difference, between, compare, state
from inventory.model import Declaration, Kind, OpenQuestion
from inventory.store import Store
from protocols.contract import Observation, Outcome
from scanner.cli import untrap
from tests.inventory.making import SITE, START, listed, observed, stated
from tests.inventory.outputs.sample import address, plant, scan

PLC: Mapping[str, object] = {
    "vendor": "Acme", "product": "PLC", "serial": "SN-1", "name": "plc-1", "firmware": "1.0",
}  # fmt: skip
DAY = 86_400.0


def changed(
    first: Iterable[Observation],
    second: Iterable[Observation],
    before: Iterable[Declaration] = (),
    since: Iterable[Declaration] = (),
) -> list[Difference]:
    old, now = list(first), list(before)
    new = [*old, *second]
    return compare(
        state(SITE, old, now, START + timedelta(seconds=100)),
        state(SITE, new, [*now, *since], START + timedelta(seconds=DAY + 100), since=old),
    )


def kinds(found: Iterable[Difference]) -> list[Change]:
    return [one.kind for one in found]


def test_the_same_answers_again_are_no_change() -> None:
    again = observed("10.0.0.1", PLC, at=DAY, scan="scan-2")
    assert changed([observed("10.0.0.1", PLC)], [again]) == []


def test_a_new_device_appeared() -> None:
    new = observed("10.0.0.2", {"vendor": "Acme", "serial": "SN-2"}, at=DAY, scan="scan-2")
    again = observed("10.0.0.1", PLC, at=DAY, scan="scan-2")
    found = changed([observed("10.0.0.1", PLC)], [again, new])
    appeared = [one for one in found if one.kind is Change.APPEARED]
    assert [(one.after, one.text) for one in appeared] == [
        ("10.0.0.2", "was not asked before: 10.0.0.2")
    ]


def test_asked_and_silent_is_vanished() -> None:
    silent = observed("10.0.0.1", at=DAY, scan="scan-2", outcome=Outcome.SILENT)
    found = changed([observed("10.0.0.1", PLC)], [silent])
    assert kinds(found)[0] is Change.VANISHED
    assert "silent" in found[0].text


def test_silence_at_another_place_takes_nothing_from_where_it_answered() -> None:
    there = replace(observed("10.0.0.1", PLC), vantage="incell")
    for outcome in (Outcome.SILENT, Outcome.CLOSED):
        far = replace(
            observed("10.0.0.1", at=DAY, scan="scan-2", outcome=outcome), vantage="collector"
        )
        found = changed([there], [far])
        assert {*kinds(found)} <= {Change.UNKNOWN, Change.GAP_OPENED, Change.GAP_UNKNOWN}
        (text,) = [one.text for one in found if one.kind is Change.UNKNOWN]
        assert "was not asked from incell, where it answered; from collector it did not" in text
    same = replace(far, vantage="incell", outcome=Outcome.SILENT)
    assert kinds(changed([there], [same]))[0] is Change.VANISHED


@pytest.mark.parametrize("outcome", [Outcome.NOT_ASKED, Outcome.FAILED_HERE])
def test_not_asked_again_is_unknown_and_never_vanished(outcome: Outcome) -> None:
    unasked = observed("10.0.0.1", at=DAY, scan="scan-2", outcome=outcome)
    for second in ([], [unasked]):
        found = changed([observed("10.0.0.1", PLC)], second)
        assert Change.UNKNOWN in kinds(found)
        assert Change.VANISHED not in kinds(found)


def asked(
    at: float, outcome: Outcome, protocol: str, port: int, credential: str = ""
) -> Observation:
    """One question to 10.0.0.1 on the day that `at` is on, and how it ended."""
    name = "scan-2" if at >= DAY else "scan-1"
    transport = "udp" if protocol == "snmp" else "tcp"
    facts = PLC if outcome is Outcome.COMPLETE else None
    one = observed("10.0.0.1", facts, at=at, scan=name, protocol=protocol, operation="get",
                   port=port, transport=transport, outcome=outcome)  # fmt: skip
    return replace(one, credential=credential)


@pytest.mark.parametrize(
    ("then", "now", "kind", "said"),
    [
        (  # a narrower scope: what answered was not asked, what was asked refuses
            [("modbus", 502, "")],
            [("s7comm", 102, "", Outcome.CLOSED)],
            Change.UNKNOWN,
            "was not asked again where it answered (modbus on tcp/502), so nothing is known",
        ),
        (
            [("modbus", 502, "")],
            [("s7comm", 102, "", Outcome.SILENT)],
            Change.UNKNOWN,
            "was not asked again where it answered (modbus on tcp/502), so nothing is known",
        ),
        (  # an agent is silent for a community that it does not know, and not gone
            [("snmp", 161, "snmp-public")],
            [("snmp", 161, "other", Outcome.SILENT)],
            Change.UNKNOWN,
            "was asked without the credential that it answers to (snmp on udp/161, snmp-public), "
            "so nothing is known",
        ),
        (
            [("snmp", 161, "snmp-public")],
            [("snmp", 161, "", Outcome.SILENT)],
            Change.UNKNOWN,
            "was asked without the credential that it answers to (snmp on udp/161, snmp-public), "
            "so nothing is known",
        ),
        (
            [("snmp", 161, "snmp-public")],
            [("snmp", 161, "snmp-public", Outcome.SILENT)],
            Change.VANISHED,
            "was asked again and did not answer (silent)",
        ),
        (
            [("snmp", 161, "snmp-public")],
            [("snmp", 161, "other", Outcome.CLOSED)],
            Change.VANISHED,
            "was asked again and did not answer (closed)",
        ),
        (  # somebody refuses at the address, and the other service was not asked
            [("modbus", 502, ""), ("snmp", 161, "snmp-public")],
            [("modbus", 502, "", Outcome.CLOSED)],
            Change.UNKNOWN,
            "was not asked again where it answered (snmp on udp/161), so nothing is known "
            "(elsewhere: closed)",
        ),
        (
            [("modbus", 502, ""), ("snmp", 161, "snmp-public")],
            [("modbus", 502, "", Outcome.SILENT)],
            Change.VANISHED,
            "was asked again and did not answer (silent)",
        ),
        (
            [("modbus", 502, ""), ("snmp", 161, "snmp-public")],
            [("modbus", 502, "", Outcome.CLOSED), ("snmp", 161, "snmp-public", Outcome.SILENT)],
            Change.VANISHED,
            "was asked again and did not answer (closed, silent)",
        ),
    ],
)
def test_only_what_is_asked_again_in_the_same_way_can_vanish(
    then: list[tuple[str, int, str]],
    now: list[tuple[str, int, str, Outcome]],
    kind: Change,
    said: str,
) -> None:
    first = [asked(n, Outcome.COMPLETE, *one) for n, one in enumerate(then)]
    second = [
        asked(DAY + n, outcome, protocol, port, credential)
        for n, (protocol, port, credential, outcome) in enumerate(now)
    ]
    (found,) = [one for one in changed(first, second) if not one.gap]
    assert found.kind is kind
    assert found.text.endswith(said), found.text


def test_a_service_asked_without_its_credential_has_not_closed() -> None:
    first = [asked(0, Outcome.COMPLETE, "modbus", 502),
             asked(1, Outcome.COMPLETE, "snmp", 161, "snmp-public")]  # fmt: skip
    second = [asked(DAY, Outcome.COMPLETE, "modbus", 502),
              asked(DAY + 1, Outcome.SILENT, "snmp", 161, "other")]  # fmt: skip
    assert Change.SERVICE_CLOSED not in kinds(changed(first, second))
    same = [second[0], replace(second[1], credential="snmp-public")]
    assert Change.SERVICE_CLOSED in kinds(changed(first, same))


def test_what_appeared_says_whether_it_was_asked_before() -> None:
    first = [observed("10.0.0.2", {"serial": "SN-2"}),
             observed("10.0.0.1", at=1, outcome=Outcome.SILENT)]  # fmt: skip
    second = [observed("10.0.0.1", PLC, at=DAY, scan="scan-2"),
              observed("10.0.0.3", {"serial": "SN-3"}, at=DAY + 1, scan="scan-2")]  # fmt: skip
    found = {one.after: one.text for one in changed(first, second)
             if one.kind is Change.APPEARED}  # fmt: skip
    assert found == {
        "10.0.0.1": "was not known before: PLC at 10.0.0.1",
        "10.0.0.3": "was not asked before: 10.0.0.3",
    }


def test_one_that_answers_to_another_credential_did_not_come_back() -> None:
    first = [asked(0, Outcome.SILENT, "snmp", 161)]
    row = listed(tag="PLC-1", kind_="device", name="Filler", address="10.0.0.1")
    answer = asked(DAY, Outcome.COMPLETE, "snmp", 161, "snmp-public")
    second = [replace(answer, facts=())]
    (found,) = [one for one in changed(first, second, [row]) if one.kind is Change.APPEARED]
    assert found.text.startswith("answers now, asked otherwise than before (silent then)")


def test_a_closed_gap_names_the_statement_that_is_about_it() -> None:
    """Of several statements the one about the gap's asset is its reason, whatever else was said."""
    row = listed(tag="PLC-1", kind_="device", name="Filler", address="10.0.0.1")
    whole = {"criticality": "C1", "area": "A", "owner": "Ann", "line": "1"}
    full = listed(tag="PLC-1", kind_="device", name="Filler", address="10.0.0.1", **whole)
    others = [replace(listed(tag=f"X-{n}", kind_="device", address=f"10.9.9.{n}"),
                      document=f"other-{n}.csv") for n in range(20)]  # fmt: skip
    first, again = [observed("10.0.0.1", PLC)], [observed("10.0.0.1", PLC, at=DAY, scan="scan-2")]
    found = changed(first, again, [row], [*others[:10], full, *others[10:]])
    (closed,) = [one for one in found if one.kind is Change.GAP_CLOSED and "G07" in one.text]
    assert closed.text.endswith("stated since then: register by register.csv")


def test_the_same_serial_at_another_address_moved() -> None:
    here = [observed("10.0.0.1", PLC | {"mac": "00:11:22:33:44:55"})]
    there = observed("10.0.0.7", PLC | {"mac": "00:11:22:33:44:55"}, at=DAY, scan="scan-2")
    gone = observed("10.0.0.1", at=DAY, scan="scan-2", outcome=Outcome.SILENT)
    moved = [one for one in changed(here, [there, gone]) if one.kind is Change.MOVED]
    assert [(one.before, one.after) for one in moved] == [("10.0.0.1", "10.0.0.7")]


def test_new_firmware_is_told() -> None:
    newer = observed("10.0.0.1", {**PLC, "firmware": "2.0"}, at=DAY, scan="scan-2")
    found = [
        one for one in changed([observed("10.0.0.1", PLC)], [newer]) if one.kind is Change.FIRMWARE
    ]
    assert [(one.before, one.after) for one in found] == [("1.0", "2.0")]


def test_a_value_that_another_source_tells_now_is_no_change() -> None:
    """The nameplate is hidden on the second day; what is left calls the product by another name."""
    plate = observed("10.0.0.1", {**PLC, "product": "CX5140"}, source="opcua ServerStatus Name")
    rest = {"serial": "SN-1", "product": "TwinCAT Server"}
    later = observed("10.0.0.1", rest, at=DAY, scan="scan-2", source="opcua ProductUri rule a")
    same = observed("10.0.0.1", rest, at=DAY, scan="scan-2", source="opcua ServerStatus Name")
    assert kinds(changed([plate], [later])) == []
    assert kinds(changed([plate], [same])) == [Change.CHANGED]


def test_new_firmware_in_another_row_of_the_same_table_is_told() -> None:
    """A supervisor that takes over, or an upgrade, numbers the rows of the ENTITY-MIB anew."""
    column = "snmp 1.3.6.1.2.1.47.1.1.1.1.10"
    first = observed("10.0.0.1", PLC, source=f"{column}.1001")
    second = {**PLC, "firmware": "2.0"}
    later = observed("10.0.0.1", second, at=DAY, scan="scan-2", source=f"{column}.2001")
    assert kinds(changed([first], [later])) == [Change.FIRMWARE]


def test_services_open_and_close() -> None:
    def opc(outcome: Outcome, at: float, name: str) -> Observation:
        return observed(
            "10.0.0.1", at=at + 1, scan=name, protocol="opcua", port=4840, operation="endpoints",
            outcome=outcome,
        )  # fmt: skip

    first, second = observed("10.0.0.1", PLC), observed("10.0.0.1", PLC, at=DAY, scan="scan-2")
    closed, spoke = Outcome.CLOSED, Outcome.REFUSED_AUTH
    opened = changed([first, opc(closed, 0, "scan-1")], [second, opc(spoke, DAY, "scan-2")])
    assert Change.SERVICE_OPENED in kinds(opened)
    shut = changed([first, opc(spoke, 0, "scan-1")], [second, opc(closed, DAY, "scan-2")])
    assert Change.SERVICE_CLOSED in kinds(shut)
    unasked = changed([first, opc(spoke, 0, "scan-1")], [second])
    assert Change.SERVICE_CLOSED not in kinds(unasked)


def test_a_gap_opens_and_closes_with_its_reason() -> None:
    row = listed(tag="PLC-1", kind_="device", name="Filler", address="10.0.0.1")
    whole = {"criticality": "C1", "area": "A", "owner": "Ann", "line": "1"}
    full = listed(tag="PLC-1", kind_="device", name="Filler", address="10.0.0.1", **whole)
    first, again = [observed("10.0.0.1", PLC)], [observed("10.0.0.1", PLC, at=DAY, scan="scan-2")]
    opened = [one for one in changed(first, again, [], [row]) if "G07" in one.text]
    assert kinds(opened) == [Change.GAP_OPENED]
    closed = [one for one in changed(first, again, [row], [full]) if "G07" in one.text]
    assert kinds(closed) == [Change.GAP_CLOSED]
    assert "stated since then: register" in closed[0].text


def test_an_accepted_gap_is_closed_as_accepted() -> None:
    row = listed(tag="PLC-1", kind_="device", name="Filler", address="10.0.0.1")
    first, again = [observed("10.0.0.1", PLC)], [observed("10.0.0.1", PLC, at=DAY, scan="scan-2")]
    before = state(SITE, first, [row], START + timedelta(seconds=100))
    gap = next(one for one in before.findings.values() if one.rule == "G07")
    waiver = stated(
        Kind.WAIVER, gap.id, finding=gap.id, owner="Ann", reason="old line", expires="2027-01-01"
    )
    closed = [one for one in changed(first, again, [row], [waiver]) if one.gap == gap.id]
    assert kinds(closed) == [Change.GAP_CLOSED]
    assert "accepted" in closed[0].text


def test_every_kind_of_change_is_shown_by_a_test_here() -> None:
    """A kind that no test names would be one that nothing shows."""
    text = Path(__file__).read_text("utf-8")
    assert [one.name for one in Change if f"Change.{one.name}" not in text] == []


def test_a_new_serial_number_is_a_change_of_the_same_device() -> None:
    mac = {"mac": "00:11:22:33:44:55"}
    first = [observed("10.0.0.1", {**PLC, **mac, "hardware": "A"})]
    again = [observed("10.0.0.1", {**PLC, **mac, "hardware": "B"}, at=DAY, scan="scan-2")]
    found = [one for one in changed(first, again) if one.kind is Change.CHANGED]
    assert [(one.before, one.after) for one in found] == [("A", "B")]


def test_a_machine_comes_and_goes_with_the_register() -> None:
    row = listed(tag="P-1", kind_="equipment", name="Pump", class_="pump")
    first, again = [observed("10.0.0.1", PLC)], [observed("10.0.0.1", PLC, at=DAY, scan="scan-2")]
    (came,) = [one for one in changed(first, again, [], [row]) if one.name == "P-1" and not one.gap]
    assert (came.kind, came.text) == (Change.APPEARED, "a register names it now")
    before = state(SITE, first, [row], START + timedelta(seconds=100))
    after = state(SITE, [*first, *again], [], START + timedelta(seconds=DAY), since=first)
    (went,) = [one for one in compare(before, after) if one.name == "P-1" and not one.gap]
    assert (went.kind, went.text) == (Change.VANISHED, "no register names it any more")


def registers(at: float, name: str, outcome: Outcome = Outcome.COMPLETE) -> Observation:
    points = ("holding:0", "holding:1") if outcome is Outcome.COMPLETE else ()
    return observed(
        "10.0.0.1", at=at, scan=name, operation="read", points=points, values=(1, 2)[: len(points)],
        outcome=outcome,
    )  # fmt: skip


def test_a_gap_of_a_device_that_fell_silent_is_not_closed() -> None:
    """Silence mends nothing: of its gaps nothing can be said any more."""
    silent = observed("10.0.0.1", at=DAY, scan="scan-2", outcome=Outcome.SILENT)
    found = changed([observed("10.0.0.1", PLC), registers(1, "scan-1")], [silent])
    unknown = [one for one in found if one.kind is Change.GAP_UNKNOWN]
    assert any("T03" in one.text and "did not answer (silent)" in one.text for one in unknown)
    assert Change.GAP_CLOSED not in kinds(found)


@pytest.mark.parametrize(
    ("outcome", "kind", "said"),
    [
        (Outcome.MUTE, Change.GAP_UNKNOWN, "modbus on tcp/502 says nothing of it any more (mute)"),
        (Outcome.CLOSED, Change.GAP_CLOSED, "modbus on tcp/502 is not offered any more (closed)"),
    ],
)
def test_a_gap_closes_with_its_service_and_is_unknown_where_that_is_mute(
    outcome: Outcome, kind: Change, said: str
) -> None:
    def named(at: float, name: str) -> Observation:
        return observed("10.0.0.1", PLC, at=at, scan=name, protocol="snmp", operation="get",
                        port=161, transport="udp")  # fmt: skip

    first = [named(0, "scan-1"), registers(1, "scan-1")]
    second = [named(DAY, "scan-2"), registers(DAY + 1, "scan-2", outcome)]
    found = [one for one in changed(first, second) if "G01" in one.text]
    assert [(one.kind, one.text.partition(": ")[2]) for one in found] == [(kind, said)]


def test_a_refusal_that_ended_closes_its_gap_and_says_by_what() -> None:
    def session(at: float, name: str, outcome: Outcome, reason: str = "") -> Observation:
        return observed(
            "10.0.0.1", at=at, scan=name, protocol="opcua", port=4840, operation="session",
            outcome=outcome, reason=reason,
        )  # fmt: skip

    row = listed(tag="PLC-1", kind_="device", name="Filler", address="10.0.0.1", criticality="C3")
    no = session(1, "scan-1", Outcome.REFUSED_AUTH, "anonymous_not_offered")
    yes = session(DAY + 1, "scan-2", Outcome.COMPLETE)
    again = observed("10.0.0.1", PLC, at=DAY, scan="scan-2")
    found = changed([observed("10.0.0.1", PLC), no], [again, yes], [row])
    closed = [one for one in found if one.kind is Change.GAP_CLOSED and one.text.startswith("A03")]
    assert len(closed) == 1
    assert "opcua on tcp/4840 now answers: complete" in closed[0].text


def test_what_can_no_longer_be_decided_is_unknown_and_says_what_is_missing() -> None:
    row = listed(tag="PLC-1", kind_="device", name="Filler", address="10.0.0.1")
    again = [observed("10.0.0.1", PLC, at=DAY, scan="scan-2")]
    before = state(SITE, [observed("10.0.0.1", PLC)], [row], START + timedelta(seconds=100))
    after = state(SITE, again, [row], START + timedelta(seconds=DAY))
    gap = next(iter(before.findings.values()))
    asked = OpenQuestion(
        gap.rule, gap.asset, gap.asset_name, SITE, gap.subject, "a second answer", "scan again"
    )
    left = {key: one for key, one in after.findings.items() if key != gap.id}
    after = replace(after, findings=left, questions={(gap.rule, gap.asset, gap.subject): asked})
    (found,) = [one for one in compare(before, after) if one.gap == gap.id]
    assert found.kind is Change.GAP_UNKNOWN
    assert "cannot be decided any more: a second answer" in found.text


def test_visits_of_two_laptops_are_compared_like_scans(tmp_path: Path) -> None:
    """The second visit was another laptop's: its bundle is imported, and `diff` tells the same."""
    from inventory.outputs import Request, bundle

    ids = ("11111111-0000-4000-8000-00000000000a", "22222222-0000-4000-8000-00000000000b")
    newer = {**PLC, "firmware": "2.0"}
    for which, facts in enumerate((PLC, newer)):
        with Store.open(tmp_path / f"{which}.db", SITE) as store:
            store.begin_scan(scan(ids[which], which * DAY))
            store.finish_scan(scan(ids[which], which * DAY))
            store.append([observed("10.0.0.1", facts, at=which * DAY + 1, scan=ids[which])])
            bundle.write(store, Request(tmp_path / f"{which}.zip"))
    for which in (0, 1):
        words = ["--db", str(tmp_path / "office.db"), "--site", SITE, "import", "bundle"]
        done = CliRunner().invoke(untrap, [*words, str(tmp_path / f"{which}.zip")])
        assert done.exit_code == 0, done.output
    done = run(tmp_path / "office.db", "--json")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    firmware = [one for one in found if one["kind"] == "firmware"]
    assert [(one["before"], one["after"]) for one in firmware] == [("1.0", "2.0")]


# --- from a database ---------------------------------------------------------------------------


def run(database: Path, *words: str) -> Result:
    return CliRunner().invoke(untrap, ["--db", str(database), "--site", SITE, "diff", *words])


def test_the_last_two_scans_are_compared(tmp_path: Path) -> None:
    done = run(plant(tmp_path, twice=True), "--json")
    assert done.exit_code == 0
    found = [json.loads(line) for line in done.stdout.splitlines()]
    firmware = [one for one in found if one["kind"] == "firmware"]
    assert firmware and all((one["before"], one["after"]) == ("1", "2") for one in firmware)
    assert [one["before"] for one in found if one["kind"] == "unknown"] == [address(1)]


def test_what_a_new_version_of_a_rule_changed_is_told_apart(tmp_path: Path) -> None:
    """Both scans are judged by today's rules, so a change of the program is none of the plant."""
    from inventory.rulebook import GONE
    from inventory.rulebook import Change as Otherwise
    from inventory.store import rulebook

    path = plant(tmp_path, twice=True)
    assert "by today's rules" not in run(path).stderr
    with Store.open(path, SITE) as store:
        changed_ = Otherwise("T03", 1, 2, "k", "PLC-1", "", GONE)
        rulebook.note(store, rulebook.versions(store), [changed_])
    done = run(path)
    said = " ".join(done.stderr.split())
    assert "1 change by other versions of rules is not among these" in said
    assert "rules --changes" in done.stderr


def test_the_table_fits_eighty_columns(tmp_path: Path) -> None:
    done = run(plant(tmp_path, twice=True, hostile=True))
    assert done.stdout.startswith("not asked again (1)\n")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "…" not in done.stdout  # a reason is told whole
    assert "firmware" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("3",), "no scan begins with '3'"),
        (("2", "1"), "earlier scan first"),
        (("1", "1"), "earlier scan first"),
    ],
)
def test_a_wrong_scan_is_one_line(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = run(plant(tmp_path, 2, twice=True), *words)
    assert done.exit_code == 2
    assert said in done.stderr


def test_one_scan_is_not_enough(tmp_path: Path) -> None:
    done = run(plant(tmp_path, 2))
    assert done.exit_code == 2
    assert "two are needed" in done.stderr


def test_the_later_state_is_what_the_store_holds(tmp_path: Path) -> None:
    with Store.open(plant(tmp_path, twice=True), SITE) as store:
        now = START + timedelta(days=2)
        derived = state(SITE, list(store.observations()), store.declarations(), now)
        stored = {one.id for one in store.findings() if one.severity.value != "info"}
        assert set(derived.findings) == {i for i in stored if i in derived.findings}
        shown = {one.id for one in store.findings() if one.rule[0] in "TAUQG"} & stored
        assert set(derived.findings) == shown


def test_unknown_scans_are_refused(tmp_path: Path) -> None:
    with (
        Store.open(plant(tmp_path, 2, twice=True), SITE) as store,
        pytest.raises(ValueError, match="no such scan"),
    ):
        between(store, "x", scan("y", 0).id)
