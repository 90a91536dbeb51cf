"""Who polls the devices, and how: what handcrafted integrations leave behind on the wire.

One rule keeps it simple: a client that a server names, or that was overheard, is one; where nobody
tells, nothing is known.
"""

from __future__ import annotations

from inventory.judge.gathered import AGGREGATORS
from inventory.judge.openness import protocol
from inventory.model import Device, Evidence, Service
from protocols.contract import SPOKE, Outcome

SESSIONS, CONSUMERS = "session", "consumer"
"""Facts that name a client: as the server tells its sessions, as somebody overheard it."""
NAMELESS = frozenset({Outcome.OTHER, Outcome.MUTE})
"""Outcomes of a listener that speaks nothing we know."""
HANDS_ON = AGGREGATORS - {"gateway"}
"""Roles that collect for others; a gateway only translates."""
BROKERED = "mqtt"


class Clients:
    """Devices by how many clients they have, by strange services, and those that collect."""

    def __init__(self) -> None:
        self.told = 0  # devices of which clients are known
        self.shared = 0  # that several clients poll
        self.clients = 0  # connections from a client to a device
        self.most = 0  # of one device
        self.asked = 0  # devices of which a service answered, or is open
        self.served = 0  # devices of which a service with data answered
        self.busy = 0  # that refused for want of connections or other means
        self.nameless = 0  # with a listener that speaks nothing we know
        self.moved = 0  # with a service at a port where its protocol does not usually stand
        self.listing = 0  # devices that list where they listen
        self.unasked = 0  # of them: at a port of which nobody asked
        self.collecting = 0  # brokers, historians, servers that hand on values of others

    def device(self, evidence: Evidence) -> None:
        """Counts one device in."""
        device = evidence.device
        count = clients_of(device)
        self.told += count > 0
        self.shared += count > 1
        self.clients += count
        self.most = max(self.most, count)
        met = [one for one in device.services if one.outcome in SPOKE | NAMELESS]
        self.asked += bool(met)
        self.nameless += any(_is_nameless(one) for one in met)
        self.moved += any(_is_moved(one) for one in met)
        self.busy += any(item.outcome is Outcome.REFUSED_RESOURCE for item in evidence.observations)
        self._listeners(device)
        spoken = {one.protocol for one in met if one.outcome in SPOKE}
        self.served += any(about.data for name in spoken if (about := protocol(name)))
        self.collecting += bool(spoken) and (device.role in HANDS_ON or BROKERED in spoken)

    def _listeners(self, device: Device) -> None:
        ports = {str(fact.value) for fact in device.facts if fact.name == "listener"}
        asked = {str(one.port) for one in device.services if one.outcome is not Outcome.NOT_ASKED}
        self.listing += bool(ports)
        self.unasked += bool(ports - asked)


def clients_of(device: Device) -> int:
    """How many clients of it are known, at least: a session and somebody overheard may be one."""
    sessions = {str(fact.value) for fact in device.facts if fact.name == SESSIONS}
    heard = {str(f.value).partition(" ")[0] for f in device.facts if f.name == CONSUMERS}
    return max(len(sessions), len(heard))


def _is_nameless(service: Service) -> bool:
    return service.outcome in NAMELESS or protocol(service.protocol) is None


def _is_moved(service: Service) -> bool:
    about = protocol(service.protocol)
    usual = about.ports if about and service.outcome in SPOKE else frozenset()
    return bool(usual) and service.port not in usual
