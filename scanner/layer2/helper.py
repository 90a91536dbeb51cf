"""Runs the capture helper as its own process and reads what it hears.

One rule keeps it simple: frames that come in live take the same walk as those of a file, so what
is heard and what is imported can never differ.
"""

from __future__ import annotations

import ipaddress
import json
import os
import selectors
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from protocols.contract import Observation
from scanner.capture.files import Batch
from scanner.capture.observations import Conclusions, Origin
from scanner.capture.own import own_macs
from scanner.capture.walk import Walk

LINE_LIMIT = 16_384  # bytes of a line that is not whole yet
READ_BYTES = 65_536
PACKETS = 5_000_000
GRACE_SECONDS = 10.0  # for the helper to close its socket once it has said all
SILENCE_SECONDS = 30.0  # without a line: it says something each second, also where nobody speaks
COMMAND = (sys.executable, "-m", "scanner.capture.live")


class Layer2Error(Exception):
    """The helper could not listen or send; the message says why, for `doctor` and the report."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one run of the helper taught. `sent` counts the frames that it sent itself."""

    observations: tuple[Observation, ...]
    packets: int
    sent: int
    answered: frozenset[str] = frozenset()  # of the asked, who spoke ARP for themselves
    problem: str = ""  # why not all was heard; what was heard before stands


