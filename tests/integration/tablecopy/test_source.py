"""A SQLite file is read in one state by all, however it lies there, and never written to."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from hashlib import sha256

import pytest

from backend.errors import RefusedError
from backend.tablecopy.sqlite.connection import SourceConnection, connect
from backend.tablecopy.sqlite.source import open_source
from tests.integration.tablecopy.carrying import write
from tests.polling import wait_for

ROWS = 500
# Keeps two rows whose sum is 0 in every state that anybody may see.
WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
for turn in range(int(sys.argv[2])):
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE t SET v = v + 1 WHERE id = 1")
    connection.execute("UPDATE t SET v = v - 1 WHERE id = 500")
    connection.execute("INSERT INTO t (v) VALUES (0)")
    connection.execute("COMMIT")
"""
# Dies in the middle of a transaction, part of which is in the file already.
CRASHED = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 2")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE t SET v = 'x' || hex(zeroblob(3000))")
os.kill(os.getpid(), signal.SIGKILL)
"""


def run(program, path, *words):
    return subprocess.run([sys.executable, "-c", program, path, *words], check=False).returncode


def digests(path):
    return {
        file.name: sha256(file.read_bytes()).hexdigest()
        for file in path.parent.glob(f"{path.name}*")
        if not file.name.endswith("-shm")
    }


@pytest.fixture
def path(tmp_path):
    """A file in WAL mode."""
    folder = tmp_path / "data"
    folder.mkdir()
    path = folder / "app.db"
    write(
        path,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v)",
        "INSERT INTO t (v) VALUES (?)",
        rows=[(0,)] * ROWS,
    )
    with closing(sqlite3.connect(path)) as connection:
        # A schema that has grown has a version that no copy of it has.
        for number in range(5):
            connection.execute(f"CREATE VIEW v{number} AS SELECT v FROM t")
    return path


@pytest.fixture
def journal(path):
    """The same with a rollback journal."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    return path


@pytest.fixture
def left_over_shadows(path):
    """A WAL that nobody has put into the file: 20 rows are nowhere else."""
    connection = sqlite3.connect(path)
    connection.executemany("INSERT INTO t (v) VALUES (?)", [(0,)] * 20)
    connection.commit()
    left = {name: (path.parent / name).read_bytes() for name in ("app.db", "app.db-wal")}
    connection.close()
    for name, content in left.items():
        (path.parent / name).write_bytes(content)
    return path


def seen(connection):
    return connection.execute("SELECT count(*), sum(v), max(v) FROM t").fetchone()


def test_a_wal_file_is_read_where_it_lies(path, tmp_path):
    before = digests(path)

    with open_source(path, scratch=tmp_path) as source:
        assert not source.is_copy
        assert seen(source.connection) == (ROWS, 0, 0)

    assert digests(path)[path.name] == before[path.name]


def test_what_is_only_in_a_left_over_wal_is_read(left_over_shadows, tmp_path):
    before = digests(left_over_shadows)

    with open_source(left_over_shadows, scratch=tmp_path) as source:
        assert seen(source.connection)[0] == ROWS + 20

    assert digests(left_over_shadows) == before


