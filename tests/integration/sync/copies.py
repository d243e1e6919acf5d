"""Copies of a whole database, to begin again from."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from backend.config.database_url import DatabaseUrl
from tests.fix_postgres import PostgresServer
from tests.integration.sync.world import World


@dataclass(frozen=True)
class Copy:
    """A database that nobody is connected with."""

    database: DatabaseUrl

    def remove(self, server: PostgresServer) -> None:
        """Drop it, if it is on a server; a file goes with its folder."""
        if self.database.path is None:
            server.drop_database(self.database)


def kept(world: World, server: PostgresServer, path: Path) -> Copy:
    """Copy a database as it is now."""
    world.close()
    if world.database.path is None:
        return Copy(server.new_database(world.database))
    with closing(sqlite3.connect(world.database.path)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(world.database.path, path)
    return Copy(DatabaseUrl("sqlite", path=path))


def put_back(world: World, copy: Copy, server: PostgresServer) -> None:
    """Put a copy in the place of a database, as a restore does."""
    world.close()
    if world.database.path is None:
        server.copy_database(copy.database, world.database)
        return
    assert copy.database.path
    for suffix in ("-wal", "-shm"):
        Path(f"{world.database.path}{suffix}").unlink(missing_ok=True)
    shutil.copyfile(copy.database.path, world.database.path)
