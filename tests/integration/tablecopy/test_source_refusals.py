"""Files that cannot be a source are refused, by their name."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from backend.errors import DatabaseError, RefusedError
from backend.tablecopy.sqlite.source import open_source
from tests.integration.tablecopy.carrying import write
from tests.seeds import seeded


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "app.db"
    write(
        path,
        "CREATE TABLE t (v)",
        "INSERT INTO t VALUES (?)",
        rows=[(number,) for number in range(500)],
    )
    return path


def test_a_file_that_is_not_there_is_named(tmp_path):
    with (
        pytest.raises(DatabaseError, match=r"missing\.db is not there"),
        open_source(tmp_path / "missing.db", scratch=tmp_path),
    ):
        pass

    assert not (tmp_path / "missing.db").exists()


@pytest.mark.parametrize("content", [b"", b"PK\3\4 not at all", b"SQLite format 2\0" * 40])
def test_what_is_no_sqlite_file_is_refused(tmp_path, content):
    path = tmp_path / "photo.db"
    path.write_bytes(content)

    with pytest.raises(RefusedError, match=r"photo\.db is"), open_source(path, scratch=tmp_path):
        pass

    assert path.read_bytes() == content


def test_a_damaged_file_is_named(file, tmp_path):
    content = bytearray(file.read_bytes())
    content[100:4096] = seeded("damage").randbytes(3996)
    file.write_bytes(content)

    with (
        pytest.raises(DatabaseError, match=r"app\.db"),
        open_source(file, scratch=tmp_path) as source,
    ):
        source.tables()


def test_a_file_that_keeps_its_text_as_utf_16_is_refused(tmp_path):
    path = tmp_path / "wide.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA encoding = 'UTF-16le'")
        connection.execute("CREATE TABLE t (x)")

    with pytest.raises(RefusedError, match="UTF-16"), open_source(path, scratch=tmp_path):
        pass


def test_a_scratch_folder_that_is_not_there_is_named(file, tmp_path):
    with (
        pytest.raises(DatabaseError, match="no scratch folder"),
        open_source(file, scratch=Path("/nowhere")),
    ):
        pass
