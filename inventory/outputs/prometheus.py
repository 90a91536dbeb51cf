"""Prometheus: targets by file, a scrape configuration, and modules for snmp_exporter.

One rule keeps it simple: what was read over SNMP becomes one module of plain `get`s; a credential
is the *name* of an snmp_exporter auth, whose content the user writes in a file of their own.

Sources: prometheus.io, configuration, `file_sd_config`; prometheus/snmp_exporter README and
`generator/FORMAT.md` (0.23 and later: `auths` apart from `modules`; up to 0.22: inside a module).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inventory.connection import Connection, Item, Login, connections, logins
from inventory.model import Kind
from inventory.outputs import Format, view
from inventory.outputs.folder import folder, prepared
from inventory.outputs.telegraf import variable
from inventory.text import inert, slug

if TYPE_CHECKING:
    from inventory.outputs import Request
    from inventory.store import Store

EXPORTER = "127.0.0.1:9116"
"""Where snmp_exporter listens unless `--option exporter=HOST:PORT` says otherwise."""

_ENDPOINT = re.compile(r"[\w.:\[\]-]{1,200}:\d{1,5}")


@dataclass(frozen=True, slots=True)
class Module:
    """The values that agents alike are asked for."""

    name: str
    login: Login
    items: tuple[Item, ...]


def write(store: Store, request: Request) -> str:
    """Writes targets, scrape configuration and modules. Raises ValueError for a bad option."""
    exporter = request.options.get("exporter", EXPORTER)
    if not _ENDPOINT.fullmatch(exporter):
        raise ValueError(f"--option exporter={exporter!r}; write HOST:PORT, as in {EXPORTER}")
    style = request.options.get("style", "0.23")
    if style not in ("0.23", "0.22"):
        raise ValueError(f"--option style={style!r}; 0.23 (and later) or 0.22 (and earlier)")
    place, store = folder(request, "prometheus"), view(store, request)
    (place / "targets").mkdir(exist_ok=True)
    modules: dict[str, Module] = {}
    groups: dict[int, list[str]] = {}
    known = logins(store.declarations(None, Kind.CREDENTIAL))
    for evidence in prepared(store):
        for one in connections(evidence, known):
            if one.protocol == "snmp" and one.login.type.startswith("snmp"):
                module = module_of(one, legacy=style == "0.22")
                modules.setdefault(module.name, module)
                line = json.dumps(target(one, module.name), ensure_ascii=True)
                groups.setdefault(one.interval_seconds, []).append(line)
    for seconds, lines in groups.items():
        text = "[\n" + ",\n".join(lines) + "\n]\n"
        (place / "targets" / f"snmp-{seconds}s.json").write_text(text, encoding="utf-8")
    _put(place / "prometheus.yml", scrape(sorted(groups), exporter))
    _put(place / "snmp.yml", exporter_file(modules, legacy=style == "0.22"))
    used = {module.login.label: module.login for module in modules.values()}
    if style != "0.22":
        _put(place / "auths.yml.example", auths(used.values()))
    count = sum(map(len, groups.values()))
    return f"{count} SNMP targets in {len(modules)} modules written to {place}"


def _put(path: Path, lines: Iterator[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def target(one: Connection, module: str) -> dict[str, object]:
    """One entry of a `file_sd` file; `__param_` labels become the exporter's parameters."""
    labels = {"__param_module": module, "__param_auth": auth_name(one.login), "asset": one.asset}
    labels |= {"name": one.name, "site": one.site, "area": one.area, "line": one.line}
    kept = {name: inert(value, 200) for name, value in labels.items() if value}
    return {"targets": [f"{one.host}:{one.port}"], "labels": kept}


def module_of(one: Connection, *, legacy: bool) -> Module:
    """The module of an agent; agents with the same values (and login, if legacy) share it."""
    items = tuple(item for item in one.items if item.address.replace(".", "").isdigit())
    content = [f"{item.address} {item.name} {item.scale}" for item in items]
    content += [one.login.label] if legacy else []
    mark = hashlib.sha256("\n".join(content).encode()).hexdigest()[:8]
    base = slug(f"{one.vendor} {one.model}", 40).lower().replace("-", "_").replace(".", "_")
    return Module(f"untrap_{base}_{mark}", one.login, items)


def auth_name(login: Login) -> str:
    """The name of the snmp_exporter auth: the credential's own."""
    return slug(login.label, 60)


