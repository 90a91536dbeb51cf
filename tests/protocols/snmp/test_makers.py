"""The makers' own objects as data: every row is wished for and read from its place."""

from __future__ import annotations

import re

import pytest

from protocols.snmp import codec, identity, wishes
from protocols.snmp.codec import Oid
from tests.protocols.snmp.measure import PUBLIC
from tests.protocols.snmp.player import agent, encode_oid, octets, tlv
from tests.protocols.snmp.test_probe import facts, link_of, run

PLAIN = {
    "model": "XR-7",
    "firmware": "3.1.4",
    "serial": "AB1234567",
    "hardware": "R2",
    "product": "XR",
}
# What a row with a pattern is to read: what the object holds, and what is kept of it.
WRITTEN = {
    "^(.+?) v": ("Sonoma v 1.0", "Sonoma"),
    "^(.+?) FW": ("RIGRunner 4004 FW Version 4.0", "RIGRunner 4004"),
    " v (\\S+)": ("Sonoma v 1.05 - Jan", "1.05"),
    "^(FortiSwitch-\\S+)": ("FortiSwitch-124D v3.6.0,build0400", "FortiSwitch-124D"),
    "^FortiSwitch-\\S+ (v\\S+?),": ("FortiSwitch-124D v3.6.0,build0400", "v3.6.0"),
    "^(FortiWeb-\\S+)": ("FortiWeb-VM 6.0,build0001", "FortiWeb-VM"),
    "^FortiWeb-\\S+ (\\d[\\w.]*)": ("FortiWeb-VM 6.0,build0001", "6.0"),
    "\\(SN (\\w+)\\)": ("PDU System v1.01 (SN 1112223334445)", "1112223334445"),
    "^IBM,(.+)$": ("IBM,8233-E8B", "8233-E8B"),
    "^((?:RUT|TRB|TCR|OTD)\\w+)$": ("RUT955", "RUT955"),
    "^((?:RUT|TRB|TCR|OTD)\\w*_\\w+\\.[\\w.]+)": ("RUT9XX_R_00.06.08", "RUT9XX_R_00.06.08"),
    "^(\\d{9,10})$": ("1100000001", "1100000001"),
    "^(TSW\\w+)": ("TSW21000XXXX", "TSW21000XXXX"),
    "^(TSW\\w*_\\w+\\.[\\w.]+)": ("TSW2_R_00.01.01", "TSW2_R_00.01.01"),
    "^(G[A-Z]{2}\\d.*)$": ("GWN7660", "GWN7660"),
    "NetScaler (NS\\S+?):": ("NetScaler NS13.0: Build 1.1.nc, Date: Jan 1 2020", "NS13.0"),
    "(?:VERFW:)?(\\S+)": ("VERFW:01428.1400", "01428.1400"),
    "V(\\d[\\w.]+)$": ("SECURE/SNMP/WEB/V3.50", "3.50"),
    "Version (\\S+)": ("FSOS Software, Version 5.3.7", "5.3.7"),
    "version (\\S+)": ("NGFW version 6.10.1", "6.10.1"),
    "FW Version (\\S+)": ("RIGRunner 4004 FW Version 4.0", "4.0"),
    "v(\\d[\\d.]+)": ("Net Vision 7 v7.20", "7.20"),
    "(\\d+\\.\\d[\\w.]*)": ("Ver11.10", "11.10"),
    "^([\\d.]+)": ("1.0.7, Mon", "1.0.7"),
    "^(\\S+)": ("4.3.0 f5ad8650", "4.3.0"),
    "(\\d+\\.\\d[\\d.]*)": ("CANOPY 16.0.0.1 AP", "16.0.0.1"),
    "Release ([\\w.]+)": ("NetApp Release 9.8P4: Mon Mar 1 2021", "9.8P4"),
    "SGOS (\\d[\\d.]*)": ("Version: SGOS 6.5.9.1, Release id: 1", "6.5.9.1"),
    "^((?=\\S*\\d)(?=\\S*[A-Z])\\S+)$": ("ICT1500-24SBC", "ICT1500-24SBC"),
    "^([A-Za-z].*)": ("sensorProbe8", "sensorProbe8"),
    "^([^ |]+)": ("V4.70(ABBI.2) | 12/17/2021", "V4.70(ABBI.2)"),
    "^(FP\\d\\w+)": ("FP234F-v7.2-build0400", "FortiAP-234F"),
    "v (\\d[\\w.]*)": ("Sonoma_D12 v 3.05 - Sep", "3.05"),
    "^(?:KONICA MINOLTA )?(.+)": ("KONICA MINOLTA bizhub C300", "bizhub C300"),
    "(\\d[\\d.]+)$": ("Appliance.3.4.3", "3.4.3"),
    "(\\d[\\w.]+)": ("25.07.2", "25.07.2"),
    "(?:Version )?(\\d+\\.\\d[\\w.]*)": ("FSOS Software, Version 5.3.8", "5.3.8"),
    "(TCW\\w+)": ("TCW280-v1.300", "TCW280"),
    "-(v?[\\d.]+)": ("TCW280-v1.300", "v1.300"),
    "(\\d+\\.\\d[\\w. ]*?)(?: Build|$)": ("7090 4.0 01.00.01 Build 2.9.1", "4.0 01.00.01"),
    "^((?:MINI-LINK|SSR|AMM) .+?)(?: chassis)?$": ("SSR 8010 chassis", "SSR 8010"),
    "^(\\d+\\.\\d+\\.\\S+)": ("8.1.5.0 build on Thu", "8.1.5.0"),
    "^JUNOS.*\\[([^\\]]+)\\]": ("JUNOS Software Suite [18.4R2.7]", "18.4R2.7"),
    "^(WS-C49\\d\\d\\S*)$": ("WS-C4928-10GE", "WS-C4928-10GE"),
    "^([A-Z]{3}\\d[\\w-]*)$": ("SGE2010", "SGE2010"),
    "^(AT-\\w+[\\w/-]*)$": ("AT-8000S/24", "AT-8000S/24"),
    "^Cisco ([A-Z]+[\\w-]*\\d[\\w/-]*) Chassis$": ("Cisco C8500-20X6C Chassis", "C8500-20X6C"),
    "Serial Number\\s*: *(\\S+)": ("CARD\n Serial Number   :  002871\n", "002871"),
    "^(Carrier .+)$": ("Carrier 1U", "Carrier 1U"),
    "^(IP ?\\d.+)$": ("IP 500 V2", "IP 500 V2"),
}


