"""A rule: a name, what it says, and a way to find what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Executable
from sqlalchemy.orm import InstrumentedAttribute

# So many rows are fetched at a time: memory stays flat however many rows break a rule.
ROWS_AT_ONCE = 1_000


class About(Enum):
    """What the rows that break a rule together belong to."""

    GROUPS = auto()
    USERS = auto()
    # A single reference; the databases hold these themselves.
    REFERENCES = auto()


@dataclass(frozen=True)
class Only:
    """Which groups, or which accounts, a rule is put to; None: all of them."""

    ids: tuple[UUID, ...] | None = None

    def among(
        self, column: ColumnElement[UUID] | InstrumentedAttribute[UUID]
    ) -> tuple[ColumnElement[bool], ...]:
        """Return what keeps a query from reading the rows of others."""
        return () if self.ids is None else (column.in_(self.ids),)


EVERYTHING = Only()


@dataclass(frozen=True)
class Rule:
    """`find` yields one line for each violation: which row, and what is wrong with it."""

    name: str
    says: str
    find: Callable[[Connection, Only], Iterator[str]]
    about: About = About.GROUPS


def broken_rows(
    query: Callable[[Only], Executable], words: str
) -> Callable[[Connection, Only], Iterator[str]]:
    """Return a finder for a query that gives only broken rows; `words` name its columns."""

    def find(connection: Connection, only: Only) -> Iterator[str]:
        for row in connection.execute(query(only)).yield_per(ROWS_AT_ONCE).mappings():
            yield words.format_map(row)

    return find
