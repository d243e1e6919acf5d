"""Statements as text, for a script that people run with the tool of their database."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from backend.config.database_url import EngineName
from backend.db.sql import quoted
from backend.values.conversion import Value

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")

_POSTGRES_BEGIN = r"""\set ON_ERROR_STOP on
BEGIN;
SET LOCAL client_encoding = 'UTF8';
SET LOCAL standard_conforming_strings = on;
SET LOCAL TimeZone = 'UTC';
SET LOCAL DateStyle = 'ISO, YMD';
"""
_SQLITE_BEGIN = """\
.bail on
.timeout 5000
PRAGMA foreign_keys = ON;
BEGIN IMMEDIATE;
"""
# People run these; names and values in them are escaped as their tools want it.
_DELETE = "DELETE FROM {table} WHERE {where};\n"
_INSERT = "INSERT INTO {table} ({names}) VALUES\n{values};\n"
_UPDATE = "UPDATE {table} SET {changes} WHERE {where};\n"


@dataclass(frozen=True)
class ScriptDialect:
    """How one engine's script is written; `how` tells people how to run it."""

    begin: str
    how: Callable[[str], str]
    literal: Callable[[Value], str]
    together: Callable[[list[str]], str]

    def deletes(
        self, table: str, key_columns: Sequence[str], keys: Sequence[Sequence[Value]]
    ) -> str:
        """Return the statement that removes these rows."""
        if len(key_columns) == 1:
            values = ", ".join(self.literal(key[0]) for key in keys)
            where = f"{quoted(key_columns[0])} IN ({values})"
        else:
            where = " OR ".join(f"({self._where(key_columns, key)})" for key in keys)
        return _DELETE.format(table=quoted(table), where=where)

    def inserts(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> str:
        """Return the statement that inserts these rows."""
        names = ", ".join(map(quoted, columns))
        values = ",\n".join(f"({', '.join(map(self.literal, row))})" for row in rows)
        return _INSERT.format(table=quoted(table), names=names, values=values)

    def updates(
        self,
        table: str,
        key_columns: Sequence[str],
        columns: Sequence[str],
        rows: Sequence[Sequence[Value]],
    ) -> str:
        """Return the statements that update these rows."""
        return self.together([self._update(table, key_columns, columns, row) for row in rows])

    def _update(
        self, table: str, key_columns: Sequence[str], columns: Sequence[str], row: Sequence[Value]
    ) -> str:
        held = dict(zip(columns, row, strict=True))
        key = [held.pop(name) for name in key_columns]
        changes = ", ".join(f"{quoted(name)} = {self.literal(held[name])}" for name in held)
        where = self._where(key_columns, key)
        return _UPDATE.format(table=quoted(table), changes=changes, where=where)

    def _where(self, columns: Sequence[str], values: Sequence[Value]) -> str:
        pairs = zip(columns, values, strict=True)
        return " AND ".join(f"{quoted(name)} = {self.literal(value)}" for name, value in pairs)


def _sqlite_literal(value: Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        # sqlite3 reads line by line, and drops a carriage return before the end of one.
        return _CONTROL.sub(_as_characters, f"'{_doubled(value)}'")
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    return repr(value) if abs(value) != float("inf") else f"{'-' * (value < 0)}9e999"


def _as_characters(match: re.Match[str]) -> str:
    return f"' || char({', '.join(str(ord(letter)) for letter in match[0])}) || '"


def _postgres_literal(value: Value) -> str:
    if value is None:
        return "NULL"
    # As text: Postgres reads it as what the column is, 1 as true where that is a flag.
    text = str(value)
    if not _CONTROL.search(text):
        return f"'{_doubled(text)}'"
    escaped = _doubled(text).replace("\\", "\\\\")
    return f"E'{_CONTROL.sub(_as_escapes, escaped)}'"


def _as_escapes(match: re.Match[str]) -> str:
    return "".join(f"\\x{ord(letter):02x}" for letter in match[0])


def _doubled(text: str) -> str:
    return text.replace("'", "''")


def _one_call(statements: list[str]) -> str:
    """Make one statement of many: each would wait for the server's answer."""
    body, tag = "".join(statements), "undo"
    while f"${tag}$" in body:
        tag += "_"
    return f"DO ${tag}$ BEGIN\n{body}END ${tag}$;\n"


DIALECTS: Mapping[EngineName, ScriptDialect] = {
    "sqlite": ScriptDialect(
        _SQLITE_BEGIN,
        lambda name: f"Run it with: sqlite3 DATABASE.db < {name}",
        _sqlite_literal,
        "".join,
    ),
    "postgres": ScriptDialect(
        _POSTGRES_BEGIN,
        lambda name: f"Run it with: psql -d URL -f {name}",
        _postgres_literal,
        _one_call,
    ),
}
