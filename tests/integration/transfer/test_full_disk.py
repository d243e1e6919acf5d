"""A disk fills up in the middle: on either side nothing has happened, and more room heals it."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg import sql

from backend.config.database_url import DatabaseUrl
from tests.fix_missing import not_here
from tests.fix_postgres import NOBODY, PostgresServer
from tests.integration.transfer.conftest import contents, counts, write
from tests.integration.transfer.test_interrupted import finished

MakeDisk = Callable[[Path, int], Path]
# With pytest's folders before it, the sockets of the workers would have names that are too long.
SHORT = "disk-"


@pytest.fixture
def make_disk() -> Iterator[MakeDisk]:
    """Make disks of so many megabytes."""
    disks: list[Path] = []

    def make(disk: Path, megabytes: int) -> Path:
        disk.mkdir(exist_ok=True)
        if not _mounted("-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", disk):
            not_here("a small disk cannot be mounted here; root outside of a container can")
        disks.append(disk)
        return disk

    yield make
    for disk in disks:
        subprocess.run(["umount", disk], check=True)
        disk.rmdir()


def _mounted(*words: str | Path) -> bool:
    if os.geteuid() != 0:
        return False
    return subprocess.run(["mount", *words], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("how", ["scratch", "archive"])
def test_a_full_disk_on_our_side_touches_nothing(
    how, large, target, make_disk, monkeypatch
) -> None:
    # A file with a rollback journal is read from a copy.
    write(large, "PRAGMA journal_mode = DELETE")
    before = large.path.read_bytes()
    disk = make_disk(Path(tempfile.mkdtemp(prefix=SHORT)), 1)
    assert len(before) > 2**20
    flags: tuple[str | Path, ...] = ("--archive-sqlite", "--archive-dir", disk)
    if how == "scratch":
        monkeypatch.setenv("TMPDIR", str(disk))
        flags = ()

    ran = finished(large, target, *flags)

    assert ran.returncode == 69, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "full" in ran.stderr or "No space" in ran.stderr
    assert not any(counts(target).values())
    assert large.path.read_bytes() == before
    assert [path for path in disk.rglob("*") if path.is_file()] == []


@pytest.fixture
def cramped(own_postgres_server: PostgresServer, make_disk: MakeDisk) -> Iterator[DatabaseUrl]:
    """A migrated database on a disk with little room."""
    disk = make_disk(own_postgres_server.folder / "small", 11)
    os.chown(disk, NOBODY, NOBODY)
    database = own_postgres_server.url.with_database("cramped")
    own_postgres_server.execute(
        sql.SQL("CREATE TABLESPACE small LOCATION {}").format(sql.Literal(str(disk))),
        "CREATE DATABASE cramped TABLESPACE small",
    )
    yield database
    own_postgres_server.drop_database(database)
    own_postgres_server.execute("DROP TABLESPACE small")


def test_a_full_disk_of_the_server_leaves_the_target_as_it_was(
    large, cramped, own_postgres_server
) -> None:
    before = large.path.read_bytes()

    ran = finished(large, cramped, "--migrate")

    assert ran.returncode == 69, ran.stderr
    assert "Traceback" not in ran.stderr
    assert not any(counts(cramped).values())
    disk = own_postgres_server.folder / "small"
    assert _mounted("-o", "remount,size=64m", disk)
    assert finished(large, cramped).returncode == 0
    assert contents(cramped) == contents(large)
    assert large.path.read_bytes() == before
