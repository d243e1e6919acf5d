"""The copy of the source holds what the source holds, to the bit, or there is no copy."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from backend.errors import DatabaseError, RefusedError
from backend.transfer import archive as module
from backend.transfer.archive import archive, contents

SCRIPT = """
CREATE TABLE "Order" (id INTEGER PRIMARY KEY AUTOINCREMENT, "a b" TEXT, x, "select" REAL);
CREATE TABLE kept (k TEXT PRIMARY KEY, v BLOB) WITHOUT ROWID;
CREATE INDEX by_x ON "Order" (x);
CREATE VIEW shown AS SELECT id FROM "Order";
INSERT INTO "Order" ("a b", x, "select") VALUES
  ('şapka 🎩', 1, 0.1), ('', NULL, 9999999999.99), ('a' || char(0) || 'b', x'00ff', 1e308),
  (CAST(x'61ff62' AS TEXT), '1', -0.0);
DELETE FROM "Order" WHERE id = 2;
INSERT INTO kept VALUES ('k', zeroblob(100));
"""


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Path]:
    """A file in WAL mode of which a part is still in the WAL."""
    path = tmp_path / "source.db"
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.executescript(SCRIPT)
        yield path


def opened(path: Path) -> apsw.Connection:
    return apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)


def test_the_copy_holds_what_the_source_held(source, tmp_path) -> None:
    copy = archive(source, name="source.db", folder=tmp_path / "archive")

    with closing(opened(copy.path)) as connection, closing(opened(source)) as original:
        assert contents(connection) == contents(original) == copy.digest
        assert connection.execute('SELECT count(*) FROM "Order"').get == 3
    assert copy.bytes == copy.path.stat().st_size


def test_the_copy_is_one_file_that_can_be_read_where_nobody_can_write(source, tmp_path) -> None:
    copy = archive(source, name="source.db", folder=tmp_path / "archive")

    assert [entry.name for entry in copy.path.parent.iterdir()] == [copy.path.name]
    assert copy.path.stat().st_mode & 0o777 == 0o400
    with closing(opened(copy.path)) as connection:
        assert connection.execute("PRAGMA journal_mode").get == "delete"


def test_a_file_of_that_name_is_never_written_over(source, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(module, "_stamp", lambda: "20261124T120000Z")
    there = tmp_path / "source-20261124T120000Z.db"
    there.write_text("somebody's")

    with pytest.raises(RefusedError, match="is there already"):
        archive(source, name="source.db", folder=tmp_path)

    assert there.read_text() == "somebody's"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("""UPDATE "Order" SET x = '1' WHERE x = 1""", id="a number became text"),
        pytest.param("""UPDATE "Order" SET "a b" = NULL WHERE "a b" = ''""", id="'' became NULL"),
        pytest.param(
            """UPDATE "Order" SET "a b" = 'a' WHERE length(CAST("a b" AS BLOB)) = 3""", id="NUL"
        ),
        pytest.param(
            """UPDATE "Order" SET "select" = 0.1 + 1e-17 + 1e-17 WHERE id = 1""", id="last bit"
        ),
        pytest.param("UPDATE kept SET v = CAST(v AS TEXT)", id="a blob became text"),
        pytest.param("DELETE FROM kept", id="a row is missing"),
        pytest.param("UPDATE sqlite_sequence SET seq = 9", id="the largest id ever given"),
        pytest.param("DROP INDEX by_x", id="an index is missing"),
    ],
)
def test_any_difference_changes_the_digest(change, tmp_path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as writer:
        writer.executescript(SCRIPT.replace("DELETE FROM", "-- DELETE FROM"))
    with closing(opened(path)) as connection:
        before = contents(connection)
    with closing(sqlite3.connect(path)) as writer:
        assert writer.execute(change).rowcount != 0
        writer.commit()

    with closing(opened(path)) as connection:
        assert contents(connection) != before


def test_a_copy_that_differs_is_thrown_away(source, tmp_path, monkeypatch) -> None:
    copied = module._copy

    def damaged(connection: apsw.Connection, path: Path) -> None:
        copied(connection, path)
        with closing(sqlite3.connect(path)) as file:
            file.execute("DELETE FROM kept")
            file.commit()

    monkeypatch.setattr(module, "_copy", damaged)

    with pytest.raises(DatabaseError, match="does not hold what the source holds"):
        archive(source, name="source.db", folder=tmp_path / "archive")

    assert list((tmp_path / "archive").iterdir()) == []


def test_nobody_else_may_read_a_copy_that_is_being_made(source, tmp_path, monkeypatch) -> None:
    copied, modes = module._copy, []

    def seen(connection: apsw.Connection, path: Path) -> None:
        modes.append(path.stat().st_mode & 0o777)
        copied(connection, path)
        modes.append(path.stat().st_mode & 0o777)

    monkeypatch.setattr(module, "_copy", seen)

    archive(source, name="source.db", folder=tmp_path / "archive")

    assert modes == [0o600, 0o600]


def test_a_folder_that_cannot_be_made_is_told(source, tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(DatabaseError, match="cannot be made"):
        archive(source, name="source.db", folder=tmp_path / "file" / "archive")


def test_the_source_is_not_written_to(source, tmp_path) -> None:
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir() if "shm" not in path.name}

    archive(source, name="source.db", folder=tmp_path / "archive")

    assert files == {
        path.name: path.read_bytes()
        for path in tmp_path.iterdir()
        if path.is_file() and "shm" not in path.name
    }
