"""`restore`: a dump is brought back into a database beside, and compared."""

from __future__ import annotations

import re
from datetime import datetime

from backend.backup.dump.archive_stream import restore_dump
from backend.backup.dump.contents import compare_with
from backend.backup.dump.settings import DumpSettings
from backend.backup.restore_target import RestoreTarget
from backend.backup.results import Facts, RestorePlan, RestoreResult
from backend.cli.progress import Watcher
from backend.config.database_url import DatabaseUrl
from backend.db import sql
from backend.db.connect import KEEPALIVES, connect
from backend.db.errors import MISSING_RIGHT, translated
from backend.db.session import Session
from backend.errors import FoundWanting, RefusedError

# The app reads the address when it starts, and `up` starts only what is stopped.
_SWITCH = (
    "`stop app-blue app-green`, put the database {} into deploy/secrets/database_url,"
    " then `up --detach`"
)
_LONGEST_NAME = 63
_OF_A_RESTORE = re.compile(r"_\d{8}t\d{6}z(_\d)?\Z", re.ASCII)
_IS_THERE = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = %s)"
# What belongs to an extension, providers put into every new database; of an index only its table
# is said to.
_HOLDS = """
    SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname <> 'information_schema' AND NOT starts_with(n.nspname::text, 'pg_')
        AND c.relkind NOT IN ('i', 'I')
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
            AND d.objid = c.oid AND d.deptype = 'e')"""


def plan_restore(settings: DumpSettings, target: RestoreTarget, now: datetime) -> RestorePlan:
    """Choose the dump and say what is lost by going over to it.

    Raises:
        DataError: there is no such dump, or none that is old enough.
        DamagedError: its manifest is not what was written.
        ConfigError: the key is not there, or opens other dumps.
    """
    repository = settings.repository
    name = repository.choose(target, now)
    manifest = repository.read_manifest(name, repository.key())
    steps = (
        f"into the database {_beside(manifest.database.name, name)} of the same server",
        f"{settings.database} is not touched; who goes on with it loses nothing",
    )
    return RestorePlan(name, manifest.at, now, steps)


def restore_beside(settings: DumpSettings, plan: RestorePlan, watcher: Watcher) -> RestoreResult:
    """Restore a dump into an empty database, and compare every row.

    Raises:
        RefusedError: the database holds something, or this login may not make one.
        FoundWanting: what came back is not what the manifest says.
    """
    repository = settings.repository
    key = repository.key()
    manifest = repository.read_manifest(plan.backup, key)
    target = settings.database.with_database(_beside(manifest.database.name, plan.backup))
    watcher.stage("restore")
    _require_empty(settings.database, target)
    restore_dump(repository.archive(plan.backup), key, target, search_path=settings.search_path)
    watcher.stage("compare")
    found = list(compare_with(manifest, target, settings.search_path, watcher))
    if found:
        raise FoundWanting(
            f"{plan.backup} did not come back as it was: {'; '.join(found)}",
            hint=f"nothing was switched; drop {target}, and take another dump with --to NAME",
        )
    name = target.params["dbname"]
    facts: Facts = {"into": name, "rows": manifest.contents.rows, "next": _SWITCH.format(name)}
    return RestoreResult(plan, "", facts)


def _beside(database: str, backup: str) -> str:
    """Return the name of the database that a dump is restored into: each has its own.

    One that a restore has made is called after the first of all: names would grow with each.
    """
    moment = f"_{backup.removeprefix('backup-').lower().replace('-', '_')}"
    first = _OF_A_RESTORE.sub("", database).encode()
    # The server cuts longer ones off, the moment first.
    return first[: _LONGEST_NAME - len(moment)].decode(errors="ignore") + moment


def _require_empty(database: DatabaseUrl, target: DatabaseUrl) -> None:
    name = target.params["dbname"]
    with connect(database, KEEPALIVES) as session, translated("looking for an empty database"):
        ((is_there,),) = session.execute(_IS_THERE, (name,)).fetchall()
        if not is_there:
            _make(session, name)
    with connect(target, KEEPALIVES) as session, translated("looking into an empty database"):
        ((holds,),) = session.execute(_HOLDS).fetchall()
    if holds:
        raise RefusedError(
            f"the database {name} is not empty, and nothing was restored",
            hint="it may be what an earlier restore has brought: drop it, or go on with it",
        )


def _make(session: Session, name: str) -> None:
    try:
        session.execute(sql.statement("CREATE DATABASE {}", sql.name(name)))
    except MISSING_RIGHT:
        raise RefusedError(
            f"this login may not make the database {name}, and nothing was restored",
            hint="make an empty one of that name by the provider's means, then run this again",
        ) from None