def written(maker: tuple[str, ...]) -> tuple[Oid, Oid, str, str]:
    """The agent's object id, the column, what the object holds and what is kept of it."""
    top, name, place, _ = maker
    path, _, pattern = place.partition(" ~ ")
    path = path.partition("@")[0]
    held, kept = WRITTEN[pattern] if pattern else (PLAIN[name], PLAIN[name])
    object_id = identity.enterprise_oid(top)
    if path.startswith("+"):
        object_id = (*object_id, 1)
        return object_id, (*object_id, *codec.oid("0." + path[1:])[1:]), held, kept
    return object_id, identity.enterprise_oid(path), held, kept


ROWS = [row for row in identity.makers() if not row[2].startswith("-")]


def _row(place: str) -> Oid:
    """The instance of a place that means one row only; () for any."""
    instance = place.partition(" ~ ")[0].partition("@")[2]
    return codec.oid("0." + instance)[1:] if instance else ()


def _asked(column: Oid, place: str) -> Oid:
    """What a GetNext asks for, so that the row is what follows."""
    row = (*column, *_row(place))
    return column if row == column else (*row[:-1], row[-1] - 1) if row[-1] else row[:-1]


@pytest.mark.parametrize("maker", ROWS, ids=lambda maker: "|".join(maker[:3]))
def test_every_row_is_wished_of_its_maker_and_read_as_written(maker: tuple[str, ...]) -> None:
    object_id, column, held, kept = written(maker)
    column = _asked(column, maker[2])
    wished = [w for w in wishes.wanted(object_id, {}) if (w.name, w.oid) == (maker[1], column)]
    assert kept in [wishes.granted(wish, held) for wish in wished]


@pytest.mark.parametrize("maker", ROWS[::40], ids=lambda maker: "|".join(maker[:3]))
def test_an_agent_that_holds_nothing_else_is_read(maker: tuple[str, ...]) -> None:
    object_id, column, held, kept = written(maker)
    values = {
        "1.3.6.1.2.1.1.1.0": octets("device"),
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(object_id)),
        codec.dotted((*column, *(_row(maker[2]) or (0,)))): octets(held),
    }
    assert facts(run(link_of(agent(values), PUBLIC)), maker[1]) == [kept]


def test_the_rows_are_in_the_order_of_the_arcs_and_told_once() -> None:
    rows = identity.makers()
    tops = [codec.oid("1." + row[0]) for row in rows]
    assert tops == sorted(tops)
    assert len({row[:3] for row in rows}) == len(rows)
    assert all(row[1] in identity.IDENTITY for row in rows)
    for row in rows:
        re.compile(row[2].partition(" ~ ")[2])


