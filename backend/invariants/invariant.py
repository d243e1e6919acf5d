"""An invariant: its name, what it says, and how to find the rows that break it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Executable
from sqlalchemy.orm import InstrumentedAttribute

# So many rows are fetched at a time: memory stays flat however many rows break a rule.
ROWS_AT_ONCE = 1_000


class Subject(Enum):
    """What the rows of an invariant belong to."""

    GROUPS = auto()
    USERS = auto()
    # A single reference; the databases hold these themselves.
    REFERENCES = auto()


@dataclass(frozen=True)
class IdFilter:
    """The ids of the groups or accounts to check; None: all of them."""

    ids: tuple[UUID, ...] | None = None

    def among(
        self, column: ColumnElement[UUID] | InstrumentedAttribute[UUID]
    ) -> tuple[ColumnElement[bool], ...]:
        """Return the condition that limits a query to these ids."""
        return () if self.ids is None else (column.in_(self.ids),)


EVERYTHING = IdFilter()


@dataclass(frozen=True)
class Invariant:
    """`find` yields one line for each violation: which row, and what is wrong with it."""

    name: str
    says: str
    find: Callable[[Connection, IdFilter], Iterator[str]]
    subject: Subject = Subject.GROUPS


def broken_rows(
    query: Callable[[IdFilter], Executable], words: str
) -> Callable[[Connection, IdFilter], Iterator[str]]:
    """Return a finder for a query that gives only broken rows; `words` name its columns."""

    def find(connection: Connection, within: IdFilter) -> Iterator[str]:
        for row in connection.execute(query(within)).yield_per(ROWS_AT_ONCE).mappings():
            yield words.format_map(row)

    return find
