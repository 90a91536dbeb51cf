"""The schedule: which of the limits decides how long a scan takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from protocols.contract import Cost, Depth
from scanner.planning.cost import MOST_PLANNED, Attempt, Manner, Shape, cost
from scanner.profile import PROFILES, Limits
from scanner.wire.pacer import WINDOW_MARGIN

BRISK, STANDARD = PROFILES["brisk"], PROFILES["standard"]
LIMITS = Limits()
RATE = BRISK.packets / WINDOW_MARGIN


def silent(*ports: tuple[str, int]) -> Shape:
    return tuple(Attempt("p", kind, port, Manner.UNANSWERED) for kind, port in ports)


def speaking(requests: int, waits: float = 0.0, connections: int = 1) -> Shape:
    rungs = ((Depth.DISCOVER, Cost(connections, requests)),)
    return (Attempt("p", "tcp", 502, Manner.ACCEPTED, rungs, waits=waits),)


REFUSED: Shape = (Attempt("p", "tcp", 502, Manner.REFUSED),)
FOUR = silent(("udp", 161), ("tcp", 502), ("tcp", 4840), ("tcp", 102))


def lasts(hosts: dict[Shape, int], groups: int = 1, **more: object) -> float:
    return cost(hosts, more.pop("profile", BRISK), LIMITS, groups, **more).seconds  # type: ignore[arg-type]


def test_nobody_takes_no_time() -> None:
    assert lasts({}) == 0


def test_a_silent_port_is_waited_for_twice_two_seconds_apart() -> None:
    assert lasts({silent(("tcp", 502)): 1}) == pytest.approx(2.9)
    assert lasts({silent(("udp", 161)): 1}) == pytest.approx(5.0, abs=0.1)


def test_the_other_ports_of_a_silent_host_are_asked_while_the_first_waits() -> None:
    assert lasts({FOUR: 1}) == pytest.approx(5.7, abs=0.1)


def test_silence_that_is_begun_last_is_waited_for_while_the_others_have_ports_left() -> None:
    """Every host is asked at its likeliest port first, and so the silent one early."""
    refuses = tuple(replace(REFUSED[0], port=port) for port in (502, 4840, 102, 20_000))
    mute = silent(("udp", 161))
    shapes, order = {refuses: 900, mute: 1}, [*[refuses] * 900, mute]
    aside = lasts(shapes, 40, order=order)
    assert aside == pytest.approx(900 / RATE + 5, abs=0.3)
    nobody_aside = lasts(shapes, 40, order=order, first=901)
    assert nobody_aside > aside + 2


def test_many_refusals_take_what_the_packet_rate_allows() -> None:
    assert lasts({REFUSED: round(RATE)}) == pytest.approx(1.0, abs=0.05)


def test_conversations_begin_at_the_rate_of_new_hosts() -> None:
    assert lasts({speaking(2): 196}, 196) == pytest.approx(2.2, abs=0.2)


def test_requests_to_one_host_keep_its_rate() -> None:
    assert lasts({speaking(41): 1}, profile=STANDARD) == pytest.approx(20.4, abs=0.6)


def test_slow_answers_count_where_they_are_slower_than_the_rate() -> None:
    assert lasts({speaking(4, waits=12.0): 1}) == pytest.approx(12.1, abs=0.2)


def test_a_long_conversation_takes_as_long_as_a_short_one_in_proportion() -> None:
    few, many = (lasts({speaking(n): 1}) for n in (100, 10_000))
    assert many / few == pytest.approx(100, rel=0.06)


def test_a_subnet_holds_so_many_conversations_at_once() -> None:
    slow = speaking(1, waits=3.0)
    assert lasts({slow: 64}) == pytest.approx(6.0, abs=0.5)
    assert lasts({slow: 64}, 2) == pytest.approx(3.3, abs=0.5)


def test_knocks_that_nobody_answers_hold_back_a_dense_subnet() -> None:
    dense = {speaking(1): 200, silent(("tcp", 502)): 36}
    assert lasts(dense) > lasts({speaking(1): 200}) + 1.5


def test_neighbours_are_looked_for_at_their_own_rate() -> None:
    hosts: dict[Shape, int] = {silent(("tcp", 502)): 400}
    assert lasts(hosts, 2, on_link=True) >= 800 / LIMITS.new_on_link
    assert lasts(hosts, 2) < lasts(hosts, 2, on_link=True) - 1


def test_who_comes_last_decides_where_the_order_is_known() -> None:
    slow, hosts = speaking(1, waits=20.0), [REFUSED] * 900
    shapes = {REFUSED: 900, slow: 1}
    first, last = (lasts(shapes, order=order) for order in ([slow, *hosts], [*hosts, slow]))
    assert last - first == pytest.approx(0.9, abs=0.3)


def test_a_window_is_watched_after_all_other_questions() -> None:
    (talks,) = speaking(10)
    rungs = (*talks.rungs, (Depth.SAMPLE, Cost(0, 6)))
    shape = (replace(talks, rungs=rungs, watches=30.0),)
    assert lasts({shape: 1}) == pytest.approx(30.5, abs=0.2)


@pytest.mark.parametrize(
    ("shape", "each"), [(FOUR, 5 / RATE), (speaking(5), 14 / RATE), (REFUSED, 1 / RATE)]
)
def test_a_part_of_many_hosts_stands_for_all(shape: Shape, each: float) -> None:
    whole, one_more = (lasts({shape: n}, 4) for n in (MOST_PLANNED, MOST_PLANNED + 1))
    assert one_more == pytest.approx(whole, rel=0.2)
    some, more = (lasts({shape: n * MOST_PLANNED}, 4 * n) for n in (4, 8))
    assert more - some == pytest.approx(4 * MOST_PLANNED * each, rel=0.02)


def test_a_slow_profile_takes_longer() -> None:
    hosts = {speaking(20): 30, FOUR: 100}
    gentle, standard, brisk = (
        lasts(hosts, profile=PROFILES[name]) for name in ("gentle", "standard", "brisk")
    )
    assert gentle > standard > brisk


def test_silence_under_several_credentials_is_every_first_try_and_then_every_second() -> None:
    """Three questions over UDP: three first tries of 2 s each, then three that are heard out."""
    port = Attempt("p", "udp", 161, Manner.UNANSWERED, questions=3)
    total = cost({(port,): 1}, BRISK, LIMITS)
    assert (total.packets, total.requests) == (6, 3)
    first, second = LIMITS.retry_delay, LIMITS.answer_timeout
    assert total.seconds == pytest.approx(3 * first + 3 * second, abs=0.5)
    alone = cost({(port,): 1}, BRISK, replace(LIMITS, retries=0))
    assert alone.packets == 3
    assert alone.seconds == pytest.approx(3 * first, abs=0.5)
