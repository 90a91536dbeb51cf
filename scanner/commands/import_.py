"""`untrap import`: lists, captures, scans of other tools and bundles enter here."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.cli import Settings
from scanner.wording import counted

if TYPE_CHECKING:
    from inventory.imports import Imported
    from inventory.store import Store

LISTS = {"register": "register", "links": "link", "map": "map", "attest": "attest"}
"""Kind of list → kind of declaration."""

OTHERS = {
    "pcap": "scanner.imports.pcap",
    "nmap": "scanner.imports.nmap",
    "bundle": "scanner.imports.bundle",
}
"""Kind → module with `run(settings, path) -> None`; the one of `pcap` takes several paths."""


@click.command("import")
@click.argument("kind", type=click.Choice([*LISTS, *OTHERS]))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--map", "mapping", default="", metavar='"THEIRS=OURS,…"', help="Name columns.")
@click.option("--sheet", default="", metavar="NAME", help="XLSX: this sheet.")
@click.option("--encoding", default="", metavar="NAME", help="CSV: of its letters, as cp1251.")
@click.option("--author", default="", help="Who states it, where the file does not say.")
@click.option("--replace", is_flag=True, help="FILE is whole: withdraw all else of its name.")
@click.option("--dry-run", is_flag=True, help="Show how columns are taken; store nothing.")
@click.pass_obj
def command(
    settings: Settings,
    kind: str,
    files: tuple[Path, ...],
    mapping: str,
    sheet: str,
    encoding: str,
    author: str,
    replace: bool,
    dry_run: bool,
) -> None:
    """Read FILE of KIND into the inventory; a file with a wrong row changes nothing, and a cell
    that its row can do without is left out and named.

    A row that FILE held when it was imported before, and holds no more, is withdrawn.
    `pcap` takes several files, and folders of captures; those that follow each other in time are
    one capture.

    \b
    Example:  untrap import register assets.xlsx --map "Asset Tag=Tag,IP=Address"
    """
    from scanner.opening import of_the_only_site

    for file in files:
        if file.is_dir() and kind != "pcap":
            raise click.UsageError(f"{file} is a folder; name the file in it, as in register.csv")
        if not file.exists():
            raise click.UsageError(f"{file}: no such file; name one, as in register.csv")
    if kind != "bundle":  # it names its own
        settings = of_the_only_site(settings)
    if kind in OTHERS:
        given = {"--dry-run": dry_run, "--map": mapping, "--sheet": sheet, "--author": author}
        given |= {"--replace": replace, "--encoding": encoding}
        _lists_only(kind, [name for name, value in given.items() if value])
        _other(settings, kind, files)
        return
    if len(files) > 1:
        raise click.UsageError(f"import {kind} takes one file at a time; first {files[0]}")
    file = files[0]
    from scanner.console import next_step, note
    from scanner.opening import opened, site_name
    from scanner.statements import last_word, new_edition, strangers

    found = _read(kind, file, site_name(settings), mapping, author, sheet, encoding)
    taken = ", ".join(f"{theirs} → {ours}" for ours, theirs in found.columns.items())
    note(f"{file.name}: {found.told}\ncolumns: {taken}")
    if found.ignored:
        note(f"not used: {', '.join(found.ignored)}")
    if not found.declarations:
        note("no row below the header: nothing to import")
        return
    if dry_run:
        note(f"{counted(len(found.declarations), 'row is', 'rows are')} fine; nothing is stored")
        return
    with opened(settings, create=True) as store:
        stated = last_word(store, found.declarations)
        again = sum(one is not other for one, other in zip(stated, found.declarations, strict=True))
        back, said = new_edition(store, found.declarations, replaces=replace)
        new = store.declare([*stated, *back]) - len(back)
        known = len(stated) - new
        unknown = strangers(store, found.declarations)
        plates = _nameplates(store, found)
    _site_file(settings)
    note(
        counted(new, "row imported", "rows imported")
        + (f", of which {again} in force again" if again else "")
        + (f", {known} were known already" if known else "")
    )
    for remark in filter(None, (said, unknown, *plates)):
        note(remark)
    next_step(*(["gaps"] if kind == "attest" else ["scan", "TARGET"]))


def _lists_only(kind: str, given: list[str]) -> None:
    if given:
        raise click.UsageError(
            f"{given[0]} is for lists: {', '.join(LISTS)}; leave it out of import {kind}"
        )


def _read(
    kind: str, file: Path, site: str, mapping: str, author: str, sheet: str, encoding: str
) -> Imported:
    from inventory.imports import ListError, MappingError, TableError, read_list
    from inventory.imports.columns import parse
    from inventory.model import Kind

    try:
        return read_list(Kind(LISTS[kind]), file, site, parse(mapping), author, sheet, encoding)
    except (ListError, MappingError, TableError) as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.UsageError(f"{file}: {error.strerror or error}") from error


def _nameplates(store: Store, found: Imported) -> list[str]:
    """States what people read on nameplates; what has to be said of that."""
    from scanner.nameplates import nameplates, states_any

    if not states_any(found.declarations):
        return []
    from inventory.conclude import conclude

    conclude(store)
    fields, said = nameplates(store, found.declarations)
    store.declare(fields)
    taken = counted(len(fields), "nameplate entry taken", "nameplate entries taken")
    return [taken if fields else "", said]


def _other(settings: Settings, kind: str, files: tuple[Path, ...]) -> None:
    module = OTHERS[kind]
    if importlib.util.find_spec(module) is None:
        have = ", ".join([*LISTS, *(k for k, m in OTHERS.items() if importlib.util.find_spec(m))])
        raise click.UsageError(f"import {kind} is not in this version; there are {have}")
    for file in files:  # each is opened more than once, and a pipe gives its bytes only once
        if not (file.is_file() or (kind == "pcap" and file.is_dir())):
            raise click.UsageError(
                f"{file} is no regular file; save what comes from it, and name the file"
            )
    run = importlib.import_module(module).run
    if kind == "pcap":  # files that follow each other are one capture
        run(settings, *files)
    else:
        for file in files:
            run(settings, file)
    if kind != "bundle":  # it brings the statements of where it was made
        _site_file(settings)


def _site_file(settings: Settings) -> None:
    """Records what the site file states: zones and conduits make sense of who talks to whom."""
    if settings.config is None:
        return
    from scanner.console import note
    from scanner.declare import declarations
    from scanner.opening import opened, site_name
    from scanner.site import load
    from scanner.statements import record_site

    name = site_name(settings)  # a usage error where the file is wrong
    with opened(settings, create=True) as store:
        stated = declarations(load(settings.config), name, settings.config)
        said = record_site(store, stated, name, settings.config)
    if said:
        note(said)
