"""Each protocol that captures are read for, in bytes of real devices: who it is, or else its part.

The left column names every protocol of the promise ("identity where the bytes hold it, else role
and protocol"). Recordings are the corpus's; what it lacks comes from real peers (HTTP, TLS) or is
put together from the protocol's own specification (GE-SRTP, EtherCAT).
"""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from inventory.derive.assets import derive
from inventory.model import Device
from protocols.contract import Observation
from scanner.imports.captures import read_file
from tests.protocols.passive.test_examples import BROADCAST_READ, mailbox
from tests.scanner.capture.packets import (
    CLIENT,
    PUSH,
    SERVER,
    SYN,
    SYN_ACK,
    down,
    ethernet,
    pcap,
    up,
    write,
)
from tests.scanner.capture.test_corpus import CORPUS

ROLE = {"role": "ot-device"}
TABLE: dict[str, tuple[str, str, str, dict[str, str]]] = {
    # name in the promise: recording, address, protocol, what is known of the device by it
    "ARP": ("ITI__ICS-Security-Tools/beckoff_addroute1.pcapng", "192.168.1.194", "arp",
            {"mac": "f0:76:1c:a8:6d:8e"}),
    "LLDP": ("arkime__arkime/tests_pcap_wireshark-lldp.pcap", "00:01:30:f9:ad:a0", "lldp",
             {"name": "Summit300-48", "role": "switch"}),
    "CDP": ("the-tcpdump-group__tcpdump/tests_3560_CDP.pcap", "00:19:06:ea:b8:85", "cdp",
            {"vendor": "Cisco", "product": "WS-C3560G-24PS", "firmware": "12.2(25)SEB4"}),
    "PROFINET DCP": ("ControlThings-io__ct-samples/PROFINET_PROFINET-DCP_ChangeIPUsingDCP.pcap",
                     "08:00:06:93:cf:32", "pn-dcp", {"name": "X208-BORD", "vendor": "Siemens"}),
    "DHCP": ("the-tcpdump-group__tcpdump/tests_dhcp-mud.pcap", "62.12.173.123", "dhcp",
             {"name": "raspberrypi"}),
    "mDNS": ("cisagov__icsnpp-opcua-binary/open62541_discover_getendpoints_discover_urls.pcap",
             "192.168.224.105", "mdns", {"name": "Maui-16714"}),
    "NetBIOS": ("ControlThings-io__ct-samples/IEC60870_IEC-5-104_090813_diverse.pcap",
                "10.0.0.10", "netbios", {"name": "EVON", "product": "Windows XP"}),
    "SNMP": ("zeek__zeek/snmp_snmpwalk-short.pcap", "138.68.10.203", "snmp",
             {"name": "ubuntu-512mb-sfo2-01", "location": "Sitting on the Dock"}),
    "Modbus": ("cisagov__icsnpp-modbus/testing_traces_modbus_example.pcap", "127.0.0.1", "modbus",
               {"vendor": "Zeek Modbus Test", "firmware": "1.2.3.6"}),
    "EtherNet/IP + CIP identity": ("OISF__suricata-verify/tests_enip-alert_enip_test1.pcap",
                                   "172.25.23.2", "enip",
                                   {"product": "1756-ENBT/A", "serial": "0x00524d8e"}),
    "S7comm": ("cisagov__icsnpp-s7comm/tests_traces_s7ident.pcap", "172.17.0.2", "s7comm",
               {"model": "6ES7 315-2EH14-0AB0", "serial": "S C-C2UR28922012", "role": "plc"}),
    "BACnet": ("ControlThings-io__ct-samples/BACnet_bacnet-ethernet-device.cap",
               "00:0c:6e:b0:3c:15", "bacnet", {"name": "SimpleServer", "device_instance": "123"}),
    "DNP3": ("zeek__zeek/dnp3_dnp3_read.pcap", "130.126.140.229", "dnp3", ROLE),
    "IEC 104": ("ntop__nDPI/IEC104.pcap", "10.175.211.1", "iec104", ROLE),
    "FINS": ("cisagov__icsnpp-omron-fins/testing_traces_omron_fins_tcp_commands_responses.pcap",
             "192.168.0.1", "fins", {"vendor": "Omron", "role": "plc"}),
    "HART-IP": ("cisagov__icsnpp-hart-ip/testing_traces_hart-ip_all_messageIDs.pcapng",
                "10.9.0.117", "hart-ip", ROLE),
    "MQTT": ("arkime__arkime/tests_pcap_mqtt_synthetic.pcap", "192.168.1.10", "mqtt",
             {"name": "sensor-001"}),
    "PROFINET CM": ("cisagov__icsnpp-profinet-io-cm/testing_traces_profinet_io_cm.pcap",
                    "192.168.0.126", "profinet-cm", {"vendor": "Siemens", "device_id": "1537"}),
    "GENISYS": ("cisagov__icsnpp-genisys/tests_traces_genisys.pcap", "172.27.0.2", "genisys", ROLE),
    "ROC": ("cisagov__icsnpp-roc-plus/testing_traces_all_opcodes_udp.pcap", "192.168.1.200",
            "roc-plus", ROLE),
    "C12.22": ("cisagov__icsnpp-c1222/testing_Traces_c1222_ident_service_tcp.pcap",
               "192.168.1.101", "c12.22", {"name": "ApTitle 1.3.6.1.4.1.33507.1919.12345678.0"}),
    "synchrophasor": ("cisagov__icsnpp-synchrophasor/tests_traces_C37.118_1PMU_UDP_minimal.pcap",
                      "192.168.0.60", "synchrophasor", {"name": "PMU1", "role": "pmu"}),
}  # fmt: skip
OPCUA = {
    # message: recording, address, facts of the server
    "Hello": ("open62541_client-server_minimal.pcap", "::1", {"endpoint_url": "opc.tcp://"}),
    "OPN": ("open62541_client-server_encrypted.pcap", "::1", {"security": "None channel"}),
    "GetEndpoints": ("open62541_discover_getendpoints_discover_urls.pcap", "192.168.224.105",
                     {"application_uri": "urn:open62541.server.application",
                      "security": "None None anonymous+user"}),
    "CreateSession": ("python_opcua-client-server_minimal.pcap", "127.0.0.1",
                      {"application_uri": "urn:", "name": "Python"}),
    "certificates": ("python_opcua-client-server_encrypted.pcap", "127.0.0.1",
                     {"certificate": "", "certificate.subject": "CN="}),
}  # fmt: skip


