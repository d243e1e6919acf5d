"""A manifest equals what a restore to its point brings back, and anything else is named."""

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

import psycopg
import pytest

from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.manifest import Manifest
from backend.backup.cluster.manifest_capture import capture_manifest
from backend.backup.cluster.restored_contents import read_restored
from backend.backup.postgres.manifest_difference import differences
from backend.cli.progress import Lines
from backend.errors import DatabaseError
from tests.fix_postgres import PostgresServer
from tests.polling import wait_for

NOW = datetime(2026, 11, 27, tzinfo=UTC)
WAL = "000000010000000000000001"
BACKUP = BackupSet("label", "full", NOW, NOW, "0/28", "0/99", WAL, WAL, 1, 1)
BackAt = Callable[[str], PostgresServer]

ODD_TABLES = """
    CREATE TABLE empty (id int PRIMARY KEY);
    CREATE TABLE no_columns ();
    CREATE TABLE "odd "" name.%s{x}" ("a ""b" int PRIMARY KEY, "Ş" text);
    INSERT INTO "odd "" name.%s{x}" VALUES (1, 'ş'), (2, NULL), (3, E'a\\tb\\nc\\\\');
    CREATE TABLE no_key (f float8, n numeric, b bytea, j jsonb, a int[], t timestamptz, r regclass);
    INSERT INTO no_key SELECT 'NaN', 'Infinity', '\\x00ff', '{"a": [1, null]}', '{{1,2},{3,NULL}}',
        '-infinity', 'no_key' FROM generate_series(1, 3);
    INSERT INTO no_key VALUES ('-0', 1.10, '', 'null', '{}', '2026-11-27 03:00+03', 'empty');
    CREATE TABLE words (word text COLLATE "C" PRIMARY KEY, other text UNIQUE);
    INSERT INTO words SELECT chr(64 + n) || repeat('ı', n % 5), NULL FROM generate_series(1, 50) n;
    CREATE TABLE parted (id int, day date) PARTITION BY RANGE (day);
    CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
    CREATE TABLE parted_2 PARTITION OF parted DEFAULT;
    INSERT INTO parted VALUES (1, '2026-01-05'), (2, '2027-01-01');
    CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE heir (more text) INHERITS (parent);
    INSERT INTO parent VALUES (1); INSERT INTO heir VALUES (1, 'again');
    CREATE UNLOGGED TABLE scratchpad (id int); INSERT INTO scratchpad VALUES (1);
    CREATE VIEW seen AS SELECT * FROM words;
    CREATE MATERIALIZED VIEW kept AS SELECT * FROM words;
    CREATE SCHEMA "Other"; CREATE TABLE "Other".words (id bigserial PRIMARY KEY, w text);
    INSERT INTO "Other".words (w) VALUES ('x')"""


def capture(cluster: PostgresServer) -> Manifest:
    """Take a manifest of the running cluster."""
    manifest, _ = capture_manifest(cluster.url, BACKUP, str(cluster.programs), Lines())
    return manifest


def compare(manifest: Manifest, server: PostgresServer) -> list[str]:
    """Return what differs on a server that came back."""
    found = read_restored(server.url, str(server.programs), Lines())
    return list(differences(manifest.databases, found))


class Writers:
    """Sessions that insert and update until they are told to end; they count what was committed."""

    def __init__(self, cluster: PostgresServer, number: int) -> None:
        self._cluster = cluster
        self._end = threading.Event()
        self.committed = [0] * number
        self.failed: list[str] = []
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(number)]

    def __enter__(self) -> "Writers":
        for thread in self._threads:
            thread.start()
        wait_for(lambda: min(self.committed) > 20, "the writers to be at work")
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _write(self, writer: int) -> None:
        with closing(psycopg.connect(self._cluster.url.conninfo())) as session:
            while not self._end.is_set():
                try:
                    with session.transaction():
                        session.execute("INSERT INTO ledger (cents) VALUES (%s)", [writer])
                        session.execute("UPDATE total SET cents = cents + %s", [writer])
                    self.committed[writer] += 1
                except psycopg.Error as error:
                    self.failed.append(str(error))
                    return


@pytest.fixture
def ledger(cluster: PostgresServer) -> None:
    """A table that grows and one row that sums it up."""
    cluster.execute(
        "CREATE TABLE ledger (id bigserial PRIMARY KEY, cents bigint NOT NULL)",
        "CREATE TABLE total (cents bigint NOT NULL)",
        "INSERT INTO total VALUES (0)",
    )


