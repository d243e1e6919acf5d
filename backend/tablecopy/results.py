"""What the parts of a copy hand to each other: ranges of keys, and what was found in them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# Rows that are copied, and compared, at a time.
BATCH_ROWS = 10_000

# A row's key as SQLite stores it: int, str, bytes or float for each of its columns.
RowKey = tuple[Any, ...]  # Any: SQLite types values, not columns


@dataclass(frozen=True)
class KeyRange:
    """The rows whose key is greater than `after` and at most `upto`; None is no border.

    Of a pair that is not `ordered` it is the source's own key, often its rowid.
    """

    after: RowKey | None = None
    upto: RowKey | None = None


@dataclass(frozen=True)
class RangeDigest:
    """How many rows a range holds, and a digest over their canonical text in key order."""

    rows: int
    digest: str


@dataclass(frozen=True)
class BadValue:
    """A value that the target's column cannot hold as it is; `value` is shortened for people."""

    table: str
    key: str
    column: str
    value: str
    reason: str


class DifferenceKind(StrEnum):
    """In which way a row differs."""

    MISSING = "missing"
    EXTRA = "extra"
    CHANGED = "changed"
    DOUBLED = "doubled"


@dataclass(frozen=True)
class Difference:
    """One row, or one value of a row, that is not the same on both sides."""

    table: str
    key: str
    kind: DifferenceKind
    column: str = ""
    source: str = ""
    target: str = ""