@cache
def heard(path: Path) -> tuple[Observation, ...]:
    return read_file(path).observations


def device(path: Path, address: str) -> Device:
    """The device at an address, as it stands in the inventory."""
    found = derive("default", heard(path), ()).devices
    (one,) = [one for one in found if address in one.addresses and not one.part]
    return one


def known(one: Device) -> dict[str, list[str]]:
    """All that is said of it, by fact; what the inventory chose included."""
    said: dict[str, list[str]] = {}
    for fact in one.facts:
        said.setdefault(fact.name, []).append(str(fact.value))
    for name in ("role", "vendor", "product", "name", "mac"):
        said.setdefault(name, []).append(str(getattr(one, name)))
    return said


def holds(one: Device, wanted: dict[str, str]) -> None:
    said = known(one)
    for name, value in wanted.items():
        assert any(value in text for text in said.get(name, [])), (name, value, said.get(name))


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.exists(), reason="no recordings here: UNTRAP_CORPUS")
@pytest.mark.parametrize("name", TABLE)
def test_a_recording_tells_who_it_is_or_its_role(name: str) -> None:
    file, address, protocol, wanted = TABLE[name]
    path = CORPUS / "pcap" / file
    assert protocol in {o.question.protocol for o in heard(path) if o.target.address == address}
    holds(device(path, address), wanted)


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.exists(), reason="no recordings here: UNTRAP_CORPUS")
@pytest.mark.parametrize("message", OPCUA)
def test_each_message_of_opc_ua_tells_its_part(message: str) -> None:
    file, address, wanted = OPCUA[message]
    holds(device(CORPUS / "pcap/cisagov__icsnpp-opcua-binary" / file, address), wanted)


def test_sparkplug_names_the_edge_node(tmp_path: Path) -> None:
    """A birth certificate of an edge node, as a Sparkplug B client publishes it."""
    topic = b"spBv1.0/Plant 1/NBIRTH/Edge-7"
    packet = b"\x30" + bytes((2 + len(topic) + 2,)) + len(topic).to_bytes(2) + topic + b"\x08\x01"
    frames = [up(1883, 10, PUSH, packet), down(1883, 50, PUSH, b"\xd0\0")]
    path = write(tmp_path, pcap(frames))
    holds(device(path, CLIENT), {"name": "Plant 1/Edge-7", "role": "gateway"})
    assert "Edge-7" not in str(device(path, SERVER).facts)


