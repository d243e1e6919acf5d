"""Tables that take the place of live ones are like them in everything."""

from contextlib import closing

import psycopg
import pytest
from psycopg import sql

from backend.errors import RefusedError
from backend.schema.postgres import reflect_postgres
from backend.tablecopy.sequences import next_values
from backend.tablecopy.shadow.indexes import build_indexes
from backend.tablecopy.shadow.schema import create_shadow
from backend.tablecopy.shadow.swap import Swap, SwapTimeouts, swap
from backend.tablecopy.target import Target, connect
from tests.integration.tablecopy.shadow.rich import TABLES, filled, tables
from tests.integration.tablecopy.snapshot import schemas, snapshot


def test_swapped_tables_are_the_live_ones_in_everything_but_their_rows(session, target):
    before = snapshot(session, "Shop")

    shadow = filled(session, target)
    build_indexes(shadow, target, rows={"person": 2})
    swap(session, Swap(shadow, tables(session, target)))

    assert snapshot(session, "Shop") == before
    assert schemas(session) == []
    assert session.execute("SELECT id, shout FROM person ORDER BY id").fetchall() == [
        (1, "ANA"),
        (7, "BO"),
    ]


def test_what_came_with_postgres_18(postgres_server, database):
    target = Target(database.conninfo())
    names = ("stay", "room", "guest")
    with closing(connect(target, name="test")) as session:
        session.execute(
            "CREATE TABLE room (id int4range CONSTRAINT must_be NOT NULL, during daterange,"
            "  PRIMARY KEY (id, during WITHOUT OVERLAPS));"
            "CREATE TABLE guest (id int PRIMARY KEY, name text CONSTRAINT named NOT NULL NO INHERIT,"
            "  shout text GENERATED ALWAYS AS (upper(name)) VIRTUAL,"
            "  CONSTRAINT short CHECK (length(name) < 9) NOT ENFORCED);"
            "CREATE TABLE stay (guest int CONSTRAINT who REFERENCES guest NOT ENFORCED, room int4range, during daterange)"
        )
        before = snapshot(session, "public")

        shadow = create_shadow(session, "public", names)
        build_indexes(shadow, target, rows={})
        found = tuple(t for t in reflect_postgres(session, "public") if t.name in names)
        swap(session, Swap(shadow, found))

        assert snapshot(session, "public") == before

        session.execute(
            "ALTER TABLE stay ADD CONSTRAINT lasts"
            " FOREIGN KEY (room, PERIOD during) REFERENCES room (id, PERIOD during)"
        )
        with pytest.raises(RefusedError, match="stay: lasts cannot be made again"):
            create_shadow(session, "public", names)


def test_sequences_go_on_behind_rows_high_water_and_their_own_count(session, target):
    session.execute("SELECT nextval('line_id_seq') FROM generate_series(1, 99)")
    shadow = filled(session, target)
    build_indexes(shadow, target, rows={})

    swap(session, Swap(shadow, tables(session, target), {"person": 900}))

    line = session.execute("INSERT INTO line DEFAULT VALUES RETURNING id").fetchone()
    person = session.execute("INSERT INTO person (email) VALUES ('c@x') RETURNING id").fetchone()
    assert (line, person) == ((100,), (905,))


def test_an_open_session_goes_on_with_its_prepared_statement(session, target):
    shadow = filled(session, target)
    build_indexes(shadow, target, rows={})
    with closing(connect(target, name="the app")) as app:
        query = "SELECT count(*) FROM person WHERE id > %s"
        assert app.execute(query, (0,), prepare=True).fetchone() == (0,)

        swap(session, Swap(shadow, tables(session, target)))

        assert app.execute(query, (0,), prepare=True).fetchone() == (2,)


def test_what_was_written_meanwhile_is_not_lost(session, target):
    shadow = filled(session, target)
    build_indexes(shadow, target, rows={})
    session.execute("INSERT INTO person (email) VALUES ('new@x')")

    with pytest.raises(RefusedError, match=r"not empty: person \(1\)"):
        swap(session, Swap(shadow, tables(session, target)))

    assert session.execute("SELECT email FROM person").fetchall() == [("new@x",)]


def test_nobody_writes_between_the_look_at_the_live_tables_and_their_end(
    session, target, monkeypatch
):
    shadow = filled(session, target)
    build_indexes(shadow, target, rows={})
    outcomes = []

    def write_first(*arguments):
        """Write at the moment when nothing has changed yet and everything has been looked at."""
        with closing(connect(target, name="the app", lock_timeout="50ms")) as app:
            for table in TABLES:
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    app.execute(
                        sql.SQL("INSERT INTO {} DEFAULT VALUES").format(sql.Identifier(table))
                    )
                outcomes.append(table)
        return next_values(*arguments)

    monkeypatch.setattr("backend.tablecopy.shadow.swap.next_values", write_first)

    swap(session, Swap(shadow, tables(session, target)))

    assert outcomes == list(TABLES)


def test_a_migration_meanwhile_is_noticed(session, target):
    shadow = filled(session, target)
    build_indexes(shadow, target, rows={})
    session.execute("ALTER TABLE node ADD COLUMN colour text")

    with pytest.raises(RefusedError, match="changed while it was loaded: node"):
        swap(session, Swap(shadow, tables(session, target)))


def test_rows_are_given_up_when_that_is_wanted(session, target):
    session.execute("INSERT INTO note VALUES ('mine')")

    shadow = filled(session, target, replaces=True)
    build_indexes(shadow, target, rows={})
    swap(session, Swap(shadow, tables(session, target)))

    assert session.execute("SELECT body FROM note").fetchall() == [("x",), ("x",)]


def test_whoever_holds_the_tables_is_named_and_everything_stays(session, target):
    shadow = filled(session, target)
    build_indexes(shadow, target, rows={})
    with closing(connect(target, name="a slow report")) as other, other.transaction():
        other.execute("SELECT count(*) FROM person")

        with pytest.raises(Exception, match="a slow report"):
            swap(session, Swap(shadow, tables(session, target)), SwapTimeouts(0.1, 0.5))

    assert session.execute("SELECT count(*) FROM person").fetchone() == (0,)
    swap(session, Swap(shadow, tables(session, target)))
    assert session.execute("SELECT count(*) FROM person").fetchone() == (2,)


def test_tables_that_are_not_moved_keep_their_references(session, target):
    shadow = filled(session, target)
    build_indexes(shadow, target, rows={})
    swap(session, Swap(shadow, tables(session, target)))

    session.execute("INSERT INTO elsewhere VALUES (7)")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        session.execute("INSERT INTO elsewhere VALUES (8)")
