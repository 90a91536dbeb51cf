"""`python -m benchmarks.depth_cost`: packets per identified device, protocol by protocol.

Plays one plant a protocol, scans it to depth `identify`, and sets the packets of both directions,
as the kernel counted them, against the floor: the shortest conversation that identifies a device
(SNMP a request and its answer, Modbus two questions, OPC UA the endpoints; TCP closed by FIN).
A version 3 user must learn the engine's time first: its floor is two exchanges.

As root it runs in a network namespace of its own. Without rights there are no counters, and the
requests that arrived at the devices are printed instead, by which nothing is judged.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Found, target
from benchmarks.stage import INSIDE, played, prepare_network
from benchmarks.tools import untrap

MOST = 1.3
"""Times the floor that an identified device may cost."""
DEVICES = 40


@dataclass(frozen=True, slots=True)
class Case:
    """One plant; `floor` counts packets in both directions."""

    name: str
    probe: str
    protocols: str
    floor: int
    credential: str = ""  # the only type that is named; "": every one that the plant has


CASES = (
    Case("SNMP v2c", "snmp", "snmp", 2, "snmp-v2c"),
    Case("SNMP v1", "snmp", "snmp-v1", 2, "snmp-v1"),
    Case("SNMP v3 authPriv", "snmp", "snmp-v3", 4, "snmp-v3"),
    Case("SNMP 18 v2c : 1 v1 : 1 v3, all named", "snmp", "snmp*18+snmp-v1+snmp-v3", 2),
    Case("Modbus/TCP", "modbus", "modbus", 10),
    Case("OPC UA endpoints", "opcua", "opcua", 15),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one plant cost."""

    case: Case
    identified: int
    packets: int  # both ways; 0 where nobody counted
    requests: int  # as the devices counted them

    @property
    def each(self) -> float:
        """Packets an identified device."""
        return self.packets / max(1, self.identified)

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return bool(self.packets) and self.identified > 0 and self.each <= MOST * self.case.floor

    def line(self) -> str:
        """A row of the table."""
        packets = f"{self.each:.2f}" if self.packets else "not counted"
        ratio = f"{self.each / self.case.floor:.2f}" if self.packets else "-"
        verdict = ("yes" if self.met else "NO") if self.packets else "-"
        return (
            f"| {self.case.name} | {self.identified} of {DEVICES} | {self.requests} | {packets} "
            f"| {self.case.floor} | {ratio} | {verdict} |"
        )


def cost(case: Case, number: int, folder: Path) -> Cost:
    """Play the plant of one case and scan it."""
    plant = f"generate:{DEVICES},prefix=127.{20 + number},protocols={case.protocols}"
    with played(plant, folder) as here:
        if case.credential:
            name_only(here.config, case.credential)
        result = untrap(plant, here, folder, "bench", "--i-own-this-lab", "--probe", case.probe)
        arrived = sum(
            int(one.get("requests", 0)) for one in here.witness().get("devices", {}).values()
        )
    measured = result.measured
    identified = int(result.score.get("identified", 0)) if result.score else 0
    if measured is None or not measured.packets:
        return Cost(case, identified, 0, arrived)
    return Cost(case, identified, measured.packets + measured.back, arrived)


def depth(folder: Path) -> Found:
    """The row of the page: every case against its floor."""
    found = [cost(case, number, folder) for number, case in enumerate(CASES)]
    return {
        "rows": [],
        "targets": [
            target(
                f"{one.case.name}: {one.each:.2f} packets / floor {one.case.floor}",
                one.each / one.case.floor if one.packets and one.identified else None,
                MOST,
            )
            for one in found
        ]
        + [
            target(
                "identified", sum(o.identified for o in found) / len(found) / DEVICES, 1, least=True
            )
        ],
        "notes": [
            "Packets are those of both directions, as the kernel counts them; the floor is the "
            "shortest conversation that identifies a device: SNMP a question and its answer (with "
            "version 3 two, since the engine's time must be learned first), Modbus two questions, "
            "OPC UA the endpoints; TCP closed by FIN. Only the protocol in question is asked, and "
            "only the credential that applies is named, but in the fourth line."
        ],
    }


def name_only(config: Path, kind: str) -> None:
    """Leave the credentials of one type in a site file: an operator who knows the plant."""
    tables = config.read_text(encoding="utf-8").split("\n\n")
    kept = [t for t in tables if "[credentials." not in t or f'"{kind}"' in t]
    config.write_text("\n\n".join(kept) + "\n", encoding="utf-8")


def main(names: Sequence[str] = ()) -> int:
    """Print the table; 1 where a target that was counted is missed."""
    if not os.environ.get(INSIDE) and os.geteuid() == 0 and shutil.which("unshare"):
        words = ["unshare", "-n", sys.executable, "-m", "benchmarks.depth_cost", *names]
        os.execvpe(words[0], words, {**os.environ, INSIDE: "1"})  # noqa: S606 - replaces ourselves
    prepare_network()
    print("| protocol | identified | requests | packets each | floor | ratio | ≤ 1.3 |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
    missed = 0
    for number, case in enumerate(CASES):
        if names and case.protocols not in names:
            continue
        with tempfile.TemporaryDirectory(prefix="depth-") as folder:
            found = cost(case, number, Path(folder))
        missed += bool(found.packets) and not found.met
        print(found.line(), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