class Helper:
    """One run of the helper process; `cancel` may be called from another thread."""

    def __init__(
        self,
        answers: Callable[[set[str]], None] | None = None,
        gone: Callable[[set[str]], None] | None = None,
        *,
        asks: Callable[[str], bool] | None = None,
        command: tuple[str, ...] = COMMAND,
        most: int = PACKETS,
        grace_seconds: float = GRACE_SECONDS,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self.cancelled = False
        self.held = False
        self.asks = asks or _anybody  # whose ARP is of interest; of a flood nobody else is kept
        self._command, self._most, self._grace_seconds = command, most, grace_seconds
        self._silence_seconds, self._silent = silence_seconds, False
        # Hear at once, in the helper's thread, who spoke ARP, and who did not when asked.
        self._answers, self._gone = answers or _nobody, gone or _nobody
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: int | None = None  # its stdin, while it runs
        self._telling = threading.Lock()

    def cancel(self) -> None:
        """End the process now, unless it has ended; what was heard so far is kept."""
        if self._process is not None and self._process.poll() is not None:
            return
        self.cancelled = True  # before the next look: one that is just starting sees it
        if self._process is not None:
            self._process.kill()

    def hold(self, wait: bool) -> None:
        """Let it send nothing until it may go on, and hear all the same; may be called from
        another thread, also before it runs or when it has ended."""
        self.held = wait
        with self._telling, suppress(OSError):  # it has ended
            if self._pipe is not None:
                os.write(self._pipe, b"wait\n" if wait else b"go\n")

    def run(self, words: tuple[str, ...], origin: Origin | None) -> Heard:
        """Run the helper to its end, or to the limit of packets. Raises `Layer2Error`."""
        where = origin or Origin("default", str(uuid.uuid4()), f"listening on {words[1]}")
        walk, answered = Walk(), set[str]()
        with self._started(words) as process:
            self._process = process
            self._pipe = process.stdin.fileno() if process.stdin is not None else None
            if self.cancelled:
                process.kill()
            if self.held:
                self.hold(True)
            try:
                sent = self._read(process, walk, answered)
                # Else it stands before a full pipe, or hangs, and stays there.
                if walk.packets < self._most and not self._silent:
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(timeout=self._grace_seconds)
            finally:
                process.kill()
                with self._telling:  # soon this number may be that of another file
                    self._pipe = None
        walk.finish()
        observations = tuple(Conclusions(walk, where, own=own_macs()).observations())
        problem = self._problem(words[1], walk.packets) if sent is None else ""
        return Heard(observations, walk.packets, sent or 0, frozenset(answered), problem)

    def _started(self, words: tuple[str, ...]) -> subprocess.Popen[bytes]:
        command = [*self._command, *words]
        try:
            return subprocess.Popen(  # noqa: S603 - our own module, words that never pass a shell
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            reason = error.strerror or error
            raise Layer2Error(f"the capture helper did not start: {reason}") from error

    def _problem(self, interface: str, packets: int) -> str:
        """Why the helper did not say how many frames it sent; nothing where it was told to end."""
        if self.cancelled:
            return ""
        if packets >= self._most:
            return f"listening on {interface} ended after {packets} packets"
        if self._silent:
            return f"the capture helper on {interface} said nothing for {self._silence_seconds:g} s"
        return f"the capture helper on {interface} ended early"

    def _read(self, process: subprocess.Popen[bytes], walk: Walk, answered: set[str]) -> int | None:
        """Walk every frame; how many the helper sent, None when it did not say."""
        for line in self._lines(process):
            value = _parsed(line)
            if "frame" in value:
                frame = bytes.fromhex(str(value["frame"]))
                if new := set(filter(self.asks, arp_sender(frame) - answered)):
                    answered |= new
                    self._answers(new)
                walk.feed(Batch(1, [int(str(value["time"]))], [frame]))
            elif isinstance(silent := value.get("gone"), list):
                self._gone({str(address) for address in silent} - answered)
            elif "problem" in value:
                raise Layer2Error(str(value["problem"]))
            elif "sent" in value:
                return int(str(value["sent"]))
            if walk.packets >= self._most:
                return None
        return None

    def _lines(self, process: subprocess.Popen[bytes]) -> Iterator[bytes]:
        """What the helper says, line by line, until it ends or says nothing for too long."""
        if process.stdout is None:
            raise Layer2Error("the capture helper has no output")
        said, rest = process.stdout.fileno(), b""
        with selectors.DefaultSelector() as selector:
            selector.register(said, selectors.EVENT_READ)
            while selector.select(self._silence_seconds):
                data = os.read(said, READ_BYTES)
                if not data:
                    return
                *lines, rest = (rest + data).split(b"\n")
                yield from lines
                rest = rest if len(rest) <= LINE_LIMIT else b""
        self._silent = True


def listen(
    interface: str, seconds: float, origin: Origin | None = None, helper: Helper | None = None
) -> Heard:
    """Listen only: sends nothing. Raises `Layer2Error`."""
    words = ("listen", interface, str(seconds))
    return (helper or Helper()).run(words, origin)


def sweep(
    interface: str,
    source: str,
    addresses: str,
    seconds: float = 1.0,
    origin: Origin | None = None,
    helper: Helper | None = None,
    *,
    per_second: float = 100.0,
) -> Heard:
    """ARP for `addresses`, "first-last,first-last"; who does not answer is asked once more.

    `seconds` is how long answers are awaited after each round. Raises `Layer2Error`.
    """
    words = ("arp", interface, str(seconds), source, addresses, str(per_second))
    return (helper or Helper()).run(words, origin)


def identify(
    interface: str,
    seconds: float = 3.0,
    origin: Origin | None = None,
    helper: Helper | None = None,
) -> Heard:
    """PROFINET DCP Identify-All. A multicast: only where the user asked for it."""
    return (helper or Helper()).run(("dcp", interface, str(seconds)), origin)


def _anybody(_: str) -> bool:
    """Every sender is of interest."""
    return True


def _nobody(_: set[str]) -> None:
    """Nobody wants to know before the end."""


def _parsed(line: bytes) -> dict[str, object]:
    """One line of the helper; a line that was cut when it was killed says nothing."""
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def arp_sender(frame: bytes) -> set[str]:
    """The IPv4 address that an ARP frame (RFC 826) speaks for; none for probes and other frames."""
    start = 14
    while frame[start - 2 : start] in (b"\x81\x00", b"\x88\xa8") and start < 26:  # 802.1Q
        start += 4
    body = frame[start : start + 28]
    if frame[start - 2 : start] != b"\x08\x06" or len(body) < 28:
        return set()
    if body[:6] != b"\x00\x01\x08\x00\x06\x04" or not any(body[14:18]):
        return set()
    return {str(ipaddress.IPv4Address(body[14:18]))}
