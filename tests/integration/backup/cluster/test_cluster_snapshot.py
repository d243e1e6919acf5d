"""A moment of a whole cluster is taken among people who work, and lost rather than half right."""

import threading
from contextlib import closing

import psycopg
import pytest

from backend.backup.cluster import cluster_snapshot as module
from backend.backup.cluster.cluster_snapshot import cluster_snapshot
from backend.backup.postgres.database_objects import stored_tables
from backend.errors import TransientError
from tests.polling import wait_for

_WAITS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


class Names:
    """Names for restore points, which remember how many were asked for."""

    def __init__(self) -> None:
        self.given = 0

    def __call__(self) -> str:
        self.given += 1
        return f"point-{self.given}"


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0.05)


@pytest.fixture
def tables(postgres_server, postgres):
    """Two tables in a database of their own."""
    postgres_server.execute(
        "CREATE TABLE first (id int)",
        "CREATE TABLE second (id int)",
        dbname=postgres.params["dbname"],
    )
    return postgres


def test_a_table_made_meanwhile_makes_it_look_again(monkeypatch, postgres_server, tables) -> None:
    listed, names = stored_tables, Names()
    where = tables.params["dbname"]

    def make_one_after_the_first_look(session):
        found = listed(session)
        if names.given == 1 and session.info.dbname == where:
            postgres_server.execute("CREATE TABLE IF NOT EXISTS third (id int)", dbname=where)
        return found

    monkeypatch.setattr(module, "stored_tables", make_one_after_the_first_look)
    with cluster_snapshot(tables, names) as snapshot:
        found = [table.name for table in snapshot.databases[where].tables]

    assert (found, names.given) == (["first", "second", "third"], 2)


def test_a_schema_changed_at_the_last_moment_makes_it_look_again(
    monkeypatch, postgres_server, tables
) -> None:
    made, names = module._make_point, Names()

    def change_first(admin, name):
        if names.given == 1:
            postgres_server.execute("CREATE VIEW late AS SELECT 1", dbname=tables.params["dbname"])
        return made(admin, name)

    monkeypatch.setattr(module, "_make_point", change_first)
    with cluster_snapshot(tables, names):
        pass

    assert names.given == 2


def test_whoever_writes_for_long_is_waited_for_in_short_tries(tables) -> None:
    names = Names()
    with closing(psycopg.connect(tables.conninfo())) as writer:
        writer.execute("INSERT INTO second VALUES (1)")

        def end() -> None:
            wait_for(lambda: names.given > 1, "a second try")
            writer.commit()

        ender = threading.Thread(target=end)
        ender.start()

        with cluster_snapshot(tables, names) as snapshot:
            (count,) = (
                snapshot.databases[tables.params["dbname"]]
                .session.execute("SELECT count(*) FROM public.second")
                .fetchall()
            )
        ender.join()

    assert count == (1,)
    assert names.given > 1


def test_whoever_never_ends_is_named_as_the_reason(monkeypatch, tables) -> None:
    monkeypatch.setattr(module, "_TRIES", (50, 50))
    with closing(psycopg.connect(tables.conninfo())) as writer:
        writer.execute("INSERT INTO first VALUES (1)")

        with (
            pytest.raises(TransientError, match="in 2 tries: others hold locks"),
            cluster_snapshot(tables, Names()),
        ):
            pass


def test_a_writer_is_never_the_one_who_gives_up(postgres_server, tables) -> None:
    """It holds what we wait for and wants what we hold: the server would end one of the two."""
    names = Names()
    with closing(psycopg.connect(tables.conninfo())) as writer:
        writer.execute("INSERT INTO second VALUES (1)")

        def want_the_other() -> None:
            with closing(psycopg.connect(postgres_server.url.conninfo(), autocommit=True)) as watch:
                wait_for(lambda: watch.execute(_WAITS).fetchall()[0][0], "the snapshot to wait")
            writer.execute("INSERT INTO first VALUES (1)")
            writer.commit()

        wanting = threading.Thread(target=want_the_other)
        wanting.start()
        with cluster_snapshot(tables, names):
            pass
        wanting.join()
        rows = writer.execute("SELECT count(*) FROM first").fetchall()

    assert rows == [(1,)]


def test_whoever_writes_afterwards_does_not_wait(tables) -> None:
    with (
        cluster_snapshot(tables, Names()) as snapshot,
        closing(psycopg.connect(tables.conninfo(), autocommit=True)) as writer,
    ):
        writer.execute("SET lock_timeout = '5s'")
        writer.execute("INSERT INTO first VALUES (1)")
        session = snapshot.databases[tables.params["dbname"]].session
        seen = session.execute("SELECT count(*) FROM public.first").fetchall()

    assert seen == [(0,)]
