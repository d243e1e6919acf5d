"""The archive, looked at from outside: is all the WAL there that a point in time needs?

When the repository is full, pgBackRest drops WAL and reports success, and to the server all looks
well. So what counts is which segments lie in the repository.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.repository import ClusterFolder
from backend.backup.cluster.wal import Gap, WalSegment, chain, gaps, lsn_number, parse_history
from backend.backup.results import moment
from backend.config.database_url import DatabaseUrl
from backend.db.connect import KEEPALIVES, connect
from backend.db.errors import translated

# What is before the segment of this position was closed, and its archiving asked for.
_CURRENT = "SELECT pg_walfile_name(pg_current_wal_flush_lsn())"
_READY = ".ready"
_WAL_NAME_LENGTH = 24


@dataclass(frozen=True)
class ArchiveState:
    """What is in the repository, what is on its way, and what is lost.

    `lost` are the gaps since the oldest backup that is kept; `open_gap` is the one, if any, after
    which no backup was begun: until one is, no point in time behind it can be reached. Any one from
    `reachable_since` on can be.
    """

    newest: WalSegment | None = None
    newest_at: datetime | None = None
    waiting: int = 0
    lost: Sequence[Gap] = ()
    open_gap: Gap | None = None
    reachable_since: datetime | None = None
    reachable_until: datetime | None = None

    def warnings(self) -> list[str]:
        """Return what somebody has to know."""
        if self.open_gap is None:
            return []
        until = f" since {moment(self.reachable_until)}" if self.reachable_until else ""
        return [
            f"no point in time{until}: {self.open_gap}"
            " (dropped when the repository was full, or removed); a new full backup heals it"
        ]


@dataclass(frozen=True)
class ServerWal:
    """What the server has written, and what it has not brought to the repository yet."""

    current: WalSegment
    waiting: frozenset[WalSegment] = frozenset()
    left_at: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LostWal:
    """The gaps in the WAL of the server's history, and what they mean for a point in time."""

    gaps: Sequence[Gap]
    open_gap: Gap | None
    reachable_since: datetime | None


def inspect_archive(
    folder: ClusterFolder, data: Path, server: DatabaseUrl, backups: Sequence[BackupSet]
) -> ArchiveState:
    """Compare the repository with the running server.

    Raises:
        DatabaseError: the server does not answer.
    """
    # In this order: what was on its way when we looked at the server may have arrived since.
    wal = _server_wal(data, server)
    there = folder.archived()
    lost = find_lost(wal, backups, there)
    own = [segment for segment in there if segment.timeline == wal.current.timeline]
    newest = max(own, default=None)
    return ArchiveState(
        newest=newest,
        newest_at=folder.archived_until(newest) if newest else None,
        waiting=len(wal.waiting),
        lost=lost.gaps,
        open_gap=lost.open_gap,
        reachable_since=lost.reachable_since,
        reachable_until=_reachable_until(folder, lost.open_gap),
    )


def find_lost(wal: ServerWal, backups: Sequence[BackupSet], there: set[WalSegment]) -> LostWal:
    """Return what is missing between the oldest backup of this history and the server."""
    # One that a restore has abandoned may lie behind a gap, and heals nothing of this history.
    ours = [one for one in backups if is_of_history(one, wal.current.timeline, wal.left_at)]
    found = _gaps_since(ours, wal, there | wal.waiting)
    return LostWal(found, unhealed(found, ours), _reachable_since(found, ours))


def _gaps_since(ours: Sequence[BackupSet], wal: ServerWal, there: set[WalSegment]) -> Sequence[Gap]:
    if not ours:
        return []
    first = min(WalSegment.parse(one.first_wal) for one in ours)
    closed = [one for one in chain(first, wal.current, wal.left_at) if one != wal.current]
    return gaps(closed, there)


def is_of_history(one: BackupSet, timeline: int, left_at: Mapping[int, str]) -> bool:
    """Tell whether a backup leads to where the server is, or to what a restore has abandoned."""
    if one.timeline == timeline:
        return True
    left = left_at.get(one.timeline)
    return left is not None and lsn_number(one.stop_lsn) <= lsn_number(left)


def unhealed(found: Sequence[Gap], backups: Sequence[BackupSet]) -> Gap | None:
    """Return the newest gap if no backup was begun behind it."""
    if not found:
        return None
    begun = max((WalSegment.parse(one.first_wal).number for one in backups), default=-1)
    return None if begun > found[-1].last.number else found[-1]


def _server_wal(data: Path, server: DatabaseUrl) -> ServerWal:
    with connect(server, KEEPALIVES) as session, translated("asking for the newest WAL"):
        ((name,),) = session.execute(_CURRENT).fetchall()
    current = WalSegment.parse(name)
    status = (data / "pg_wal" / "archive_status").glob(f"*{_READY}")
    names = [path.name.removesuffix(_READY) for path in status]
    waiting = frozenset(WalSegment.parse(n) for n in names if len(n) == _WAL_NAME_LENGTH)
    history: dict[int, str] = {}
    with suppress(FileNotFoundError):  # of the first timeline there is none
        path = data / "pg_wal" / f"{current.timeline:08X}.history"
        history = parse_history(path.read_text(encoding="utf-8"))
    return ServerWal(current, waiting, history)


def _reachable_since(found: Sequence[Gap], backups: Sequence[BackupSet]) -> datetime | None:
    end = found[-1].last.number if found else -1
    behind = [one for one in backups if WalSegment.parse(one.first_wal).number > end]
    return min((one.stopped for one in behind), default=None)


def _reachable_until(folder: ClusterFolder, gap: Gap | None) -> datetime | None:
    return folder.archived_until(gap.before) if gap and gap.before else None