def test_what_comes_back_is_exactly_what_was_there_under_writers(cluster, back_at, ledger) -> None:
    with Writers(cluster, 3) as writers:
        manifest = capture(cluster)
        then = sum(writers.committed)
        wait_for(lambda: sum(writers.committed) > then + 50, "writers to have gone on")
    server = back_at(manifest.point.name)

    assert (compare(manifest, server), writers.failed) == ([], [])
    assert compare(manifest, cluster) != []


def test_odd_tables_come_back_equal_or_are_named(cluster, back_at) -> None:
    cluster.execute(*ODD_TABLES.split(";"))
    manifest = capture(cluster)
    server = back_at(manifest.point.name)

    found = manifest.databases["postgres"]

    assert compare(manifest, server) == []
    assert {name: table.rows for name, table in found.tables.items()} == {
        '"public"."empty"': 0,
        '"public"."no_columns"': 0,
        '"public"."odd "" name.%s{x}"': 3,
        '"public"."no_key"': 4,
        '"public"."words"': 50,
        '"public"."parted_1"': 1,
        '"public"."parted_2"': 1,
        '"public"."parent"': 1,
        '"public"."heir"': 1,
        '"Other"."words"': 1,
    }
    assert found.not_compared == {
        '"public"."scratchpad"': "unlogged",
        '"public"."seen"': "view",
        '"public"."kept"': "materialized view",
    }


CHANGES = """
    UPDATE ledger SET cents = cents + 1 WHERE id = 500;
    DELETE FROM words WHERE word = 'b';
    DROP TABLE gone;
    CREATE TABLE more (id int);
    SELECT setval('ledger_id_seq', 999);
    ALTER SEQUENCE anew RESTART;
    CREATE INDEX cents ON ledger (cents);
    CREATE DATABASE more"""
NAMED = {
    "database more was not there",
    'postgres: table "public"."ledger": 1000 rows as expected, but what is in them differs',
    'postgres: table "public"."words" has 2 rows, expected 3',
    'postgres: table "public"."gone" is missing',
    'postgres: table "public"."more" was not there',
    'postgres: sequence "public"."ledger_id_seq" is at 999, behind 1000',
    'postgres: sequence "public"."anew" begins anew, expected it after 1',
    "postgres: schema: not there before: CREATE INDEX cents ON public.ledger USING btree (cents);",
}


def test_every_difference_is_named(cluster, ledger) -> None:
    cluster.execute(
        "INSERT INTO ledger (cents) SELECT n FROM generate_series(1, 1000) n",
        "CREATE TABLE words (word) AS VALUES ('a'), ('b'), ('c')",
        "CREATE TABLE gone (id int)",
        "CREATE SEQUENCE anew",
        "SELECT nextval('anew')",
    )
    manifest = capture(cluster)

    before = compare(manifest, cluster)
    cluster.execute(*CHANGES.split(";"))
    found = compare(manifest, cluster)

    assert before == []
    assert {one for one in found if "schema" not in one or "INDEX" in one} == NAMED


def test_a_sequence_that_went_on_is_no_difference(cluster, ledger) -> None:
    cluster.execute("SELECT nextval('ledger_id_seq')")
    manifest = capture(cluster)

    cluster.execute("SELECT nextval('ledger_id_seq') FROM generate_series(1, 40)")

    assert compare(manifest, cluster) == []


def test_two_manifests_of_equal_data_are_equal(cluster, ledger) -> None:
    cluster.execute("INSERT INTO ledger (cents) SELECT n FROM generate_series(1, 100) n")

    first, second = capture(cluster), capture(cluster)

    assert first.databases == second.databases
    assert first.point.name != second.point.name


@pytest.mark.parametrize(
    ("look", "named"),
    [
        pytest.param(capture, "taking a moment of all databases: ", id="while a manifest is taken"),
        pytest.param(
            lambda server: read_restored(server.url, str(server.programs), Lines()),
            "reading database postgres: ",
            id="in what came back",
        ),
    ],
)
def test_a_damaged_catalog_is_told_as_an_error_of_ours(cluster, look, named) -> None:
    cluster.execute("DELETE FROM pg_proc WHERE proname = 'starts_with'")

    with pytest.raises(DatabaseError, match=f"^{named}.*starts_with"):
        look(cluster)
