"""Columns of any type travel between two databases of one engine."""

from collections.abc import Iterable
from typing import Any

import psycopg
import pytest

from backend.sync.options import OnConflict
from tests.integration.sync.extra_columns import held, put
from tests.integration.sync.homes import shared
from tests.integration.sync.pair import Pair
from tests.integration.sync.test_refusals import sql
from tests.integration.sync.world import World

ANYTHING = {
    "jsonb": '{"a": 1}',
    "json": '{"a":  1}',
    "integer[]": "{1,NULL,3}",
    "interval": "1 day 02:00:00",
    "bytea": "\\xdeadbeef",
    "timestamp(0) with time zone": "2026-01-31 09:00:00+00",
    "numeric": "12.500",
    "double precision": "NaN",
    "real": "0.1",
    "point": "(1,2)",
    "money": "$1.00",
    "character(5)": "ab",
}


@pytest.mark.parametrize("pair", ["postgres-postgres"], indirect=True)
def test_between_two_postgres_any_type_travels(pair: Pair):
    names = {f"extra_{number}": words for number, words in enumerate(ANYTHING)}
    for world in (pair.local, pair.remote):
        sql(world, *(f"ALTER TABLE groups ADD COLUMN {name} {names[name]}" for name in names))
    shared(pair)
    values = ", ".join(f"{name} = '{ANYTHING[words]}'" for name, words in names.items())
    nothing = ", ".join(f"{name} = NULL" for name in names)
    # The app's sessions write dates and spans in words of their own.
    strange = "SET DateStyle = 'German'; SET IntervalStyle = 'iso_8601'; SET bytea_output = escape;"

    for world, other in ((pair.local, pair.remote), (pair.remote, pair.local)):
        sql(world, f"UPDATE groups SET {values}")
        pair.both()
        assert as_text(world, names) == as_text(other, names) != [(None,) * len(names)]
        sql(world, f"{strange} UPDATE groups SET {nothing}; UPDATE groups SET {values}")
        assert [each.written for each in pair.both()] == [0, 0]
        sql(world, f"UPDATE groups SET {nothing}")
        pair.both()
        assert as_text(other, names) == [(None,) * len(names)]
    assert pair.verify() == []


def as_text(world: World, names: Iterable[str]) -> list[Any]:
    with psycopg.connect(world.database.conninfo()) as session:
        columns = ", ".join(f"{name}::text" for name in names)
        return session.execute(f"SELECT {columns} FROM groups".encode()).fetchall()


@pytest.mark.parametrize("pair", ["sqlite-sqlite"], indirect=True)
def test_between_two_files_any_value_travels(pair: Pair, tmp_path):
    for world in (pair.local, pair.remote):
        for number, words in enumerate(["BLOB", "JSON", "", "INTEGER", "REAL"]):
            sql(world, f"ALTER TABLE groups ADD COLUMN extra_{number} {words}")
    shared(pair)
    for value in (b"\0\xff", 0.1 + 0.2, 7, -(2**63), "it's", '{"a": 1}', float("inf")):
        columns = [f"extra_{number}" for number in range(5)]
        for column in columns:
            put(pair.local, column, value)
        pair.both()
        there = [held(pair.remote, column) for column in columns]
        for column in columns:
            put(pair.local, column, None)
            put(pair.local, column, value)
            put(pair.remote, column, None)

        assert there == [held(pair.local, column) for column in columns] != [[None]] * 5
        assert pair.push().written == 0
        done = pair.pull(backup=tmp_path)
        assert [held(pair.local, column) for column in columns] == [[None]] * 5
        assert done.backup
        pair.local.run_script(done.backup)
        assert [held(pair.local, column) for column in columns] == there
        pair.both(on_conflict=OnConflict.LOCAL)
    assert pair.verify() == []
