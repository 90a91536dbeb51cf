"""The negative control: a host that accepts on every port has no service (acceptance test 10)."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from protocols.contract import Depth
from scanner.planning.cost import Manner, ceiling, control, cost, many, tries
from scanner.profile import PROFILES, Limits
from scanner.wire.control import UNUSED, port_for
from tests.support.plants import untrap

NET = f"127.77.{os.getpid() % 250 + 1}"
"""Whoever else runs these tests on this machine has addresses of their own."""
PORTS = {"modbus": 10_502, "opcua": 14_840, "s7comm": 10_102}


@contextmanager
def accepting(address: str, ports: Sequence[int]) -> Iterator[Counter[int]]:
    """Accepts on each of these ports and says nothing; counts connections and bytes said to it."""
    heard: Counter[int] = Counter()
    listening = []
    last = b"that is all"

    def serve(sock: socket.socket, port: int) -> None:
        while True:
            try:
                peer, _ = sock.accept()
            except OSError:
                return
            heard[port] += 1
            with peer, suppress(ConnectionError):
                while data := peer.recv(4096):
                    if data == last:
                        heard[port] -= 1
                        return
                    heard[-port] += len(data)  # bytes, apart

    for port in ports:
        sock = socket.create_server((address, port))
        thread = threading.Thread(target=serve, args=(sock, port), daemon=True)
        thread.start()
        listening.append((sock, thread))
    try:
        yield heard
        for sock, thread in listening:  # who came before, and waits to be accepted, is counted
            with socket.create_connection(sock.getsockname()) as ours:
                ours.sendall(last)
                thread.join()
    finally:
        for sock, _ in listening:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()


def scan(
    folder: Path, address: str, ports: dict[str, int], services: bool = False
) -> dict[str, Any]:
    """The whole host is named, or each of its services alone."""
    site = folder / "site.toml"
    lines = (f"{probe} = {port}" for probe, port in ports.items())
    site.write_text("\n".join(["[ports]", *lines]), encoding="utf-8")
    targets = [address]
    if services:
        targets = [f"{address}:{port}/{probe}" for probe, port in ports.items()]
    ran = untrap(
        *("--db", folder / "t.db", "--config", site, "scan", *targets, "--profile", "bench"),
        *("--i-own-this-lab", "--probe", ",".join(ports)),
        *("--timeout", "0.1", "--retries", "0", "--yes", "--json"),
        cwd=folder,
    )
    assert ran.code == 0, ran.err
    (summary,) = ran.lines()
    return summary


def exported(folder: Path) -> dict[str, Any]:
    ran = untrap("--db", folder / "t.db", "export", "json", cwd=folder)
    assert ran.code == 0, ran.err
    document: dict[str, Any] = json.loads(ran.out)
    return document


def test_a_syn_proxy_has_no_services_end_to_end(tmp_path: Path) -> None:
    with accepting(f"{NET}.10", [*PORTS.values(), UNUSED[0]]) as heard:
        summary = scan(tmp_path, f"{NET}.10", PORTS)
    assert heard[UNUSED[0]] == 1
    assert heard[-UNUSED[0]] == 0  # not a byte was said to it
    assert summary["sent"]["connections"] == 5  # S7 is tried twice
    assert summary["sent"]["packets"] <= summary["planned"]["ceiling"]["packets"]
    found = exported(tmp_path)
    assert not [gap for gap in found["gaps"] if gap["rule"][0] in "TAUQ"]
    assert any("proxy" in question["missing"] for question in found["questions"])
    assert all(
        service["port"] != UNUSED[0] for one in found["assets"] for service in one["services"]
    )


def test_a_host_that_refuses_the_unused_port_is_taken_at_its_word(tmp_path: Path) -> None:
    with accepting(f"{NET}.11", [*PORTS.values()]):
        summary = scan(tmp_path, f"{NET}.11", PORTS)
    assert summary["sent"]["connections"] == 4  # S7 is tried twice
    assert summary["outcomes"]["closed"] == 1
    assert not any("proxy" in question["missing"] for question in exported(tmp_path)["questions"])


def test_three_services_that_were_named_are_asked_and_no_further_port(tmp_path: Path) -> None:
    """Rulings 24: nothing else is asked, by the plan or by the scan."""
    with accepting(f"{NET}.12", [*PORTS.values(), UNUSED[0]]) as heard:
        summary = scan(tmp_path, f"{NET}.12", PORTS, services=True)
    assert heard[UNUSED[0]] == 0
    assert summary["sent"]["connections"] == 4  # S7 is tried twice
    assert len(exported(tmp_path)["assets"]) == 1


def test_two_ports_are_not_many_and_one_port_counts_once() -> None:
    assert not many([502, 4840])
    assert not many([502, 4840, 502])
    assert many([502, 4840, 102])


def test_the_ceiling_holds_it_where_three_tcp_ports_are_asked() -> None:
    from protocols import probes

    asked = [(probe, probe.ports[0]) for probe in probes() if probe.name in PORTS]
    for named, whole, extra in ((asked, True, 4), (asked[:2], True, 0), (asked, False, 0)):
        (shape,) = ceiling(1, named, Depth.DISCOVER, whole=whole)
        bare = shape[: len(named)]
        limits, profile = Limits(), PROFILES["standard"]
        more = cost({shape: 1}, profile, limits).packets - cost({bare: 1}, profile, limits).packets
        assert more == extra


def test_silence_of_the_unused_port_is_not_asked_again() -> None:
    alone = control(Manner.UNANSWERED, [502])
    assert tries((control(Manner.ACCEPTED, [502]), alone), Limits(retries=2)) == (1, 1)


def test_a_port_that_is_asked_for_itself_is_no_control() -> None:
    assert port_for({502, UNUSED[0]}) == UNUSED[1]
