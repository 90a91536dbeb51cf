"""Listeners for doubles."""

from __future__ import annotations


class Switchboard:
    """Shares one wildcard socket per port between all devices of a big plant."""
