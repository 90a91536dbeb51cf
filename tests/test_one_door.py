"""No module but the wire reaches the network: read in the source, and watched while it runs.

One rule keeps it simple: whatever is not known here as harmless is a failure, so that a new way
out has to be named in this file first.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.patience import HUNG_SECONDS
from tests.support.plants import ROOT, played
from tests.test_architecture import imported, modules, name

THE_DOOR = ("scanner/wire/", "scanner/capture/live.py", "simulators/")

WAYS_OUT = {
    *("socket", "_socket", "ssl", "_ssl", "socketserver", "asyncore", "asynchat", "select"),
    *("http", "urllib.request", "urllib3", "requests", "httpx", "aiohttp", "xmlrpc", "ftplib"),
    *("smtplib", "smtpd", "imaplib", "poplib", "nntplib", "telnetlib", "webbrowser"),
    *("ctypes", "_ctypes", "cffi", "pty", "asyncio.streams", "asyncio.subprocess"),
    *("multiprocessing", "concurrent.futures.process", "subprocess", "logging.handlers"),
    *("asyncua", "pysnmp", "pymodbus", "scapy", "psycopg", "keyring", "runpy", "code"),
}
"""Modules that open sockets, load foreign code or start programs."""
CALLS = {
    *("open_connection", "open_unix_connection", "start_server", "start_unix_server"),
    *("create_connection", "create_unix_connection", "create_datagram_endpoint", "create_server"),
    *("sock_connect", "sock_sendto", "sock_sendall", "connect_accepted_socket", "start_tls"),
    *("create_subprocess_exec", "create_subprocess_shell", "subprocess_exec", "subprocess_shell"),
    *("os.system", "popen", "posix_spawn", "posix_spawnp", "fork", "forkpty", "startfile"),
    *("execl", "execle", "execlp", "execv", "execve", "execvp", "execvpe"),
    *("spawnl", "spawnle", "spawnlp", "spawnv", "spawnve", "spawnvp", "spawnvpe"),
    *("urlopen", "urlretrieve", "getaddrinfo", "gethostbyname", "dlopen", "CDLL", "LoadLibrary"),
    *("import_module", "__import__", "eval", "exec", "compile_command", "run_module", "run_path"),
}
"""What leads there without such an import."""
KNOWN = {
    # Our own interpreter with a module of ours: see `test_children_are_our_own_modules`.
    *(("scanner/demo.py", "subprocess"), ("scanner/play.py", "subprocess")),
    *(("scanner/layer2/helper.py", "subprocess"), ("scanner/commands/simulate.py", "subprocess")),
    ("inventory/judge/workers.py", "multiprocessing"),  # pipes to processes that judge
    ("scanner/secrets.py", "keyring"),  # where a person named it: `keyring:NAME`
    ("inventory/quick.py", "exec"),  # a text of the field names of our own values, nothing else
    # Modules of our own, by name.
    *(("scanner/cli.py", "import_module"), ("scanner/commands/import_.py", "import_module")),
    *(("protocols/__init__.py", "import_module"), ("protocols/passive.py", "import_module")),
    ("inventory/outputs/__init__.py", "import_module"),
    ("inventory/judge/workers.py", "import_module"),
}
"""Who may, and what."""


def ways_out(path: Path) -> Iterator[tuple[str, int]]:
    """What of a module leads out, and in which line."""
    for module, line in imported(path):
        parts = module.split(".")
        for length in range(1, len(parts) + 1):
            if (found := ".".join(parts[:length])) in WAYS_OUT:
                yield found, line
        for text in (parts[-1], module):
            if text in CALLS:
                yield text, line
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            for text in (node.attr, ast.unparse(node) if node.attr == "system" else ""):
                if text in CALLS:
                    yield text, node.lineno
        elif isinstance(node, ast.Name) and node.id in CALLS:
            yield node.id, node.lineno
        elif isinstance(node, ast.Constant) and node.value in CALLS - {"exec"}:
            yield f"the text {node.value!r}", node.lineno  # getattr(loop, "sock_connect")


def test_no_other_module_knows_a_way_out() -> None:
    found = {
        (name(path), what, line)
        for path in modules()
        if not name(path).startswith(THE_DOOR)
        for what, line in ways_out(path)
    }
    assert not {one for one in found if one[:2] not in KNOWN}
    assert {one[:2] for one in found} == KNOWN  # what is known is still there


@pytest.mark.parametrize(
    "text",
    [
        "import socket",
        "import asyncio\nasync def f(): await asyncio.open_connection('h', 1)",
        "from asyncio import open_connection",
        "async def f(loop): await loop.sock_connect(None, None)",
        "async def f(loop): await getattr(loop, 'sock_connect')(None, None)",
        "from ssl import wrap_socket",
        "from urllib.request import urlopen",
        "from urllib import request",
        "import http.client",
        "from subprocess import run",
        "import os\nos.system('ping x')",
        "import ctypes",
        "from ctypes import CDLL",
        "import importlib\nimportlib.import_module('socket')",
        "__import__('socket')",
        "exec('import socket')",
        "from multiprocessing.connection import Client",
        "import logging.handlers",
        "from asyncua import Client",
    ],
)
def test_the_test_sees_a_way_out(text: str, tmp_path: Path) -> None:
    file = tmp_path / "stray.py"
    file.write_text(text, encoding="utf-8")
    assert list(ways_out(file))


CHILD_FILES = sorted({file for file, what in KNOWN if what == "subprocess"})


@pytest.mark.parametrize("file", CHILD_FILES)
def test_children_are_our_own_modules(file: str) -> None:
    """Every list that begins a command begins with our own interpreter and `-m` of ours."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    commands = [
        [ast.unparse(item) for item in node.elts[:3]]
        for node in ast.walk(tree)
        if isinstance(node, ast.List) and node.elts and "executable" in ast.unparse(node.elts[0])
    ]
    ours = {"'scanner'", "'simulators'", "'scanner.capture.live'"}
    for command in commands:
        assert command[:2] == ["sys.executable", "'-m'"], command
        assert command[2] in ours, command
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in CALLERS
    ]
    assert calls
    for call in calls:
        assert not {item.arg for item in call.keywords} & {"shell", "executable"}
        words = ast.unparse(call.args[0])
        assert isinstance(call.args[0], ast.Name) or words.startswith("[sys.executable, '-m'")


