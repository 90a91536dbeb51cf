"""Indicators of the other three barriers (domain model 8): each counted by hand, with what is not
known of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from pathlib import Path

import pytest

from inventory.conclude import conclude
from inventory.model import Device, Evidence, Gone, Service
from inventory.readiness.answer import Concluded
from inventory.readiness.availability import Availability, Latency, Run, wilson
from inventory.readiness.barriers import barriers
from inventory.readiness.census import Census
from inventory.store import Store
from inventory.store.history import answer_times, runs
from protocols.contract import Fact, Observation, Outcome, Point
from tests.inventory.making import SITE, observed
from tests.inventory.verdict.evidence import seen

DAY = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def service(
    protocol: str, port: int, outcome: Outcome = Outcome.COMPLETE, *security: str
) -> Service:
    return Service(protocol, "tcp", port, outcome, security=security)


def opcua(port: int = 4840, *security: str) -> Service:
    return service("opcua", port, Outcome.COMPLETE, *security)


def one(
    key: str, *services: Service, items: tuple[Observation, ...] = (), **about: object
) -> Evidence:
    """A device with its services and observations."""
    gone = about.pop("gone", ())
    made = Device(key, "S", services=services, **about)  # type: ignore[arg-type]
    return Evidence(made, items, (), (), gone)  # type: ignore[arg-type]


def listed(protocol: str, *accesses: str, semantic: str = "", scan: str = "1") -> Observation:
    points = tuple(
        Point(f"p{n}", f"p{n}", access=access, semantic=semantic)
        for n, access in enumerate(accesses)
    )
    return seen(protocol, Outcome.COMPLETE, points=points, scan=scan)


def said(*items: Evidence, gaps: dict[str, int] | None = None, **more: object) -> dict[str, str]:
    census = Census(**more)  # type: ignore[arg-type]
    for item in items:
        census.device(item)
    return {name: value for _, name, value in barriers(census, Concluded(gaps or {}, 0, 0))}


def facts(**values: object) -> tuple[Fact, ...]:
    return tuple(
        Fact(name.replace("__", "."), value, "x")  # type: ignore[arg-type]
        for name, several in values.items()
        for value in (several if isinstance(several, tuple) else (several,))
    )


# --- handcrafted integrations ----------------------------------------------------------------


def test_clients_are_those_that_sessions_tell_or_captures_show() -> None:
    """One with two sessions, of which a capture shows one; one that two poll; one with one; one
    that tells nothing."""
    both = facts(session=("HMI (Panel)", "Hist (PI)"), consumer="10.0.0.9 opcua 1.000 s")
    polled = facts(consumer=("10.0.0.8 modbus 0.5 s", "10.0.0.9 modbus", "10.0.0.9 modbus 2.000 s"))
    told = said(
        one("a", facts=both), one("b", facts=polled), one("c", facts=facts(session="HMI (P)")),
        one("d"), one("e"),
    )  # fmt: skip
    name = "devices that several clients poll, as their sessions tell and captures show"
    assert told[name] == (
        "2 (5 connections to 3 devices, at most 2 to one); not known of 2 of 5 devices"
    )
    assert said(one("d"))[name] == "0; not known of 1 of 1 devices"


def test_strange_and_busy_services_are_counted_by_device_of_those_that_were_met() -> None:
    busy = (seen("modbus", Outcome.REFUSED_RESOURCE), seen("opcua", Outcome.REFUSED_RESOURCE))
    told = said(
        one("a", opcua(), items=busy),
        one("b", opcua(4841), service("modbus", 9001), service("modbus", 502, Outcome.MUTE)),
        one("c", service("modbus", 502, Outcome.OTHER), service("modbus", 503, Outcome.OTHER)),
        one("d", service("mystery", 9)),
        one("e", service("opcua", 9, Outcome.CLOSED)),
        one("f", service("bacnet", 50_000)),  # nobody asks for it by itself: no port is usual
        one("g", opcua()),
        one("h", opcua(4841)),
        one("i", opcua(4841)),
    )
    left = "not known of 1 of 9 devices"
    assert told["devices that refused because they were busy"] == f"1; {left}"
    assert told["devices with a listener of unknown kind"] == f"3; {left}"
    assert told["devices with a service at a port of its own"] == f"3; {left}"


def test_where_a_device_listens_and_nobody_asked_is_told_by_itself() -> None:
    asked = (service("opcua", 4840), service("modbus", 502, Outcome.CLOSED))
    skipped = service("modbus", 502, Outcome.NOT_ASKED)
    told = said(
        one("a", *asked, facts=facts(listener=("502", "4840"))),
        one("b", *asked, facts=facts(listener=("502", "8080"))),
        one("c", skipped, facts=facts(listener=("502",))),
        one("d", *asked, facts=facts(name="D")),
        one("e", *asked, facts=facts(listener="502")),
    )
    name = "devices that say they listen where nobody asked"
    assert told[name] == "2; not known of 1 of 5 devices"


def test_whoever_hands_on_values_is_counted_and_none_is_no_absence() -> None:
    name = "brokers and servers that hand on values of others"
    told = said(
        one("a", opcua(), role="historian"),
        one("b", service("mqtt", 1883)),
        one("c", opcua(), role="gateway"),
        one("d", service("opcua", 4840, Outcome.CLOSED), role="historian"),
        one("e", service("opcua", 4840, Outcome.MUTE), role="historian"),
    )
    assert told[name] == "2; not known of 1 of 5 devices"
    none = said(one("c", opcua()), one("d"))[name]
    assert none.startswith("none was seen, which does not say that there is none; not known of 1")


def test_paths_are_of_services_with_data_and_not_known_where_none_answered() -> None:
    told = said(one("a", opcua(), service("modbus", 502)), one("b", service("lldp", 0)), one("c"),
                one("d", service("opcua", 4840, Outcome.MUTE)))  # fmt: skip
    assert told["paths that do not describe themselves"] == "50% of 2; not known of 3 of 4 devices"


# --- write path ------------------------------------------------------------------------------


def test_only_what_states_who_may_write_is_known() -> None:
    """Registers say nothing of it, and a SunSpec model does; "r" of a register is how we read."""
    told = said(
        one("a", items=(listed("opcua", "r", "rw"),), role="plc"),
        one("b", items=(listed("opcua", "-"),), role="plc"),
        one("c", items=(listed("opcua", ""),)),
        one("d", items=(listed("modbus", "r", "rw"),)),
        one("e", items=(listed("modbus", "rw", semantic="sunspec:103:W"), listed("modbus", "r"))),
        one("f", items=(listed("snmp", "r"), listed("opcua", "w"))),
        one("g", role="switch"),
        one("h", items=(listed("mystery", "rw"), listed("opcua"))),
        gaps={"G05": 1},
    )
    assert told["exposed write surface: devices that state a writable value, by role"] == (
        "3 (device 2 of 2, plc 1 of 2); not known of 4 of 8 devices"
    )
    assert told["the same as a risk: values that readers may write too (G05)"] == (
        "1; not known of 4 of 8 devices"
    )
    assert "(3 devices have nothing else)" in told["writability of registers and agents"]
    name = "exposed write surface: devices that state a writable value, by role"
    assert said(one("g"))[name] == "0; not known of 1 of 1 devices"


def test_services_that_take_commands_are_counted_by_their_protection() -> None:
    secure = "Basic256Sha256/SignAndEncrypt/username"
    told = said(
        one("a", opcua(4840, secure), service("modbus", 502)),
        one("b", opcua(4840, secure, "None/None/anonymous")),
        one("c", opcua(4840), service("ethernetip", 44818, Outcome.COMPLETE, "/None/")),
        one("d", service("mtconnect", 5000)),
        one("e", service("modbus", 502, Outcome.CLOSED)),
        one("f", opcua(4840, "None/None/anonymous")),
        one("g", opcua(4840, "None/None/anonymous")),
    )
    assert told["devices with a service that takes commands"] == "5; not known of 1 of 7 devices"
    assert told["protection of these services"] == (
        "1 signed or encrypted only, 4 open to anybody; not known of 2 of 7 services"
    )


def test_who_was_overheard_writing_is_told_of_those_that_were_overheard() -> None:
    told = said(
        one("a", facts=facts(writer="10.0.0.9 modbus write 1")),
        one("b", facts=facts(consumer="10.0.0.9 modbus")),
        one("c"),
    )
    assert told["devices to which somebody was overheard writing"] == (
        "1; not known of 1 of 3 devices"
    )


# --- managed for AI --------------------------------------------------------------------------


def every(
    hours: float, device: str, answers: str, vantage: str = "here", service: str = "modbus tcp/502"
) -> Iterator[Run]:
    """Runs of one service at equal distances: 1 answered, 0 not."""
    for number, answered in enumerate(answers):
        time = DAY + timedelta(hours=hours * number)
        yield Run(device, service, vantage, time, answered == "1")


@pytest.mark.parametrize(
    ("answers", "hours", "judged", "intermittent"),
    [
        ("11011", 6, 1, 1),
        ("11111", 6, 1, 0),
        ("1101", 12, 0, 0),
        ("11011", 5.9, 0, 0),
        ("1" * 9 + "0", 6, 1, 1),
        ("1" * 10 + "0", 6, 1, 0),
        ("1" + "0" * 9, 6, 1, 1),
        ("1" + "0" * 10, 6, 1, 0),
        ("0" * 10 + "1", 6, 0, 0),  # it answered first in the last run
        ("00" + "11011", 6, 1, 1),
        ("00" + "1101", 12, 0, 0),
    ],
)
def test_five_runs_over_a_day_say_what_is_intermittent(
    answers: str, hours: float, judged: int, intermittent: int
) -> None:
    found = Availability(reversed(list(every(hours, "a", answers))))
    assert (found.services, found.judged, found.intermittent) == (1, judged, intermittent)
    later = answers[answers.index("1") + 1 :]
    assert found.asked == (len(later) if judged else 0)
    assert found.answered == (later.count("1") if judged else 0)


def test_what_never_answered_is_no_service() -> None:
    assert Availability(every(6, "a", "000000")).services == 0


def test_each_service_of_a_device_counts_for_itself() -> None:
    several = [*every(6, "a", "11111"), *every(6, "a", "10101", service="opcua tcp/4840")]
    found = Availability(several)
    assert (found.services, found.judged, found.intermittent) == (2, 2, 1)


def test_each_service_is_judged_from_the_place_that_asked_it_most() -> None:
    several = [
        *every(6, "a", "11111"), *every(6, "a", "000000", "far"),
        *every(6, "b", "10101"), *every(6, "b", "00000", "near"),
    ]  # fmt: skip
    found = Availability(several)
    assert (found.services, found.judged, found.asked, found.answered) == (1, 1, 4, 2)
    equal = Availability([*every(6, "a", "11111", "b"), *every(6, "a", "10000", "c")])
    assert equal.answered == 4  # of two that asked as often, the first by name


def test_the_interval_is_wilsons() -> None:
    """8 of 10: the published example (0.490, 0.943); bounds stay within 0 and 1."""
    low, high = wilson(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 5)[0] == 0.0
    assert wilson(5, 5)[1] == 1.0


def test_runs_and_times_are_told_with_what_is_not_known() -> None:
    told = said(
        one("a"), one("b"),
        runs=[*every(6, "a", "1101111111"), *every(6, "b", "11")], scans=10,
        times=[("opcua", 2, 3), ("opcua", 9, 1), ("opcua", 4, 16), ("mystery", 7, 1)],
    )  # fmt: skip
    assert told["intermittent paths (A07)"] == (
        "1 of 1 services; later asks answered: 89% of 9 (56 to 98 % in 95 of 100 cases);"
        " not known of 1 of 2 services"
    )
    assert told["answers of OPC UA"] == "20 answers, half within 4 ms, 95 % within 4 ms"
    assert told["answers of mystery"] == "1 answers, half within 7 ms, 95 % within 7 ms"
    none = said(one("a"))
    assert none["intermittent paths (A07)"] == "not known: 0 of 5 scans"
    assert not any(name.startswith("answers of") for name in none)


def test_percentiles_are_the_least_times_within_which_so_many_came() -> None:
    times = Latency([("x", 5, 10), ("x", 1, 9), ("x", 7, 1), ("x", 7, 0)])
    assert list(times.told()) == [("x", 20, 5, 5)]
    assert list(Latency([("x", 1, 9), ("x", 2, 9), ("x", 3, 1)]).told()) == [("x", 19, 2, 3)]


def test_clocks_and_certificates_are_known_where_they_are_told() -> None:
    first = facts(certificate__not_before="2020-01-01T00:00:00Z", clock_skew_seconds=1.0,
                  certificate__not_after="2027-03-01T00:00:00Z")  # fmt: skip
    second = facts(certificate__not_before="2019-05-02T00:00:00Z",
                   certificate__not_after="2030-01-01T00:00:00Z")  # fmt: skip
    several = [one("a", facts=first), one("b", facts=second), one("c"), one("d", facts=first)]
    told = said(*several, gaps={"G04": 1, "Q07": 2})
    assert told["certificates ending (G04)"] == (
        "1 (oldest of 2019-05-02, first ends 2027-03-01); not known of 1 of 4 devices"
    )
    assert said(*several[1::-1])["certificates ending (G04)"].startswith("0 (oldest of 2019-05-02")
    assert said(*several[:2])["certificates ending (G04)"].endswith(
        "first ends 2027-03-01); not known of 0 of 2 devices"
    )
    assert told["wrong clocks (Q07)"] == "2; not known of 2 of 4 devices"
    assert said(*several[1:])["wrong clocks (Q07)"] == "0; not known of 2 of 3 devices"
    assert said(one("c"))["certificates ending (G04)"] == "0; not known of 1 of 1 devices"


def test_agents_of_switches_are_known_where_they_were_asked() -> None:
    snmp = [service("snmp", 161, outcome) for outcome in
            (Outcome.COMPLETE, Outcome.SILENT, Outcome.NOT_ASKED)]  # fmt: skip
    told = said(
        one("a", snmp[0], role="switch"), one("b", snmp[1], role="router"),
        one("c", snmp[2], role="switch"), one("d", opcua(), role="switch"),
        one("e", snmp[0], role="plc"),
    )  # fmt: skip
    assert told["switches, routers and gateways whose SNMP answers"] == (
        "1; not known of 2 of 4 of these"
    )


def test_last_answers_are_compared_with_the_newest_by_days() -> None:
    ages = (0, 0.5, 1, 2, 7, 8, 30, 31)
    seen_at = [one(str(age), last_seen=DAY - timedelta(days=age)) for age in ages]
    name = "last answer older than the newest by over a day, a week, a month"
    assert said(*seen_at, one("never"))[name] == "5, 3, 1; not known of 1 of 9 devices"
    assert said(one("never"))[name] == "0, 0, 0; not known of 1 of 1 devices"


def test_lists_that_shrank_are_known_where_several_scans_listed() -> None:
    lost = listed("opcua", "r")
    gone = (Gone(Point("x"), lost, lost),)
    twice = (listed("opcua", "r"), listed("opcua", "r", scan="2"))
    bare = (*twice[:1], listed("opcua", scan="2"))
    told = said(
        one("a", items=twice, gone=gone), one("b", items=twice), one("c", items=twice[:1]),
        one("d", items=bare), one("e", items=bare, gone=gone),
    )  # fmt: skip
    assert told["devices whose list of values lost some since an earlier scan"] == (
        "2; not known of 2 of 5 devices"
    )


def test_devices_behind_gateways_and_errors_on_links() -> None:
    errors = facts(interface__errors=("in 0, out 0", "in 3, out 0", "in 0, out 2"))
    told = said(
        one("a", facts=errors), one("b", parent="a", facts=errors[:1]), one("c", parent="a"),
        one("d", parent="b"), one("e", facts=facts(description="in 1, out 1")),
    )  # fmt: skip
    assert told["gateways that alone lead to devices"].startswith(
        "2, to 3 devices, one of them to 2;"
    )
    assert told["devices with errors on a link since it started"] == (
        "1 (2 of 4 interfaces); not known of 3 of 5 devices"
    )
    assert said(one("e"))["gateways that alone lead to devices"].startswith("0;")


def test_what_no_scan_tells_is_printed_as_not_known_with_what_would() -> None:
    told = {name for name, value in said(one("a")).items() if value.startswith("not known: ")}
    assert told == {
        "intermittent paths (A07)",  # nobody scanned it five times
        "scripts and pipelines on hosts", "writability of registers and agents",
        "methods that may be called", "whether a write would act", "load of the links",
        "service levels, on-call, monitoring by others, the way beyond the plant",
    }  # fmt: skip


# --- what the store counts -------------------------------------------------------------------


@contextmanager
def opened() -> Iterator[Store]:
    """A store that holds another site too; a plain function, so that mutants meet these tests."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.db"
        with Store.open(path, "other") as store:
            store.append([replace(one, target=replace(one.target, site="other"))
                          for one in runs_of(7)])  # fmt: skip
        with Store.open(path, SITE) as store:
            yield store


