"""--update fills an empty target in place: whatever hangs on its tables goes on hanging there."""

import json

import psycopg
import pytest

from backend.tablecopy.contents import refuse_unless_empty
from backend.tablecopy.target import keep_writers_out
from tests.integration.transfer.conftest import ask, login, write

ROWS = [(1, "x"), (2, "y")]


def test_tables_that_cannot_be_exchanged_are_filled_in_place(move) -> None:
    move.prepare("CREATE VIEW v AS SELECT * FROM a")
    before = ask(move.target, "SELECT 'a'::regclass::oid")

    ran = move("--update", "--json")

    assert ran.code == 0, ran.out + ran.err
    (table,) = json.loads(ran.out)["tables"]
    assert (table["rows"], table["written"]) == (2, 2)
    assert move.rows("v") == ROWS
    assert ask(move.target, "SELECT 'a'::regclass::oid") == before


def test_the_table_is_the_same_also_where_it_could_be_exchanged(move) -> None:
    before = ask(move.target, "SELECT 'a'::regclass::oid")

    ran = move("--update")

    assert ran.code == 0, ran.out + ran.err
    assert move.rows() == ROWS
    assert ask(move.target, "SELECT 'a'::regclass::oid") == before


def test_rows_reach_partitions(move) -> None:
    move.prepare(
        "DROP TABLE a",
        "CREATE TABLE a (id integer PRIMARY KEY, t text) PARTITION BY RANGE (id)",
        "CREATE TABLE a1 PARTITION OF a FOR VALUES FROM (0) TO (2)",
        "CREATE TABLE a2 PARTITION OF a FOR VALUES FROM (2) TO (9)",
    )

    ran = move("--update")

    assert ran.code == 0, ran.out + ran.err
    assert (move.rows("a1"), move.rows("a2")) == (ROWS[:1], ROWS[1:])


def test_a_table_of_somebody_else_is_filled_with_the_rights_that_were_named(move, role) -> None:
    move.prepare("DROP TABLE a", "CREATE TABLE a (id serial PRIMARY KEY, t text)")
    write(move.source, "INSERT INTO a VALUES (7, 'z')")

    refused = move("--update", "--dry-run", "--json", login=login(move.target, role))
    named = json.loads(refused.out)["obstacles"]
    grants = [one[one.index("(GRANT") + 1 : -1] for one in named]
    move.prepare(*grants)
    ran = move("--update", login=login(move.target, role))

    assert refused.code == 77
    assert len(grants) == 2
    assert ran.code == 0, ran.out + ran.err
    assert move.rows() == [*ROWS, (7, "z")]
    assert ask(move.target, "SELECT nextval('a_id_seq')") == 8


def test_tables_that_refer_to_each_other_are_filled_together(move) -> None:
    write(
        move.source,
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER, up INTEGER)",
        "INSERT INTO b VALUES (1, 2, 3), (2, 1, 1), (3, 1, NULL)",
        "CREATE TABLE c (b INTEGER)",
        "INSERT INTO c VALUES (3), (3)",
    )
    move.prepare(
        "CREATE TABLE b (id integer PRIMARY KEY, a integer NOT NULL REFERENCES a,"
        " up integer REFERENCES b)",
        "ALTER TABLE a ADD FOREIGN KEY (id) REFERENCES b",
        "CREATE TABLE c (b integer REFERENCES b)",
    )

    ran = move("--update")

    assert ran.code == 0, ran.out + ran.err
    assert move.rows("b") == [(1, 2, 3), (2, 1, 1), (3, 1, None)]
    assert move.rows("c") == [(3,), (3,)]


def test_a_trigger_that_changes_rows_is_seen_and_nothing_stays(move) -> None:
    move.prepare(
        "CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN NEW.t := upper(NEW.t); RETURN NEW; END$$",
        "CREATE TRIGGER loud BEFORE INSERT ON a FOR EACH ROW WHEN (NEW.id = 2)"
        " EXECUTE FUNCTION loud()",
    )

    ran = move("--update", "--json")

    assert ran.code == 65, ran.out + ran.err
    (found,) = json.loads(ran.out)["bad_rows"]
    assert (found["key"], found["kind"], found["constraint"], found["value"]) == (
        "2", "changed by a trigger", "loud", "t"
    )  # fmt: skip
    assert move.rows() == []


