"""Pictures for README and docs: the report in Chromium, the commands on a terminal of 80 columns.

    untrap demo demo && python -m docs.screenshots demo [FOLDER]

One rule keeps it simple: everything is shown as a reader sees it. The page is opened and parts of
it are photographed; the commands run on a real terminal, and what they wrote is drawn. It fails
when a picture has nothing to show, and when all together are more than `MOST` bytes.
"""

from __future__ import annotations

import fcntl
import os
import pty
import shutil
import struct
import subprocess
import sys
import termios
import zlib
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

FOLDER = Path(__file__).parent / "screenshots"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-lcd-text"]
MOST = 900_000
"""Bytes of all pictures together."""
COLUMNS = 80


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of the report: which part, how wide, at most how high, in which colours."""

    name: str
    part: str
    width: int = 1000
    height: int = 620
    scheme: Literal["light", "dark"] = "light"
    open: str = ""  # what is opened before
    media: Literal["screen", "print"] = "screen"


SHOTS = (
    Shot("report-answer", "#answer", width=1180, height=720),
    Shot("report-map", "#net-2", height=420),
    Shot("report-gaps", "#gaps", height=760, open=".gap:has(.o pre) > summary >> nth=0"),
    Shot("report-signals", "#signals", height=400),
    Shot("report-dark", "#map", scheme="dark", height=560),
    Shot("report-narrow", "#answer", width=400, height=620),
    Shot("report-print", "body", width=760, height=700, media="print"),
)


@dataclass(frozen=True, slots=True)
class Command:
    """One picture of a command: its words, and how many lines of its answer are shown."""

    name: str
    words: tuple[str, ...]
    lines: int = 26


COMMANDS = (
    Command("terminal-gaps", ("gaps",), 24),
    Command("terminal-show", ("show", "Filler PLC"), 20),
    Command("terminal-readiness", ("readiness",), 22),
    Command("terminal-assets", ("assets",), 20),
)
THEME = TerminalTheme(
    (20, 25, 28),
    (231, 235, 236),
    [(30, 36, 40), (224, 122, 114), (67, 184, 163), (224, 172, 82), (108, 160, 213),
     (190, 140, 200), (108, 195, 213), (231, 235, 236)],
    [(150, 160, 166), (255, 140, 130), (90, 210, 188), (245, 196, 110), (130, 180, 235),
     (210, 165, 220), (143, 220, 236), (255, 255, 255)],
)  # fmt: skip


def take(browser: Browser, report: Path, shot: Shot, folder: Path) -> Path:
    """Photographs one part; returns the file."""
    size = {"width": shot.width, "height": 2_400}
    page = browser.new_page(viewport=size, color_scheme=shot.scheme)  # type: ignore[arg-type]
    page.goto(report.resolve().as_uri())
    page.emulate_media(media=shot.media, color_scheme=shot.scheme)
    if shot.open:
        page.locator(shot.open).click()
        page.locator(".gap[open] .o:has(pre) > summary").first.click()
    box = page.locator(shot.part).bounding_box()
    if box is None:
        raise SystemExit(f"{report} has no {shot.part}")
    page.locator(shot.part).scroll_into_view_if_needed()
    path = folder / f"{shot.name}.png"
    top = page.evaluate("name => document.querySelector(name).offsetTop", shot.part)
    clip = {"x": 0, "y": max(top - 12, 0), "width": shot.width,
            "height": min(shot.height, box["height"] + 24)}  # fmt: skip
    page.screenshot(path=path, full_page=True, clip=clip)  # type: ignore[arg-type]
    page.close()
    path.write_bytes(packed(path.read_bytes()))
    return path


def answered(folder: Path, words: tuple[str, ...]) -> str:
    """What a command writes to a terminal, with its escapes."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")}
    base = ["--db", str(folder / "inventory.db"), "--config", str(folder / "plant/site.toml")]
    run = "from scanner.cli import main; main()"
    child = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", run, *base, *words],
        stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL,
        env=kept | {"TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(theirs)
    found = b""
    while True:
        try:
            more = os.read(ours, 65_536)
        except OSError:  # Linux: the last writer has gone
            break
        if not more:
            break
        found += more
    os.close(ours)
    if child.wait() != 0 or not found:
        raise SystemExit(f"untrap {' '.join(words)} wrote nothing to show")
    return found.decode().replace("\r\n", "\n")


def drawn(browser: Browser, folder: Path, command: Command, place: Path) -> Path:
    """Draws the first lines of a command's answer; returns the file."""
    lines = answered(folder, command.words).splitlines()
    cut = len(lines) > command.lines
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115, PTH123
    console.print(Text.from_ansi("\n".join(lines[: command.lines])), end="")
    body = console.export_html(theme=THEME, inline_styles=True, code_format="{code}")
    shown = f"<b>$ untrap {escape(' '.join(_quoted(word) for word in command.words))}</b>\n{body}"
    page = browser.new_page(viewport={"width": 780, "height": 1_000})
    page.set_content(
        "<style>body{margin:0;background:#14191c}pre{display:inline-block;margin:0;"
        "padding:18px 22px;background:#14191c;color:#e7ebec;"
        "font:14px/1.4 'DejaVu Sans Mono',monospace}</style>"
        f"<pre>{shown}{chr(10) + '…' if cut else ''}</pre>"
    )
    path = place / f"{command.name}.png"
    page.locator("pre").screenshot(path=path)
    page.close()
    path.write_bytes(packed(path.read_bytes()))
    return path


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word


def packed(png: bytes) -> bytes:
    """The same picture, compressed as well as zlib can (PNG 3rd edition, 5.3 and 10)."""
    chunks, at = [], 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        chunks.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + length]))
        at += 12 + length
    pixels = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
    kept = [item for item in chunks if item[0] in (b"IHDR", b"IEND")]
    kept.insert(1, (b"IDAT", zlib.compress(pixels, 9)))
    found = png[:8]
    for name, body in kept:
        check = zlib.crc32(name + body)
        found += struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)
    return found


def main() -> None:
    """Takes all pictures and says how large they are."""
    if len(sys.argv) < 2 or not (Path(sys.argv[1]) / "report.html").is_file():
        raise SystemExit(__doc__)
    demo, folder = Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else FOLDER
    chromium = shutil.which("chromium") or "/usr/bin/chromium"
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        paths = [take(browser, demo / "report.html", shot, folder) for shot in SHOTS]
        paths += [drawn(browser, demo, command, folder) for command in COMMANDS]
        browser.close()
    total = sum(path.stat().st_size for path in paths)
    for path in paths:
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} KB")  # noqa: T201
    if total > MOST:
        raise SystemExit(f"{total} bytes of pictures; at most {MOST}")


if __name__ == "__main__":
    main()
