"""A run is taken back by its script, with the tools that people have."""

import sqlite3
import stat
import subprocess
import sys
import tracemalloc
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from backend.config.database_url import DatabaseUrl
from backend.errors import DatabaseError
from backend.sync.undo_script import UndoScript, backup_path
from backend.values.conversion import Value

SCHEMA = {
    "sqlite": (
        "CREATE TABLE shelf (id CHAR(32) PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
        "CREATE TABLE book (shelf_id CHAR(32) NOT NULL REFERENCES shelf, place BIGINT NOT NULL,"
        " title TEXT NOT NULL, sold BOOLEAN NOT NULL, bought DATE, read_at DATETIME, weight REAL,"
        " PRIMARY KEY (shelf_id, place))",
    ),
    "postgres": (
        "CREATE TABLE shelf (id uuid PRIMARY KEY, name text NOT NULL UNIQUE)",
        "CREATE TABLE book (shelf_id uuid NOT NULL REFERENCES shelf, place bigint NOT NULL,"
        " title text NOT NULL, sold boolean NOT NULL, bought date, read_at timestamptz,"
        " weight double precision, PRIMARY KEY (shelf_id, place))",
    ),
}
SHELF = ("id", "name")
BOOK = ("shelf_id", "place", "title", "sold", "bought", "read_at", "weight")
ONE, TWO, NEW = ("0" * 31 + digit for digit in "12a")
AWKWARD = 'it\'s \\n 100 % of "ı"\r\nsecond\tline\x01 :name $undo$ $1 -- ; ş₺'
ROWS: dict[str, list[tuple[Value, ...]]] = {
    "shelf": [(ONE, "kitchen"), (TWO, AWKWARD)],
    "book": [
        (ONE, 1, "soup", 0, "2026-11-25", "2026-11-25 09:00:00.000000", 0.1),
        (ONE, 2, AWKWARD, 1, None, "2026-03-29 01:30:00.000001", -1.5e300),
        (TWO, -(2**63), "", 0, None, None, None),
    ],
}


def open_pair(database: DatabaseUrl) -> closing[sqlite3.Connection]:
    assert database.path is not None
    file = sqlite3.connect(database.path, isolation_level=None)
    file.execute("PRAGMA foreign_keys = ON")
    return closing(file)


class Library:
    """A database with two tables, on either engine."""

    def __init__(self, database: DatabaseUrl, programs: Path | None) -> None:
        self.database = database
        self._programs = programs

    def run(self, *statements: str) -> None:
        if self.database.engine == "sqlite":
            with open_pair(self.database) as file:
                for statement in statements:
                    file.execute(statement)
            return
        with psycopg.connect(self.database.conninfo(), autocommit=True) as session:
            for statement in statements:
                session.execute(statement.encode())

    def fill(self) -> None:
        self.run(*SCHEMA[self.database.engine])
        mark = "?" if self.database.engine == "sqlite" else "%s"
        for table, rows in ROWS.items():
            statement = f"INSERT INTO {table} VALUES ({', '.join([mark] * len(rows[0]))})"
            if self.database.engine == "sqlite":
                with open_pair(self.database) as file:
                    file.executemany(statement, rows)
            else:
                with psycopg.connect(self.database.conninfo()) as session:
                    session.execute("SET TimeZone = 'UTC'")
                    for row in rows:
                        session.execute(
                            statement.encode(), [None if v is None else str(v) for v in row]
                        )

    def contents(self) -> dict[str, list[tuple[object, ...]]]:
        order = {"shelf": "id", "book": "shelf_id, place"}
        queries = {name: f"SELECT * FROM {name} ORDER BY {by}" for name, by in order.items()}
        if self.database.engine == "sqlite":
            with open_pair(self.database) as file:
                return {name: file.execute(query).fetchall() for name, query in queries.items()}
        with psycopg.connect(self.database.conninfo()) as session:
            return {
                name: session.execute(query.encode()).fetchall() for name, query in queries.items()
            }

    def restore(self, script: Path) -> subprocess.CompletedProcess[str]:
        """Run a script as its head says."""
        if self.database.engine == "sqlite":
            # SQLite's shell as the apsw package brings it: sqlite3 itself may not be installed.
            command: list[str | Path] = [sys.executable, "-m", "apsw", str(self.database.path)]
            return subprocess.run(
                command, input=script.read_text(), text=True, capture_output=True, check=False
            )
        assert self._programs is not None
        command = [self._programs / "psql", "-X", "-d", self.database.conninfo(), "-f", script]
        return subprocess.run(command, text=True, capture_output=True, check=False)


@pytest.fixture
def library(request, database_url) -> Library:
    programs = None
    if database_url.engine == "postgres":
        programs = request.getfixturevalue("postgres_server").programs
    filled = Library(database_url, programs)
    filled.fill()
    return filled


@pytest.fixture
def script(tmp_path) -> Path:
    return backup_path(tmp_path / "sync-backups", "local2render.sql")


