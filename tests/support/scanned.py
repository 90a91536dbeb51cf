"""The bundled plant scanned as a person would, and what the scan left behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inventory.conclude import conclude
from inventory.store import Store
from tests.support.answers import Found, Key, differences, read
from tests.support.database import sqlite
from tests.support.plants import ROOT, played, untrap

BOTTLING = Path(__file__).parents[2] / "simulators" / "plants" / "bottling.toml"
PROBES = ("snmp", "modbus", "opcua", "s7comm")


@dataclass(frozen=True)
class Scanned:
    """What a scan of a plant left behind."""

    key: Key
    database: Path

    def copy(self, folder: Path) -> Scanned:
        """The same inventory in a file of its own."""
        target = folder / "copy.db"
        with sqlite(self.database) as here, sqlite(target) as there:
            here.backup(there)
        return Scanned(self.key, target)

    def without(self, statement: str, *values: str) -> None:
        """Takes rows out of the records, as if they had never come in."""
        with sqlite(self.database) as connection:
            assert connection.execute(statement, values).rowcount > 0

    def again(self) -> list[str]:
        """Concludes anew, and compares."""
        with Store.open(str(self.database), self.key.site) as store:
            conclude(store, again=True)
        return differences(self.key, self.found())

    def found(self) -> Found:
        return read(self.database, self.key.site)


def scan(plant: Path, folder: Path, *more: str, code: Path = ROOT) -> Scanned:
    """Register, links and maps imported, then one brisk scan: what `untrap demo` does.

    `code` is where the program stands that scans: another folder for one that lacks something.
    """
    place = {"PYTHONPATH": str(code)}
    database = folder / "inventory.db"
    with played(plant, folder) as here:
        base = ("--db", database, "--config", here.config)
        lists = [("register", here.folder / "register.csv"), ("links", here.folder / "links.csv")]
        lists += [("map", path) for path in sorted(here.folder.glob("maps/*"))]
        for kind, path in lists:
            assert untrap(*base, "import", kind, path, cwd=folder, environment=place).code == 0
        targets = ("-iL", here.folder / "targets.txt", "--profile", "brisk")
        ran = untrap(*base, "scan", *targets, *more, cwd=folder, environment=place)
        assert ran.code == 0, ran.err
        assert "Traceback" not in ran.err
    return Scanned(Key.load(plant), database)
