"""The hardware addresses of the machine that runs this: it is no asset because it looked.

One rule keeps it simple: only a hardware address tells a machine for sure, so an IP address counts
as ours where a capture ties it to one of ours.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from protocols._cursor import hardware

INTERFACES = Path("/sys/class/net")


def own_macs(folder: Path = INTERFACES) -> frozenset[str]:
    """Of all interfaces; none where the system does not say (anything but Linux)."""
    found = set()
    for path in sorted(folder.glob("*/address")):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            mac = path.read_text().strip().lower()
            if len(mac) == 17 and hardware(mac):
                found.add(mac)
    return frozenset(found)
