"""Names and literals in SQL for SQLite, which has no way to bind a name."""

from __future__ import annotations

from collections.abc import Iterable

# An expression may be 1,000 deep, a table may have 2,000 columns.
_MOST_IN_A_ROW = 50


def quoted(name: str) -> str:
    """Return a name as SQL wants it, whatever it contains."""
    return '"' + name.replace('"', '""') + '"'


def row_value(names: Iterable[str]) -> str:
    """Return quoted names as one row value."""
    return "(" + ", ".join(names) + ")"


def chained(operator: str, parts: Iterable[str]) -> str:
    """Join operands in groups: SQLite allows an expression to be so deep and no deeper."""
    every = list(parts)
    if len(every) <= _MOST_IN_A_ROW:
        return f" {operator} ".join(every)
    starts = range(0, len(every), _MOST_IN_A_ROW)
    groups = (chained(operator, every[start : start + _MOST_IN_A_ROW]) for start in starts)
    return chained(operator, (f"({group})" for group in groups))


def literal(text: str) -> str:
    """Return a text as a literal."""
    return "'" + text.replace("'", "''") + "'"
