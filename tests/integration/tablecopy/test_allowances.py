"""What `Casts` allows is done where it is asked for, and counted; enums, domains, odd types."""

from contextlib import closing

import pytest

from backend.tablecopy.encoder import encoder
from backend.tablecopy.sqlite.bad_values import bad_values
from backend.tablecopy.target import connect
from backend.values.conversion import Casts
from tests.integration.tablecopy.carrying import both, carry, refused, write

MOMENT = "2026-01-02 03:04:05.250000"
SECONDS = 1767323045


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz", "date", "time"])
def test_an_empty_moment_becomes_null(tmp_path, empty_target, kind):
    carried = carry(tmp_path / "a.db", empty_target, ["", "", None], kind, empty_datetime="null")

    assert carried.stored == [None, None, None]
    assert carried.same
    assert carried.uses == {"empty_datetime": 2}


def test_an_empty_moment_is_still_refused_where_null_is_not_allowed(tmp_path, empty_target):
    kind = "timestamp NOT NULL"
    found, failed = refused(tmp_path / "a.db", empty_target, [""], kind, empty_datetime="null")

    assert [bad.reason for bad in found] == ["is NULL, which the column does not allow"]
    assert failed == [True]


@pytest.mark.parametrize(
    ("unit", "values", "expected"),
    [
        pytest.param("s", [SECONDS, SECONDS + 0.25, -1, MOMENT], ["2026-01-02 03:04:05", "2026-01-02 03:04:05.25", "1969-12-31 23:59:59", "2026-01-02 03:04:05.25"], id="seconds"),
        pytest.param("ms", [SECONDS * 1000 + 250, SECONDS * 1000.0], ["2026-01-02 03:04:05.25", "2026-01-02 03:04:05"], id="milliseconds"),
    ],
)  # fmt: skip
def test_a_count_since_1970_becomes_a_moment(tmp_path, empty_target, unit, values, expected):
    carried = carry(tmp_path / "a.db", empty_target, values, "timestamp", epoch_datetimes=unit)

    assert carried.stored == expected
    assert carried.same
    assert carried.uses == {"epoch_datetimes": sum(value != MOMENT for value in values)}


def test_a_count_that_means_no_moment_is_refused(tmp_path, empty_target):
    values = [10**14, 0.00000001, float("inf")]

    found, failed = refused(
        tmp_path / "a.db", empty_target, values, "timestamp", epoch_datetimes="s"
    )

    assert [bad.reason for bad in found] == [
        "counts to a moment outside of the years 1 to 9999",
        "has more decimals than a microsecond",
        "is not a decimal number",
    ]
    assert failed == [True] * 3


def test_a_nul_is_replaced_and_counted(tmp_path, empty_target):
    values = ["a\0b\0", "plain", '"\0']

    carried = carry(tmp_path / "a.db", empty_target, values, "varchar(5)", nul="replace")

    assert carried.stored == ["a\ufffdb\ufffd", "plain", '"\ufffd']
    assert carried.same
    assert carried.uses == {"nul": 2}


def test_with_a_nul_replaced_a_text_that_is_too_long_is_still_refused(tmp_path, empty_target):
    found, _ = refused(tmp_path / "a.db", empty_target, ["a\0bcdef"], "varchar(5)", nul="replace")

    assert [bad.reason for bad in found] == ["has 7 characters, the column takes 5"]


@pytest.fixture
def types(empty_target):
    """Two types of the target's own."""
    with closing(connect(empty_target, name="test")) as session:
        session.execute("CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'Happy')")
        session.execute("CREATE DOMAIN short AS varchar(3) CHECK (VALUE <> 'bad')")
    return empty_target


def test_an_enum_takes_its_labels_and_nothing_else(tmp_path, types):
    carried = carry(tmp_path / "a.db", types, ["sad", "it's ok", None], "mood")
    found, failed = refused(tmp_path / "b.db", types, ["SAD", "", "sad ", 1], "mood")

    assert carried.stored == ["sad", "it's ok", None]
    assert carried.same
    assert {bad.reason for bad in found} == {"is none of the labels sad, it's ok, Happy"}
    assert failed == [True] * 4


def test_a_domain_takes_what_its_own_type_takes(tmp_path, types):
    carried = carry(tmp_path / "a.db", types, ["abc", None], "short")
    found, failed = refused(tmp_path / "b.db", types, ["abcd"], "short")

    assert carried.stored == ["abc", None]
    assert carried.same
    assert [bad.reason for bad in found] == ["has 4 characters, the column takes 3"]
    assert failed == [True]


