"""Writes `protocols/snmp/enterprises.csv.gz`: who makes the devices behind an enterprise number.

    python -m docs.tables.snmp_enterprises ENTERPRISES.tsv

The whole IANA list, names shortened. `VENDORS` gives the names that engineers use; `AGENTS` are
software houses, chip makers and standards bodies whose number says nothing about the device's
maker.
"""

from __future__ import annotations

import gzip
import re
import sys
from pathlib import Path

OUT = Path("protocols/snmp/enterprises.csv.gz")
HEADER = """\
# Private enterprise numbers: number, maker, kind ("agent": its number names no device maker).
# Facts of the IANA list (https://www.iana.org/assignments/enterprise-numbers) as of Wireshark
# 4.0.17, names shortened. Made by docs/tables/snmp_enterprises.py; edit its VENDORS and AGENTS.
"""
_NOBODY = re.compile(r"^(none|reserved|unassigned|unknown|\?+|private|tbd|test)\b", re.IGNORECASE)
_FORMS = re.compile(
    r"[,.]?\s*\b(inc(orporated)?|corp(oration)?|co|ltd|limited|llc|l\.l\.c|gmbh|ag|kg|kgaa|s\.?a|"
    r"s\.?p\.?a|s\.?r\.?l|b\.?v|n\.?v|a\.?s|a/s|ab|oy|oyj|aps|plc|pty|pte|sas|sarl|s\.?l|s\.?r\.?o|"
    r"d\.?o\.?o|kft|sp\.? ?z ?o\.?o|e\.?k|the|company|co\.,? ?ltd|international|intl|usa?)"
    r"\b\.?,?(?=\s|$)",
    re.IGNORECASE,
)
AGENTS = {
    2: "IBM", 42: "Sun", 99: "SNMP Research", 111: "Oracle", 311: "Microsoft", 343: "Intel",
    2021: "ucd-snmp", 3582: "LSI", 4413: "Broadcom", 4491: "CableLabs", 6876: "VMware",
    8072: "net-snmp", 12807: "Rabbit Semiconductor", 17095: "Microchip", 26381: "lwIP",
    14851: "Storage Networking Industry Association", 27282: "Realtek Semiconductor corp.",
    36582: "Arduino", 50001: "Scildon", 883: "Integrated Systems", 1070: "DMH Software",
    2076: "Future Software", 2238: "FreeBSD Project", 6603: "Vitesse", 7244: "Quanta",
    8174: "NetBurner", 9442: "Atheros", 12325: "Fraunhofer FOKUS", 13140: "Cluster File Systems",
    17409: "standards committee of radio and television", 21111: "Datalogic",
    24686: "PROFIBUS Nutzerorganisation", 30005: "Raybit", 33118: "Freescale",
    45065: "Insyde", 20006: "Nagios", 36602: "Observium", 60652: "LibreNMS",
}  # fmt: skip
VENDORS = {
    89: "Radware (RND)", 258: "Panasonic", 562: "Ciena (Nortel)", 601: "Microchip (Bancomm)",
    629: "MRV", 683: "Zebra (Extended Systems)", 738: "BATM (Telco Systems)",
    885: "Vertiv (Emerson)", 1166: "Arris (General Instrument)", 1230: "McAfee",
    1286: "Ribbon (ECI)", 1369: "Forcepoint (Stonesoft)", 1429: "Cisco (Scientific-Atlanta)",
    1385: "Montclair", 2281: "Ceragon", 3224: "Juniper (NetScreen)", 3320: "BDCOM",
    3570: "Tait", 3709: "Datacom (Teracom)", 3807: "FiberHome", 3902: "ZTE", 4115: "Arris",
    4130: "GE MDS", 4874: "Juniper", 4998: "Arris (Cadant)", 5875: "FiberHome",
    6027: "Dell (Force10)", 6530: "2N", 7309: "Alpha Technologies (Argus)", 7800: "Ubiquoss",
    8000: "UHP Networks",
    8708: "Infinera (Transmode)", 8962: "McAfee (IntruVert)", 9694: "Arbor",
    10520: "GE Critical Power", 12276: "F5", 13464: "GCOM", 13891: "Sinetica",
    14941: "ExaGrid", 15117: "West Mountain Radio",
    15983: "Fortinet (Meru)", 18837: "Safran (Orolia)", 20246: "Delta",
    21067: "Cyberoam", 21695: "net-track", 23263: "HAProxy (Exceliance)", 26854: "Alpha (Cherokee)",
    32620: "Anue Systems", 34652: "Volius (IPF)", 40865: "Majorpower", 43296: "Exablaze (Cisco)",
    30932: "Chatsworth", 55108: "Riedo Networks", 56166: "SmartByte",
    9: "Cisco", 11: "HP", 43: "3Com", 45: "Nortel/Avaya/Extreme", 52: "Enterasys",
    95: "Rockwell Automation",
    119: "NEC", 161: "Motorola", 171: "D-Link", 193: "Ericsson", 207: "Allied Telesis",
    211: "Fujitsu", 231: "Fujitsu", 232: "HP", 236: "Samsung", 244: "Lantronix",
    248: "Hirschmann", 253: "Xerox", 259: "Accton (Edge-Core)", 297: "Fuji Xerox", 318: "APC",
    332: "Digi International", 339: "Siemens", 367: "Ricoh", 368: "Axis", 388: "Symbol",
    409: "Mitsubishi Electric", 476: "Vertiv (Liebert)", 534: "Eaton", 553: "Belden (GarrettCom)",
    637: "Alcatel-Lucent", 641: "Lexmark", 664: "Adtran", 674: "Dell", 705: "Eaton (MGE)",
    789: "NetApp", 800: "Alcatel", 850: "Tripp Lite", 890: "Zyxel", 908: "ABB",
    926: "Alpha Technologies", 935: "Phoenixtec (Eaton)", 994: "Dantel", 1129: "Toshiba TEC",
    1229: "SEH", 1248: "Epson",
    1347: "Kyocera", 1588: "Brocade", 1602: "Canon", 1718: "Server Technology",
    1872: "Nortel Alteon", 1890: "Red Lion", 1916: "Extreme", 1918: "Eaton", 1966: "Perle",
    1991: "Brocade (Foundry)", 2011: "Huawei", 2254: "Delta", 2272: "Nortel/Avaya/Extreme",
    2385: "Sharp",
    2435: "Brother", 2468: "Megatec/USHA", 2544: "ADVA", 2604: "Sophos", 2606: "Rittal",
    2620: "Check Point", 2634: "WTI", 2636: "Juniper", 2684: "Poly", 2736: "EtherWAN",
    2769: "Knürr", 3003: "Alcatel", 3052: "Asentria", 3076: "Cisco", 3375: "F5",
    3417: "Blue Coat", 3699: "NTI", 3711: "Panduit/Sinetica", 3808: "Cyber Power",
    3833: "Schneider Electric", 3854: "AKCP", 4196: "Siemens", 4329: "Siemens",
    4346: "Phoenix Contact", 4496: "Siemens", 4526: "Netgear", 4555: "Socomec", 4881: "Ruijie",
    5003: "AudioCodes", 5040: "Wiesemann & Theis", 5089: "Clavister", 5491: "Riello",
    5528: "Schneider Electric (NetBotz)", 5597: "Meinberg", 5624: "Enterasys", 5651: "Maipu",
    5833: "Tailyn",
    5940: "Red Lion", 5951: "Citrix", 6075: "Siemens", 6141: "Ciena", 6302: "Vertiv (Emerson)",
    6486: "Alcatel-Lucent", 6527: "Nokia", 6574: "Synology", 6889: "Avaya", 7427: "Yokogawa",
    7779: "Infoblox", 8691: "Moxa", 8741: "SonicWall", 8744: "HP Colubris", 8886: "Raisecom",
    9304: "CTS", 9839: "Carel", 10002: "Ubiquiti", 10297: "Advantech", 10368: "Fujitsu",
    10418: "Vertiv (Avocent)", 10456: "Planet", 10704: "Barracuda", 10781: "Schneider Electric",
    11863: "TP-Link", 12148: "Eltek", 12356: "Fortinet", 12532: "Pulse Secure",
    12740: "Dell EqualLogic", 13400: "Vertiv", 13576: "WAGO", 13742: "Raritan", 13827: "EndRun",
    13858: "Eltek Valere", 13885: "Poly", 14179: "Cisco Airespace", 14501: "Blue Coat",
    14823: "Aruba", 14988: "MikroTik", 15004: "RuggedCom (Siemens)",
    15450: "Phoenix Contact (Innominate)", 15497: "Cisco IronPort", 16177: "Westermo",
    16378: "Digi International", 16838: "Omron", 17163: "Riverbed", 17373: "Vertiv (Geist)",
    17713: "Cambium", 18248: "Papouch", 18334: "Konica Minolta", 18928: "Areca", 19046: "Lenovo",
    19536: "Panduit", 19746: "Data Domain", 20540: "Red Lion (Sixnet)",
    20542: "Sierra Wireless (AirLink)", 20916: "AVTECH",
    20992: "Cradlepoint", 20998: "Honeywell", 21239: "Vertiv (Geist)", 21317: "ATEN",
    21796: "HW group",
    22626: "Comet System", 23867: "Silver Peak", 24681: "QNAP", 24866: "Turck", 25049: "Opengear",
    25053: "Ruckus", 25157: "Beckhoff", 25461: "Palo Alto", 25506: "H3C", 25597: "FireEye",
    26067: "Kyland", 26122: "Zenitel", 26866: "Gigamon", 28381: "Red Lion (N-Tron)",
    28507: "Gude", 29430: "HMS", 29462: "Stulz", 29671: "Cisco Meraki", 30065: "Arista",
    30155: "OpenBSD", 30320: "Exeltech", 30803: "Vyatta", 31034: "Schleifenbauer",
    31127: "Emerson", 31496: "NetModule", 31770: "Bachmann", 32050: "PacketFlux",
    32473: "example", 33333: "Morningstar", 33688: "Packet Power", 34278: "Janitza",
    35265: "Eltex", 36849: "Samsung/Hanwha", 37940: "WRD Tech", 38446: "Enlogic",
    38783: "Teracom", 39003: "Sub10", 39052: "Vutlan", 39145: "ICT", 39165: "Hikvision",
    40418: "SNR", 40614: "EastPower", 41112: "Ubiquiti", 45621: "Tycon", 46651: "Dantherm",
    47196: "Aruba", 48690: "Teltonika", 52642: "FS", 52674: "Schneider Electric (NetBotz)",
}  # fmt: skip


def short(name: str) -> str:
    """A company's name without its legal form; as it stands where nothing else would be left."""
    words = re.sub(r"\(.*?\)", " ", name)
    kept = " ".join(_FORMS.sub(" ", words).replace(",", " ").split()).strip(" .-&")
    return kept or " ".join(words.replace(",", " ").split())


def table(enterprises: Path) -> str:
    """The file's text."""
    rows: dict[int, tuple[str, ...]] = {}
    for line in enterprises.read_text("utf-8", errors="replace").splitlines():
        number, _, name = line.partition("\t")
        kept = short(name.split("\t")[0])[:48]
        if number.isdigit() and kept and not _NOBODY.match(kept):
            rows[int(number)] = (kept,)
    rows.update({number: (name,) for number, name in VENDORS.items()})
    rows.update({number: (name, "agent") for number, name in AGENTS.items()})
    rows.pop(0, None)
    return HEADER + "".join(f"{n},{','.join(rows[n])}\n" for n in sorted(rows))


if __name__ == "__main__":
    with gzip.GzipFile(OUT, "wb", mtime=0) as file:
        file.write(table(Path(sys.argv[1])).encode())
