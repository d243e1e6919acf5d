"""Spans of time in the forms in which apps keep them: exact, or refused with the flag to say."""

from collections import Counter
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, Interval, MetaData, Table, create_engine, select

from backend.schema.tables import Column as SchemaColumn
from backend.schema.tables import ColumnType
from backend.values.conversion import Casts
from backend.values.intervals import Interval as IntervalRule
from tests.integration.tablecopy.carrying import carry, refused

SPANS = [
    timedelta(0),
    timedelta(days=1, hours=3, microseconds=500_000),
    timedelta(microseconds=1),
    timedelta(seconds=-1),
    timedelta(days=-1, hours=1),
    timedelta(days=-400, microseconds=1),
    timedelta(days=2_900_000),
]


def test_what_sqlalchemy_keeps_is_read_without_a_word(tmp_path, empty_target):
    engine = create_engine(f"sqlite:///{tmp_path / 'theirs.db'}")
    table = Table("t", MetaData(), Column("id", Integer, primary_key=True), Column("v", Interval))
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(table.insert(), [{"v": span} for span in SPANS])
        kept = connection.exec_driver_sql("SELECT v FROM t").scalars().all()
        again = connection.execute(select(table.c.v)).scalars().all()
    engine.dispose()

    carried = carry(tmp_path / "a.db", empty_target, kept, "interval", declared="DATETIME")

    assert again == SPANS
    assert carried.stored == [
        "00:00:00",
        "1 day 03:00:00.5",
        "00:00:00.000001",
        "-1 days +23:59:59",
        "-1 days +01:00:00",
        "-400 days +00:00:00.000001",
        "2900000 days",
    ]
    assert carried.same
    assert carried.uses == {"sqlalchemy_intervals": len(SPANS)}


@pytest.mark.parametrize("declared", ["", "TEXT", "INTERVAL"])
def test_a_moment_in_a_column_of_another_type_is_no_span(tmp_path, empty_target, declared):
    moments = ["1970-01-02 00:00:00.000000", "1970-01-02 00:00:00"]

    found, failed = refused(tmp_path / "a.db", empty_target, moments, "interval", declared=declared)

    assert ["not a span" in bad.reason for bad in found] == [True, True]
    assert failed == [True, True]


@pytest.mark.parametrize(
    ("unit", "declared", "values", "stored"),
    [
        pytest.param("us", "bigint", [90_061_000_001, -1, 0, 86_400_000_000], ["1 day 01:01:01.000001", "-1 days +23:59:59.999999", "00:00:00", "1 day"], id="Django's microseconds"),
        pytest.param("ms", "INTEGER", [1500, -1500], ["00:00:01.5", "-1 days +23:59:58.5"], id="milliseconds"),
        pytest.param("s", "INTEGER", [3600, -86_400], ["01:00:00", "-1 days"], id="seconds"),
        pytest.param("s", "REAL", [0.1, 2.5, -0.000001, 7.0], ["00:00:00.1", "00:00:02.5", "-1 days +23:59:59.999999", "00:00:07"], id="seconds as real"),
        pytest.param("days", "REAL", [1.0, 0.5, 1 / 3, -2.25, 8.0 + 1e-6 / 86_400], ["1 day", "12:00:00", "08:00:00", "-3 days +18:00:00", "8 days 00:00:00.000001"], id="Pony's days"),
        pytest.param("days", "INTEGER", [3, 0], ["3 days", "00:00:00"], id="whole days"),
    ],
)  # fmt: skip
def test_numbers_are_read_by_the_unit_that_was_said(
    tmp_path, empty_target, unit, declared, values, stored
):
    carried = carry(
        tmp_path / "a.db", empty_target, values, "interval", declared=declared, intervals=unit
    )

    assert carried.stored == stored
    assert carried.same
    assert carried.uses == {"intervals": len(values)}


@pytest.mark.parametrize(
    ("unit", "declared", "values", "reason"),
    [
        pytest.param("refuse", "bigint", [5], "--intervals us, ms, s or days", id="whole numbers name the flag"),
        pytest.param("refuse", "REAL", [0.5], "--intervals days or s", id="reals name the flag"),
        pytest.param("us", "REAL", [1.5, 2.0], "--intervals days or s reads it", id="a declared real is not in microseconds"),
        pytest.param("us", "DATETIME", [5], "declared DATETIME", id="a declared moment"),
        pytest.param("days", "TEXT", [5], "not a span", id="a declared text"),
        pytest.param("s", "REAL", [1e-7, 1 / 3], "more decimals than a microsecond", id="too precise"),
        pytest.param("us", "", [2**63 - 1], "longer than", id="too long"),
        pytest.param("days", "REAL", [float("inf"), 1e9], "longer than", id="without an end"),
    ],
)  # fmt: skip
def test_other_numbers_are_named_with_the_way_out(
    tmp_path, empty_target, unit, declared, values, reason
):
    found, failed = refused(
        tmp_path / "a.db", empty_target, values, "interval", declared=declared, intervals=unit
    )

    assert [bad.reason for bad in found if reason not in bad.reason] == []
    assert failed == [True] * len(values)


def test_a_span_with_more_decimals_than_the_column_keeps_is_refused(tmp_path, empty_target):
    found, _ = refused(
        tmp_path / "a.db", empty_target, [1_500, 1_001], "interval(2)",
        declared="bigint", intervals="ms",
    )  # fmt: skip

    assert [bad.value for bad in found] == ["1001"]


@given(st.integers(min_value=-(10**17), max_value=10**17))
def test_every_microsecond_survives_as_pony_keeps_it(microseconds):
    days, rest = divmod(microseconds, 86_400_000_000)
    # As Pony computes it.
    kept = days + (rest // 1_000_000 + rest % 1_000_000 / 1_000_000) / 86_400
    column = SchemaColumn("v", ColumnType("interval", "interval"), not_null=False)
    rule = IntervalRule(column, Casts(intervals="days"), "REAL")

    if abs(Fraction(kept) * 86_400_000_000 - microseconds) < Fraction(1, 4):
        assert rule.text(kept, Counter()) == rule_text(microseconds)


def rule_text(microseconds: int) -> str | None:
    column = SchemaColumn("v", ColumnType("interval", "interval"), not_null=False)
    return IntervalRule(column, Casts(intervals="us"), "BIGINT").text(microseconds, Counter())
