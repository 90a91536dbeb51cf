"""Rate profiles and the limits that no profile changes (safety.md 2, rulings 3).

One rule keeps it simple: a profile is a value; explicit flags make a new value, bounded here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Profile:
    """How fast. Rates are per second; `hosts_at_once` counts conversations per /24."""

    name: str
    packets: float
    requests_per_host: float
    hosts_at_once: int
    new_hosts: float
    durable_first: bool = True
    gap_seconds: float = 0.0  # between two requests to one host, where the user asks for more

    @property
    def least_gap(self) -> float:
        """Seconds between two requests to one host: half the mean interval, or what was asked."""
        return max(self.gap_seconds, 0.5 / self.requests_per_host)


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("gentle", 100, 1, 4, 10),
        Profile("standard", 200, 2, 8, 20),
        Profile("brisk", 1_000, 10, 32, 100),
        Profile("bench", 1_000_000, 100_000, 4_096, 1_000_000, durable_first=False),
    )
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a profile does not change. Times are in seconds."""

    connect_timeout: float = 0.9  # one SYN: the kernel repeats after 1 s
    answer_timeout: float = 3.0
    retries: int = 1
    retry_delay: float = 2.0
    identify_seconds: float = 60.0
    points_seconds: float = 300.0
    host_seconds: float = 600.0
    close_seconds: float = 3.0  # as long as for an answer: until then the device counts us
    new_on_link: float = 200.0  # new on-link addresses/s without raw ARP (libraries.md 8)
    in_flight: int = 4_096  # addresses knocked at or talked to at once
    answer_bytes: int = 65_536

    def __post_init__(self) -> None:
        if not 0 <= self.retries <= 2:
            raise ValueError(f"retries {self.retries}: 0, 1 or 2")
        if not 0.05 <= self.answer_timeout <= 30:
            raise ValueError(f"timeout {self.answer_timeout:g} s: 0.05 to 30")


MAX_PACKETS = 1_000.0
"""Packets/s that only `bench` exceeds, and `bench` runs on loopback or an own lab only."""


def chosen(
    name: str, *, max_rate: float | None = None, per_host_delay: float | None = None
) -> Profile:
    """The named profile with explicit flags applied.

    Raises `ValueError` naming the bad value and a good one.
    """
    if name not in PROFILES:
        raise ValueError(f"profile {name!r}: one of {', '.join(PROFILES)}")
    profile = PROFILES[name]
    if max_rate is not None:
        ceiling = profile.packets if name == "bench" else MAX_PACKETS
        if not 0 < max_rate <= ceiling:
            raise ValueError(f"--max-rate {max_rate:g}: more than 0 and at most {ceiling:g}")
        profile = replace(profile, packets=max_rate)
    if per_host_delay is not None:
        if not 0.1 <= per_host_delay <= 3_600:
            raise ValueError(f"--per-host-delay {per_host_delay:g}: 0.1 to 3600 seconds")
        slower = min(profile.requests_per_host, 1 / per_host_delay)
        profile = replace(profile, requests_per_host=slower, gap_seconds=per_host_delay)
    return profile
