"""Types that few columns have, through the command: taken, or refused with a way out."""

import pytest

from tests.integration.transfer.conftest import ask, rows, write

TABLE = "CREATE TABLE a (id {kind} PRIMARY KEY, v {type}, d {span})"


def both(elsewhere, type_: str, *values: str, span: str = "bigint") -> None:
    """Make one table on both sides, with rows in the file."""
    write(elsewhere.target, TABLE.format(kind="bigint", type=type_, span="interval"))
    write(
        elsewhere.source,
        TABLE.format(kind="INTEGER", type="", span=span),
        *(f"INSERT INTO a (v, d) VALUES ({value})" for value in values),
    )


@pytest.mark.parametrize("words", [(), ("--dry-run",), ("--check",), ("--update",)])
def test_a_column_of_a_type_without_a_rule_is_no_obstacle_while_it_is_empty(elsewhere, words):
    both(elsewhere, "point", "NULL, '1 day'", "NULL, NULL")

    ran = elsewhere(*words)

    assert ran.code == 0, ran.err


@pytest.mark.parametrize("words", [(), ("--dry-run",), ("--check",), ("--update",)])
def test_one_that_holds_a_value_is_named_before_anything_is_loaded(elsewhere, words):
    both(elsewhere, "point", "NULL, NULL", "'(1,2)', NULL")

    ran = elsewhere(*words)

    assert ran.code == 77
    assert "a.v is of type point" in ran.out + ran.err
    assert ask(elsewhere.target, "SELECT count(*) FROM a") == 0


def test_numbers_for_spans_of_time_are_refused_with_the_flag_that_reads_them(elsewhere):
    both(elsewhere, "text", "'x', 90061000001", "'y', NULL")

    refused = elsewhere()
    loaded = elsewhere("--intervals", "us")
    compared = elsewhere("--verify-only", "--intervals", "us")

    assert refused.code == 65
    assert "--intervals us, ms, s or days" in refused.out + refused.err
    assert loaded.code == 0, loaded.err
    assert "read otherwise by option: intervals, 1 times" in loaded.out
    assert rows(elsewhere.target, "SELECT d::text FROM a WHERE v = 'x'") == [
        ("1 day 01:01:01.000001",)
    ]
    assert compared.code == 0


def test_what_sqlalchemy_keeps_is_counted_in_the_answer(elsewhere):
    both(elsewhere, "text", "'x', '1970-01-02 03:00:00.500000'", span="DATETIME")

    ran = elsewhere()

    assert ran.code == 0, ran.err
    assert "read as a span of time: a moment counted from 1970, 1 times" in ran.out


def test_lists_of_json_become_arrays(elsewhere):
    both(elsewhere, "text[]", """'["a", "b c", null]', NULL""", "'[]', NULL", "NULL, NULL")

    ran = elsewhere()

    assert ran.code == 0, ran.err
    assert rows(elsewhere.target, "SELECT id, v FROM a") == [
        (1, ["a", "b c", None]),
        (2, []),
        (3, None),
    ]
