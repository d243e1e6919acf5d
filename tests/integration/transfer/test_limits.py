"""Tables as wide and values as large as both databases take."""

import json
import sqlite3
from contextlib import closing

import psycopg
import pytest

from backend.db.sqlite_reader import ReadOnlyFile
from backend.tablecopy.sqlite import bad_values, connection
from backend.transfer.cli import main
from tests.integration.transfer.conftest import ask

# One less than SQLite takes as variables by default in old versions, where such tables come from.
COLUMNS = 999
KINDS = (("INTEGER", "bigint", 7), ("TEXT", "timestamp", "2026-01-31 12:30:00"),
         ("TEXT", "numeric(12,2)", "12.50"), ("TEXT", "jsonb", '{"a": [1, 2]}'))  # fmt: skip


@pytest.fixture
def wide(tmp_path, empty, monkeypatch):
    """A table with very many columns of several types, on both sides."""
    kinds = [KINDS[n % len(KINDS)] for n in range(COLUMNS - 1)]
    here = ", ".join(f"c{n} {declared}" for n, (declared, _, _) in enumerate(kinds))
    there = ", ".join(f"c{n} {type_}" for n, (_, type_, _) in enumerate(kinds))
    values = [value for _, _, value in kinds]
    path = tmp_path / "wide.db"
    with closing(sqlite3.connect(path)) as file:
        file.execute(f"CREATE TABLE wide (id INTEGER PRIMARY KEY, {here})")
        marks = ", ".join("?" * COLUMNS)
        # A row has to fit into one page of Postgres.
        rows = [
            (row, *(v if n % 3 == row else None for n, v in enumerate(values))) for row in (0, 1, 2)
        ]
        file.executemany(f"INSERT INTO wide VALUES ({marks})", rows)
        file.commit()
    with psycopg.connect(empty.conninfo()) as session:
        session.execute(f"CREATE TABLE wide (id bigint PRIMARY KEY, {there})".encode())
    monkeypatch.setenv("MIGRATE_DATABASE_URL", empty.conninfo())
    return path


def test_a_table_of_999_columns_travels_by_every_way(wide, empty, tmp_path, capsys) -> None:
    words = ("--sqlite", str(wide))

    assert main([*words, "--check"]) == 0, capsys.readouterr().err
    loaded = main([*words, "--archive-sqlite", "--archive-dir", str(tmp_path / "kept")])
    assert loaded == 0, capsys.readouterr().err
    assert ask(empty, "SELECT count(*) FROM wide WHERE c0 = 7 OR c997 IS NOT NULL") == 2
    with psycopg.connect(empty.conninfo()) as session:
        session.execute("UPDATE wide SET c996 = 8, c4 = NULL WHERE id = 1")
    assert main([*words, "--verify-only"]) == 3, capsys.readouterr().err
    assert main([*words, "--update"]) == 0, capsys.readouterr().err
    assert main([*words, "--verify-only"]) == 0, capsys.readouterr().err


@pytest.fixture
def large(tmp_path, empty, monkeypatch):
    """Bytes that are more than may travel, were the limits of SQLite and Postgres 2 MB."""
    monkeypatch.setattr(bad_values, "MOST_BYTES", 999_000)
    monkeypatch.setattr(ReadOnlyFile.limit_length, "__defaults__", (2_000_000,))
    monkeypatch.setattr(connection, "CHUNK_BYTES", 500_000)
    path = tmp_path / "large.db"
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE files (id INTEGER PRIMARY KEY, name TEXT, body BLOB)")
        file.execute(
            "INSERT INTO files VALUES (1, 'a', zeroblob(900)), (2, 'b', zeroblob(1100000))"
        )
        file.commit()
    with psycopg.connect(empty.conninfo()) as session:
        session.execute("CREATE TABLE files (id bigint PRIMARY KEY, name text, body bytea)")
    monkeypatch.setenv("MIGRATE_DATABASE_URL", empty.conninfo())
    return path


def test_bytes_that_are_too_many_are_named(large, capsys) -> None:
    code = main(["--sqlite", str(large), "--check"])

    said = capsys.readouterr()
    assert code == 65, said.err
    assert "files id=2 body: 1,100,000 bytes: is more than the 999,000 bytes" in said.out


def test_a_row_that_does_not_fit_into_a_page_is_refused_as_data(wide, capsys) -> None:
    with closing(sqlite3.connect(wide)) as file:
        moments = ", ".join(f"c{n} = '2026-01-31 12:30:00'" for n in range(1, COLUMNS - 1, 4))
        numbers = ", ".join(f"c{n} = '123456.50'" for n in range(2, COLUMNS - 1, 4))
        whole = ", ".join(f"c{n} = 7" for n in range(0, COLUMNS - 1, 4))
        texts = ", ".join(f"c{n} = '[1, 2, 3]'" for n in range(3, COLUMNS - 1, 4))
        file.execute(f"UPDATE wide SET {moments}, {numbers}, {whole}, {texts}")
        file.commit()

    code = main(["--sqlite", str(wide)])

    said = capsys.readouterr().err
    assert code == 65, said
    assert "row is too big" in said
    assert "--exclude" in said


def test_a_bad_value_among_999_is_named(wide, capsys) -> None:
    with closing(sqlite3.connect(wide)) as file:
        file.execute("UPDATE wide SET c997 = 'x', c0 = 1.5 WHERE id = 2")
        file.commit()

    code = main(["--sqlite", str(wide), "--check", "--json"])

    assert code == 65
    found = {one["column"] for one in json.loads(capsys.readouterr().out)["bad_values"]}
    assert found == {"c0", "c997"}


@pytest.mark.parametrize(
    ("columns", "there"),
    [
        ("rowid TEXT, _rowid_ TEXT, oid TEXT", "rowid text, _rowid_ text, oid text"),
        (
            "rowid TEXT PRIMARY KEY, _rowid_ TEXT, oid TEXT",
            "rowid text PRIMARY KEY, _rowid_ text, oid text",
        ),
        (
            "rowid TEXT, _rowid_ INTEGER PRIMARY KEY, oid TEXT",
            "rowid text, _rowid_ bigint PRIMARY KEY, oid text",
        ),
    ],
)
def test_every_name_of_the_row_number_may_be_a_column(
    tmp_path, empty, monkeypatch, capsys, columns, there
) -> None:
    path = tmp_path / "rowids.db"
    with closing(sqlite3.connect(path)) as file:
        file.execute(f"CREATE TABLE t ({columns})")
        file.executemany("INSERT INTO t VALUES (?, ?, ?)", [(f"{n}", n, "x") for n in range(300)])
        file.commit()
    with psycopg.connect(empty.conninfo()) as session:
        session.execute(f"CREATE TABLE t ({there})".encode())
    monkeypatch.setenv("MIGRATE_DATABASE_URL", empty.conninfo())
    words = ["--sqlite", str(path), "--batch-rows", "50"]

    assert main([*words, "--check"]) == 0, capsys.readouterr().err
    assert main(words) == 0, capsys.readouterr().err
    assert main([*words, "--verify-only"]) == 0, capsys.readouterr().err
    assert main([*words, "--update"]) == 0, capsys.readouterr().err
    assert ask(empty, "SELECT count(*) FROM t") == 300
