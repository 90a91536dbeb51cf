"""Opens the inventory for a command, and finds the asset that a person means.

One rule keeps it simple: what the user got wrong is one line and exit code 2, never a traceback.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inventory.text import inert
from scanner.program import ours
from scanner.wording import counted

if TYPE_CHECKING:
    from inventory.rulebook import Change
    from inventory.store import Store
    from inventory.store.reading import Asset
    from scanner.cli import Settings


@contextmanager
def told() -> Iterator[None]:
    """Turns a store's error into one line and exit code 2."""
    from inventory.store import StoreError

    try:
        yield
    except StoreError as error:
        raise click.UsageError(str(error)) from error


@contextmanager
def opened(settings: Settings, *, create: bool = False) -> Iterator[Store]:
    """The inventory as it was recorded."""
    from inventory.store import Store

    with told(), Store.open(settings.db, site_name(settings), create=create) as store:
        yield store


@contextmanager
def concluded(settings: Settings) -> Iterator[Store]:
    """The inventory, derived and judged by today's rules; of a site that it holds."""
    from inventory.conclude import conclude

    with at_site(settings) as store:
        _take_site_file(settings, store)
        conclude(store, told=lambda changes: _rules_changed(changes, settings, store.site))
        yield store


def _take_site_file(settings: Settings, store: Store) -> None:
    """Records what the site file states where that is not what is in force: verdicts are those of
    the file that was named. One that is about another site states nothing here."""
    if settings.config is None:
        return
    from scanner.declare import declarations
    from scanner.site import SiteError, load
    from scanner.statements import record_site, says_otherwise

    try:
        site = load(settings.config)
    except SiteError as error:
        raise click.UsageError(str(error)) from error
    if site.name not in ("", store.site):
        return
    path = settings.config
    stated = declarations(site, store.site, path)
    changed = says_otherwise(store, stated, store.site, path)
    if not changed:
        return
    with told():
        said = record_site(store, stated, store.site, path)
    count = counted(changed, "changed statement counts", "changed statements count")
    click.echo(f"{path.name}: {count} from now on", err=True)
    if said:
        click.echo(said, err=True)


@contextmanager
def at_site(settings: Settings) -> Iterator[Store]:
    """The inventory as it was recorded, of a site that it holds."""
    with opened(settings) as store:
        other = _held(settings, store)
        if not other:
            yield store
            return
    with opened(replace(settings, site=other)) as store:
        yield store


def _held(settings: Settings, store: Store) -> str:
    """The only site of an inventory where none was named and `default` is not in it; else "".

    Raises a usage error where the site is not in it, since "nothing is known" would mislead.
    """
    sites = store.sites()
    if not sites or store.site in sites:
        return ""
    if len(sites) == 1 and settings.site == "default" and settings.config is None:
        click.echo(f"site: {inert(sites[0], 80)} (the only one in this inventory)", err=True)
        return sites[0]
    shown = ", ".join(repr(inert(name, 80)) for name in sites[:10])
    raise click.UsageError(
        f"no site {store.site!r} in this inventory; it holds {shown}: name one with --site"
    )


def of_the_only_site(settings: Settings) -> Settings:
    """For a scan or a list that names no site: the only one that the inventory holds, as reading
    takes it; else nobody would see what came of it where they look."""
    from inventory.store import Store

    if settings.site != "default" or settings.config is not None or not _there(settings):
        return settings
    with told(), Store.open(settings.db, settings.site, create=False, readonly=True) as store:
        return replace(settings, site=_held(settings, store) or settings.site)


def _there(settings: Settings) -> bool:
    return "://" in settings.db or Path(settings.db).exists()


def _rules_changed(changes: Sequence[Change], settings: Settings, site: str) -> None:
    """Says that the same records of a site were judged by other rules than last time."""
    from inventory.rulebook import summary

    name = inert(site, 80)
    click.echo(f"the rules changed since site {name} was judged last:", err=True)
    for text in summary(changes):
        click.echo(f"  {text}", err=True)
    click.echo(f"next: {ours('rules', '--changes', settings=settings)}", err=True)


def site_name(settings: Settings) -> str:
    """The site that is meant: --site, else the one that --config names."""
    if settings.site != "default" or settings.config is None:
        return settings.site
    from scanner.site import SiteError, load

    try:
        return load(settings.config).name or settings.site
    except SiteError as error:
        raise click.UsageError(str(error)) from error


def the_asset(store: Store, text: str, what: str = "asset") -> Asset:
    """The asset that a text means (rulings 26). Raises a usage error for none or several."""
    found = assets_like(store, text)
    if len(found) == 1:
        return found[0]
    if not found:
        raise click.UsageError(
            f"no {what} {text!r} at site {store.site!r}; `{ours('assets')}` lists them"
        )
    shown = "\n".join(f"  {describe(one)}" for one in found[:20])
    raise click.UsageError(f"{len(found)} assets match {text!r}; name one by its key:\n{shown}")


def assets_like(store: Store, text: str) -> list[Asset]:
    """Assets that a text may mean, by the strongest way that finds any."""
    from inventory.store.find import find

    return find(store, text)


def describe(one: Asset) -> str:
    """An asset in one line: key, name, addresses, part."""
    from inventory.model import Device

    thing = one.thing
    if isinstance(thing, Device):
        where = " ".join([*thing.addresses[:2], thing.part]).strip()
        return inert(f"{thing.key}  {thing.name or thing.product or 'unnamed'}  {where}", 200)
    return inert(f"{thing.key}  {thing.tag}  {thing.name}  equipment", 200)
