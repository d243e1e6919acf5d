"""--exclude leaves tables out, on whichever side they are, and says so to the end."""

import json

import pytest

from tests.integration.transfer.conftest import write

ROWS = [(1, "x"), (2, "y")]
B = "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER)"


@pytest.fixture
def move(move):
    """Both sides have a second table, which refers to the first on the target."""
    write(move.source, B, "INSERT INTO b VALUES (10, 1), (20, NULL)")
    move.prepare("CREATE TABLE b (id integer PRIMARY KEY, a integer REFERENCES a)")
    return move


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((), "done: every row but those of b has been compared"),
        (("--update",), "done: every row but those of b has been compared"),
        (("--truncate",), "done: every row but those of b has been compared"),
        (("--check",), "everything but b can be loaded"),
    ],
)
def test_the_last_line_says_what_was_left_out(move, flags, said) -> None:
    ran = move(*flags, "--exclude", "b")

    assert ran.code == 0, ran.out + ran.err
    assert ran.out.splitlines()[-1].strip() == said
    assert move.rows("b") == []


def test_a_comparison_and_a_dry_run_say_it_too(move) -> None:
    planned = move("--dry-run", "--exclude", "b")
    move("--exclude", "b")
    ran = move("--verify-only", "--exclude", "b")

    assert planned.code == 0, planned.out + planned.err
    assert "note: left out: b" in planned.out
    assert ran.code == 0, ran.out + ran.err
    assert ran.out.splitlines()[-1].strip() == (
        "every row but those of b is the same on both sides"
    )
    assert move.rows() == ROWS


def test_a_second_update_leaves_it_out_as_well(move) -> None:
    move()
    write(move.source, "UPDATE a SET t = 'new' WHERE id = 1", "DELETE FROM b")

    ran = move("--update", "--delete", "--exclude", "b")

    assert ran.code == 0, ran.out + ran.err
    assert "every row but those of b" in ran.out
    assert move.rows() == [(1, "new"), (2, "y")]
    assert move.rows("b") == [(10, 1), (20, None)]


def test_tables_of_one_side_can_be_excluded(move) -> None:
    write(move.source, "CREATE TABLE search_index (word TEXT)")
    move.prepare("CREATE TABLE audit (id integer, who text NOT NULL)")

    ran = move("--exclude", "search_index, audit")

    assert ran.code == 0, ran.out + ran.err
    assert "every row but those of audit, search_index" in ran.out
    assert move.rows("b") == [(10, 1), (20, None)]


def test_a_table_with_a_column_that_must_have_a_value_can_be_excluded(move) -> None:
    move.prepare("ALTER TABLE b ADD who text NOT NULL")

    refused = move("--json")
    ran = move("--exclude", "b")

    assert refused.code == 77
    assert "b.who" in refused.err
    assert "--exclude" in refused.err
    assert ran.code == 0, ran.out + ran.err


@pytest.mark.parametrize(
    "flags", [(), ("--dry-run",), ("--check",), ("--verify-only",), ("--update",)]
)
def test_a_name_that_nobody_knows_is_a_usage_error(move, flags) -> None:
    ran = move("--exclude", "a,bb", *flags)

    assert ran.code == 2
    assert "bb" in ran.err


def test_a_table_whose_rows_are_referred_to_cannot_be_excluded(move) -> None:
    write(move.source, "INSERT INTO b VALUES (30, 2), (40, 2)")

    planned, checked, refused, updated = (
        move("--exclude", "a", *flags)
        for flags in (["--dry-run", "--json"], ["--check", "--json"], [], ["--update"])
    )

    assert (planned.code, refused.code, updated.code) == (77, 77, 77)
    # It names the rows too.
    assert checked.code == 65
    (found,) = json.loads(planned.out)["obstacles"]
    assert found.startswith("b: b_a_fkey refers to 2 rows of a (1, 2), which is excluded")
    assert json.loads(checked.out)["obstacles"] == [found]
    assert found in refused.err
    assert found in updated.err
    assert move.rows("b") == []
    assert move("--exclude", "a,b,a").code == 77
    assert move().code == 0


def test_a_table_whose_rows_are_there_already_can_be_excluded(move) -> None:
    move.prepare("INSERT INTO a VALUES (1, 'theirs')")

    ran = move("--exclude", "a")

    assert ran.code == 0, ran.out + ran.err
    assert move.rows("b") == [(10, 1), (20, None)]
    assert move.rows() == [(1, "theirs")]


def test_what_our_other_tools_keep_beside_the_tables_is_left_alone(move) -> None:
    write(
        move.source,
        "CREATE TABLE tablecopy_changes (id INTEGER PRIMARY KEY)",
        "INSERT INTO tablecopy_changes VALUES (7)",
    )
    move.prepare(
        "CREATE TABLE tablecopy_changes (id integer PRIMARY KEY)",
        "INSERT INTO tablecopy_changes VALUES (1), (2)",
        "CREATE TABLE tablecopy_state (id integer)",
    )

    ran = move()

    assert ran.code == 0, ran.out + ran.err
    assert move.rows("tablecopy_changes") == [(1,), (2,)]
    assert len(move.rows()) == 2