def test_a_run_that_did_everything_is_taken_back(library, script) -> None:
    before = library.contents()
    with UndoScript(script, library.database.engine) as copy:
        # Parents first for what is new or changed, children first for what goes.
        copy.inserted("shelf", ["id"], [(NEW,)])
        copy.inserted("book", ["shelf_id", "place"], [(NEW, 1), (ONE, 3)])
        copy.updated("shelf", ["id"], SHELF, [(ONE, "kitchen")])
        copy.updated("book", ["shelf_id", "place"], BOOK, ROWS["book"][:2])
        copy.deleted("book", BOOK, ROWS["book"][2:])
        copy.deleted("shelf", SHELF, ROWS["shelf"][1:])
        copy.close()
    library.run(
        f"INSERT INTO shelf VALUES ('{NEW}', 'new')",
        f"INSERT INTO book (shelf_id, place, title, sold) VALUES ('{NEW}', 1, 'a', '0')",
        f"INSERT INTO book (shelf_id, place, title, sold) VALUES ('{ONE}', 3, 'b', '1')",
        f"UPDATE shelf SET name = 'cellar' WHERE id = '{ONE}'",
        "UPDATE book SET title = 'x', sold = '1', bought = NULL, read_at = NULL, weight = 2",
        f"DELETE FROM book WHERE shelf_id = '{TWO}'",
        f"DELETE FROM shelf WHERE id = '{TWO}'",
    )
    assert library.contents() != before

    done = library.restore(script)

    assert (done.returncode, done.stderr) == (0, "")
    assert library.contents() == before


def test_a_unique_value_that_moved_moves_back(library, script) -> None:
    before = library.contents()
    with UndoScript(script, library.database.engine) as copy:
        copy.updated("shelf", ["id"], SHELF, [(ONE, "kitchen")])
        copy.inserted("shelf", ["id"], [(NEW,)])
        copy.close()
    library.run(
        f"UPDATE shelf SET name = 'cellar' WHERE id = '{ONE}'",
        f"INSERT INTO shelf VALUES ('{NEW}', 'kitchen')",
    )

    done = library.restore(script)

    assert done.returncode == 0, done.stderr
    assert library.contents() == before


def test_unique_values_that_were_exchanged_are_exchanged_again(library, script) -> None:
    before = library.contents()
    aside = [(ONE, "moving 1"), (TWO, "moving 2")]
    with UndoScript(script, library.database.engine) as copy:
        # Two steps, as the run has made them: put aside, then exchange.
        copy.updated("shelf", ["id"], SHELF, ROWS["shelf"])
        copy.updated("shelf", ["id"], SHELF, aside)
        copy.close()
    for number, name in [*aside, (ONE, "cellar"), (TWO, "kitchen")]:
        library.run(f"UPDATE shelf SET name = '{name}' WHERE id = '{number}'")

    done = library.restore(script)

    assert done.returncode == 0, done.stderr
    assert library.contents() == before


def test_what_cannot_be_taken_back_whole_is_not_taken_back_at_all(library, script) -> None:
    with UndoScript(script, library.database.engine) as copy:
        copy.inserted("shelf", ["id"], [(NEW,)])
        copy.updated("shelf", ["id"], SHELF, [(ONE, "kitchen")])
        copy.close()
    library.run(
        f"INSERT INTO shelf VALUES ('{NEW}', 'new')",
        f"UPDATE shelf SET name = 'cellar' WHERE id = '{ONE}'",
        # Somebody has used the new shelf since.
        f"INSERT INTO book (shelf_id, place, title, sold) VALUES ('{NEW}', 1, 'a', '0')",
    )
    before = library.contents()

    done = library.restore(script)

    assert done.returncode != 0
    assert library.contents() == before


def test_the_script_is_for_its_owner_alone(script) -> None:
    with UndoScript(script, "sqlite") as copy:
        copy.inserted("shelf", ["id"], [(NEW,)])
        path = copy.close()

    assert path == script
    assert stat.S_IMODE(script.stat().st_mode) == 0o600
    assert stat.S_IMODE(script.parent.stat().st_mode) == 0o700


def test_it_is_there_whole_or_not_at_all(script) -> None:
    with UndoScript(script, "sqlite") as copy:
        copy.inserted("shelf", ["id"], [(NEW,)])

    assert list(script.parent.iterdir()) == []


def test_a_run_that_changed_nothing_leaves_none(script) -> None:
    with UndoScript(script, "postgres") as copy:
        copy.inserted("shelf", ["id"], [])
        path = copy.close()

    assert path is None
    assert list(script.parent.iterdir()) == []


def test_it_never_replaces_another(script) -> None:
    script.parent.mkdir()
    script.write_text("-- kept")
    with UndoScript(script, "sqlite") as copy:
        copy.inserted("shelf", ["id"], [(NEW,)])
        with pytest.raises(DatabaseError, match="safety copy"):
            copy.close()

    assert script.read_text() == "-- kept"


def test_a_folder_that_cannot_be_written_to_is_named_before_anything_is_done(tmp_path) -> None:
    (tmp_path / "taken").write_text("a file")

    with pytest.raises(DatabaseError, match="safety copy") as caught:
        UndoScript(tmp_path / "taken" / "undo.sql", "sqlite")

    assert "--backup-dir" in caught.value.hint


def test_many_rows_do_not_pass_through_memory(script) -> None:
    rows = [(f"{number:032x}", number, AWKWARD, 0, None, None, None) for number in range(1_000)]
    tracemalloc.start()
    with UndoScript(script, "postgres") as copy:
        for _ in range(40):
            copy.deleted("book", BOOK, rows)
        tracemalloc.reset_peak()
        copy.close()
        _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert script.stat().st_size > 4_000_000
    assert most < 1_500_000, most
