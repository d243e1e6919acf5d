"""What a restored cluster must be before anybody's data is exchanged for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from backend.backup.cluster.cluster_snapshot import open_databases
from backend.backup.cluster.manifest import Manifest
from backend.backup.cluster.restored_contents import read_restored
from backend.backup.postgres.contents import DatabaseContents
from backend.backup.postgres.manifest_difference import differences
from backend.backup.postgres.programs import run_program
from backend.backup.restore.paused_server import PausedServer
from backend.backup.results import Facts
from backend.cli.progress import Watcher
from backend.config.database_url import DatabaseUrl
from backend.db.connect import KEEPALIVES, connect
from backend.db.errors import translated
from backend.errors import FoundWanting

_MOST_DIFFERENCES = 10
_HAS_AMCHECK = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'amcheck')"


@dataclass(frozen=True)
class RestoredCluster:
    """What the checks have read of it."""

    contents: Mapping[str, DatabaseContents]
    facts: Facts = field(default_factory=dict)


def check_restored(
    server: PausedServer, manifest: Manifest | None, search_path: str, watcher: Watcher
) -> RestoredCluster:
    """Read every row of every database; compare with the manifest if there is one for this state.

    Raises:
        FoundWanting: it is not what was there; says what differs.
    """
    without = manifest.not_compared if manifest else ()
    contents = read_restored(server.database, search_path, watcher, without=without)
    if manifest:
        found = list(differences(manifest.databases, contents))
        if found:
            raise FoundWanting(
                "the restored data is not what was there: " + "; ".join(found[:_MOST_DIFFERENCES]),
                hint="nothing was switched; choose another backup, and look at the repository",
            )
    unchecked = _check_indexes(server.database, search_path)
    return RestoredCluster(contents, _facts(contents, manifest, unchecked))


def _check_indexes(server: DatabaseUrl, search_path: str) -> list[str]:
    """Compare indexes with their tables; return the databases in which that was not possible."""
    databases = open_databases(server)
    able = [name for name, database in databases.items() if _has_amcheck(database)]
    if able:
        names = [f"--database={name}" for name in able]
        where = [f"--host={server.params['host']}", f"--username={server.params['user']}"]
        result = run_program(
            ["pg_amcheck", "--heapallindexed", "--no-password", *where, *names],
            {"PATH": search_path, "LANG": "C.UTF-8"},
        )
        if result.exit_code:
            raise FoundWanting(
                f"tables or indexes of the restored cluster are damaged: {result.last_words()}",
                hint="nothing was switched; choose another backup",
            )
    return sorted(databases.keys() - set(able))


def _has_amcheck(database: DatabaseUrl) -> bool:
    with connect(database, KEEPALIVES) as session, translated("looking for amcheck"):
        return bool(session.execute(_HAS_AMCHECK).fetchall()[0][0])


def _facts(
    contents: Mapping[str, DatabaseContents], manifest: Manifest | None, unchecked: list[str]
) -> Facts:
    levels = [one.levels for one in contents.values() if one.levels]
    rows = sum(one.rows for one in contents.values())
    return {
        "rows": rows,
        "compared_with": manifest.point.name if manifest else None,
        "schema": f"expand {levels[0][0]}, contract {levels[0][1]}" if levels else None,
        "indexes_not_checked_in": ", ".join(unchecked) or None,
    }
