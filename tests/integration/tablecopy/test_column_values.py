"""What other tools lose in silence, one trap a test, with columns as apps declare them."""

import itertools
from contextlib import closing

import pytest

from backend.tablecopy.encoder import encoder
from backend.tablecopy.sqlite.bad_values import bad_values
from backend.tablecopy.target import connect
from backend.values.conversion import Casts
from tests.integration.tablecopy.carrying import AsText, both, carry, refused, write

INF = float("inf")
FILES = itertools.count()


@pytest.fixture
def taken(tmp_path, empty_target):
    """Carry values and return what is stored; both sides must be equal by then."""

    def take(declared, kind, *values, **casts):
        carried = carry(
            tmp_path / f"{next(FILES)}.db", empty_target, values, kind, declared=declared, **casts
        )
        assert carried.same
        return carried.stored

    return take


@pytest.fixture
def named(tmp_path, empty_target):
    """Name the bad ones among values; each must also fail when it is loaded all the same."""

    def name(declared, kind, *values):
        found, failed = refused(
            tmp_path / f"{next(FILES)}.db", empty_target, values, kind, declared=declared
        )
        keys = [int(bad.key.removeprefix("id=")) for bad in found]
        assert failed == [place + 1 in keys for place in range(len(values))]
        return [(bad.value, bad.reason) for bad in found]

    return name


def test_a_nul_is_not_where_text_ends(named):
    assert named("VARCHAR(20)", "varchar(20)", "good", "a\0b") == [
        (
            "'a\\x00b'",
            "holds a NUL character, which Postgres cannot store; --nul replace puts U+FFFD there",
        )
    ]


def test_one_row_that_is_not_utf_8_is_named_and_the_others_are_not(named):
    values = ["fine"] * 49 + [AsText(b"caf\xe9")] + ["fine"] * 50

    assert named("TEXT", "text", *values) == [("b'caf\\xe9'", "is not UTF-8 (byte 4)")]


def test_a_boolean_is_0_or_1_or_a_word_for_them(taken, named):
    assert taken("BOOLEAN", "boolean", 0, 1, None, "true", "t", "False") == [
        "false", "true", None, "true", "true", "false",
    ]  # fmt: skip
    assert [value for value, _ in named("BOOLEAN", "boolean", 2, "", -1, 1)] == ["2", "''", "-1"]


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz"])
def test_a_moment_follows_one_grammar(named, kind):
    bad = ["", 1767323045, "2026-02-30", "0000-00-00", "now", "02.01.2026", "infinity", "today"]

    assert [value for value, _ in named("DATETIME", kind, *bad)] == [repr(value) for value in bad]


def test_an_offset_is_neither_dropped_nor_applied_twice(taken, named):
    moment = "2026-01-02T03:04:05+03:00"

    assert taken("DATETIME", "timestamptz", moment) == ["2026-01-02 00:04:05+00"]
    assert [reason for _, reason in named("DATETIME", "timestamp", moment)] == [
        "has an offset from UTC, which the column does not keep"
    ]


def test_a_timestamp_stays_what_the_clock_showed(taken):
    assert taken("DATETIME", "timestamp", "2026-03-29 02:30:00") == ["2026-03-29 02:30:00"]


def test_money_is_neither_rounded_nor_full_of_noise(taken, named):
    assert taken("NUMERIC(12, 2)", "numeric(12,2)", 12.3, "12.30", 12, 0.29, 1.1) == [
        "12.30", "12.30", "12.00", "0.29", "1.10",
    ]  # fmt: skip
    noise = [2.675, 1.005, 123456789.126, 0.1 + 0.2, "12,34", "abc", "", 1e15, INF]
    assert len(named("NUMERIC(12, 2)", "numeric(12,2)", *noise, 5)) == len(noise)


def test_money_kept_as_text_keeps_its_cents(taken):
    assert taken("TEXT", "numeric(12,2)", "12.30", "0.1", "-7") == ["12.30", "0.10", "-7.00"]


def test_an_integer_is_whole_and_fits(named):
    bad = [2**31, 2**63 - 1, "abc", 1.5, "", b"\1"]

    assert len(named("INTEGER", "integer", *bad, 7)) == len(bad)


