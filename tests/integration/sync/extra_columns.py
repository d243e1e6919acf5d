"""Columns that the models do not know: added, filled and read past the app."""

import sqlite3
from contextlib import closing
from typing import Any
from uuid import UUID

import psycopg

from tests.integration.sync.test_refusals import sql
from tests.integration.sync.world import World

# Each with a value, and another one, as both engines show it.
KINDS = {
    "text": ("TEXT", "text", "it's teal", "red"),
    "whole": ("BIGINT", "bigint", 7, -(2**62)),
    "small": ("INTEGER", "integer", 7, 8),
    "flag": ("BOOLEAN", "boolean", 1, 0),
    "date": ("DATE", "date", "2026-01-31", "2026-02-01"),
    "moment": (
        "DATETIME",
        "timestamptz",
        "2026-01-31 09:00:00.000001",
        "2026-01-31 09:00:00.500000",
    ),
    "naive": ("DATETIME", "timestamp", "2026-01-31 09:00:00.000001", "2026-01-31 09:00:00.500000"),
    "real": ("FLOAT", "double precision", 0.1, -1.5e300),
    "decimal": ("NUMERIC(12, 2)", "numeric(12, 2)", 12.5, -3),
    "uuid": ("CHAR(32)", "uuid", "0" * 31 + "1", "f" * 32),
}


def add_column(world: World, name: str, kind: str, table: str = "groups") -> None:
    words = KINDS[kind][0 if world.database.path else 1]
    sql(world, f"ALTER TABLE {table} ADD COLUMN {name} {words}")


def put(world: World, column: str, value: Any, table: str = "groups") -> None:
    """Write past the app, and let the triggers see it."""
    world.close()
    if world.database.path:
        with closing(sqlite3.connect(world.database.path)) as file:
            file.execute(f"UPDATE {table} SET {column} = ?", [value])
            file.commit()
    else:
        with psycopg.connect(world.database.conninfo(), autocommit=True) as session:
            shown = None if value is None else str(value)
            session.execute("SET TimeZone = 'UTC'")
            words = f"UPDATE {table} SET {column} = {session_literal(shown)}"
            session.execute(words.encode())


def session_literal(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def held(world: World, column: str, table: str = "groups") -> list[str | None]:
    """Return what a column holds as text that both engines write alike."""
    world.close()
    if world.database.path:
        with closing(sqlite3.connect(world.database.path)) as file:
            found = [row[0] for row in file.execute(f"SELECT {column} FROM {table}")]
    else:
        with psycopg.connect(world.database.conninfo(), autocommit=True) as session:
            session.execute("SET TimeZone = 'UTC'")
            query = f"SELECT {column} FROM {table}"
            found = [row[0] for row in session.execute(query.encode())]
    return [None if one is None else alike(one) for one in found]


def alike(value: Any) -> str:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, str | bytes):
        return str(value).removesuffix("+00:00")
    try:
        return str(float(value))
    except TypeError:
        return str(value).removesuffix("+00:00")