CALLERS = {"subprocess.run", "subprocess.Popen", "subprocess.call", "subprocess.check_output"}

WATCHED = """
import json, os, sys
seen = set()
OUT = {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
       "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo", "subprocess.Popen",
       "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "ctypes.dlopen",
       "urllib.Request", "http.client.connect", "ftplib.connect", "smtplib.connect"}
ROOT = sys.argv.pop(1)
def hook(event, arguments):
    if event in OUT:
        frame, where = sys._getframe(), "somebody else"
        while frame is not None:
            if frame.f_code.co_filename.startswith(ROOT):
                where = frame.f_code.co_filename[len(ROOT) + 1:]
                break
            frame = frame.f_back
        seen.add((event, where))
sys.addaudithook(hook)
from scanner.cli import main
try:
    main()
except SystemExit as end:
    code = end.code
else:
    code = 0
print("SEEN", json.dumps([code, sorted(seen)]), file=sys.stderr)
"""


def seen(*words: str | Path, cwd: Path) -> tuple[int | None, set[tuple[str, str]]]:
    """The exit code of a command, and what led out of it, by Python's own audit events."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(ROOT), *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=HUNG_SECONDS,
        check=False,
    )
    (line,) = [text for text in done.stderr.splitlines() if text.startswith("SEEN ")]
    code, events = json.loads(line.removeprefix("SEEN "))
    return code, {(event, where) for event, where in events}


PLANT = """
[plant]
name = "door"
site = "door"
""" + "".join(
    f"""
[[device]]
id = "{protocol}"
address = "127.43.1.{number}"
vendor = "Acme"
product = "Door"
[[device.service]]
protocol = "{protocol}"
"""
    for number, protocol in enumerate(("modbus", "snmp", "opcua", "s7comm", "http"), 1)
)


def test_a_whole_scan_leaves_by_the_wire_alone_and_no_other_command_leaves(tmp_path: Path) -> None:
    file = tmp_path / "door.toml"
    file.write_text(PLANT, encoding="utf-8")
    with played(file, tmp_path) as here:
        base = ("--db", tmp_path / "t.db", "--config", here.config)
        targets = ("-iL", here.folder / "targets.txt", "--profile", "bench")
        code, planned = seen(*base, "plan", *targets, cwd=tmp_path)
        assert (code, planned) == (0, set())
        code, scanned = seen(*base, "scan", *targets, "--timeout", "1", cwd=tmp_path)
    assert code == 0
    assert {event for event, _ in scanned} >= {"socket.connect", "socket.sendto"}  # it does see
    assert not {one for one in scanned if not one[1].startswith("scanner/wire/")}
    for words in (("gaps",), ("assets",), ("export", "json"), ("report", "-o", "r.html")):
        code, found = seen(*base, *words, cwd=tmp_path)
        assert code in (0, 1), words
        assert not found, words
