"""Random tables with random values arrive as an independent reader expects them."""

import itertools
import json
import math
import sqlite3
import struct
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from backend.db.sql import quoted
from backend.tablecopy.encoder import encoder
from backend.tablecopy.sqlite.bad_values import bad_values
from backend.tablecopy.target import Target
from backend.values.conversion import Casts
from tests.integration.tablecopy.carrying import both, write

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31))  # noqa: DTZ001 - as SQLite has them
CENTS = st.integers(-(10**9), 10**9).map(lambda n: Decimal(n) / 100)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e9) | TEXTS,
    lambda nodes: st.lists(nodes, max_size=3) | st.dictionaries(TEXTS, nodes, max_size=3),
    max_leaves=8,
)


@dataclass(frozen=True)
class Type:
    """A type, the values that SQLite may hold for it, and what each means to Python."""

    name: str
    values: st.SearchStrategy[Any]
    meaning: Callable[[Any], Any]
    # What the target's driver gives, where that is not the meaning yet.
    stored: Callable[[Any], Any] = lambda value: value


def same_float(value):
    return "0" if value == 0 else float(value).hex()


def as_single(value):
    """Undo what the driver does, which reads the few digits of a single as a double."""
    return struct.unpack("f", struct.pack("f", value))[0]


def number(value):
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


TYPES = [
    Type("bigint", st.integers(-(2**63), 2**63 - 1), int),
    Type("integer", st.integers(-(2**31), 2**31 - 1) | st.integers(-999, 999).map(str), int),
    Type("numeric(12,2)", CENTS.map(float) | CENTS.map(str) | st.integers(-(10**9), 10**9), number),
    Type("numeric(20,6)", st.integers(-(10**14), 10**14).map(lambda n: n / 10**6), number),
    Type("numeric", st.floats(allow_nan=False, allow_infinity=False, min_value=-1e40, max_value=1e40) | st.integers(-(2**63), 2**63 - 1), number),
    Type("double precision", st.floats(allow_nan=False) | st.integers(-(2**53), 2**53), same_float, same_float),
    Type("real", st.floats(allow_nan=False, width=16) | st.integers(-(2**24), 2**24), same_float, lambda v: same_float(as_single(v))),
    Type("boolean", st.sampled_from([0, 1, "true", "FALSE"]), lambda v: v in (1, "true")),
    Type("text", TEXTS, str),
    Type("varchar(12)", TEXTS, str),
    Type("timestamp", MOMENTS.map(lambda m: m.isoformat(sep=" ")) | MOMENTS.map(datetime.isoformat), datetime.fromisoformat),
    Type("timestamptz", MOMENTS.map(lambda m: f"{m.isoformat(sep=' ', timespec='microseconds')}"), lambda v: datetime.fromisoformat(v).replace(tzinfo=UTC), lambda v: v.astimezone(UTC)),
    Type("date", st.dates().map(str), lambda v: datetime.fromisoformat(v).date()),
    Type("time", st.times().map(str), time.fromisoformat),
    Type("uuid", st.uuids().map(lambda u: u.hex) | st.uuids().map(str), uuid.UUID),
    Type("bytea", st.binary(max_size=20), bytes),
    Type("json", JSONS.map(json.dumps), json.loads),
    Type("jsonb", JSONS.map(json.dumps) | JSONS.map(lambda n: json.dumps(n, ensure_ascii=False, indent=1)), json.loads),
]  # fmt: skip
KEYS = [
    ("INTEGER PRIMARY KEY", "bigint PRIMARY KEY", st.integers(-(2**63), 2**63 - 1), ""),
    ("TEXT PRIMARY KEY", "text PRIMARY KEY", TEXTS, ""),
    ("CHAR(32) PRIMARY KEY", "uuid PRIMARY KEY", st.uuids().map(lambda u: u.hex), ""),
    ("TEXT PRIMARY KEY", "uuid PRIMARY KEY", st.uuids().map(str) | st.uuids().map(lambda u: u.hex.upper()), ""),
    ("BLOB PRIMARY KEY", "bytea PRIMARY KEY", st.binary(max_size=4), "WITHOUT ROWID"),
    ("BLOB PRIMARY KEY", "uuid PRIMARY KEY", st.uuids().map(lambda u: u.bytes), ""),
    ("DATETIME PRIMARY KEY", "timestamp PRIMARY KEY", MOMENTS.map(lambda m: m.isoformat(" ", "microseconds")), ""),
    ("TEXT", "text", TEXTS, ""),
]  # fmt: skip
NAMES = st.sampled_from(
    ["Order", "group", 'a"b', "select", "ç x", "%s", "Rowid", "x,y", "{0}", "'"]
)