@pytest.mark.parametrize(
    "kind", ["xml", "money", "tsvector", "int4range", "bit(3)", "point", "xml[]", "bytea[]"]
)
def test_a_type_without_a_rule_takes_null_and_names_every_value(tmp_path, empty_target, kind):
    nothing = carry(tmp_path / "a.db", empty_target, [None, None], kind)
    found, failed = refused(tmp_path / "b.db", empty_target, ["1", 1], kind)

    assert nothing.stored == [None, None]
    assert nothing.same
    assert len(found) == 2
    assert all("for which there is no rule" in bad.reason for bad in found)
    assert failed == [True, True]


def test_a_value_of_a_type_without_a_rule_in_the_target_alone_is_a_difference(
    tmp_path, empty_target
):
    write(
        tmp_path / "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v)",
        "INSERT INTO t VALUES (1, NULL)",
    )
    with closing(connect(empty_target, name="test")) as session:
        session.execute("CREATE TABLE t (id bigint PRIMARY KEY, v point)")
        session.execute("INSERT INTO t VALUES (1, '(1,2)')")

    with both(tmp_path / "a.db", empty_target) as sides:
        (only,) = sides.pairs()
        found = sides.differences(encoder(only, Casts()))

    assert [(one.key, one.column) for one in found] == [("id=1", "v")]


@pytest.mark.parametrize("odd", ["'{{1,2},{3,4}}'", "'[0:1]={1,2}'"])
def test_an_array_of_other_borders_or_dimensions_is_a_difference(tmp_path, empty_target, odd):
    write(
        tmp_path / "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v)",
        "INSERT INTO t VALUES (1, '[1, 2]'), (2, '[1, 2, 3, 4]')",
    )
    with closing(connect(empty_target, name="test")) as session:
        session.execute("CREATE TABLE t (id bigint PRIMARY KEY, v int[])")
        session.execute(f"INSERT INTO t VALUES (1, {odd}), (2, {odd})".encode())

    with both(tmp_path / "a.db", empty_target) as sides:
        (only,) = sides.pairs()
        found = sides.differences(encoder(only, Casts()))

    assert [one.key for one in found] == ["id=1", "id=2"]


def test_a_domain_over_a_domain_takes_what_the_innermost_type_takes(tmp_path, types):
    with closing(connect(types, name="test")) as session:
        session.execute("CREATE DOMAIN shorter AS short CHECK (length(VALUE) < 3)")
        session.execute("CREATE DOMAIN moods AS mood[]")
    carried = carry(tmp_path / "a.db", types, ["ab", None], "shorter")
    lists = carry(tmp_path / "b.db", types, ['["sad", "it\'s ok"]', "[]"], "moods")
    found, failed = refused(tmp_path / "c.db", types, ["abcd"], "shorter")

    assert carried.stored == ["ab", None]
    assert lists.stored == ['{sad,"it\'s ok"}', "{}"]
    assert carried.same
    assert lists.same
    assert [bad.reason for bad in found] == ["has 4 characters, the column takes 3"]
    assert failed == [True]


def test_all_bad_values_of_all_tables_are_named(tmp_path, empty_target):
    write(
        tmp_path / "a.db",
        "CREATE TABLE a (x TEXT, y TEXT, n, PRIMARY KEY (x, y)) WITHOUT ROWID",
        "CREATE TABLE b (n, m)",
        "INSERT INTO b VALUES (1, 'odd'), (2, 2), (3, 2.5)",
        "INSERT INTO a VALUES (?, ?, ?)",
        rows=[("k", "1", 1), ("k", "2", "two"), ("k\"'", "3", None)],
    )
    with closing(connect(empty_target, name="test")) as session:
        session.execute("CREATE TABLE a (x text, y text, n int NOT NULL, PRIMARY KEY (x, y))")
        session.execute("CREATE TABLE b (n int, m int)")

    with both(tmp_path / "a.db", empty_target) as sides:
        found = list(bad_values(sides.source.connection, sides.pairs(), Casts()))

    assert [(bad.table, bad.key, bad.column, bad.value) for bad in found] == [
        ("a", "x='k', y='2'", "n", "'two'"),
        ("a", "x='k\"\\'', y='3'", "n", "NULL"),
        ("b", "rowid=1", "m", "'odd'"),
        ("b", "rowid=3", "m", "2.5"),
    ]
