"""An update of tables with names, columns and references of any kind."""

from contextlib import closing

import psycopg
import pytest

from backend.tablecopy.target import Target
from tests.integration.tablecopy.moving import bring_up, change, counted


@pytest.mark.parametrize("column", ["place", "heap", "t"])
def test_a_key_may_have_any_name(postgres_server, tmp_path, column):
    database = postgres_server.new_database()
    path = tmp_path / "names.db"
    change(
        path,
        f"CREATE TABLE answer ({column} INTEGER PRIMARY KEY, v TEXT)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)"
        " INSERT INTO answer SELECT i, 'new' FROM n",
    )
    with closing(psycopg.connect(database.conninfo(), autocommit=True)) as connection:
        connection.execute(
            f"CREATE TABLE answer ({column} int PRIMARY KEY, v text);"
            "INSERT INTO answer SELECT i, CASE WHEN i BETWEEN 40 AND 50 THEN 'old' ELSE 'new' END"
            " FROM generate_series(1, 100) i".encode()
        )

        changes = bring_up(path, Target(database.conninfo()), tmp_path)

        assert counted(changes) == {"answer": (0, 11, 0)}


def test_a_number_that_the_server_always_gives_stays(empty_target, tmp_path):
    path = tmp_path / "numbers.db"
    change(
        path,
        "CREATE TABLE entry (id TEXT PRIMARY KEY, number INTEGER, v TEXT)",
        "INSERT INTO entry VALUES ('a', 1, 'new'), ('b', 2, 'same'), ('c', 7, 'added')",
    )
    with closing(psycopg.connect(empty_target.conninfo, autocommit=True)) as connection:
        connection.execute(
            "CREATE TABLE entry (id text PRIMARY KEY,"
            " number bigint GENERATED ALWAYS AS IDENTITY, v text);"
            "INSERT INTO entry (id, v) VALUES ('a', 'old'), ('b', 'same')"
        )

        changes = bring_up(path, empty_target, tmp_path)

        assert counted(changes) == {"entry": (1, 1, 0)}
        assert connection.execute("SELECT * FROM entry ORDER BY 1").fetchall() == [
            ("a", 1, "new"), ("b", 2, "same"), ("c", 7, "added")
        ]  # fmt: skip


def test_tables_that_refer_to_each_other_in_a_circle(postgres_server, tmp_path):
    database = postgres_server.new_database()
    path = tmp_path / "circle.db"
    change(
        path,
        "CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER NOT NULL)",
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER NOT NULL)",
        "INSERT INTO a VALUES (1, 2), (3, 4)",
        "INSERT INTO b VALUES (2, 3), (4, 1)",
    )
    with closing(psycopg.connect(database.conninfo(), autocommit=True)) as connection:
        connection.execute(
            "CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL);"
            "CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a);"
            "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b"
        )

        bring_up(path, Target(database.conninfo()), tmp_path)

        assert connection.execute("SELECT * FROM a ORDER BY 1").fetchall() == [(1, 2), (3, 4)]
        assert connection.execute("SELECT * FROM b ORDER BY 1").fetchall() == [(2, 3), (4, 1)]
