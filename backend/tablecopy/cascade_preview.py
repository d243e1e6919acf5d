"""What an update would do to tables that are left alone.

That depends on which rows the source has, so their keys, and what else is referred to, are put
beside the target's, in temporary tables of a transaction that is taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from backend.db.sqlite_reader import file_errors
from backend.errors import DataError
from backend.schema.match import TablePair
from backend.schema.references import Reference, references
from backend.tablecopy.cascades import Reached, reached
from backend.tablecopy.encoder import encoder
from backend.tablecopy.postgres.session import Session, translated
from backend.tablecopy.results import KeyRange
from backend.tablecopy.sqlite.connection import SourceConnection
from backend.tablecopy.sqlite.csv_chunks import read_chunk
from backend.tablecopy.upsert_sql import Merge
from backend.values.conversion import Casts


@dataclass(frozen=True)
class Outlook:
    """Both sides, before anything is written."""

    source: SourceConnection
    session: Session
    pairs: Sequence[TablePair]
    casts: Casts

    def references(self) -> tuple[Reference, ...]:
        """Return what refers to the tables that travel, and to what hangs on them."""
        if not self.pairs:
            return ()
        names = [pair.target.name for pair in self.pairs]
        return references(self.session, self.pairs[0].target.schema, names)

    def of_an_update(self, *, deletes: bool) -> tuple[Reached, ...]:
        """Return what would be reached in tables that do not travel.

        Raises:
            DataError: a value of the source cannot be put beside the target's.
        """
        found = [one for one in self.references() if not (one.parent.ours and one.child.ours)]
        if not found:
            return ()
        with self._staged(found) as merges:
            for merge in merges if deletes else ():
                self.session.execute(merge.find_extra(KeyRange()))
            return reached(self.session, merges, found, deletes=deletes)

    @contextmanager
    def _staged(self, found: Sequence[Reference]) -> Iterator[list[Merge]]:
        wanted = {one.parent.name for one in found if one.parent.ours}
        pairs = [pair for pair in self.pairs if pair.target.name in wanted]
        with (
            translated("looking at what refers to the tables"),
            self.session.transaction(force_rollback=True),
        ):
            merges = [Merge(_needed(pair, found), place) for place, pair in enumerate(pairs)]
            for merge in merges:
                self._stage(merge)
            yield merges

    def _stage(self, merge: Merge) -> None:
        self.session.execute(merge.stage())
        reading = encoder(merge.pair, self.casts)
        with (
            file_errors(self.source.path),
            self.session.cursor() as cursor,
            cursor.copy(merge.copy()) as copy,
        ):
            if read_chunk(self.source, reading, KeyRange(), copy.write).bad:
                raise DataError(f"{merge.pair.source.name} holds values that cannot be stored")
        self.session.execute(merge.index_stage())


def _needed(pair: TablePair, found: Iterable[Reference]) -> TablePair:
    """Leave out the columns that neither tell rows apart nor are referred to."""
    if not Merge(pair, 0).has_key:
        return pair
    wanted = {name for one in found if one.parent.name == pair.target.name for name in one.referred}
    columns = (one for one in pair.columns if one in pair.key or one.target.name in wanted)
    return replace(pair, columns=tuple(columns))