@st.composite
def tables(draw):
    name = draw(NAMES)
    here, there, keys, end = draw(st.sampled_from(KEYS))
    types = draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=5))
    columns = draw(st.lists(NAMES, min_size=len(types), max_size=len(types), unique_by=str.lower))
    rows = draw(
        st.lists(
            st.tuples(keys, *(st.none() | one.values for one in types)),
            max_size=12,
            unique_by=lambda row: str(row[0]).lower(),
        )
    )
    return name, (here, there, end), list(zip(columns, types, strict=True)), rows


@pytest.fixture(scope="module")
def target(postgres_server):
    database = postgres_server.new_database()
    yield Target(database.conninfo())
    postgres_server.drop_database(database)


@pytest.fixture(scope="module")
def connection(target):
    # Nothing is prepared: a table of the same name has other columns the next time.
    with closing(
        psycopg.connect(target.conninfo, autocommit=True, prepare_threshold=None)
    ) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


# The table is made anew for each example, so nothing is shared that one could leave behind.
SOME = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MANY = settings(SOME, max_examples=500)
ONE = given(table=tables(), rows=st.integers(1, 5))


@SOME
@ONE
def test_random_tables_arrive(table, rows, target, connection, tmp_path, unused_number):
    see_arrive(table, rows, target, connection, tmp_path / f"{next(unused_number)}.db")


@pytest.mark.slow
@MANY
@ONE
def test_very_many_random_tables_arrive(table, rows, target, connection, tmp_path, unused_number):
    see_arrive(table, rows, target, connection, tmp_path / f"{next(unused_number)}.db")


def see_arrive(table, rows, target, connection, path):
    name, (here, there, end), columns, values = table
    declared = ", ".join(quoted(column) for column, _ in columns)
    marks = ", ".join("?" * (len(columns) + 1))
    write(
        path,
        f"CREATE TABLE {quoted(name)} (k {here}, {declared}) {end}",
        f"INSERT INTO {quoted(name)} VALUES ({marks})",
        rows=values,
    )
    stored = ", ".join(f"{quoted(column)} {kind.name}" for column, kind in columns)
    connection.execute(f"CREATE TABLE {quoted(name)} (k {there}, {stored})".encode())
    try:
        with both(path, target) as sides:
            (only,) = sides.pairs()
            encoding = encoder(only, Casts())
            assert list(bad_values(sides.source.connection, [only], Casts())) == []
            sides.copy(encoding, rows=rows)
            assert sides.differences(encoding, rows=rows) == []
        assert read_postgres(connection, name, columns) == read_sqlite(path, name, columns)
    finally:
        connection.execute(f"DROP TABLE {quoted(name)}".encode())


def read_sqlite(path, name, columns):
    """Read with Python's own library, and by what each type means."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(f"SELECT * FROM {quoted(name)}").fetchall()
    meanings = [kind.meaning for _, kind in columns]
    return counted(rows, meanings)


def read_postgres(connection, name, columns):
    """Read with a driver that knows the types."""
    query = sql.SQL("SELECT * FROM {}").format(sql.Identifier(name))
    rows = connection.execute(query).fetchall()
    return counted(rows, [kind.stored for _, kind in columns])


def counted(rows, meanings):
    return Counter(
        repr((normal(row[0]), *(
            None if value is None else canonical(meaning(value))
            for value, meaning in zip(row[1:], meanings, strict=True)
        )))
        for row in rows
    )  # fmt: skip


def normal(key):
    """Bring a key to one form: a UUID is written in three ways here."""
    if isinstance(key, bytes) and len(key) == 16:
        return uuid.UUID(bytes=key)
    if isinstance(key, datetime):
        return key.isoformat(" ", "microseconds")
    if isinstance(key, str) and len(key) in {32, 36}:
        try:
            return uuid.UUID(key)
        except ValueError:
            return key
    return key


def canonical(value):
    """Make equal values look equal."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    if isinstance(value, dict):
        return sorted((key, canonical(member)) for key, member in value.items())
    if isinstance(value, list):
        return [canonical(member) for member in value]
    if isinstance(value, float) and not math.isinf(value):
        return float(value) or 0.0
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        return float(value)
    return value


@pytest.fixture(scope="module")
def unused_number():
    return itertools.count()