def runs_of(count: int) -> list[Observation]:
    """As many runs, of which the second found nobody at 10.0.0.1."""
    who = {"vendor": "Maker", "model": "M", "serial": "S-1"}
    return [
        observed("10.0.0.1", {} if number == 1 else who, scan=f"scan-{number}", at=86_400 * number,
                 outcome=Outcome.SILENT if number == 1 else Outcome.COMPLETE)
        for number in range(count)
    ]  # fmt: skip


def test_the_store_counts_runs_of_each_device() -> None:
    with opened() as store:
        store.append(runs_of(4))
        idle = replace(runs_of(1)[0], scan="scan-9", outcome=Outcome.NOT_ASKED, facts=())
        heard = replace(runs_of(1)[0], scan="scan-8", origin="capture")
        store.append([idle, heard])
        conclude(store)
        assert len(list(runs(store))) == 4
        behind = replace(runs_of(5)[4], outcome=Outcome.REFUSED_DOWNSTREAM, facts=())
        store.append([behind])
        conclude(store)
        found = sorted(runs(store), key=attrgetter("time"))
        assert [run.answered for run in found] == [True, False, True, True, False]
        assert [run.time - found[0].time for run in found] == [timedelta(days=n) for n in range(5)]
        assert len({(run.device, run.vantage) for run in found}) == 1


def test_one_answer_makes_a_run_answered_and_its_first_question_dates_it() -> None:
    with opened() as store:
        several = runs_of(6)
        late = [replace(one, time=one.time + timedelta(hours=1), outcome=Outcome.SILENT, sequence=7)
                for one in several]  # fmt: skip
        store.append([*several, *late])
        conclude(store)
        found = sorted(runs(store), key=attrgetter("time"))
        assert [run.answered for run in found] == [True, False, True, True, True, True]
        assert found[0].time == several[0].time


def test_the_store_counts_how_long_answers_took() -> None:
    with opened() as store:
        took = [
            replace(one, duration_seconds=seconds, sequence=n, outcome=outcome, origin=origin)
            for n, (seconds, outcome, origin) in enumerate([
                (0.0104, Outcome.COMPLETE, "scan"), (0.0101, Outcome.REFUSED_AUTH, "scan"),
                (0.9, Outcome.SILENT, "scan"), (0.0, Outcome.COMPLETE, "scan"),
                (300.0, Outcome.COMPLETE, "capture"),
            ])
            for one in runs_of(1)
        ]  # fmt: skip
        store.append(took)
        assert list(answer_times(store)) == [("modbus", 11, 2)]