def test_a_row_that_a_trigger_refuses_is_named_and_nothing_stays(move) -> None:
    move.prepare(
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE EXCEPTION 'not here'; END$$",
        "CREATE TRIGGER no BEFORE INSERT ON a FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION no()",
    )

    ran = move("--update", "--json")

    assert ran.code == 65, ran.out + ran.err
    (found,) = json.loads(ran.out)["bad_rows"]
    assert (found["key"], found["value"]) == ("2", "not here")
    assert move.rows() == []


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        pytest.param("CREATE UNIQUE INDEX one ON a ((t IS NOT NULL))", "duplicate", id="unique"),
        pytest.param("ALTER TABLE a ADD CHECK (t <> 'y')", "check", id="check"),
        pytest.param(
            "CREATE TABLE b (t text PRIMARY KEY); ALTER TABLE a ADD FOREIGN KEY (t) REFERENCES b",
            "orphan",
            id="reference",
        ),
    ],
)
def test_rows_that_are_refused_are_named_and_nothing_stays(move, made, kind) -> None:
    move.prepare(made)

    ran = move("--update", "--json", "--allow-missing-tables")

    assert ran.code == 65, ran.out + ran.err
    found = json.loads(ran.out)["bad_rows"]
    assert ("2", kind) in {(one["key"], one["kind"]) for one in found}
    assert move.rows() == []


def test_values_that_are_refused_are_named_and_nothing_stays(move) -> None:
    write(move.source, "INSERT INTO a VALUES (3, 'a' || char(0))")

    ran = move("--update", "--json")

    assert ran.code == 65, ran.out + ran.err
    assert [one["key"] for one in json.loads(ran.out)["bad_values"]] == ["id=3"]
    assert move.rows() == []


LATE = (
    "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS"
    " $$BEGIN UPDATE a SET t = 'late' WHERE id = NEW.id; RETURN NULL; END$$",
    "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION late()",
)


@pytest.mark.parametrize("held", [(), ("INSERT INTO a VALUES (1, 'x')",)], ids=["empty", "in use"])
def test_what_a_trigger_would_change_at_the_very_end_is_seen_before(move, held) -> None:
    move.prepare(*LATE, *held)
    before = move.rows()

    ran = move("--update", "--json")

    assert ran.code == 65, ran.out + ran.err
    (found,) = json.loads(ran.out)["bad_rows"]
    assert (found["key"], found["kind"], found["constraint"]) == (
        "2", "changed by a trigger", "late"
    )  # fmt: skip
    assert move.rows() == before


def test_a_row_that_comes_before_the_lock_is_not_taken_for_one_of_ours(move, monkeypatch) -> None:
    def lock(session, tables):
        write(move.target, "INSERT INTO a VALUES (9, 'mine')")
        keep_writers_out(session, tables)

    monkeypatch.setattr("backend.tablecopy.direct_load.keep_writers_out", lock)

    ran = move("--update")

    assert ran.code == 77, ran.out + ran.err
    assert "the target is not empty: a (1)" in ran.err
    assert move.rows() == [(9, "mine")]


def test_nobody_writes_once_the_tables_have_been_seen_to_be_empty(move, monkeypatch) -> None:
    refused = []

    def see(*contents):
        refuse_unless_empty(*contents)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            write(move.target, "SET lock_timeout = '50ms'", "INSERT INTO a VALUES (9, 'mine')")
        refused.append(contents)

    monkeypatch.setattr("backend.tablecopy.direct_load.refuse_unless_empty", see)

    ran = move("--update")

    assert ran.code == 0, ran.out + ran.err
    assert len(refused) == 1
    assert move.rows() == ROWS


@pytest.mark.parametrize(
    "held", [(), ("INSERT INTO a VALUES (1, 'old')",)], ids=["empty", "in use"]
)
def test_a_table_that_somebody_writes_to_is_a_matter_of_trying_again(
    move, monkeypatch, held
) -> None:
    monkeypatch.setattr("backend.tablecopy.target._LOCK_TIMEOUT", "50ms")
    move.prepare(*held)
    before = move.rows()

    with psycopg.connect(move.target.conninfo()) as writer:
        writer.execute("INSERT INTO a VALUES (9, 'mine')")
        ran = move("--update")
        writer.rollback()

    assert ran.code == 75, ran.out + ran.err
    assert move.rows() == before
