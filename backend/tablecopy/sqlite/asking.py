"""Ask SQLite, and get rows whose shape the question knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import apsw

Row = tuple[Any, ...]  # Any: the question knows the types, the library does not


def ask(connection: apsw.Connection, sql: str, bound: Sequence[object] = ()) -> Iterator[Row]:
    """Run one statement; its rows come as they are asked for."""
    return cast("Iterator[Row]", connection.execute(sql, cast("Any", bound)))
