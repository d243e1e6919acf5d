"""The local file cannot take what comes: the run says so, and nothing of it has happened."""

import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import delete, text

from backend.config.database_url import DatabaseUrl
from backend.db.errors import SQLiteError
from backend.db.sqlite_file import open_file
from backend.errors import AppError, DatabaseError, TransientError
from backend.models import User
from backend.sync.replica.sqlite import SQLiteReplica
from backend.sync.retries import with_retries
from tests.integration.sync.homes import household
from tests.integration.sync.pair import PULL, Pair, paired
from tests.integration.transfer.test_full_disk import make_disk

__all__ = ["make_disk"]

WORDS = "ü" * 80


@pytest.fixture
def pair(
    make_disk, sqlite_template, postgres_server, postgres_template, tmp_path
) -> Iterator[Pair]:
    """A file on a disk with little room, in use together with a server."""
    folder = make_disk(tmp_path / "small", 1)
    path = folder / "home.db"
    path.write_bytes(sqlite_template.read_bytes())
    remote = postgres_server.new_database(postgres_template)
    with paired(DatabaseUrl("sqlite", path=path), remote) as both:
        household(both.local)
        both.both()
        yield both
    postgres_server.drop_database(remote)


def failed(pair: Pair) -> AppError:
    """Pull as the command does, and return what it said."""
    with pytest.raises(AppError) as caught:
        with_retries(lambda: pair.sync(PULL), sleep=lambda _: None)
    return caught.value


def test_a_full_disk(pair: Pair) -> None:
    pair.remote.add_user("bo@example.com", "Bo")
    copies = text(
        "INSERT INTO users SELECT gen_random_uuid(), n || email, n || email_key, :words,"
        " password_hash, status, created_at, updated_at, deleted_at, version"
        " FROM users, generate_series(1, 4000) AS n WHERE display_name = 'Bo'"
    )
    with pair.remote.writing() as connection:
        connection.execute(copies, {"words": WORDS})
    before = pair.local.dump()

    error = failed(pair)

    assert isinstance(error, DatabaseError)
    assert not isinstance(error, TransientError)
    assert "SQLITE_FULL" in error.args[0]
    assert pair.local.dump() == before
    pair.remote.do(delete(User).where(User.display_name == WORDS))
    assert pair.sync(PULL).written == 1
    assert pair.differences() == {}


def test_a_full_disk_is_told_where_sqlite_has_taken_the_savepoint_with_it(tmp_path) -> None:
    with closing(open_file(tmp_path / "home.db", "rwc")) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.execute("PRAGMA max_page_count = 50")
        replica = SQLiteReplica(connection, "home.db")

        with (
            pytest.raises(SQLiteError, match="disk is full"),
            replica.transaction(write=True),
            replica.savepoint(),
        ):
            connection.execute("INSERT INTO t VALUES (zeroblob(1000000))")

        assert not connection.in_transaction


def test_a_file_that_may_not_be_written(pair: Pair) -> None:
    assert pair.local.database.path
    pair.remote.add_user("bo@example.com")
    pair.local.close()

    with read_only(pair.local.database.path.parent):
        error = failed(pair)

    assert isinstance(error, DatabaseError)
    assert not isinstance(error, TransientError)
    assert "home.db" in error.args[0]
    assert pair.sync(PULL).written == 1
    assert pair.differences() == {}


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    """Let nobody write to a disk, root neither."""
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
