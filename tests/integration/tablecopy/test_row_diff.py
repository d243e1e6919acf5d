"""A comparison that can fail: whatever is planted in the target is named, to row and column."""

from contextlib import closing, contextmanager
from dataclasses import dataclass

import pytest

from backend.tablecopy.encoder import encoder
from backend.tablecopy.results import DifferenceKind
from backend.tablecopy.target import connect
from backend.values.conversion import Casts
from tests.integration.tablecopy.carrying import both, write

COLUMNS = "name VARCHAR(40), amount NUMERIC, at DATETIME, kept BOOLEAN"
STORED = "name varchar(40), amount numeric(12,2), at timestamptz, kept boolean"


@dataclass(frozen=True)
class Shape:
    """A table with one kind of key; `keys` are those of its ten rows, in order."""

    here: str
    there: str
    keys: tuple[tuple[object, ...], ...]
    ordered: bool = True
    after: str = ""
    index: str = ""

    @property
    def width(self) -> int:
        return len(self.keys[0])


def shape(here, there, keys, **more):
    return Shape(
        here, there, tuple(key if isinstance(key, tuple) else (key,) for key in keys), **more
    )


SHAPES = {
    "integer": shape("k INTEGER PRIMARY KEY", "k bigint PRIMARY KEY", [-(2**63), *range(-2, 5), 1000, 2**63 - 1]),
    "uuid": shape("k CHAR(32) PRIMARY KEY", "k uuid PRIMARY KEY", [f"{n * 7:032x}" for n in range(10)]),
    "dashed uuid": shape("k TEXT PRIMARY KEY", "k uuid PRIMARY KEY", [f"0000000{n}-0000-7000-8000-00000000abcd" for n in range(10)]),
    "text": shape("k TEXT PRIMARY KEY", "k text PRIMARY KEY", ["", "A", "B", "a", "a b", "ab", "b\n", "z", "ç", "\U0001f642"]),
    "composite": shape("a INTEGER, b TEXT, PRIMARY KEY (a, b)", "a int, b text, PRIMARY KEY (a, b)", [(n // 3, f"{n % 3}") for n in range(10)]),
    "without rowid": shape("k TEXT PRIMARY KEY", "k text PRIMARY KEY", "0123456789", after="WITHOUT ROWID"),
    "mixed uuid": shape("k TEXT PRIMARY KEY", "k uuid PRIMARY KEY", [f"{n:032x}" for n in range(9)] + [f"{11:032X}"], ordered=False),
    "any case": shape("k TEXT COLLATE NOCASE PRIMARY KEY", "k text PRIMARY KEY", "abcdeFGHIJ", ordered=False),
    "any case, indexed by bytes too": shape("k TEXT COLLATE NOCASE PRIMARY KEY", "k text PRIMARY KEY", "abcdeFGHIJ", ordered=False, index="k COLLATE BINARY"),
    "unknown order": shape("k TEXT PRIMARY KEY", "k text COLLATE own PRIMARY KEY", "ABCDEabcde", ordered=False),
    "no key in target": shape("k INTEGER PRIMARY KEY", "k bigint", range(10), ordered=False),
    "no key": shape("k INTEGER", "k bigint", [1, 1, 1, 2, None, 4, 5, 6, 7, 8], ordered=False),
}  # fmt: skip


@pytest.fixture(params=SHAPES)
def shaped(request, tmp_path, empty_target):
    """A table that has been copied, with the file beside it still open."""
    return copied(SHAPES[request.param], tmp_path / "a.db", empty_target)


@contextmanager
def copied(made, path, target):
    rows = [
        (*key, f"name {n} " if n else None, n + 0.25, f"2026-01-0{n + 1 if n < 9 else 1} 00:00:00.000001", n % 2)
        for n, key in enumerate(made.keys)
    ]  # fmt: skip
    key, _, primary = made.here.partition(", PRIMARY")
    there, _, _ = made.there.partition(", PRIMARY")
    end = f", PRIMARY{primary}" if primary else ""
    marks = ", ".join("?" * (made.width + 4))
    write(
        path,
        f"CREATE TABLE t ({key}, {COLUMNS}{end}) {made.after}",
        *([f"CREATE UNIQUE INDEX i ON t ({made.index})"] if made.index else []),
        f"INSERT INTO t VALUES ({marks})",
        rows=rows,
    )
    with closing(connect(target, name="test")) as session:
        session.execute("CREATE COLLATION own (provider = libc, locale = 'POSIX')")
        session.execute(f"CREATE TABLE t ({there}, {STORED}{end})".encode())
    with both(path, target) as sides:
        (only,) = sides.pairs()
        encoding = encoder(only, Casts())
        sides.copy(encoding)
        yield made, sides, encoding


def found(sides, encoding):
    return [(one.kind, one.column, one.source, one.target) for one in sides.differences(encoding)]


def test_a_copy_has_no_difference(shaped):
    with shaped as (made, sides, encoding):
        assert encoding.pair.ordered is made.ordered
        assert sides.differences(encoding) == []
        assert sides.same(encoding) is made.ordered


def test_any_key_may_be_the_border_of_a_range(shaped):
    with shaped as (made, sides, encoding):
        assert sides.differences(encoding, rows=1) == []
        assert sides.same(encoding, rows=1) is made.ordered


PLANTED = {
    "one cent": ("UPDATE t SET amount = amount + 0.01 WHERE amount = 3.25", ("amount", "3.25", "3.26")),
    "one microsecond": ("UPDATE t SET at = at + interval '1 us' WHERE amount = 3.25", ("at", "2026-01-04 00:00:00.000001", "2026-01-04 00:00:00.000002")),
    "a trailing blank": ("UPDATE t SET name = rtrim(name) WHERE amount = 3.25", ("name", "'name 3 '", "'name 3'")),
    "no for yes": ("UPDATE t SET kept = NOT kept WHERE amount = 3.25", ("kept", "1", "0")),
    "an empty text for NULL": ("UPDATE t SET name = '' WHERE amount = 0.25", ("name", "NULL", "''")),
    "NULL for a text": ("UPDATE t SET name = NULL WHERE amount = 3.25", ("name", "'name 3 '", "NULL")),
}  # fmt: skip


@pytest.mark.parametrize("planted", PLANTED)
def test_a_changed_value_is_named(shaped, planted):
    statement, (column, source, target) = PLANTED[planted]
    with shaped as (_, sides, encoding):
        sides.session.execute(statement)

        named = found(sides, encoding)

    if encoding.pair.key:
        assert named == [(DifferenceKind.CHANGED, column, source, target)]
    else:
        # Nothing tells which row has become which.
        assert sorted(kind for kind, *_ in named) == [DifferenceKind.EXTRA, DifferenceKind.MISSING]


def test_two_swapped_values_are_both_named(shaped):
    with shaped as (_, sides, encoding):
        sides.session.execute(
            "UPDATE t SET name = CASE amount WHEN 3.25 THEN 'name 8 ' ELSE 'name 3 ' END"
            " WHERE amount IN (3.25, 8.25)"
        )

        named = found(sides, encoding)

    if encoding.pair.key:
        assert sorted(named) == [
            (DifferenceKind.CHANGED, "name", "'name 3 '", "'name 8 '"),
            (DifferenceKind.CHANGED, "name", "'name 8 '", "'name 3 '"),
        ]
    else:
        assert (
            sorted(kind for kind, *_ in named)
            == [DifferenceKind.EXTRA] * 2 + [DifferenceKind.MISSING] * 2
        )


def test_a_missing_row_is_named(shaped):
    with shaped as (_, sides, encoding):
        sides.session.execute("DELETE FROM t WHERE amount = 9.25")

        assert found(sides, encoding) == [(DifferenceKind.MISSING, "", "", "")]


def test_an_extra_row_is_named(shaped):
    extra = {"uuid": "'ffffffff-ffff-7fff-bfff-ffffffffffff'", "text": "'zz'"}
    with shaped as (_, sides, encoding):
        columns = [column.target for column in encoding.pair.columns[:-4]]
        values = ", ".join(extra.get(column.type.name, "77") for column in columns)
        sides.session.execute(f"INSERT INTO t VALUES ({values}, 'x', 0, now(), true)".encode())

        assert found(sides, encoding) == [(DifferenceKind.EXTRA, "", "", "")]


def test_a_doubled_row_is_named_though_the_target_has_lost_its_key(shaped):
    with shaped as (_, sides, encoding):
        sides.session.execute("ALTER TABLE t DROP CONSTRAINT IF EXISTS t_pkey")
        sides.session.execute("INSERT INTO t SELECT * FROM t WHERE amount = 4.25")

        assert found(sides, encoding) == [(DifferenceKind.DOUBLED, "", "", "")]
        # As the tool would come to see it, which reads what the target has now.
        (anew,) = sides.pairs()
        assert found(sides, encoder(anew, Casts())) == [(DifferenceKind.DOUBLED, "", "", "")]


def test_the_row_is_named_by_its_key(tmp_path, empty_target):
    with copied(SHAPES["composite"], tmp_path / "a.db", empty_target) as (_, sides, encoding):
        sides.session.execute("DELETE FROM t WHERE a = 1 AND b = '2'")

        (difference,) = sides.differences(encoding)

    assert (difference.table, difference.key) == ("t", "a=1, b='2'")


def test_long_values_are_shown_where_they_part(tmp_path, empty_target):
    with copied(SHAPES["integer"], tmp_path / "a.db", empty_target) as (_, sides, encoding):
        sides.session.execute("ALTER TABLE t ALTER name TYPE text")
        sides.session.execute("UPDATE t SET name = repeat('y', 500) || 'z' WHERE amount = 3.25")

        (difference,) = sides.differences(encoding)

    assert len(difference.target) <= 62
    assert difference.source == "'name 3 '"
