"""The log of changes that a database keeps, whichever engine it runs on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

from backend.capture.tables import Key, Row, SyncedTable, SyncedTables


@dataclass(frozen=True)
class ChangeLogEntry:
    """A row that was changed since the last sync; `base` is what it was then, None: not there.

    `stamp` is another one after every further change.
    """

    table: str
    key: Key
    base: Row | None
    stamp: int


@dataclass(frozen=True)
class SyncState:
    """What a database remembers of the last sync.

    `previous` is set between the two commits of a sync, on the side that commits first; `coming`
    before them, on the other side: the tokens that the first one may come to hold. `generation`
    counts the syncs; `seen` is the number of the other side's last change when they met.
    """

    token: str
    previous: str = ""
    synced_at: str = ""
    coming: str = ""
    generation: int = 0
    seen: int = 0


def sync_state_from(held: Mapping[str, Any]) -> SyncState:  # texts and numbers
    """Return what a row holds by its columns' names; the first release had fewer of them."""
    return SyncState(
        **{each.name: held[each.name] for each in fields(SyncState) if each.name in held}
    )


class CaptureCheck(Protocol):
    """Whether the log holds every change since the last sync."""

    @property
    def problem(self) -> str:
        """Say why it may lack some; empty: it holds every change."""

    @property
    def is_outdated(self) -> bool:
        """Tell that the triggers were made by an older release, or on another server."""

    def of(self, tables: SyncedTables) -> CaptureCheck:
        """Return the check of these tables."""


class ChangeLog(Protocol):
    """The log of one database; every statement belongs to whatever transaction is open."""

    def install(self, tables: SyncedTables) -> None:
        """Begin to capture changes, or make sure of it."""

    def renew(self, tables: SyncedTables) -> None:
        """Bring the triggers up to date, and forget nothing."""

    def remember(self, state: SyncState, tables: SyncedTables) -> int:
        """Keep this until the next sync; return the number of the last change."""

    def expect(self, tokens: str) -> int:
        """Keep the tokens that the other side may come to hold; return the last change's number."""

    def start_over(self) -> None:
        """Forget the log and the last sync."""

    def touched_roots(self, tables: Sequence[SyncedTable]) -> list[Key]:
        """Return the keys of all owners of which a row has an entry."""

    def entries(self, tables: Sequence[SyncedTable], roots: Sequence[Key]) -> list[ChangeLogEntry]:
        """Return the entries of the rows that belong to these owners."""

    def forget(self, entries: Iterable[ChangeLogEntry]) -> None:
        """Remove entries, unless their rows were changed again meanwhile."""

    def note(self, table: SyncedTable, bases: Mapping[Key, Row | None]) -> None:
        """Write entries as if these rows had been changed since the last sync."""

    def rekey(self, old: Key, new: Key) -> None:
        """Give the entries of a row, and of what belongs to it, another key."""
