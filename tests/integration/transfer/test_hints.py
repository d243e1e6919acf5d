"""Whoever does what a refusal says gets there: each way out is followed to the end."""

import pytest

from tests.integration.transfer.conftest import write
from tests.integration.transfer.hints import ROWS, walk


@pytest.mark.parametrize(
    "made",
    [
        pytest.param("CREATE TABLE b (a a)", id="its type in use"),
        pytest.param("ALTER TABLE a ADD u text", id="a column more"),
        pytest.param("CREATE TABLE b (id integer)", id="a table more"),
        pytest.param(
            "DROP TABLE a; CREATE TABLE a (id integer PRIMARY KEY, t text) PARTITION BY LIST (id);"
            " CREATE TABLE a1 PARTITION OF a DEFAULT",
            id="partitions",
        ),
    ],
)
def test_what_is_on_the_target_has_a_way_out(move, made) -> None:
    move.prepare(*made.split(";"))

    ran, _ = walk(move)

    assert ran.code == 0, ran.out + ran.err
    assert move.rows("(SELECT id, t FROM a) a") == ROWS


@pytest.mark.parametrize(
    "made", ["CREATE TABLE b (id INTEGER)", "ALTER TABLE a ADD u TEXT"], ids=["table", "column"]
)
def test_what_only_the_file_has_has_a_way_out(move, made) -> None:
    write(move.source, made)

    ran, _ = walk(move)

    assert ran.code == 0, ran.out + ran.err
    assert move.rows() == ROWS


def test_a_published_table_whose_rows_cannot_be_told_apart_has_a_way_out(move) -> None:
    move.prepare(
        "ALTER TABLE a REPLICA IDENTITY NOTHING",
        "CREATE PUBLICATION p FOR TABLE a",
        "INSERT INTO a VALUES (1, 'old')",
    )

    ran, flags = walk(move, "--update")

    assert (ran.code, flags) == (0, ["--update"])
    assert move.rows() == ROWS


def test_a_published_table_without_rows_is_filled_as_it_is(move) -> None:
    move.prepare("ALTER TABLE a REPLICA IDENTITY NOTHING", "CREATE PUBLICATION p FOR TABLE a")

    assert move("--update").code == 0
    assert move.rows() == ROWS


def test_what_an_event_trigger_forbids_has_a_way_out(move) -> None:
    move.prepare(
        "CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE EXCEPTION 'nothing is made here'; END$$",
        "CREATE EVENT TRIGGER no ON ddl_command_start EXECUTE FUNCTION no()",
    )

    planned, refused = move("--dry-run"), move()
    ran = move("--update")

    assert (planned.code, refused.code) == (77, 77)
    for one in (planned.out, refused.err):
        assert "no tables to load into can be made: nothing is made here (--update" in one
    assert ran.code == 0, ran.out + ran.err
    assert move.rows() == ROWS


def test_a_type_without_a_rule_has_a_way_out(move) -> None:
    move.prepare("CREATE TABLE b (id integer PRIMARY KEY, p point)")
    write(
        move.source,
        "CREATE TABLE b (id INTEGER PRIMARY KEY, p TEXT)",
        "INSERT INTO b VALUES (1, '(1,2)')",
    )

    planned, checked, refused = move("--dry-run"), move("--check"), move()
    left_out = move("--exclude", "b")
    move.prepare("ALTER TABLE b ALTER p TYPE text", "DELETE FROM a")
    ran = move()

    assert (planned.code, checked.code, refused.code) == (77, 77, 77)
    for one in (planned.out, checked.out, refused.err):
        assert "b.p is of type point" in one
        assert "--exclude b" in one
    assert left_out.code == 0, left_out.out + left_out.err
    assert ran.code == 0, ran.out + ran.err
    assert move.rows("b") == [(1, "(1,2)")]


def test_references_to_rows_that_would_go_are_named_before_anything_is_replaced(move) -> None:
    move.prepare(
        "INSERT INTO a VALUES (1, 'x'), (7, 'old'), (8, 'old')",
        "CREATE TABLE log (a integer REFERENCES a)",
        "INSERT INTO log VALUES (1), (7), (7), (8), (NULL)",
    )
    flags = ["--truncate", "--allow-missing-tables"]

    planned, checked, refused = (move(*flags, more) for more in ("--dry-run", "--check", "--json"))
    ran = move("--update", "--allow-missing-tables")

    assert (planned.code, checked.code, refused.code) == (77, 77, 77)
    for one in (planned.out, checked.out, refused.err):
        assert (
            "a: log (log_a_fkey) refers to 2 rows of a (7, 8), and the file has no such row" in one
        )
        assert "--update keeps such rows" in one
    # All is there; that the target has more is told.
    assert ran.code == 3, ran.out + ran.err
    assert move.rows() == [*ROWS, (7, "old"), (8, "old")]


def test_references_to_rows_that_come_again_are_not_in_the_way(move) -> None:
    move.prepare(
        "INSERT INTO a VALUES (1, 'old')",
        "CREATE TABLE log (a bigint REFERENCES a)",
        "INSERT INTO log VALUES (1), (1)",
    )

    ran = move("--truncate", "--allow-missing-tables")

    assert ran.code == 0, ran.out + ran.err
    assert move.rows() == ROWS


@pytest.mark.parametrize(
    "made",
    [
        pytest.param("CREATE VIEW v AS SELECT id FROM a", id="a view"),
        pytest.param("CREATE PUBLICATION p FOR ALL TABLES", id="a publication"),
    ],
)
def test_what_stands_in_the_way_of_a_replacement_is_replaced_in_place(move, made) -> None:
    move.prepare(made, "INSERT INTO a VALUES (1, 'old'), (9, 'old')")

    planned, refused = move("--truncate", "--dry-run"), move("--truncate")
    ran = move("--update", "--delete")

    assert (planned.code, refused.code) == (77, 77)
    assert "--update --delete leaves the tables in place" in planned.out
    assert "--update --delete leaves the tables in place" in refused.err
    assert ran.code == 0, ran.out + ran.err
    assert move.rows() == ROWS


@pytest.mark.parametrize(
    "made",
    [
        "CREATE RULE r AS ON INSERT TO a DO INSTEAD NOTHING",
        "CREATE RULE r AS ON UPDATE TO a DO ALSO NOTIFY a",
    ],
    ids=["insert", "update"],
)
def test_a_rule_that_would_rewrite_an_update_has_a_way_out(move, made) -> None:
    move.prepare("INSERT INTO a VALUES (1, 'old')", made)

    ran, _ = walk(move, "--update")

    assert ran.code == 0, ran.out + ran.err
    assert move.rows() == ROWS


@pytest.mark.parametrize("flags", [(), ("--update",)])
def test_a_rule_is_not_in_the_way_of_an_empty_target(move, flags) -> None:
    move.prepare("CREATE RULE r AS ON INSERT TO a DO INSTEAD NOTHING")

    ran, _ = walk(move, *flags)

    assert ran.code == 0, ran.out + ran.err
    assert move.rows() == ROWS