def test_a_unit_without_a_model_name_is_told_by_its_description_if_that_is_one_word() -> None:
    """Small business switches: the chassis of unit 1, behind the stack, leaves its model empty."""
    entity = "1.3.6.1.2.1.47.1.1.1.1"
    values = {
        "1.3.6.1.2.1.1.1.0": octets("48-port 10/100/1000 Ethernet Switch"),
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(codec.oid("1.3.6.1.4.1.9.6.1.72.2010.2"))),
        f"{entity}.2.64": octets("Stack"),
        f"{entity}.2.67108992": octets("SGE2010"),
        f"{entity}.5.64": tlv(2, b"\x0b"),
        f"{entity}.5.67108992": tlv(2, b"\x03"),
        f"{entity}.13.64": octets(""),
        f"{entity}.13.67108992": octets(""),
    }
    assert facts(run(link_of(agent(values), PUBLIC)), "model") == ["SGE2010"]
    values[f"{entity}.2.67108992"] = octets("48-Port Gigabit Smart Switch")
    assert facts(run(link_of(agent(values), PUBLIC)), "model") == []


def test_a_single_object_without_an_instance_is_asked_for_once_more() -> None:
    """Its neighbour answers for it, and nothing else of the datagram stood before it."""
    values = {
        "1.3.6.1.2.1.1.1.0": octets("SD-WAN appliance"),
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(codec.oid("1.3.6.1.4.1.3845.31"))),
        "1.3.6.1.4.1.3845.31.4.2.2.12.1.9": octets("x"),
        "1.3.6.1.4.1.3845.31.4.2.2.12.1.10": octets("AB1CDE2FGH"),
        "1.3.6.1.4.1.3845.31.4.2.2.12.1.11": octets("4.6"),
        "1.3.6.1.4.1.3845.31.4.2.2.12.1.12": octets("9.3.5"),
        "1.3.6.1.4.1.3845.31.4.2.2.12.1.13": octets("y"),
    }
    link = run(link_of(agent(values), PUBLIC))
    assert facts(link, "serial") == ["AB1CDE2FGH"]
    assert facts(link, "firmware") == ["9.3.5"]
    assert len(link.requests) == 3


def test_what_a_wider_row_says_is_not_asked_of_those_whose_object_holds_another_thing() -> None:
    """The boards of Allied Telesis: the first is the device, but in a chassis a line card."""
    board = "1.3.6.1.4.1.207.8.4.4.3.21.1.1"
    values = {
        "1.3.6.1.2.1.1.1.0": octets("Allied Telesis router/switch"),
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(codec.oid("1.3.6.1.4.1.207.1.14.120"))),
        f"{board}.4.1.1": octets("AT-x950-28XSQ"),
        f"{board}.8.1.1": octets("A0000A000000001"),
    }
    link = run(link_of(agent(values), PUBLIC))
    assert (facts(link, "model"), facts(link, "serial")) == (["AT-x950-28XSQ"], ["A0000A000000001"])
    values["1.3.6.1.2.1.1.2.0"] = tlv(6, encode_oid(codec.oid("1.3.6.1.4.1.207.1.14.114")))
    link = run(link_of(agent(values), PUBLIC))
    assert (facts(link, "model"), facts(link, "serial")) == ([], [])
    assert facts(link, "product") == ["AT-SBx8106"]


def test_what_is_served_behind_a_nameless_number_names_the_maker() -> None:
    """A cable television standard's number hides makers with higher numbers."""
    values = {
        "1.3.6.1.2.1.1.1.0": octets("GE-PON head end"),
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(codec.oid("1.3.6.1.4.1.17409"))),
        "1.3.6.1.4.1.17409.2.3.1.1.1.0": octets("olt"),
        "1.3.6.1.4.1.34592.1.3.1.5.2.1.1.5.0": octets("4.2.7"),
    }
    link = run(link_of(agent(values), PUBLIC))
    assert facts(link, "vendor") == ["Shenzhen C-Data Technology"]
    assert facts(link, "firmware") == ["4.2.7"]


def test_a_table_below_a_number_of_nobodys_is_read_and_names_no_vendor() -> None:
    """UPS cards of several brands keep their table below a number that is not theirs."""
    values = {
        "1.3.6.1.2.1.1.1.0": octets("Linux SNMP-System"),
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(codec.oid("1.3.6.1.4.1.8072.3.2.10"))),
        "1.3.6.1.4.1.21111.1.1.1.3.0": octets("G3-10KL"),
        "1.3.6.1.4.1.21111.1.1.1.4.0": octets("11112222334455"),
        "1.3.6.1.4.1.21111.1.1.1.6.0": octets("VERFW:01430.1500"),
    }
    link = run(link_of(agent(values), PUBLIC))
    assert facts(link, "vendor") == []
    assert facts(link, "model") == ["G3-10KL"]
    assert facts(link, "serial") == ["11112222334455"]
    assert facts(link, "firmware") == ["01430.1500"]