def scrape(intervals: list[int], exporter: str) -> Iterator[str]:
    """`prometheus.yml`: one job per polling interval."""
    yield "# One job per polling interval; merge its scrape_configs into your own file."
    yield "scrape_configs:"
    if not intervals:
        yield "  []"
    for seconds in intervals:
        yield f"  - job_name: untrap-snmp-{seconds}s"
        yield "    metrics_path: /snmp"
        yield f"    scrape_interval: {seconds}s"
        yield f"    scrape_timeout: {min(seconds, 10)}s"
        yield "    file_sd_configs:"
        yield f"      - files: [targets/snmp-{seconds}s.json]"
        yield "    relabel_configs:"
        yield "      - source_labels: [__address__]"
        yield "        target_label: __param_target"
        yield "      - source_labels: [__param_target]"
        yield "        target_label: instance"
        yield "      - target_label: __address__"
        yield f'        replacement: "{exporter}"'


def exporter_file(modules: dict[str, Module], *, legacy: bool) -> Iterator[str]:
    """`snmp.yml`: the modules; up to 0.22 each holds its own version and community."""
    yield "# Values that were read in the scan, one get each. Names are the agents' own."
    pad = "" if legacy else "  "
    if not legacy:
        yield "modules:" if modules else "modules: {}"
    for name in sorted(modules):
        module = modules[name]
        yield f"{pad}{name}:"
        yield f"{pad}  get:"
        for item in module.items:
            yield f"{pad}    - {item.address}"
        yield f"{pad}  metrics:"
        taken: set[str] = set()
        for item in module.items:
            yield f"{pad}    - name: {metric(item, taken)}"
            yield f"{pad}      oid: {item.address}"
            yield f"{pad}      type: gauge"
            yield f"{pad}      help: {json.dumps(_help(item), ensure_ascii=True)}"
        if legacy:
            yield from (f"{pad}  {line}" for line in _legacy(module.login))


def metric(item: Item, taken: set[str]) -> str:
    """A metric name: letters, digits and underscores, not taken yet."""
    word = re.sub(r"[^a-z0-9]+", "_", slug(item.name or item.address, 80).lower()).strip("_")
    name = f"untrap_{word}"
    if name in taken:
        name = f"{name}_{item.address.replace('.', '_')}"
    taken.add(name)
    return name


def _help(item: Item) -> str:
    factor = f", value = raw x {item.scale:g}" if item.scale != 1 else ""
    unit = f" in {item.unit}" if item.unit else ""
    return inert(f"{item.name or item.address}{unit}{factor} ({item.evidence})", 200)


_VERSIONS = {"snmp-v1": 1, "snmp-v2c": 2, "snmp-v3": 3}


def _legacy(login: Login) -> Iterator[str]:
    yield f"version: {_VERSIONS.get(login.type, 2)}"
    yield "auth:"
    yield from (f"  {line}" for line in _fields(login))


def auths(used: Iterable[Login]) -> Iterator[str]:
    """An example of the file that the user keeps: names, and places for the secrets."""
    yield "# Copy to auths.yml, keep it to yourself (mode 0600), and start the exporter with"
    yield "# --config.file=snmp.yml --config.file=auths.yml --config.expand-environment-variables"
    yield "auths:"
    for login in used:
        yield f"  {auth_name(login)}:"
        yield f"    version: {_VERSIONS.get(login.type, 2)}"
        yield from (f"    {line}" for line in _fields(login))


def _fields(login: Login) -> Iterator[str]:
    base = variable(login).removesuffix("_COMMUNITY")
    if login.type != "snmp-v3":
        yield f'community: "${{{variable(login)}}}"'
        return
    yield f"username: {json.dumps(inert(login.user, 100), ensure_ascii=True)}"
    level = "authPriv" if login.privacy else "authNoPriv" if login.auth else "noAuthNoPriv"
    yield f"security_level: {level}"
    if login.auth:
        yield f"auth_protocol: {slug(login.auth, 10)}"
        yield f'password: "${{{base}_AUTH}}"'
    if login.privacy:
        yield f"priv_protocol: {slug(login.privacy.replace('-128', '').replace('-', ''), 10)}"
        yield f'priv_password: "${{{base}_PRIVACY}}"'


FORMAT = Format("prometheus", "Prometheus targets and snmp_exporter", write, ("exporter", "style"))
