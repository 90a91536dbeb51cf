"""The checks of `untrap doctor`: each a name, a state (ok, off, bad) and one line."""

from __future__ import annotations

import importlib.util
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import packages_distributions, version
from pathlib import Path

from scanner.cli import Settings
from scanner.layer2.plan import missing, raw_rights
from scanner.scan import descriptors
from scanner.wire.names import interfaces
from scanner.wire.neighbours import links

PACKAGES = ("inventory", "protocols", "scanner", "simulators")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: str
    text: str


def checks(settings: Settings) -> Iterator[Check]:
    """Everything, in the order of a person's interest. Sends nothing."""
    yield _python()
    yield _system()
    yield _raw()
    yield _interfaces()
    yield _neighbours()
    yield Check("sockets", "ok", f"{descriptors(4_096)} addresses can be asked at once")
    yield _clock()
    yield from _extras()
    yield from _clashes()
    yield _database(settings)


def _python() -> Check:
    state = "ok" if sys.version_info >= (3, 11) else "bad"
    return Check("python", state, f"{platform.python_version()}, untrap {version('untrap')}")


def _system() -> Check:
    name = platform.system()
    if name == "Linux":
        return Check("system", "ok", f"Linux {platform.release()}")
    return Check("system", "off", f"{name}: scanning works, the bundled plants need Linux")


def _raw() -> Check:
    if not (why := missing()):
        return Check("raw sockets", "ok", "ARP, LLDP and PROFINET DCP can be used")
    off = "ARP sweep, --listen, --dcp" + ("" if raw_rights() else ", pcapng recording")
    return Check("raw sockets", "off", f"{why}: off are {off}")


def _interfaces() -> Check:
    networks = [f"{network} on {name}" for network, name in links().networks]
    if networks:
        return Check("networks", "ok", ", ".join(networks[:4]))
    return Check("networks", "off", f"no network besides {', '.join(interfaces())}")


def _neighbours() -> Check:
    path = Path("/proc/sys/net/ipv4/neigh/default/gc_thresh3")
    try:
        limit = path.read_text(encoding="ascii").strip()
    except OSError:
        return Check("neighbour table", "off", "its size is not told; 200 new addresses/s on link")
    return Check("neighbour table", "ok", f"{limit} entries; 200 new addresses/s on link")


def _clock() -> Check:
    if Path("/run/systemd/timesync/synchronized").exists():
        return Check("clock", "ok", "synchronised")
    return Check("clock", "off", "not known to be synchronised: clock skew (Q07) is not judged")


def _extras() -> Iterator[Check]:
    for name, module, use in (
        ("capture", "scapy", "live capture and layer 2"),
        ("xlsx", "xlsxwriter", "workbooks"),
        ("report", "jinja2", "the HTML report"),
        ("postgresql", "psycopg", "PostgreSQL"),
    ):
        there = importlib.util.find_spec(module) is not None
        text = use if there else f"{use}: pipx install 'untrap[{name}]'"
        yield Check(name, "ok" if there else "off", text)


def _clashes() -> Iterator[Check]:
    owners = packages_distributions()
    for name in PACKAGES:
        others = set(owners.get(name, [])) - {"untrap"}
        if others:
            text = f"{', '.join(sorted(others))} installs a package {name!r} too: use pipx"
            yield Check("names", "bad", text)


def _database(settings: Settings) -> Check:
    if "://" not in settings.db and not Path(settings.db).exists():
        return Check("inventory", "ok", f"{settings.db} will be made by the first scan")
    from inventory.store import Store, StoreError

    try:
        with Store.open(settings.db, settings.site, create=False, readonly=True) as store:
            return Check("inventory", "ok", f"{settings.db}: sites {', '.join(store.sites())}")
    except StoreError as error:
        return Check("inventory", "bad", str(error))