def test_what_a_broker_hands_on_names_neither_broker_nor_subscriber(tmp_path: Path) -> None:
    topic = b"spBv1.0/Plant 1/NBIRTH/Edge-7"
    packet = b"\x30" + bytes((2 + len(topic) + 2,)) + len(topic).to_bytes(2) + topic + b"\x08\x01"
    path = write(tmp_path, pcap([down(1883, 50, PUSH, packet), up(1883, 10, PUSH, b"\xc0\0")]))
    points = {(o.target.address, point.address) for o in heard(path) for point in o.points}
    assert points == {(SERVER, topic.decode())}
    assert "Edge-7" not in str([fact for o in heard(path) for fact in o.facts])


def test_ge_srtp_tells_the_controller(tmp_path: Path) -> None:
    ask, answer = mailbox(2, 0x43, 0, 0, 0), bytearray(mailbox(3, 0, 0, 0, 0))
    answer[42] = 0
    frames = [up(18245, 9, SYN), down(18245, 49, SYN_ACK), up(18245, 10, PUSH, ask)]
    frames.append(down(18245, 50, PUSH, bytes(answer)))
    holds(device(write(tmp_path, pcap(frames)), SERVER), {"role": "plc"})


def test_ethercat_tells_the_master(tmp_path: Path) -> None:
    master = "00:01:05:00:00:07"
    frame = ethernet(master, "ff:ff:ff:ff:ff:ff", 0x88A4, BROADCAST_READ)
    holds(device(write(tmp_path, pcap([frame])), master), {"role": "plc", "vendor": "Beckhoff"})


class Page(http.server.BaseHTTPRequestHandler):
    """A device's web page that asks for a password."""

    server_version, sys_version = "Acme-Web/3.1", ""

    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="Press 7"')
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_a_real_web_servers_banner(tmp_path: Path) -> None:
    ask = b"GET / HTTP/1.1\r\nHost: press\r\nConnection: close\r\n\r\n"
    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        serving = threading.Thread(target=server.handle_request)
        serving.start()
        with socket.create_connection(server.server_address) as client:
            client.sendall(ask)
            answer = b"".join(iter(lambda: client.recv(65_536), b""))
        serving.join()
    frames = [up(80, 9, SYN), down(80, 49, SYN_ACK), up(80, 10, PUSH, ask)]
    path = write(tmp_path, pcap([*frames, down(80, 50, PUSH, answer)]))
    said = known(device(path, SERVER))["description"]
    assert {"server Acme-Web/3.1", "realm Press 7"} <= set(said)


def certified(folder: Path) -> tuple[Path, Path]:
    """Key and certificate of a device."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string("CN=press-7,O=Acme")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    paths = folder / "key.pem", folder / "certificate.pem"
    paths[0].write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    paths[1].write_bytes(made.public_bytes(pem))
    return paths


def handshake(folder: Path) -> list[tuple[bool, bytes]]:
    """(from the client, bytes) of each flight of a TLS 1.2 handshake of two real ends."""
    key, certificate = certified(folder)
    serving, asking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    serving.load_cert_chain(certificate, key)
    asking.check_hostname, asking.verify_mode = False, ssl.CERT_NONE
    asking.maximum_version = ssl.TLSVersion.TLSv1_2
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        (True, asking.wrap_bio(to_client, to_server), to_server),
        (False, serving.wrap_bio(to_server, to_client, server_side=True), to_client),
    )
    flights: list[tuple[bool, bytes]] = []
    for _ in range(3):
        for client, end, out in ends:
            before = out.pending
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
            if out.pending > before:
                said = out.read()
                flights.append((client, said))
                out.write(said)
    return flights


def test_a_real_tls_servers_certificate(tmp_path: Path) -> None:
    frames, places = [up(443, 9, SYN), down(443, 49, SYN_ACK)], {True: 10, False: 50}
    for client, data in handshake(tmp_path):
        frames.append((up if client else down)(443, places[client], PUSH, data))
        places[client] += len(data)
    one = device(write(tmp_path, pcap(frames)), SERVER)
    holds(one, {"certificate.subject": "CN=press-7", "certificate.issuer": "O=Acme"})
