"""The copy of a file that a mirror keeps."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from backend.errors import DatabaseError
from backend.sync.mirror import copy_of_file

ROWS = [("1", "kitchen"), ("2", "cellar")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "home.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE shelf (id TEXT, name TEXT)")
        connection.executemany("INSERT INTO shelf VALUES (?, ?)", ROWS)
        connection.commit()
    return path


def rows_of(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT * FROM shelf ORDER BY id").fetchall()


def test_a_file_is_kept_with_what_is_only_in_its_wal(file, tmp_path) -> None:
    with closing(sqlite3.connect(file)) as writer:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("INSERT INTO shelf VALUES ('z', 'new')")
        writer.commit()

        kept = copy_of_file(file, tmp_path / "kept")

    assert rows_of(kept) == [*ROWS, ("z", "new")]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [entry.name for entry in kept.parent.iterdir()] == [kept.name]


def test_a_file_that_is_damaged_is_not_taken_for_a_copy(file, tmp_path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("CREATE INDEX by_name ON shelf (name)")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, '(name)', '(id)') WHERE type = 'index'"
        )
        connection.commit()

    with pytest.raises(DatabaseError, match="is not sound"):
        copy_of_file(file, tmp_path / "kept")

    assert list((tmp_path / "kept").iterdir()) == []


def test_a_copy_that_finds_no_room_leaves_nothing(file, tmp_path) -> None:
    (tmp_path / "taken").write_text("a file")

    with pytest.raises(DatabaseError, match="cannot be copied to"):
        copy_of_file(file, tmp_path / "taken")
