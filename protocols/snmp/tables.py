"""The standard tables that say how a device is built and what hangs on it. Pure row readers.

Interfaces RFC 2863 · addresses, ARP and routes RFC 4293, 2096, 1213 · modules RFC 6933 · bridge
RFC 4188, 4363 · neighbours IEEE 802.1AB-2005 · listeners RFC 4022. Parts: `if N` is an interface
by ifIndex, `entity N` a module by entPhysicalIndex.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from protocols._capabilities import role
from protocols._identity import usable
from protocols.contract import Fact
from protocols.snmp import codec
from protocols.snmp.codec import Binding, Oid, oid
from protocols.snmp.exchange import number, spoilt, text
from protocols.snmp.walk import Harvest, Row, Table

MIB2: Oid = (1, 3, 6, 1, 2, 1)
LLDP: Oid = (1, 0, 8802, 1, 1, 2, 1)
_STATES = {1: "up", 2: "down", 3: "testing", 5: "dormant", 6: "not present", 7: "lower layer down"}
_CLASSES = {
    3: "chassis", 4: "backplane", 5: "container", 6: "power supply", 7: "fan", 8: "sensor",
    9: "module", 10: "port", 11: "stack", 12: "cpu",
}  # fmt: skip
_INVENTORY = frozenset({3, 6, 9, 11, 12})
_NO_MAC = frozenset({"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"})


def column(path: str) -> Oid:
    """A column below mib-2, or anywhere with a leading dot."""
    return oid(path) if path.startswith(".") else (*MIB2, *oid(path))


def columns(entry: str, numbers: tuple[int, ...]) -> tuple[Oid, ...]:
    """Columns of one entry."""
    return tuple((*column(entry), n) for n in numbers)


def mac(binding: Binding | None) -> str:
    """A hardware address with colons; "" for none, zeros or broadcast."""
    content = binding.content if binding and binding.tag == codec.OCTETS else b""
    words = content.hex(":") if len(content) == 6 else ""
    return "" if words in _NO_MAC else words


def mac_of(arcs: Oid) -> str:
    """A hardware address that an index holds."""
    if len(arcs) != 6 or max(arcs) > 255:
        return ""
    words = bytes(arcs).hex(":")
    return "" if words in _NO_MAC else words


def ip_of(arcs: Oid) -> str:
    """An address that an index holds, version 4 or 6."""
    if len(arcs) not in (4, 16) or max(arcs) > 255:
        return ""
    return str(ipaddress.ip_address(bytes(arcs)))


def network(address: str, mask: str) -> str:
    """The network of an address in CIDR form; "" for a mask that is none, loopback or default."""
    try:
        found = ipaddress.ip_network(f"{address}/{mask}", strict=False)
    except ValueError:
        return ""
    skip = found.prefixlen == 0 or found.is_loopback or found.is_multicast or found.is_link_local
    return "" if skip or found.prefixlen == found.max_prefixlen else str(found)


IF = columns("2.2.1", (2, 6, 8, 14, 20))
IF_NAME = column("31.1.1.1.1")


def read_interface(index: Oid, row: Row) -> Harvest:
    """Name, hardware address, state and errors of one interface."""
    part = f"if {codec.dotted(index)}"
    name = text(row.get(IF_NAME)) or text(row.get(IF[0]))
    state = number(row.get(IF[2]))
    errors = (number(row.get(IF[3])), number(row.get(IF[4])))
    facts = [
        Fact("interface.name", name, "snmp IF-MIB ifName", part) if name else None,
        Fact("interface.mac", mac(row.get(IF[1])), "snmp IF-MIB ifPhysAddress", part)
        if mac(row.get(IF[1]))
        else None,
        Fact("interface.state", _STATES.get(state, "unknown"), "snmp IF-MIB ifOperStatus", part)
        if state is not None
        else None,
        Fact("interface.errors", f"in {errors[0]}, out {errors[1]}", "snmp IF-MIB ifInErrors", part)
        if None not in errors
        else None,
    ]
    return Harvest(tuple(f for f in facts if f))


ADDRESS = columns("4.20.1", (1, 2, 3))


def read_address(index: Oid, row: Row) -> Harvest:
    """Another leg of the device and the network that it stands in."""
    address = ip_of(index)
    mask = row.get(ADDRESS[2])
    if not address or ipaddress.ip_address(address).is_loopback or address == "0.0.0.0":  # noqa: S104 - compared, not bound
        return Harvest()
    interface = number(row.get(ADDRESS[1]))
    part = "" if interface is None else f"if {interface}"
    facts = [Fact("address", address, "snmp IP-MIB ipAdEntAddr", part)]
    if mask is not None and len(mask.content) == 4:
        found = network(address, str(ipaddress.IPv4Address(mask.content)))
        if found:
            facts.append(Fact("network", found, "snmp IP-MIB ipAdEntNetMask", part))
    return Harvest(tuple(facts))


ARP = columns("4.22.1", (2,))


def read_arp(index: Oid, row: Row) -> Harvest:
    """One line of the ARP table."""
    address, found = ip_of(index[1:]), mac(row.get(ARP[0]))
    if not address or not found:
        return Harvest()
    return Harvest((Fact("arp_seen", f"{address}={found}", "snmp IP-MIB", f"if {index[0]}"),))


ROUTE = columns("4.21.1", (11,))
CIDR_ROUTE = columns("4.24.4.1", (5,))


def read_route(index: Oid, row: Row) -> Harvest:
    """A network that the device has a route to (RFC 1213)."""
    mask = row[ROUTE[0]].content if ROUTE[0] in row else b""
    if len(mask) != 4:
        return Harvest()
    return _network_fact(ip_of(index), str(ipaddress.IPv4Address(mask)))


def read_cidr_route(index: Oid, row: Row) -> Harvest:
    """A network that the device has a route to (RFC 2096): destination, mask, tos, next hop."""
    return _network_fact(ip_of(index[:4]), ip_of(index[4:8]))


# The tables of both versions of IP (RFC 4293, RFC 4292): an index holds the version, the length and
# the bytes of an address, then perhaps more. Asked for where the older table is absent.
ADDRESS_BOTH = columns("4.34.1", (3, 4, 5))
ARP_BOTH = columns("4.35.1", (4, 6))
ROUTE_BOTH = columns("4.24.7.1", (7,))
_UNICAST = 1  # IpAddressTable: ipAddressType
_PREFIX_ENTRY = column("4.32.1.5")  # ipAddressPrefixOrigin, whose index ends with the length
_INVALID, _OWN = 2, 5  # ipNetToPhysicalType
NEWER = {"ipAddressTable": ADDRESS, "ipNetToPhysicalTable": ARP, "inetCidrRouteTable": ROUTE}
"""The older table's columns, by the newer table's name."""


def counted(index: Oid) -> tuple[str, Oid]:
    """The address that an index begins with, and the rest; a zone is left out (RFC 4001)."""
    if len(index) < 2 or len(index) < 2 + index[1]:
        return "", ()
    width = {1: 4, 2: 16, 3: 4, 4: 16}.get(index[0], 0)
    return ip_of(index[2 : 2 + width]), index[2 + index[1] :]


def read_address_both(index: Oid, row: Row) -> Harvest:
    """Another leg of the device and the network that it stands in."""
    address, _ = counted(index)
    kind = number(row.get(ADDRESS_BOTH[1]))
    if not address or kind not in (_UNICAST, None):
        return Harvest()
    said = ipaddress.ip_address(address)
    if said.is_loopback or said.is_unspecified or said.is_link_local:
        return Harvest()
    interface = number(row.get(ADDRESS_BOTH[0]))
    part = "" if interface is None else f"if {interface}"
    facts = [Fact("address", address, "snmp IP-MIB ipAddressAddr", part)]
    points_to = object_id(row.get(ADDRESS_BOTH[2]))
    if points_to[: len(_PREFIX_ENTRY)] == _PREFIX_ENTRY:
        found = network(address, str(points_to[-1]))
        if found:
            facts.append(Fact("network", found, "snmp IP-MIB ipAddressPrefix", part))
    return Harvest(tuple(facts))


def read_arp_both(index: Oid, row: Row) -> Harvest:
    """One line of the table of neighbours."""
    address, _ = counted(index[1:])
    found = mac(row.get(ARP_BOTH[0]))
    if not address or not found or number(row.get(ARP_BOTH[1])) in (_INVALID, _OWN):
        return Harvest()
    return Harvest((Fact("arp_seen", f"{address}={found}", "snmp IP-MIB", f"if {index[0]}"),))


def read_route_both(index: Oid, _row: Row) -> Harvest:
    """A network that the device has a route to: destination, length of the prefix, and more."""
    address, rest = counted(index)
    return _network_fact(address, str(rest[0])) if rest else Harvest()


def object_id(binding: Binding | None) -> Oid:
    """The object identifier that a value is; () for any other."""
    if binding is None or binding.tag != codec.OBJECT_ID or binding.spoilt:
        return ()
    found = codec.value(binding)
    return found if isinstance(found, tuple) else ()


def _network_fact(address: str, mask: str) -> Harvest:
    found = network(address, mask) if address and mask else ""
    return Harvest((Fact("network", found, "snmp route table"),) if found else ())


ENTITY = columns("47.1.1.1.1", (2, 5, 7, 8, 9, 10, 11, 12, 13))


def read_entity(index: Oid, row: Row) -> Harvest:
    """A chassis, module or power supply with what it says of itself."""
    kind = number(row.get(ENTITY[1]))
    values = [usable(text(row.get(c))) for c in ENTITY]
    description, _, name, hardware, firmware, software, serial, vendor, model = values
    if kind not in _INVENTORY or not (model or serial or description):
        return Harvest()
    part = f"entity {codec.dotted(index)}"
    source = "snmp ENTITY-MIB entPhysicalTable"
    what = ", ".join(w for w in (_CLASSES[kind], name or description) if w)
    given = {"model": model, "serial": serial, "hardware": hardware, "vendor": vendor}
    given["firmware"] = software or firmware
    facts = [Fact("part", what, source, part)]
    facts += [Fact(key, words, source, part) for key, words in given.items() if words]
    return Harvest(tuple(facts))


BRIDGE_PORT = columns("17.1.4.1", (2,))
FDB = columns("17.4.3.1", (2, 3))
VLAN_FDB = columns("17.7.1.2.2.1", (2, 3))
LEARNED = 3  # RFC 4188: dot1dTpFdbStatus


def read_forwarding(
    index: Oid, row: Row, table: tuple[Oid, ...], ports: Mapping[int, str]
) -> Harvest:
    """A hardware address that the bridge learned on a port."""
    found, port = mac_of(index[-6:]), number(row.get(table[0]))
    status = row.get(table[1])
    if not found or index[-6] & 1:
        return Harvest()  # of a group, which is nobody's (IEEE 802, 8.2)
    if not port or spoilt(status) or number(status) not in (LEARNED, None):
        return Harvest()
    part = ports.get(port, f"port {port}")
    return Harvest((Fact("mac_seen", found, "snmp BRIDGE-MIB", part),))


LOCAL_PORT = ((*LLDP, 3, 7, 1, 3),)
REMOTE = tuple((*LLDP, 4, 1, 1, n) for n in (4, 5, 6, 7, 8, 9, 10, 12))
REMOTE_ADDRESS = ((*LLDP, 4, 2, 1, 4),)
_MAC_SUBTYPE, _ADDRESS_SUBTYPE, _PORT_MAC_SUBTYPE = 4, 5, 3  # IEEE 802.1AB, 9.5.2 and 9.5.3
_FAMILIES = {1: 4, 2: 16}  # IANA address family → bytes of an address


def _row(index: Oid) -> str:
    """The source of a row: one port may have several neighbours, and each has a number."""
    return f"snmp LLDP-MIB neighbour {index[2]}"


def read_neighbour(index: Oid, row: Row, ports: Mapping[int, str]) -> Harvest:
    """Who is on the other end of a port: index is time mark, local port, number."""
    if len(index) != 3:
        return Harvest()
    part = ports.get(index[1], f"port {index[1]}")
    kind = number(row.get(REMOTE[0]))
    port_id = None if spoilt(row.get(REMOTE[2])) else row.get(REMOTE[3])
    port = mac(port_id) if number(row.get(REMOTE[2])) == _PORT_MAC_SUBTYPE else text(port_id)
    given = {
        "neighbour.name": text(row.get(REMOTE[5])),
        "neighbour.port": port or text(row.get(REMOTE[4])),
        "neighbour.description": text(row.get(REMOTE[6])),
        "neighbour.role": _role(row.get(REMOTE[7])),
        "neighbour.mac": mac(row.get(REMOTE[1])) if kind == _MAC_SUBTYPE else "",
        "neighbour.address": _network_id(row.get(REMOTE[1])) if kind == _ADDRESS_SUBTYPE else "",
    }
    return Harvest(tuple(Fact(k, v, _row(index), part) for k, v in given.items() if v))


def _role(capabilities: Binding | None) -> str:
    """The role of the enabled capabilities: BITS, so that the first is the highest of its octet
    (RFC 2578, 7.1.4), where LLDP itself begins with the lowest."""
    if capabilities is None or capabilities.spoilt or capabilities.tag != codec.OCTETS:
        return ""
    return role(int(f"{(capabilities.content or bytes(1))[0]:08b}"[::-1], 2))


def _network_id(chassis: Binding | None) -> str:
    """The network address that names a chassis: its family, then its bytes."""
    content = chassis.content if chassis and chassis.tag == codec.OCTETS else b""
    if not content or _FAMILIES.get(content[0]) != len(content) - 1:
        return ""
    return str(ipaddress.ip_address(content[1:]))


def read_neighbour_address(index: Oid, _columns: Row, ports: Mapping[int, str]) -> Harvest:
    """A management address: time mark, port, number, subtype, length, address."""
    address = ip_of(index[5:])
    if not address:
        return Harvest()
    part = ports.get(index[1], f"port {index[1]}")
    return Harvest((Fact("neighbour.address", address, _row(index), part),))


LISTENER = columns("6.20.1", (4,))
CONNECTION = columns("6.13.1", (1,))
_LISTEN = 2
MOST_PORT = 65_535


def read_listener(index: Oid, _row: Row) -> Harvest:
    """An open TCP port: address type, length, address, port (RFC 4022)."""
    if not 0 < index[-1] <= MOST_PORT:
        return Harvest()
    return Harvest((Fact("listener", index[-1], "snmp TCP-MIB tcpListenerTable"),))


def read_connection(index: Oid, row: Row) -> Harvest:
    """An open TCP port in the older table: local address and port, remote address and port."""
    if len(index) != 10 or number(row.get(CONNECTION[0])) != _LISTEN:
        return Harvest()
    return Harvest((Fact("listener", index[4], "snmp TCP-MIB tcpConnState"),))


PLAIN_TABLES = (
    Table("ifTable", (*IF, IF_NAME), read_interface),
    Table("entPhysicalTable", ENTITY, read_entity),
    Table("ipAddrTable", ADDRESS, read_address),
    Table("ipNetToMediaTable", ARP, read_arp),
    Table("ipRouteTable", ROUTE, read_route),
    Table("ipCidrRouteTable", CIDR_ROUTE, read_cidr_route),
    Table("ipAddressTable", ADDRESS_BOTH, read_address_both),
    Table("ipNetToPhysicalTable", ARP_BOTH, read_arp_both),
    Table("inetCidrRouteTable", ROUTE_BOTH, read_route_both),
    Table("tcpListenerTable", LISTENER, read_listener),
    Table("tcpConnTable", CONNECTION, read_connection),
)


def switch_tables(
    bridge_ports: Mapping[int, str], lldp_ports: Mapping[int, str]
) -> tuple[Table, ...]:
    """The tables that need the names of ports."""
    return (
        Table("dot1dTpFdbTable", FDB, lambda i, r: read_forwarding(i, r, FDB, bridge_ports)),
        Table(
            "dot1qTpFdbTable", VLAN_FDB, lambda i, r: read_forwarding(i, r, VLAN_FDB, bridge_ports)
        ),
        Table("lldpRemTable", REMOTE, lambda i, r: read_neighbour(i, r, lldp_ports)),
        Table(
            "lldpRemManAddrTable",
            REMOTE_ADDRESS,
            lambda i, r: read_neighbour_address(i, r, lldp_ports),
        ),
    )