def test_a_management_processor_on_linux_is_told_by_its_own_table() -> None:
    """IBM's number alone names no maker: its software runs on others' machines too."""
    linux = {
        "1.3.6.1.2.1.1.1.0": octets("Linux imm-3 2.6.16.60 #1 mips"),
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(codec.oid("1.3.6.1.4.1.8072.3.2.10"))),
    }
    imm = {
        "1.3.6.1.4.1.2.3.51.3.1.5.2.1.3.0": octets("KD0AB12"),
        "1.3.6.1.4.1.2.3.51.3.1.5.2.1.5.0": octets("System x3250 M4"),
    }
    link = run(link_of(agent(linux | imm), PUBLIC))
    assert facts(link, "vendor") == ["IBM"]
    assert facts(link, "model") == ["System x3250 M4"]
    assert facts(link, "serial") == ["KD0AB12"]
    tivoli = {"1.3.6.1.4.1.2.6.191.1.1.1.0": octets("x")}
    assert facts(run(link_of(agent(linux | tivoli), PUBLIC)), "vendor") == []


# Rows of tables of other things, but those whose first row is asked as well.
ROWED = [row for row in ROWS if "@" in row[2] and row[2][0] != "." and row[0] != "12148.10"]


@pytest.mark.parametrize("maker", ROWED, ids=lambda maker: "|".join(maker[:3]))
def test_of_a_table_of_other_things_only_the_row_that_is_meant_is_read(
    maker: tuple[str, ...],
) -> None:
    object_id, column, held, kept = written(maker)
    row = _row(maker[2])
    others = ((*row[:-1], row[-1] + n) for n in (-1, 1) if row[-1] + n >= 0)
    values = {
        "1.3.6.1.2.1.1.1.0": octets("device"),
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(object_id)),
        **{codec.dotted((*column, *other)): octets("XCARD-1 4.4") for other in others},
    }
    assert facts(run(link_of(agent(values), PUBLIC)), maker[1]) == []
    values[codec.dotted((*column, *row))] = octets(held)
    assert facts(run(link_of(agent(values), PUBLIC)), maker[1]) == [kept]


def test_single_objects_without_an_instance_are_read_where_they_stand() -> None:
    """Some agents leave out the `.0`: GetNext of one name gives the next one itself."""
    values = {
        "1.3.6.1.2.1.1.1.0": octets("Network device"),
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(codec.oid("1.3.6.1.4.1.43296.3"))),
        "1.3.6.1.4.1.43296.3.1.1": octets("EBFSN-Z-123123"),
        "1.3.6.1.4.1.43296.3.1.2": octets("1.9.0"),
        "1.3.6.1.4.1.43296.3.1.3": octets("Fusion 48"),
    }
    link = run(link_of(agent(values), PUBLIC))
    assert facts(link, "model") == ["Fusion 48"]
    assert facts(link, "firmware") == ["1.9.0"]
    assert facts(link, "serial") == ["EBFSN-Z-123123"]  # follows the end of what was asked before
    assert len(link.requests) == 2


def test_a_ups_of_a_nameless_number_is_named_by_its_module() -> None:
    """RFC 1628, upsIdentManufacturer."""
    values = {
        "1.3.6.1.2.1.1.1.0": octets("agent"),
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(codec.oid("1.3.6.1.4.1.99999.7"))),
        "1.3.6.1.2.1.33.1.1.1.0": octets("Weber Power"),
        "1.3.6.1.2.1.33.1.1.2.0": octets("UPS 3000RT"),
    }
    link = run(link_of(agent(values), PUBLIC))
    assert facts(link, "vendor") == ["Weber Power"]
    values["1.3.6.1.2.1.1.2.0"] = tlv(6, encode_oid(codec.oid("1.3.6.1.4.1.476.1.42")))
    assert facts(run(link_of(agent(values), PUBLIC)), "vendor") == ["Vertiv (Liebert)"]


def test_letters_of_an_images_features_are_no_revision() -> None:
    """IOS states them in RMON2's probeSoftwareRev."""
    values = {
        "1.3.6.1.2.1.1.1.0": octets("Cisco Internetwork Operating System Software"),
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(codec.oid("1.3.6.1.4.1.9.1.278"))),
        "1.3.6.1.2.1.16.19.2.0": octets("3H2S"),
    }
    assert facts(run(link_of(agent(values), PUBLIC)), "firmware") == []
    values["1.3.6.1.2.1.16.19.2.0"] = octets("12.0(5)WC9")
    assert facts(run(link_of(agent(values), PUBLIC)), "firmware") == ["12.0(5)WC9"]