def test_nothing_is_left_in_the_scratch_folder(journal, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    with open_source(journal, scratch=scratch):
        assert list(scratch.iterdir())

    assert not list(scratch.iterdir())


def test_a_writer_with_a_rollback_journal_need_not_wait_for_us(journal, tmp_path):
    with open_source(journal, scratch=tmp_path) as source:
        code = run(WRITER, journal, "3")

        assert code == 0
        assert seen(source.connection) == (ROWS, 0, 0)


def test_what_a_crashed_writer_began_is_undone_in_a_copy(journal, tmp_path):
    assert run(CRASHED, journal) == -signal.SIGKILL
    assert journal.with_name("app.db-journal").stat().st_size > 0
    before = digests(journal)

    with open_source(journal, scratch=tmp_path) as source:
        assert seen(source.connection) == (ROWS, 0, 0)

    assert digests(journal) == before


@pytest.mark.parametrize(("busy", "copied"), [(2, False), (99, True)])
def test_all_readers_see_one_state(path, tmp_path, busy, copied):
    readers: list[SourceConnection] = []
    turns = []

    def begin_all(handle):
        turns.append(handle)
        while readers:
            readers.pop().close()
        readers.append(connect(handle))
        if len(turns) <= busy:
            run(WRITER, path, "1")
        readers.append(connect(handle))

    with open_source(path, scratch=tmp_path) as source:
        source.gather(begin_all)
        states = [seen(one) for one in (source.connection, *readers)]
        assert source.is_copy is copied
        while readers:
            readers.pop().close()

    assert len(set(states)) == 1
    assert states[0][0] == ROWS + min(busy, len(turns) - 1)
    assert states[0][1] == 0
    assert len(turns) == (4 if copied else 3)


def test_all_readers_see_one_state_while_a_writer_never_pauses(path, tmp_path):
    writer = subprocess.Popen([sys.executable, "-c", WRITER, path, "1000000"])
    readers: list[SourceConnection] = []

    def begin_all(handle):
        while readers:
            readers.pop().close()
        readers.extend(connect(handle) for _ in range(4))

    try:
        wait_for(path.with_name("app.db-wal").exists, "the writer")
        for _ in range(5):
            with open_source(path, scratch=tmp_path) as source:
                source.gather(begin_all)
                states = [seen(one) for one in (source.connection, *readers)]
                again = [seen(one) for one in (source.connection, *readers)]
                while readers:
                    readers.pop().close()
            assert len({*states, *again}) == 1
            assert states[0][1] == 0
    finally:
        writer.kill()
        writer.wait()


def test_a_schema_that_changes_meanwhile_is_refused(path, tmp_path):
    change = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('CREATE TABLE u (x)')"

    with open_source(path, scratch=tmp_path) as source:
        run(change, path)

        with pytest.raises(RefusedError, match="changes the tables"):
            source.gather(lambda _handle: None)


def test_a_schema_that_changes_before_all_move_to_a_copy_is_refused(path, tmp_path):
    change = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('CREATE TABLE u (x)')"
    turns = []

    def begin_all(handle):
        turns.append(handle)
        # At the last turn nobody looks at the schema of this state any more.
        code = run(WRITER, path, "1") if len(turns) < 3 else run(change, path)
        assert code == 0

    with (
        open_source(path, scratch=tmp_path) as source,
        pytest.raises(RefusedError, match="changes the tables"),
    ):
        source.gather(begin_all)

    assert len(turns) == 3


def test_tables_are_read_from_the_schema(tmp_path):
    path = tmp_path / "a.db"
    write(
        path,
        'CREATE TABLE "Order" ("group" INTEGER PRIMARY KEY AUTOINCREMENT, "a""b" VARCHAR(5) NOT NULL,'
        ' twice GENERATED ALWAYS AS ("group" * 2))',
        """INSERT INTO "Order" VALUES (900, 'x')""",
        'DELETE FROM "Order"',
        "CREATE TABLE w (b TEXT, a TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID",
        "CREATE TABLE sqliteish (x)",
        'CREATE VIEW v AS SELECT * FROM "Order"',
        "CREATE VIRTUAL TABLE search USING fts5(body)",
    )

    with open_source(path, scratch=tmp_path) as source:
        order, sqliteish, without, search = source.tables()

    assert (search.name, search.virtual) == ("search", True)
    assert (order.name, order.primary_key, order.high_water) == ("Order", ("group",), 900)
    assert [(c.name, c.type.full, c.not_null, c.generated) for c in order.columns] == [
        ("group", "INTEGER", False, False),
        ('a"b', "VARCHAR(5)", True, False),
        ("twice", "", False, True),
    ]
    assert (sqliteish.name, sqliteish.primary_key, sqliteish.has_rowid) == ("sqliteish", (), True)
    assert (without.name, without.primary_key, without.has_rowid) == ("w", ("a", "b"), False)
