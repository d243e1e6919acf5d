"""How the dumps stand: what is proved, what is wrong, and that no point in time is among it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from backend.backup.archive_folder import DRILL, KEYGEN
from backend.backup.copies import copy_facts, copy_warnings
from backend.backup.drill_records import last_drill_facts
from backend.backup.dump.alarms import alarms
from backend.backup.dump.repository import DumpRepository
from backend.backup.dump.settings import DumpSettings
from backend.backup.notification.notification_status import (
    notification_facts,
    notification_warnings,
)
from backend.backup.results import BackupRecord, BackupStatus, Facts

_OFF = "BACKUPS=off: NOTHING IS BACKED UP; set BACKUPS=on in .env, then `up`"


def read_status(settings: DumpSettings, now: datetime) -> BackupStatus:
    """Return the state of everything, from what can be read without the key."""
    repository = settings.repository
    backups = repository.backups()
    proven = [one for one in backups if one.proven_at]
    warnings = [] if settings.enabled else [_OFF]
    return BackupStatus(
        database=str(settings.database),
        folder=str(repository.root),
        newest=backups[-1] if backups else None,
        newest_proven=proven[-1] if proven else None,
        warnings=[
            *warnings,
            *alarms(repository, now),
            *(_advice(backups) if settings.enabled else ()),
            *repository.incomplete(),
            *key_warnings(repository),
            *copy_warnings(repository.root.parent, now),
            *notification_warnings(settings.keys, repository.root),
        ],
        facts={
            **_facts(repository, backups),
            **copy_facts(repository.root.parent),
            **notification_facts(settings.keys, repository.root),
        },
    )


def key_warnings(repository: DumpRepository) -> Iterator[str]:
    """Yield what stands between the dumps and whoever has only the folder."""
    if repository.is_claimed and not repository.key_path.exists():
        yield f"the key {repository.key_path} is gone: nothing here can be read without it"
    elif not repository.events.read(KEYGEN):
        yield "no escrow: if this host is lost, its dumps cannot be opened; see `keygen`"


def _advice(backups: list[BackupRecord]) -> Iterator[str]:
    if not backups:
        yield "there is no dump yet; the service makes one five minutes after it begins"
    elif not any(one.proven_at for one in backups):
        yield "no dump is proved yet: see `drill`"


def _facts(repository: DumpRepository, backups: list[BackupRecord]) -> Facts:
    return {
        "point_in_time": "none: dumps are of one moment each; what was written since is lost",
        "dumps": len(backups),
        "bytes": sum(one.bytes for one in backups),
        **last_drill_facts(repository.events.read(DRILL)),
    }
