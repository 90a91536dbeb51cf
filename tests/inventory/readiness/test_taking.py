"""The six questions of a stored inventory: several sites, repeated scans, records that changed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from click.testing import CliRunner

from inventory.conclude import conclude, stands
from inventory.model import Kind, Need, Scan, Truth, Way
from inventory.readiness.census import Stale
from inventory.readiness.taking import counts_of, site_of, taken
from inventory.store import Store, reviewed
from inventory.store.history import asking_scans
from protocols.contract import Observation, Outcome
from scanner.cli import untrap
from tests.inventory.making import SITE, START, listed, observed, stated
from tests.scanner.test_pilot import plant, server

TODAY = START + timedelta(days=10)


@contextmanager
def opened(*signals: str) -> Iterator[Store]:
    """The store of a site, with a motor that exposes these signals; a plain function, so that
    mutants meet these tests."""
    with folder() as path:
        if signals:
            plant(path, SITE, server(SITE, *signals))
        with Store.open(path, SITE) as one:
            yield one


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name) / "a.db"


def shown(path: Path, *words: str) -> str:
    done = CliRunner().invoke(untrap, ["--db", str(path), *words])
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


# --- what is read of a site ------------------------------------------------------------------


def test_what_gives_each_required_signal_is_stored_with_the_verdict() -> None:
    with opened("current", "running") as store:
        conclude(store, today=TODAY)
        ((cls, variant, needs),) = reviewed.machines(store)
        (device,) = store.devices()
    assert (cls, variant) == ("motor", "opcua Maker Drive 1")
    assert needs == (
        Need("current", Truth.TRUE, Way.DESCRIBED, device.key, "", "ns=2;s=I"),
        Need("vibration|axial_flux", Truth.FALSE),
        Need("temperature", Truth.FALSE),
        Need("running", Truth.TRUE, Way.DESCRIBED, device.key, "", "ns=2;s=R"),
    )


def test_the_census_counts_machines_ages_and_values() -> None:
    with opened("current", "running") as store:
        store.declare([stated(Kind.THRESHOLD, "presence_days", value="9.5"),
                       stated(Kind.THRESHOLD, "quality", name="quality_days", value="3"),
                       listed(tag="D-2", address="10.0.0.9")])  # fmt: skip
        conclude(store, today=TODAY)
        census = taken(store, TODAY)
        assert counts_of(store).gaps == store.concluded_counts()[0]
    assert census.origins.known == "50% of 4; absent 50%, not known 0%"
    assert census.origins.reuse == (("motor", "1, variants 1, reuse 1.0"),)
    assert census.stale == Stale(0, 0, 2)
    assert (census.seen.life, census.seen.days) == (9.5, {10: 1})  # the other was never seen
    assert (census.read.life, census.read.days) == (3, {10: 1})
    assert census.availability.scans == 0  # no scan of it is on record


def test_an_empty_inventory_has_nothing_to_count() -> None:
    with opened() as store:
        conclude(store, today=TODAY)
        census = taken(store, TODAY)
        assert (census.devices, census.stale, str(census.seen)) == (0, Stale(), "nothing to count")
        assert site_of(store, TODAY).whole == {}


def test_what_another_site_holds_is_not_counted() -> None:
    with folder() as path:
        plant(path, "other", server("other", "current", "running"))
        plant(path, SITE, [])
        for name in ("other", SITE):
            with Store.open(path, name) as store:
                conclude(store, today=TODAY)
        with Store.open(path, SITE) as store:
            census = taken(store, TODAY)
            assert set(site_of(store, TODAY).lines) == {
                ("site", SITE), ("area", "A"), ("class", "motor")
            }  # fmt: skip
    assert (census.stale, census.seen.days, census.read.days) == (Stale(), {}, {})
    assert census.origins.ways == {}


# --- repeated scans --------------------------------------------------------------------------


def scanned(store: Store, number: int, *items: Observation, site: str = SITE) -> None:
    """A scan on record with what it observed."""
    name = f"scan-{number}"
    began = START + timedelta(hours=12 * number)
    store.begin_scan(Scan(name, site, "here", began))
    store.append(
        replace(item, scan=name, time=began + timedelta(seconds=at))
        for at, item in enumerate(items)
    )


def test_services_are_looked_at_from_the_fifth_scan_on() -> None:
    with opened() as store:
        hello = observed("10.0.0.1")
        for number in range(4):
            scanned(store, number, hello)
        scanned(store, 9, replace(hello, origin="capture"))  # overheard: nobody was asked
        conclude(store, today=TODAY)
        few = taken(store, TODAY).availability
        assert (few.told, few.services) == ("not known: 4 of 5 scans", 0)
        scanned(store, 4, replace(hello, outcome=Outcome.SILENT))
        conclude(store, today=TODAY)
        found = taken(store, TODAY).availability
        assert (found.scans, found.services, found.judged) == (5, 1, 1)
        assert (found.asked, found.answered, found.intermittent) == (4, 3, 1)


def test_scans_of_another_site_are_not_counted() -> None:
    with folder() as path:
        for name, numbers in (("other", range(7)), (SITE, range(7, 9))):
            with Store.open(path, name) as store:
                for number in numbers:
                    scanned(store, number, observed("10.0.0.1", site=name), site=name)
        with Store.open(path, SITE) as store:
            assert asking_scans(store) == 2


# --- several sites ---------------------------------------------------------------------------


def sites(path: Path) -> None:
    plant(path, "lyon", server("lyon", "current", "running"))
    plant(path, "oslo", server("oslo", "current"))


def test_a_site_stands_until_its_records_change() -> None:
    with folder() as path:
        sites(path)
        with Store.open(path, "lyon") as store:
            new = site_of(store, TODAY)
            assert (new.day, new.holds, new.lines) == (None, False, {})
            conclude(store, today=TODAY)
            held = site_of(store, TODAY)
            assert (held.day, held.holds) == (TODAY.date(), True)
            assert held.whole["scope"] == "site"
            later = TODAY + timedelta(days=3)
            assert stands(store, later)  # of an older day, and told so
            store.append([observed("10.0.0.8", site="lyon", at=5)])
            assert not site_of(store, TODAY).holds


def test_readiness_shows_the_other_sites_as_they_are_stored(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    sites(path)
    said = shown(path, "--site", "lyon", "readiness")
    assert "sites side by side lyon: index" in said
    assert "oslo: not known, never judged" in said
    assert "1 of 2 sites not known" in said
    shown(path, "--site", "oslo", "readiness")
    both = shown(path, "--site", "lyon", "readiness")
    assert "oslo: index" in both
    assert "motor: " in both.partition("most less least")[2]
    with Store.open(path, "oslo") as store:
        store.append([observed("10.0.0.8", site="oslo", at=5)])
    now = datetime.now(UTC).date()
    assert f"oslo: not known, its records or the rules changed since {now}" in shown(
        path, "--site", "lyon", "readiness"
    )


def test_one_site_says_that_there_is_none_to_compare(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    plant(path, "lyon", server("lyon", "current"))
    said = shown(path, "--site", "lyon", "readiness")
    assert "by class: not known: the inventory holds one site" in said
    assert "sites side by side" not in said


def test_names_of_strangers_do_no_harm_and_long_lists_are_folded(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    hostile = "\x1b[31mred\u202e\n=cmd|' /C calc'!A0"
    plant(path, hostile, server(hostile, "current", model=hostile))
    rows = [listed(site=hostile, tag=f"X-{n}", kind_="equipment", class_=f"{hostile} {n:02}")
            for n in range(11)]  # fmt: skip
    with Store.open(path, hostile) as store:
        store.declare(rows)
    plant(path, "lyon", server("lyon", "current"))
    for name in (hostile, "lyon"):
        done = CliRunner().invoke(untrap, ["--db", str(path), "--site", name, "readiness"])
        assert done.exit_code == 0, done.output
        assert "\x1b" not in done.output
        assert "\u202e" not in done.output
        assert all(len(text) <= 100 for text in done.output.splitlines()), name
        if name == hostile:
            assert "and 4 more" in done.output
