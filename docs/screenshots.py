"""Pictures of the report for README and docs, taken in Chromium.

    python -m docs.screenshots REPORT.html [FOLDER]

One rule keeps it simple: the page is opened as a reader opens it and parts of it are photographed;
it fails when all pictures together are more than 400 KB.
"""

from __future__ import annotations

import shutil
import struct
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

FOLDER = Path(__file__).parent / "screenshots"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
MOST = 400_000
"""Bytes of all pictures together."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: which part, how wide, at most how high, in which colours."""

    name: str
    part: str
    width: int = 1000
    height: int = 620
    scheme: Literal["light", "dark"] = "light"
    open: str = ""  # what is opened before


SHOTS = (
    Shot("report-answer", "#answer"),
    Shot("report-map", "#map", height=680),
    Shot("report-gaps", "#gaps", height=610, open=".gap:has(.o pre) > summary >> nth=0"),
    Shot("report-signals", "#signals", height=400),
    Shot("report-dark", "#answer", scheme="dark", height=400),
    Shot("report-narrow", "#answer", width=400, height=620),
)


def take(browser: Browser, report: Path, shot: Shot, folder: Path) -> Path:
    """Photographs one part; returns the file."""
    size = {"width": shot.width, "height": 2_400}
    page = browser.new_page(viewport=size, color_scheme=shot.scheme)  # type: ignore[arg-type]
    page.goto(report.resolve().as_uri())
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
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    report, folder = Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else FOLDER
    chromium = shutil.which("chromium") or "/usr/bin/chromium"
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        paths = [take(browser, report, shot, folder) for shot in SHOTS]
        browser.close()
    total = sum(path.stat().st_size for path in paths)
    for path in paths:
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} KB")  # noqa: T201
    if total > MOST:
        raise SystemExit(f"{total} bytes of pictures; at most {MOST}")


if __name__ == "__main__":
    main()
