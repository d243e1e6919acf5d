"""Which parts of a range are looked at closely, by digests of a few rows at a time."""

from hashlib import sha256

from hypothesis import example, given
from hypothesis import strategies as st

from backend.tablecopy.range_diff import _differing_parts, _split
from backend.tablecopy.results import KeyRange

ROWS = 3
LAST = 24

Table = dict[int, str]

TABLES = st.dictionaries(st.integers(1, LAST), st.sampled_from("xy"))


def grouped(table: Table) -> list[list[int]]:
    """Return the keys, so many at a time, by their place."""
    keys = sorted(table)
    return [keys[first : first + ROWS] for first in range(0, len(keys), ROWS)]


def digests(table: Table) -> list[bytes]:
    """Return what both sides take of these rows."""
    lines = ("".join(f"{key},{table[key]}\n" for key in keys) for keys in grouped(table))
    return [sha256(line.encode()).digest() for line in lines]


def parts(here: Table, there: Table, upto: int | None) -> list[KeyRange]:
    """Return the parts in which a target differs from a source."""
    whole = KeyRange(None, None if upto is None else (upto,))
    borders = [(keys[-1],) for keys in grouped(here) if len(keys) == ROWS]
    return _differing_parts(_split(whole, borders), digests(there), digests(here))


def holds(part: KeyRange, key: int) -> bool:
    return (part.after is None or part.after < (key,)) and (
        part.upto is None or (key,) <= part.upto
    )


ALL = dict.fromkeys(range(1, LAST + 1), "x")


@given(TABLES, TABLES, st.sampled_from([None, LAST]))
# What is missing lets a row that only the target has move up into the part before.
@example({1: "x", 2: "x", 3: "x", 5: "x"}, {1: "x", 3: "x", 4: "x", 5: "x"}, None)
# The target has more rows, and more parts, than the source.
@example({1: "x"}, ALL, None)
@example({}, ALL, LAST)
@example({LAST - 2: "x", LAST - 1: "x", LAST: "x"}, ALL, LAST)
@example(ALL, {1: "x"}, None)
@example({key: "x" for key in range(1, 4)}, ALL, None)
def test_every_row_that_differs_lies_in_one_part(here, there, upto):
    found = parts(here, there, upto)

    apart = [key for key in here.keys() | there.keys() if here.get(key) != there.get(key)]
    assert {key: sum(holds(part, key) for part in found) for key in apart} == dict.fromkeys(
        apart, 1
    )


def test_parts_that_are_the_same_are_left_out():
    found = parts(ALL, {**ALL, 8: "y"}, LAST)

    # And the one that follows.
    assert found == [KeyRange((6,), (9,)), KeyRange((9,), (12,))]
