"""What a use case comes to at one site and over all: counted by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.judge.variants import Variant
from inventory.model import Effort, Finding, Remedy, Truth
from inventory.pilot import AllSites, SiteTotal
from inventory.usecases import Barred, Missing, Ready
from tests.inventory.verdict.test_ready import gap

DRIVE, METER = Variant("opcua", "Maker", "Drive 1"), Variant("modbus", "Maker", "Meter")
NAMELESS = Variant("modbus", "Maker", "")


def barred(
    signal: str, by: Finding | None = None, fix: Remedy | None = None, truth: Truth = Truth.FALSE
) -> Barred:
    remedy = by.remedies[0] if by else fix
    return Barred(Missing(signal, truth, "", "absent"), by, remedy)


def site(*machines: tuple[Truth, tuple[Variant, ...], tuple[Barred, ...]]) -> SiteTotal:
    """A site of motors: verdict, variants and what bars each."""
    total = SiteTotal()
    for number, (truth, variants, ways) in enumerate(machines):
        total.see("motor")
        total.add(Ready("s", f"M-{number}", truth, (), variants), ways)
    return total


YES, NO, MAYBE = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


def shared(rule: str, asset: str, cause: str, effort: Effort = Effort.E0) -> Finding:
    found = gap(rule, asset)
    return replace(found, remedies=(Remedy("open it", effort, cause=cause),))


def test_one_fix_counts_once_however_many_machines_it_frees() -> None:
    """One credential for two devices; a sensor at each machine; two that no gap tells of."""
    credential = [shared("A03", f"d-{n}", "credential:opcua") for n in (1, 2)]
    sensor = [shared("U01", f"m-{n}", "sensor:vibration", Effort.E2) for n in (1, 2)]
    bare = Remedy("fit one", Effort.E2)
    total = site(
        (NO, (DRIVE,), (barred("current", credential[0]), barred("vibration", sensor[0]))),
        (NO, (DRIVE,), (barred("current", credential[1]), barred("vibration", sensor[1]))),
        (NO, (DRIVE,), (barred("flow", fix=bare), barred("power", truth=MAYBE))),
        (NO, (DRIVE,), (barred("flow", fix=bare),)),
    )
    assert total.text() == "0 ready, 4 blocked, 0 unknown, fixes 1 E0, 4 E2"
    assert total.causes == {"label A03": 2, "vibration absent": 2, "flow absent": 2}


def test_variants_are_those_that_are_known_and_the_rest_is_told() -> None:
    pilot = site((YES, (DRIVE,), ()))
    assert site((YES, (DRIVE, METER), ())).text(pilot).endswith("1 variant beyond the pilot's")
    assert site((YES, (DRIVE,), ())).text(pilot).endswith("0 variants beyond the pilot's")
    dark = site((MAYBE, (), ()))
    assert dark.text(pilot).endswith("variants beyond the pilot's: not known")
    assert (
        site((YES, (NAMELESS,), ())).text(pilot).endswith("variants beyond the pilot's: not known")
    )
    mixed = site((YES, (DRIVE,), ()), (YES, (NAMELESS, DRIVE), ()), (NO, (), ()))
    assert mixed.text(pilot).endswith("0 variants beyond the pilot's (not known of 2 machines)")
    assert "variants" not in dark.text()


def test_a_pilot_of_which_not_all_is_known_gives_a_bound() -> None:
    pilot = site((YES, (DRIVE,), ()), (YES, (NAMELESS,), ()))
    assert "at most 1 variant beyond the pilot's" in site((YES, (METER,), ())).text(pilot)
    assert ", 0 variants beyond the pilot's" in site((YES, (DRIVE,), ())).text(pilot)


@pytest.mark.parametrize(("count", "says"), [(0, "none"), (12, "c11"), (13, "and 1 more")])
def test_a_site_without_such_machines_names_those_that_it_has(count: int, says: str) -> None:
    total = SiteTotal()
    for n in range(count):
        total.see(f"c{n:02}")
    assert total.text().endswith(says)
    assert ("more" in total.text()) is (count > 12)


def test_a_machine_without_a_class_may_be_one_of_them() -> None:
    total = site((YES, (DRIVE,), ()))
    total.see("")
    assert total.text().endswith("0 unknown, 1 machine without a class not counted")
    assert total.truth is YES
    bare = SiteTotal()
    assert bare.truth is MAYBE  # nobody declared a machine: who knows what stands there
    bare.see("kiln")
    assert bare.truth is None
    bare.see("")
    assert bare.truth is MAYBE
    assert bare.text().endswith("kiln, 1 machine without a class not counted")


def told(unknown: str, *lines: str) -> list[str]:
    """The answer to question 5, with what stands around it."""
    first = f"5. Would it work at ten sites without redesign?  ({unknown} of the sites not known)"
    last = "  stays with people: budget, people, bandwidth beyond the plant"
    return [first, *(f"  {line}" for line in lines), last]


def other() -> SiteTotal:
    total = SiteTotal()
    total.see("kiln")
    return total


def test_the_answer_over_all_sites_is_the_sum_of_what_is_known_of_each() -> None:
    lock = shared("A03", "d-1", "credential:opcua")
    sensor = shared("U01", "m-1", "sensor:vibration", Effort.E2)
    no = (barred("vibration", sensor),)
    found = AllSites("home")
    assert found.add("home", site((YES, (DRIVE,), ()))).startswith("home: 1 ready")
    found.add("a", site((YES, (DRIVE,), ()), (YES, (METER,), ())))
    found.add("b", site((NO, (DRIVE,), no), (YES, (METER,), ())))
    found.add("c", site((NO, (), (barred("current", lock), *no)), (MAYBE, (DRIVE,), ())))
    found.add("d", site((MAYBE, (DRIVE,), ())))
    found.add("e", other())
    assert found.lines() == told(
        "20%",
        "of 5 other sites: works as it is at 1 (a), blocked at 2 (b, c), not known at 1 (d),"
        " no such machine at 1 (e)",
        "machines: 3 ready, 2 blocked, 2 unknown",
        "blocked by: vibration absent (2 sites, 2 machines); label A03 (1 site, 1 machine)",
        "to be built: 1 variant beyond the pilot's (not known of 1 machine)",
        "to reach ready: fixes 1 E0, 2 E2",
    )


def test_what_is_not_there_is_not_told_and_a_site_alone_is_no_comparison() -> None:
    alone = AllSites("home")
    alone.add("home", site((YES, (DRIVE,), ())))
    first, second = alone.lines()
    assert "100% of the sites not known" in first
    assert second == "  of 0 other sites: scan another one into this inventory (--site NAME)"
    single = AllSites("")
    single.add("a", site((YES, (DRIVE,), ())))
    assert single.lines() == []
    single.add("b", site((YES, (METER,), ())))
    assert single.lines() == told(
        "0%",
        "of 2 sites: works as it is at 2 (a, b), blocked at 0, not known at 0",
        "machines: 2 ready, 0 blocked, 0 unknown",
        "to be built: 2 variants",
    )
    pair = AllSites("home")
    pair.add("home", site((YES, (DRIVE,), ())))
    unclassed = site((MAYBE, (), ()))
    unclassed.see("")
    pair.add("b", unclassed)
    assert pair.lines() == told(
        "100%",
        "of 1 other site: works as it is at 0, blocked at 0, not known at 1 (b)",
        "machines: 0 ready, 0 blocked, 1 unknown, 1 machine without a class not counted",
        "to be built: variants beyond the pilot's: not known",
    )


def test_many_sites_and_causes_are_counted_and_the_first_are_named() -> None:
    found = AllSites("")
    for number in range(11):
        ways = tuple(barred(f"s{n}") for n in range(6)) if number else (barred("s5"),)
        found.add(f"n{number:02}", site((NO, (DRIVE,), ways), (NO, (DRIVE,), ways[:1])))
    _, first, _, causes, built, _ = found.lines()
    assert "blocked at 11 (n00, n01, n02, n03, n04, n05, n06, n07, n08, n09 and 1 more)" in first
    assert causes.startswith(
        "  blocked by: s5 absent (11 sites, 12 machines); s0 absent (10 sites, 20 machines); s1"
    )
    assert causes.endswith("s3 absent (10 sites, 10 machines) and 1 more")
    assert built == "  to be built: 1 variant"
