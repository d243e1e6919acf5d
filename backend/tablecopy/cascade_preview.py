"""What an update would do, by referential actions, to tables that it does not write.

That depends on which rows the source has, so their keys, and what else is referred to, are staged
in temporary tables of a transaction that is rolled back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from backend.db.errors import translated
from backend.db.session import Session
from backend.db.sqlite_reader import file_errors
from backend.errors import DataError
from backend.schema.match import TablePair
from backend.schema.references import Reference, references
from backend.tablecopy.cascades import CascadeEffect, follow_cascades
from backend.tablecopy.encoder import encoder
from backend.tablecopy.results import KeyRange
from backend.tablecopy.sqlite.connection import SourceConnection
from backend.tablecopy.sqlite.csv_chunks import read_chunk
from backend.tablecopy.upsert_sql import StagedTable
from backend.values.conversion import Casts


@dataclass(frozen=True)
class CascadePreview:
    """Both databases, before anything is written."""

    source: SourceConnection
    session: Session
    pairs: Sequence[TablePair]
    casts: Casts

    def references(self) -> tuple[Reference, ...]:
        """Return what refers to the tables that are written, directly or through others."""
        if not self.pairs:
            return ()
        names = [pair.target.name for pair in self.pairs]
        return references(self.session, self.pairs[0].target.schema, names)

    def effects(self, *, deletes: bool) -> tuple[CascadeEffect, ...]:
        """Return the effects of an update on tables that it does not write.

        Raises:
            DataError: a value of the source cannot be staged.
        """
        found = [one for one in self.references() if not (one.parent.ours and one.child.ours)]
        if not found:
            return ()
        with self._staged(found) as stages:
            for staged in stages if deletes else ():
                self.session.execute(staged.find_extra(KeyRange()))
            return follow_cascades(self.session, stages, found, deletes=deletes)

    @contextmanager
    def _staged(self, found: Sequence[Reference]) -> Iterator[list[StagedTable]]:
        wanted = {one.parent.name for one in found if one.parent.ours}
        pairs = [pair for pair in self.pairs if pair.target.name in wanted]
        with (
            translated("looking at what refers to the tables"),
            self.session.transaction(force_rollback=True),
        ):
            stages = [
                StagedTable(_needed_columns(pair, found), place) for place, pair in enumerate(pairs)
            ]
            for staged in stages:
                self._stage(staged)
            yield stages

    def _stage(self, staged: StagedTable) -> None:
        self.session.execute(staged.create())
        reading = encoder(staged.pair, self.casts)
        with (
            file_errors(self.source.path),
            self.session.cursor() as cursor,
            cursor.copy(staged.copy()) as copy,
        ):
            if read_chunk(self.source, reading, KeyRange(), copy.write).bad:
                raise DataError(f"{staged.pair.source.name} holds values that cannot be stored")
        self.session.execute(staged.index_stage())


def _needed_columns(pair: TablePair, found: Iterable[Reference]) -> TablePair:
    """Leave out the columns that are neither part of the key nor referred to."""
    if not StagedTable(pair, 0).has_key:
        return pair
    wanted = {name for one in found if one.parent.name == pair.target.name for name in one.referred}
    columns = (one for one in pair.columns if one in pair.key or one.target.name in wanted)
    return replace(pair, columns=tuple(columns))
