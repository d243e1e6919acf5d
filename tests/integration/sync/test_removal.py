"""What the guide says under "Stopping to sync" leaves nothing of the sync, and all of the app."""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing

import psycopg
import pytest

from backend.errors import RefusedError
from backend.models import Group
from tests.integration.sync.homes import household
from tests.integration.sync.world import World
from tests.repo.checkout import read

_ON_POSTGRES = """
    SELECT proname FROM pg_proc WHERE proname LIKE 'tablecopy%'
    UNION ALL SELECT relname FROM pg_class WHERE relname LIKE 'tablecopy%'
    UNION ALL SELECT tgname FROM pg_trigger WHERE tgname LIKE 'tablecopy%'"""
_ON_SQLITE = "SELECT name FROM sqlite_master WHERE name LIKE 'tablecopy%'"


def words_of_the_guide(language: str) -> str:
    """Return the one block of this language that the section shows."""
    section = read("docs/DATABASE_SYNC_GUIDE.md").partition("\n## Stopping to sync\n")[2]
    (block,) = re.findall(
        rf"^```{language}\n(.*?)^```", section.partition("\n## ")[0], re.MULTILINE | re.DOTALL
    )
    return str(block)


def stop(world: World) -> None:
    """Do what the guide says."""
    world.close()
    if world.database.path:
        words = words_of_the_guide("sh").replace(
            "backend/instance/hesap_paylas.db", str(world.database.path)
        )
        # SQLite's shell as the apsw package brings it: sqlite3 itself may not be installed.
        words = words.replace("sqlite3 ", f"{sys.executable} -m apsw ")
        subprocess.run(["sh", "-ec", words], check=True)
        return
    with psycopg.connect(world.database.conninfo(), autocommit=True) as session:
        session.execute(words_of_the_guide("sql").encode())


def left(world: World) -> list[object]:
    """Return the names of what is still there of the sync."""
    if world.database.path:
        with closing(sqlite3.connect(world.database.path)) as file:
            return [row[0] for row in file.execute(_ON_SQLITE)]
    with psycopg.connect(world.database.conninfo()) as session:
        return [row[0] for row in session.execute(_ON_POSTGRES)]


def test_nothing_of_the_sync_is_left_and_the_app_goes_on(pair) -> None:
    home = household(pair.local)
    pair.push()
    before = pair.local.dump()
    assert left(pair.local)
    assert left(pair.remote)

    stop(pair.local)
    stop(pair.remote)

    assert left(pair.local) == left(pair.remote) == []
    assert pair.local.dump() == pair.remote.dump() == before
    pair.local.change(Group, home.group, name="Later")
    again = pair.push()
    # Without a base nobody can say which of two names is the later one.
    assert again.first
    assert [one.table for one in again.open_conflicts] == ["groups"]


def test_after_one_side_alone_the_next_run_is_refused(pair) -> None:
    household(pair.local)
    pair.push()

    stop(pair.remote)

    with pytest.raises(RefusedError, match="has never been synced, or was emptied or replaced"):
        pair.push()
