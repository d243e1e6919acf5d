"""A rule: a name, what it says, and a way to find what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Executable

# So many rows are fetched at a time: memory stays flat however many rows break a rule.
ROWS_AT_ONCE = 1_000


@dataclass(frozen=True)
class Rule:
    """`find` yields one line for each violation: which row, and what is wrong with it."""

    name: str
    says: str
    find: Callable[[Connection], Iterator[str]]


def broken_rows(query: Executable, words: str) -> Callable[[Connection], Iterator[str]]:
    """Return a finder for a query that gives only broken rows; `words` name its columns."""

    def find(connection: Connection) -> Iterator[str]:
        for row in connection.execute(query).yield_per(ROWS_AT_ONCE).mappings():
            yield words.format_map(row)

    return find
