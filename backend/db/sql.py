"""The one builder of SQL that is not a literal: templates of ours, with names and values quoted.

A `Sql` goes to Postgres as it is: `session.execute(statement("SELECT {} FROM {}", …))`. SQLite's
drivers take strings: `connection.execute(text(statement(…)))`. Bind values wherever the statement
has a place for them; behind bound values a name must not hold a percent sign.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, LiteralString

from psycopg import sql

# A part of a statement, and what can be run.
SqlPart = sql.Composable
Sql = sql.Composed

# SQLite allows an expression to be 1,000 deep, and a table to have 2,000 columns.
_MOST_IN_A_CHAIN = 50


class _Name(sql.Identifier):
    """A name whose parts can be read: SQLite's text is made of them."""

    def __init__(self, *parts: str) -> None:
        super().__init__(*parts)
        self.parts = parts


class _Constant(sql.Literal):
    """A constant that can be read, for the same reason."""

    def __init__(self, constant: Any) -> None:  # what the driver can write as a literal
        super().__init__(constant)
        self.constant = constant


def statement(template: LiteralString, *parts: SqlPart, **named: SqlPart) -> Sql:
    """Return a literal of ours with the parts in its braces; `{{` stands for a brace."""
    return sql.SQL(template).format(*parts, **named)


def name(*parts: str) -> SqlPart:
    """Return a name, quoted; several parts are joined by dots: `name("public", "users")`.

    Raises:
        ValueError: a part holds NUL, which no name of either engine can.
    """
    for part in parts:
        _refuse_nul(part)
    return _Name(*parts)


def value(constant: Any) -> SqlPart:  # what the driver can write as a literal
    """Return a constant as a literal, for statements that take no bound value.

    Raises:
        ValueError: a text holds NUL, which no literal of either engine can.
    """
    if isinstance(constant, str):
        _refuse_nul(constant)
    return _Constant(constant)


def placeholder(key: str = "") -> SqlPart:
    """Return the place of a bound value of Postgres: `%s`, or `%(key)s`."""
    return sql.Placeholder(key)


def join(separator: LiteralString, parts: Iterable[SqlPart]) -> Sql:
    """Return the parts with a literal of ours between them."""
    return sql.SQL(separator).join(parts)


def chain(operator: LiteralString, parts: Iterable[SqlPart]) -> Sql:
    """Join operands in groups, because SQLite limits the depth of an expression."""
    operands = list(parts)
    if len(operands) <= _MOST_IN_A_CHAIN:
        return join(f" {operator} ", operands)
    starts = range(0, len(operands), _MOST_IN_A_CHAIN)
    groups = (chain(operator, operands[start : start + _MOST_IN_A_CHAIN]) for start in starts)
    return chain(operator, (statement("({})", group) for group in groups))


def verbatim(trusted: str) -> Sql:
    """Return SQL as it is, which is no literal of ours but holds nothing that people wrote.

    A database's own catalog wrote it, such as the definition of an index, or `backend.values`
    has built it of quoted names.
    """
    return sql.Composed([sql.SQL(trusted)])


def text(part: SqlPart) -> str:
    """Return a statement as SQLite's drivers take it."""
    match part:
        case sql.Composed():
            return "".join(map(text, part))
        case _Constant():
            return literal(part.constant)
        case _Name():
            return ".".join(map(quoted, part.parts))
    return part.as_string()


def quoted(identifier: str) -> str:
    """Return a name as SQL wants it, whatever it contains."""
    _refuse_nul(identifier)
    return '"' + identifier.replace('"', '""') + '"'


def literal(constant: object) -> str:
    """Return a constant as SQLite writes it.

    Raises:
        TypeError: SQLite has no such values.
    """
    match constant:
        case None:
            return "NULL"
        case str():
            _refuse_nul(constant)
            return "'" + constant.replace("'", "''") + "'"
        case bytes():
            return f"x'{constant.hex()}'"
        case bool():
            return str(int(constant))
        case int():
            return str(constant)
    raise TypeError(f"no literal of SQLite for a {type(constant).__name__}")


def _refuse_nul(string: str) -> None:
    if "\0" in string:
        raise ValueError(f"SQL cannot hold a NUL character: {string!r}")
