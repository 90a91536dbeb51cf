"""The role of a device by the capabilities that it tells its neighbours.

Source: IEEE 802.1AB-2016, table 8-4.
"""

from __future__ import annotations


def role(capabilities: int) -> str:
    """The role of the enabled capabilities, the lowest bit first.

    A switch that also routes counts as a switch.
    """
    for bit, name in ((0x04, "switch"), (0x10, "router"), (0x08, "access-point"), (0x20, "phone")):
        if capabilities & bit:
            return name
    return ""
