"""The keys by which one table differs between two databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from backend.capture.tables import Key, Row, SyncedTable


@dataclass
class KeyDiff:
    """Keys of one table's rows: only on one side, only on the other, on both but not the same."""

    only_left: list[Key] = field(default_factory=list)
    only_right: list[Key] = field(default_factory=list)
    differing: list[Key] = field(default_factory=list)
    same: int = 0


def diff_keys(table: SyncedTable, left: Iterator[Row], right: Iterator[Row]) -> KeyDiff:
    """Walk through both sides in the order of their keys; rows are of visible values."""
    found = KeyDiff()
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        # Most rows are the same; their keys need not be looked at.
        if one == other:
            found.same += 1
            one, other = next(left, None), next(right, None)
            continue
        own = None if one is None else _sorting(table.key_of(one))
        their = None if other is None else _sorting(table.key_of(other))
        if their is None or (own is not None and own < their):
            assert one is not None  # noqa: S101 - else its key would be None
            found.only_left.append(table.key_of(one))
            one = next(left, None)
        elif own is None or their < own:
            assert other is not None  # noqa: S101 - as above
            found.only_right.append(table.key_of(other))
            other = next(right, None)
        else:
            assert one is not None  # noqa: S101 - as above
            found.differing.append(table.key_of(one))
            one, other = next(left, None), next(right, None)
    return found


def _sorting(key: Key) -> tuple[int | str | bytes, ...]:
    """Return a key such that Python sorts it as both engines do: texts by their bytes."""
    return tuple(value.encode() if isinstance(value, str) else int(value or 0) for value in key)
