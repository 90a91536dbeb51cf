"""Where a database is: a path, or a URL whose password is never shown."""

from __future__ import annotations


def is_url(where: str) -> bool:
    """Whether `where` is a database URL and no path."""
    return "://" in where


def shown(where: str) -> str:
    """`where` without a password."""
    if not is_url(where):
        return where
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(where)
        hidden = {name: "hidden" for name in url.query if "password" in name.lower()}
        return url.update_query_dict(hidden).render_as_string(hide_password=True)
    except ArgumentError:
        return where.partition("://")[0] + "://…"