def test_a_length_is_counted_in_characters_and_nothing_is_cut(taken, named):
    assert taken("VARCHAR(5)", "varchar(5)", "çğışö", "abcd ") == ["çğışö", "abcd "]
    assert named("VARCHAR(5)", "varchar(5)", "abcdefgh", "abcde   ") == [
        ("'abcdefgh'", "has 8 characters, the column takes 5"),
        ("'abcde   '", "has 8 characters, the column takes 5"),
    ]


def test_json_that_sqlite_has_made_a_number_is_still_json(taken, named):
    # JSON is no type of SQLite: a column declared so turns what looks like a number into one.
    assert taken("JSON", "jsonb", "123", "1.5", "[1]") == ["123", "1.5", "[1]"]
    assert taken("JSON", "json", "123", "1.5", '{"a" :1}') == ["123", "1.5", '{"a" :1}']
    assert len(named("JSON", "json", "{bad", "", "NaN", "{}")) == 3


def test_json_is_compared_byte_by_byte_whatever_collation_its_column_has(taken, named):
    assert taken("TEXT COLLATE RTRIM", "jsonb", "[]  ", "true ") == ["[]", "true"]
    assert [value for value, _ in named("TEXT COLLATE NOCASE", "jsonb", "TRUE", "null")] == [
        "'TRUE'"
    ]


def test_jsonb_cannot_hold_an_escaped_nul(named):
    assert [reason for _, reason in named("JSON", "jsonb", '{"a": "\\u0000"}')] == [
        "holds \\u0000, which jsonb cannot store"
    ]


def test_an_empty_text_is_not_null(taken):
    assert taken("TEXT", "text", "", None, "") == ["", None, ""]


def test_signs_with_a_meaning_for_copy_arrive_as_they_are(taken):
    signs = ["\t", "\n", "\r", "\r\n", "\\", "\\N", "\\.", "\n\\.\n", '"', ",", "'", "🙂", "\ufeff"]

    assert taken("TEXT", "text", *signs, "".join(signs)) == [*signs, "".join(signs)]


def test_a_double_keeps_every_digit(taken):
    assert taken("FLOAT", "double precision", 123456789.123456789, 0.1 + 0.2, INF, -INF) == [
        "123456789.12345679", "0.30000000000000004", "Infinity", "-Infinity",
    ]  # fmt: skip


def test_bytes_in_text_and_text_in_bytes_are_not_confused(taken, named):
    assert taken("BLOB", "bytea", "çay", b"\0\xff") == ["\\xc3a76179", "\\x00ff"]
    assert taken("TEXT", "text", b"\xc3\xa7ay", "\\x61") == ["çay", "\\x61"]
    assert named("TEXT", "text", b"\x61\xff\x62") == [
        ("b'a\\xffb'", "is bytes that are not UTF-8, the column takes text")
    ]


def test_null_is_named_where_it_is_not_allowed(named):
    assert named("TEXT", "text NOT NULL", "x", None) == [
        ("NULL", "is NULL, which the column does not allow")
    ]


def test_a_uuid_of_which_sqlite_made_a_number_is_named(named):
    # UUID is no type of SQLite either: thirty-two digits become a real number.
    found = named("UUID", "uuid", "12345678901234567890123456789012", "a" * 32)

    assert [reason for _, reason in found] == [
        "is a number, into which SQLite has turned the digits of a UUID"
    ]


@pytest.mark.parametrize(("here", "there"), [("TEXT", "text"), ("INTEGER", "bigint")])
def test_a_key_that_is_null_is_neither_lost_nor_loaded(tmp_path, empty_target, here, there):
    # Only in SQLite may a primary key be NULL, unless it is the row number.
    write(
        tmp_path / "a.db",
        f"CREATE TABLE t (k {here} PRIMARY KEY DESC)",
        "INSERT INTO t VALUES ('1'), (NULL)",
    )
    with closing(connect(empty_target, name="test")) as session:
        session.execute(f"CREATE TABLE t (k {there} PRIMARY KEY)".encode())

    with both(tmp_path / "a.db", empty_target) as sides:
        (only,) = sides.pairs()
        found = list(bad_values(sides.source.connection, [only], Casts()))

        assert not encoder(only, Casts()).pair.ordered
        assert [(bad.key, bad.column, bad.value) for bad in found] == [("rowid=2", "k", "NULL")]
