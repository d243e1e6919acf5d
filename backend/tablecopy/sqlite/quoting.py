"""Names and literals in SQL for SQLite, which has no way to bind a name."""

from __future__ import annotations

from collections.abc import Iterable


def quoted(name: str) -> str:
    """Return a name as SQL wants it, whatever it contains."""
    return '"' + name.replace('"', '""') + '"'


def row_value(names: Iterable[str]) -> str:
    """Return quoted names as one row value."""
    return "(" + ", ".join(names) + ")"


def literal(text: str) -> str:
    """Return a text as a literal."""
    return "'" + text.replace("'", "''") + "'"
