"""Whose backups are meant: the stack's cluster in its own image, else the configured database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from backend.backup.backups import Backups
from backend.backup.restore_target import THIS_HOST, BackupSource
from backend.config.backup_settings import load_backup_settings
from backend.config.database_choice import DatabaseChoice, choose_database
from backend.errors import RefusedError, UsageError

_STACK = "docker compose -f deploy/docker-compose.prod.pg.yml run --rm backup"
# Set where a service dumps a database that somebody else runs, and nowhere else.
_DUMP_KEYS = "DUMP_KEY_DIR"


def open_backups(
    db: Path | None, environ: Mapping[str, str], source: BackupSource = THIS_HOST
) -> Backups:
    """Return the backups of the database that is meant.

    Raises:
        RefusedError: it is a Postgres that this command does not run beside.
    """
    settings = load_backup_settings(environ)
    if settings.subject == "cluster":
        return _cluster(db, environ, source)
    if source != THIS_HOST:
        raise UsageError("--cluster and --escrow are for the stack's cluster")
    if environ.get(_DUMP_KEYS):
        return _dumps(db, environ)
    database = choose_database(DatabaseChoice(path=db), environ)
    if database.path is None:
        raise RefusedError(
            f"{database} is a Postgres, which is backed up by the service beside it",
            hint=f"of the stack: {_STACK} create; of a provider: by the provider's own backups",
        )
    # Either side is loaded alone: the image of the stack's service has no app in it.
    from backend.backup.sqlite.sqlite_backups import SQLiteBackups

    # A link stays one: it is the file behind it that a restore replaces.
    return SQLiteBackups(database.path.resolve(), settings.folder)


def _dumps(db: Path | None, environ: Mapping[str, str]) -> Backups:
    if db is not None:
        raise UsageError("--db names a SQLite file, and this service dumps a Postgres")
    from backend.backup.dump.dump_backups import DumpBackups
    from backend.backup.dump.settings import load_dump_settings

    return DumpBackups(lambda: load_dump_settings(environ))


def _cluster(db: Path | None, environ: Mapping[str, str], source: BackupSource) -> Backups:
    if db is not None:
        raise UsageError("--db names a SQLite file, and this image backs up the stack's cluster")
    from backend.backup.cluster.cluster_backups import ClusterBackups
    from backend.backup.cluster.settings import load_cluster_settings
    from backend.backup.escrow import bring_escrow

    return ClusterBackups(bring_escrow(load_cluster_settings(environ), source))
