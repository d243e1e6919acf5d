"""What a driver's error means is told without the driver: by classes, by questions, as our own."""

from contextlib import closing

import pytest
from sqlalchemy.exc import OperationalError

from backend.db import errors
from backend.db.connect import connect
from backend.db.sqlite_file import check_whole, open_file
from backend.db.sqlite_reader import VALUE_TOO_LARGE, ReadOnlyFile, file_errors
from backend.errors import DatabaseError, DataError, RefusedError, TransientError

TABLES = """
    CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE child (id int UNIQUE, n smallint NOT NULL CHECK (n > 0), t varchar(3),
        parent int REFERENCES parent);
    INSERT INTO child VALUES (1, 1, 'a', NULL)"""


@pytest.fixture
def session(postgres):
    with closing(connect(postgres, {})) as session:
        session.execute(TABLES)
        yield session


@pytest.fixture
def path(tmp_path):
    """A file with one table."""
    path = tmp_path / "one.db"
    with closing(open_file(path, "rwc")) as file:
        file.execute("CREATE TABLE one (id INTEGER PRIMARY KEY, t TEXT UNIQUE)")
        file.execute("INSERT INTO one VALUES (1, 'a person')")
    return path


@pytest.mark.parametrize(
    ("statement", "kind", "state"),
    [
        pytest.param("INSERT INTO child VALUES (1, 1)", errors.DUPLICATE, "23505", id="duplicate"),
        pytest.param("INSERT INTO child VALUES (2, NULL)", errors.NULL_REFUSED, "23502", id="NULL"),
        pytest.param("INSERT INTO child VALUES (2, 0)", errors.CONSTRAINT_VIOLATIONS, "23514", id="check"),
        pytest.param("INSERT INTO child VALUES (2, 1, 'a', 7)", errors.SHARED_VIOLATIONS, "23503", id="no parent"),
        pytest.param("INSERT INTO child VALUES (2, 70000)", errors.NUMBER_OUT_OF_RANGE, "22003", id="number"),
        pytest.param("INSERT INTO child VALUES (2, 1, 'long')", errors.TEXT_TOO_LONG, "22001", id="text"),
        pytest.param("SELECT 'x'::date", errors.VALUE_REFUSED, "22007", id="value"),
        pytest.param("DO $$ BEGIN RAISE 'no'; END $$", errors.RAISED_BY_TRIGGER, "P0001", id="raised"),
    ],
)  # fmt: skip
def test_a_refused_row_is_told_by_its_cause_and_is_an_error_of_data(
    session, statement, kind, state
) -> None:
    with (
        pytest.raises(DataError, match=r"^copying child: ") as caught,
        errors.translated("copying child"),
    ):
        session.execute(statement)

    cause = caught.value.__cause__
    assert isinstance(cause, kind)
    assert isinstance(cause, errors.ROW_REFUSED)
    assert errors.sqlstate(cause) == state


def test_the_main_message_shows_nobodys_data(session) -> None:
    with pytest.raises(errors.DUPLICATE) as caught:
        session.execute("INSERT INTO child VALUES (1, 1)")

    assert "(id)=(1)" in str(caught.value)
    assert errors.message(caught.value) == (
        'duplicate key value violates unique constraint "child_id_key"'
    )
    assert errors.is_row_refused(caught.value)


def test_a_lock_of_postgres_that_is_not_to_be_had_may_be_free_later(session, postgres) -> None:
    with closing(connect(postgres, {})) as other, session.transaction():
        session.execute("LOCK TABLE child")
        other.execute("SET lock_timeout = '50ms'")
        with pytest.raises(errors.LOCK_NOT_TAKEN) as caught:
            other.execute("SELECT FROM child")

    assert errors.is_lock_not_taken(caught.value)
    assert errors.waited_too_long_for_lock(caught.value)
    assert isinstance(errors.translate(caught.value), TransientError)


def test_a_lost_connection_is_transient(session, postgres_server) -> None:
    postgres_server.execute(f"SELECT pg_terminate_backend({session.info.backend_pid})")

    with pytest.raises(errors.PostgresError) as caught:
        session.execute("SELECT 1")

    assert isinstance(errors.translate(caught.value), TransientError)


def test_a_statement_that_took_too_long_and_a_missing_table_have_classes(session) -> None:
    session.execute("SET statement_timeout = '50ms'")

    with pytest.raises(errors.STATEMENT_TIMED_OUT):
        session.execute("SELECT pg_sleep(10)")
    with pytest.raises(errors.NO_SUCH_TABLE):
        session.execute("SELECT FROM nothing")


def test_the_lock_of_a_file_may_be_free_later(path, monkeypatch) -> None:
    monkeypatch.setattr("backend.db.sqlite_file.BUSY_TIMEOUT_MS", 50)
    with closing(open_file(path, "rw")) as one, closing(open_file(path, "rw")) as other:
        one.execute("BEGIN IMMEDIATE")
        with pytest.raises(errors.SQLiteError) as caught:
            other.execute("BEGIN IMMEDIATE")

    assert errors.is_sqlite_busy(caught.value)
    assert errors.is_lock_not_taken(caught.value)
    assert isinstance(errors.translate(caught.value), TransientError)


def test_a_row_that_sqlite_refuses_is_told_through_the_wrapper_of_sqlalchemy(path) -> None:
    with (
        closing(open_file(path, "rw")) as file,
        pytest.raises(errors.SQLITE_ROW_REFUSED) as caught,
    ):
        file.execute("INSERT INTO one VALUES (2, 'a person')")
    wrapped = OperationalError("INSERT", {}, caught.value)

    assert errors.is_row_refused(wrapped)
    assert errors.driver_error(wrapped) is caught.value
    assert errors.message(wrapped) == "UNIQUE constraint failed: one.t"
    assert errors.sqlstate(wrapped) == ""


def test_a_file_is_opened_as_it_is_asked_for(path) -> None:
    with closing(open_file(path, "ro")) as file, pytest.raises(errors.SQLiteError) as caught:
        file.execute("DELETE FROM one")
    with pytest.raises(errors.SQLiteError):
        open_file(path.with_name("none.db"), "rw")

    assert isinstance(errors.translate(caught.value), DatabaseError)
    assert not path.with_name("none.db").exists()


def test_a_copy_is_checked_and_is_one_file_alone(path) -> None:
    with closing(open_file(path, "rw")) as file:
        file.execute("PRAGMA journal_mode = WAL").fetchall()
        file.execute("DELETE FROM one")

    assert check_whole(path) == "ok"
    assert [one.name for one in path.parent.iterdir()] == ["one.db"]


def test_what_is_no_database_is_refused_by_its_name(tmp_path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader, " * 100)

    with (
        pytest.raises(RefusedError, match=r"letter\.txt is not a SQLite database"),
        file_errors(path),
        closing(ReadOnlyFile(path)) as file,
    ):
        file.execute("SELECT count(*) FROM sqlite_schema").fetchall()


def test_a_reader_limits_what_it_holds_and_cannot_write(path) -> None:
    with closing(ReadOnlyFile(path)) as file:
        file.limit_length(100)
        with pytest.raises(VALUE_TOO_LARGE):
            file.execute("SELECT zeroblob(200)").fetchall()
        file.limit_length()

        assert file.execute("SELECT length(zeroblob(200))").fetchall() == [(200,)]
        with pytest.raises(DatabaseError, match="cannot be read"), file_errors(path):
            file.execute("DELETE FROM one")
