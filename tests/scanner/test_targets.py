"""Targets in nmap's notation, exclusions that always win, and ranges that cost nothing."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.targets import Range, TargetError, merge, parse, subtract


@pytest.mark.parametrize(
    ("text", "count", "first"),
    [
        ("10.0.0.5", 1, "10.0.0.5"),
        ("10.0.0.0/24", 254, "10.0.0.1"),
        ("10.0.0.0/31", 2, "10.0.0.0"),
        ("10.0.0,1,3-7.1-254", 7 * 254, "10.0.0.1"),
        ("10.0.0.250-", 6, "10.0.0.250"),
        ("2001:db8::/120", 256, "2001:db8::"),
        ("127.0.0.0/16", 65_534, "127.0.0.1"),
    ],
)
def test_notation(text: str, count: int, first: str) -> None:
    scope = parse([text])
    assert len(scope) == count
    assert first in set(scope.addresses())


@pytest.mark.parametrize(
    "text", ["10.0.0.256", "10.0.0", "10.0.0.7-3", "2001:db8::/64", "!", "10.0.0.5:0/modbus", ""]
)
def test_a_bad_target_is_named_with_a_good_one(text: str) -> None:
    with pytest.raises(TargetError) as error:
        parse([text], resolve=lambda _: [])
    assert str(error.value)


def test_a_host_name_is_resolved_once_and_shown() -> None:
    asked = []

    def resolve(name: str) -> list[str]:
        asked.append(name)
        return ["10.1.2.3"]

    scope = parse(["plc7.example"], resolve=resolve)
    assert scope.names == (("plc7.example", "10.1.2.3"),)
    assert asked == ["plc7.example"]


def test_a_service_target_allows_that_address_and_nothing_beside() -> None:
    scope = parse(["10.0.0.5:1502/modbus"])
    assert scope.services[0].port == 1502
    assert scope.allows("10.0.0.5")
    assert not scope.allows("10.0.0.6")


def test_exclusions_win_over_everything() -> None:
    scope = parse(["10.0.0.0/24", "10.0.0.5:502/modbus"], ["10.0.0.5", "10.0.0.128/25"])
    assert not scope.allows("10.0.0.5")
    assert not scope.allows("10.0.0.200")
    assert scope.allows("10.0.0.6")
    assert not scope.allows("10.0.0.128")  # an excluded net is excluded with both its ends
    assert len(scope) == 126  # .1 to .127 minus .5


@pytest.mark.parametrize(
    ("target", "excluded"),
    [
        ("::ffff:127.66.0.1", "127.66.0.1"),
        ("127.66.0.1", "::ffff:127.66.0.1"),
        ("::ffff:7f42:1", "127.66.0.0/24"),
        ("127.66.0.0/30", "::ffff:127.66.0.0/120"),
        ("::ffff:127.66.0.0/126", "127.66.0.0/30"),
        ("[::ffff:127.66.0.1]:502/modbus", "127.66.0.1"),
        ("plc7.example", "127.66.0.1"),
        ("127.66.0.1", "plc7.example"),
    ],
)
def test_ipv4_written_as_ipv6_is_the_same_host(target: str, excluded: str) -> None:
    scope = parse([target], [excluded], lambda _: ["::ffff:127.66.0.1"])
    assert len(scope) == 0
    for address in ("127.66.0.1", "::ffff:127.66.0.1", "::FFFF:7F42:1"):
        assert scope.excludes(address)
        assert not scope.allows(address)


def test_ipv4_written_as_ipv6_is_asked_as_ipv4() -> None:
    scope = parse(["::ffff:10.0.0.5", "[::ffff:10.0.0.6]:502/modbus"])
    assert list(scope.addresses()) == ["10.0.0.5"]
    assert scope.services[0].address == "10.0.0.6"
    assert scope.allows("::ffff:10.0.0.6")


def test_addresses_come_lazily_and_take_turns_between_subnets() -> None:
    scope = parse(["10.0.0.0/8"])
    turns = scope.addresses()
    nets = {next(turns).rpartition(".")[0] for _ in range(4_096)}
    assert len(nets) == 4_096


numbers = st.integers(10 << 24, (10 << 24) + 400)
ranges = st.lists(st.tuples(numbers, numbers).map(lambda p: Range(4, min(p), max(p))), max_size=6)


@given(ranges, ranges)
def test_ranges_behave_like_sets(kept: list[Range], dropped: list[Range]) -> None:
    def members(items: list[Range] | tuple[Range, ...]) -> set[int]:
        return {n for item in items for n in range(item.first, item.last + 1)}

    rest = subtract(merge(kept), merge(dropped))
    assert members(rest) == members(kept) - members(dropped)
    scope = parse(
        [str(ipaddress.IPv4Address(n)) for n in sorted(members(kept))[:20]],
        [str(ipaddress.IPv4Address(n)) for n in sorted(members(dropped))[:20]],
    )
    assert all(scope.allows(address) for address in scope.addresses())


def test_an_exclusion_may_name_what_is_no_target() -> None:
    scope = parse(["10.0.0.0/30"], ["224.0.0.0/4", "0.0.0.0/8", "255.255.255.255"])
    assert len(scope) == 2


def test_a_prefix_length_is_no_service() -> None:
    scope = parse(["::1/128", "2001:db8::1:502/modbus"])
    assert list(scope.addresses()) == ["::1"]
    assert [str(item) for item in scope.services] == ["[2001:db8::1]:502/modbus"]
