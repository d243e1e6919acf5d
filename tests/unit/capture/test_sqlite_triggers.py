"""The triggers of a SQLite file keep a row whole, whatever it looks like."""

import json
import sqlite3
from contextlib import closing

from sqlalchemy import Column, MetaData, Table, Text

from backend.capture.model_tables import tables_of
from backend.capture.sqlite_triggers import TABLES, triggers
from backend.capture.tables import TableConfig

WIDTH = 150


def test_a_table_of_many_columns() -> None:
    names = [f"c{number}" for number in range(WIDTH)]
    metadata = MetaData()
    columns = (Column(name, Text, primary_key=name == "c0") for name in names)
    Table("wide", metadata, *columns)
    values = [None if number % 7 == 3 else f"it's {number}" for number in range(WIDTH)]

    with closing(sqlite3.connect(":memory:")) as file:
        file.execute(f"CREATE TABLE wide ({', '.join(names)}, PRIMARY KEY (c0))")
        file.execute(f"INSERT INTO wide VALUES ({', '.join('?' * WIDTH)})", values)
        for statement in (
            *TABLES,
            *triggers(tables_of(metadata, {"wide": TableConfig()})).values(),
        ):
            file.execute(statement)
        file.execute("UPDATE wide SET c149 = 'another'")
        ((key, base),) = file.execute("SELECT key, base FROM tablecopy_changes").fetchall()

    assert json.loads(key) == ["it's 0"]
    assert [json.loads(base).get(name) for name in names] == values
