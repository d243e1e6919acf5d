"""Obstacles: reasons why a run would be refused; and the intent by which they are looked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Method(StrEnum):
    """How rows get into the tables of a target."""

    SWAP = "load beside the live tables and exchange them"
    IN_PLACE = "write to the live tables"
    NONE = "only read"


@dataclass(frozen=True)
class Obstacle:
    """One reason why a run would be refused; `way_out` says what to do about it.

    `table` is empty where the reason is about the whole target.
    """

    reason: str
    way_out: str
    table: str = ""

    def __str__(self) -> str:
        return f"{self.table}{': ' if self.table else ''}{self.reason} ({self.way_out})"


@dataclass(frozen=True)
class Intent:
    """What a run is going to do with these tables.

    `staged`: it needs temporary tables. `merged`: rows are written into tables that hold others.
    `tried`: a dry run has shown already that the server creates such tables.
    """

    schema: str
    tables: tuple[str, ...]
    method: Method
    deletes: bool = False
    staged: bool = False
    merged: bool = False
    tried: bool = False

    @property
    def values(self) -> dict[str, object]:
        """Return what queries about the target bind."""
        return {
            "schema": self.schema,
            "tables": list(self.tables),
            "swap": self.method is Method.SWAP,
            "deletes": self.deletes,
            "staged": self.staged,
        }

    @property
    def in_place(self) -> str:
        """Return the flags by which the same rows are written to the live tables."""
        return "--update --delete" if self.deletes else "--update"
