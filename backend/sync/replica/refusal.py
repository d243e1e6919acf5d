"""That a database refuses a row by a rule of its own, and which of several rows it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from backend.sync.merge.result import ConflictKind

if TYPE_CHECKING:
    from backend.sync.replica.replica import Side

T = TypeVar("T")


@dataclass(frozen=True)
class Refusal:
    """What a database says of a row, without its values.

    `may_pass`: somebody else's write may be the cause, which a new look at the database shows.
    """

    says: str
    may_pass: bool = False
    kind: ConflictKind = ConflictKind.REFUSED


class RowRefusedError(Exception):
    """Rows were refused; what was open is to be rolled back."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.says)
        self.refusal = refusal


def refused(
    side: Side, things: Sequence[T], put: Callable[[Sequence[T]], None]
) -> Iterator[tuple[T, Refusal]]:
    """Put things into a database, by halves where it refuses some; return those that it refuses."""
    try:
        with side.savepoint(), side.batch():
            put(things)
    except RowRefusedError as error:
        if len(things) == 1:
            yield things[0], error.refusal
            return
        middle = len(things) // 2
        yield from refused(side, things[:middle], put)
        yield from refused(side, things[middle:], put)
