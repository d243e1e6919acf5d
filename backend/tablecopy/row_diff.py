"""Name the rows and the values in which the two sides differ."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby

from backend.db import sql
from backend.db.errors import translated
from backend.db.session import Session
from backend.db.sqlite_reader import file_errors
from backend.tablecopy.encoder import Encoder
from backend.tablecopy.results import Difference, DifferenceKind, KeyRange
from backend.tablecopy.sqlite.connection import BAD, SourceConnection
from backend.tablecopy.sqlite.rows import rows_of_fields, sorted_lines
from backend.tablecopy.target import own_rows
from backend.tablecopy.target_digests import target_lines, target_range

# The fields of a row, as bytes of its CSV record.
Fields = tuple[bytes, ...]
Rows = defaultdict[Fields, list[Fields]]

_FIELD = re.compile(rb'("(?:[^"]|"")*"|[^,"\n]*)[,\n]')
_MOST_SHOWN = 60
# Rows held in memory at a time, of a table that is compared as a whole.
_MOST_ROWS = 50_000


def differences(
    source: SourceConnection, session: Session, schema: str, encoder: Encoder, key_range: KeyRange
) -> Iterator[Difference]:
    """Compare a range row by row and value by value.

    A pair that is not `ordered` is compared as a whole, with its first range: the rows of both
    sides are sorted by their text, and those that one side has more often are named. Its other
    ranges yield nothing.
    """
    with file_errors(source.path), translated(f"comparing {encoder.pair.target.name}"):
        if encoder.pair.ordered:
            here = _by_key(encoder, rows_of_fields(source, encoder, key_range))
            there = _by_key(encoder, _target_rows(session, schema, encoder, key_range))
            yield from _compared(encoder, here, there)
        elif key_range.after is None:
            lines = sorted_lines(source, encoder), target_lines(session, schema, encoder)
            yield from _from_surplus(encoder, surplus(*lines))


def _target_rows(
    session: Session, schema: str, encoder: Encoder, key_range: KeyRange
) -> Iterator[Fields]:
    fields = (sql.statement("{}::text", field) for field in encoder.target_fields())
    query = sql.statement(
        "SELECT {} FROM {} {}",
        sql.join(", ", fields),
        own_rows(encoder.pair.target, schema),
        target_range(encoder.pair, key_range),
    )
    for row in session.execute(query):
        yield tuple(field.encode() for field in row)


def _by_key(encoder: Encoder, rows: Iterable[Fields]) -> Rows:
    places = [encoder.pair.columns.index(column) for column in encoder.pair.key]
    found: Rows = defaultdict(list)
    for row in rows:
        found[tuple(row[place] for place in places)].append(row)
    return found


def _compared(encoder: Encoder, here: Rows, there: Rows) -> Iterator[Difference]:
    table = encoder.pair.target.name
    for key in (*here, *(key for key in there if key not in here)):
        ours, theirs = sorted(here.get(key, [])), sorted(there.get(key, []))
        said = _shown_key(encoder, key)
        for one, other in zip(ours, theirs, strict=False):
            yield from _changed(encoder, said, one, other)
        for _ in theirs[len(ours) :]:
            yield Difference(table, said, DifferenceKind.DOUBLED if ours else DifferenceKind.EXTRA)
        for _ in ours[len(theirs) :]:
            yield Difference(table, said, DifferenceKind.MISSING)


def _changed(encoder: Encoder, key: str, ours: Fields, theirs: Fields) -> Iterator[Difference]:
    for name, one, other in zip(encoder.columns, ours, theirs, strict=True):
        if one != other:
            said = _shown_values(one, other)
            yield Difference(encoder.pair.target.name, key, DifferenceKind.CHANGED, name, *said)


def _from_surplus(encoder: Encoder, found: Iterable[Surplus]) -> Iterator[Difference]:
    """Match the rows of both sides by their key, if they have one."""
    table, names = encoder.pair.target.name, encoder.columns
    here: list[Fields] = []
    there: list[Fields] = []
    for one in found:
        fields = tuple(_FIELD.findall(one.line))
        if one.also_elsewhere or not encoder.pair.key:
            yield Difference(table, _shown_fields(names, fields), _kind(one))
            continue
        (here if one.ours else there).append(fields)
        if len(here) + len(there) > _MOST_ROWS:
            yield from _compared(encoder, _by_key(encoder, here), _by_key(encoder, there))
            here, there = [], []
    yield from _compared(encoder, _by_key(encoder, here), _by_key(encoder, there))


def _kind(surplus: Surplus) -> DifferenceKind:
    if surplus.ours:
        return DifferenceKind.MISSING
    return DifferenceKind.DOUBLED if surplus.also_elsewhere else DifferenceKind.EXTRA


def _shown_key(encoder: Encoder, key: Fields) -> str:
    return _shown_fields([column.target.name for column in encoder.pair.key], key)


def _shown_fields(names: Sequence[str], fields: Fields) -> str:
    return ", ".join(
        f"{name}={_cut(_shown(field))}" for name, field in zip(names, fields, strict=True)
    )


def _shown_values(one: bytes, other: bytes) -> tuple[str, str]:
    """Return both values from shortly before the first character in which they differ."""
    first, second = _shown(one), _shown(other)
    pairs = enumerate(zip(first, second, strict=False))
    same = next((n for n, (a, b) in pairs if a != b), min(len(first), len(second)))
    start = same - _MOST_SHOWN // 3 if same > _MOST_SHOWN // 2 else 0
    return _cut(first, start), _cut(second, start)


def _cut(text: str, start: int = 0) -> str:
    shown = text[start : start + _MOST_SHOWN]
    return f"{'…' if start else ''}{shown}{'…' if start + _MOST_SHOWN < len(text) else ''}"


def _shown(field: bytes) -> str:
    if not field:
        return "NULL"
    if field == BAD.encode():
        return "a value that cannot be stored"
    if not field.startswith(b'"'):
        return field.decode()
    text = field[1:-1].replace(b'""', b'"')
    with suppress(UnicodeDecodeError):
        return repr(text.decode())
    return repr(text)


@dataclass(frozen=True)
class Surplus:
    """A line that one side has once more often than the other; `ours` is the first side."""

    line: bytes
    ours: bool
    # The other side has it too, but less often.
    also_elsewhere: bool


def surplus(ours: Iterable[bytes], theirs: Iterable[bytes]) -> Iterator[Surplus]:
    """Return the lines that one side has more often; both are sorted, and read only once."""
    here, there = _counted(ours), _counted(theirs)
    one, other = next(here, None), next(there, None)
    while one or other:
        if other is None or (one and one[0] < other[0]):
            assert one  # noqa: S101 - else the loop had ended
            yield from [Surplus(one[0], ours=True, also_elsewhere=False)] * one[1]
            one = next(here, None)
        elif one is None or other[0] < one[0]:
            yield from [Surplus(other[0], ours=False, also_elsewhere=False)] * other[1]
            other = next(there, None)
        else:
            more = one[1] - other[1]
            yield from [Surplus(one[0], ours=more > 0, also_elsewhere=True)] * abs(more)
            one, other = next(here, None), next(there, None)


def _counted(lines: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    for line, same in groupby(lines):
        yield line, sum(1 for _ in same)
