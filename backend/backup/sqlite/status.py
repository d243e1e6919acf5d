"""`status`: what somebody has to do something about, from what can be read without the key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from backend.backup.archive_folder import DRILL, KEYGEN
from backend.backup.results import BackupRecord, BackupStatus, moment
from backend.backup.sqlite.repository import SQLiteRepository

# A day, and time for the run itself.
_TOO_OLD = timedelta(hours=26)


def read_status(repository: SQLiteRepository, now: datetime) -> BackupStatus:
    """Return how the backups stand."""
    backups = repository.backups()
    newest = backups[-1] if backups else None
    proven = [one for one in backups if one.proven_at]
    newest_proven = proven[-1] if proven else None
    warnings = [
        *_age_warnings(newest, newest_proven, now),
        *_drill_warnings(repository),
        *_key_warnings(repository),
        *repository.incomplete(),
    ]
    facts = {
        "backups": len(backups),
        "bytes": sum(one.bytes for one in backups),
        "key": str(repository.key_path) if repository.key_path.exists() else None,
    }
    return BackupStatus(
        str(repository.database), str(repository.root), newest, newest_proven, warnings, facts
    )


def _age_warnings(
    newest: BackupRecord | None, proven: BackupRecord | None, now: datetime
) -> Iterator[str]:
    if newest is None:
        yield "there is no backup yet: python backend/db_backup.py create"
        return
    if newest.at > now:
        yield f"{newest.name} is from the future: the clock was wrong, then or now"
    if now - newest.at > _TOO_OLD:
        yield f"the newest backup is of {moment(newest.at)}: see whether cron still runs"
    if proven is None:
        yield "no backup is proven: python backend/db_backup.py drill"
    elif now - proven.at > _TOO_OLD:
        yield f"the newest proven backup is of {moment(proven.at)}"


def _drill_warnings(repository: SQLiteRepository) -> Iterator[str]:
    drills = repository.events.read(DRILL)
    if drills and not drills[-1].fields.get("clean"):
        last = drills[-1]
        found = "; ".join(last.fields.get("differences", ()))
        yield f"the drill of {moment(last.at)} FAILED for {last.fields.get('backup')}: {found}"


def _key_warnings(repository: SQLiteRepository) -> Iterator[str]:
    if not repository.is_claimed:
        return
    if not repository.key_path.exists():
        yield f"the key {repository.key_path} is gone: nothing here can be read without it"
    elif not repository.events.read(KEYGEN):
        yield (
            "the key is on this host alone: python backend/db_backup.py keygen prints it, to be"
            " kept elsewhere"
        )
