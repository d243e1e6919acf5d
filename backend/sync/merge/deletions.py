"""Deletions of a merge pass: held back without --deletes or while in use, refused if too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from backend.capture.tables import Key, Row, SyncedTable
from backend.db.chunks import chunks
from backend.errors import RefusedError
from backend.sync.merge.constraints import ConstraintChecks
from backend.sync.merge.context import MergeContext, PlannedWrite
from backend.sync.merge.recorder import MergeRecorder
from backend.sync.result import ConflictKind, Deletion, SyncResult


class DeletionPolicy:
    """Decides which deletions travel; rows that are to be removed wait for the end of the pass."""

    def __init__(
        self,
        context: MergeContext,
        constraints: ConstraintChecks,
        recorder: MergeRecorder,
        result: SyncResult,
    ) -> None:
        self._options = context.options
        self._rows = context.rows
        self._constraints = constraints
        self._recorder = recorder
        self._result = result
        self._removals: list[PlannedWrite] = []
        # Tables of the source with rows whose key is none: one of them may be what is missing.
        self._unclear: set[str] = set()

    def distrust(self, root: SyncedTable) -> None:
        """Let no row of this table be removed: the source may still have it."""
        self._unclear.add(root.name)

    def permitted(self, root: SyncedTable, planned: Sequence[PlannedWrite]) -> list[PlannedWrite]:
        """Return what may be written now; rows that are to be removed are kept for `removals`."""
        travelling = [one for one in planned if one.deletes and self._travels(root, one)]
        self._removals += [one for one in travelling if one.removes]
        marked = [one for one in travelling if not one.removes]
        unused = self._unused(root, marked, self._constraints.users_of_deleted)
        return [*(one for one in planned if not one.deletes), *unused]

    def removals(self) -> Iterator[tuple[SyncedTable, list[PlannedWrite]]]:
        """Return rows to be removed, children first, in batches: each is to be written at once.

        A row that others still refer to when its batch comes is a conflict.
        """
        for _, going in groupby(reversed(self._removals), lambda one: one.change.root.name):
            for piece in chunks(going, self._options.batch_size):
                root = piece[0].change.root
                yield root, self._unused(root, piece, self._constraints.left_behind)

    def refuse_too_many(self) -> None:
        """Check that no more was deleted than --max-deletes allows.

        Raises:
            RefusedError: names the table.
        """
        deleted = Counter(one.table for one in self._result.deletions if one.travelled)
        cap = self._options.max_deletes
        for name, number in deleted.items():
            rows = self._rows.get(name, 0)
            if number > cap.allows(rows):
                raise RefusedError(
                    f"{number:,} of {rows:,} rows of {name} would be deleted; at most {cap} may",
                    hint="see which with --dry-run and without --deletes; if they are meant,"
                    f" say --max-deletes {number}",
                )

    def _travels(self, root: SyncedTable, one: PlannedWrite) -> bool:
        key = one.change.key
        if not self._options.deletes:
            self._result.deletions.append(Deletion(root.name, root.shown(key)))
            return False
        if one.removes and root.name in self._unclear:
            because = "a row whose key is none may be this one"
            self._recorder.conflict(root, key, ConflictKind.UNFIT, because=because)
            return False
        return True

    def _unused(
        self,
        root: SyncedTable,
        planned: list[PlannedWrite],
        users_of: Callable[[SyncedTable, list[Row]], Mapping[Key, str]],
    ) -> list[PlannedWrite]:
        """Return the deletions of rows that nothing uses, and report the others."""
        old = [one.target.state.now[root.name, one.change.key] for one in planned]
        users = users_of(root, old) if old else {}
        for key, user in users.items():
            self._recorder.conflict(root, key, ConflictKind.IN_USE, because=user)
        return [one for one in planned if one.change.key not in users]
