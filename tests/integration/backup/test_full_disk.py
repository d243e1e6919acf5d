"""A disk without room: said before anything is written, or nothing is left of what was."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from backend.backup import keys
from backend.backup.room import check_room
from backend.backup.sqlite.archive_file import write_archive
from backend.errors import DatabaseError
from tests.fix_missing import not_here
from tests.integration.backup.shop import ROOT, Shop

_LIMIT = (resource.RLIMIT_FSIZE, (40_000, 40_000))


def limited(shop: Shop, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command whose files may have 40 kB and no more: a disk that is full in the middle."""
    return subprocess.run(
        [sys.executable, "backend/db_backup.py", *arguments, "--db", str(shop.path)],
        check=False,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(*_LIMIT),
    )


def test_a_copy_that_cannot_be_written_leaves_nothing(shop: Shop) -> None:
    first = shop.create()

    done = limited(shop, "create")

    assert done.returncode == 69, done.stderr
    assert [one.name for one in shop.backups.list_backups().backups] == [first.name]
    assert shop.left_over() == []


def test_a_drill_that_cannot_write_is_no_difference(shop: Shop) -> None:
    shop.create()

    done = limited(shop, "drill")

    assert done.returncode == 69, done.stderr
    assert "File too large" in done.stderr
    assert shop.repository.events.read("drill") == []
    assert shop.left_over() == []


def test_a_restore_that_cannot_write_leaves_the_file_alone(shop: Shop) -> None:
    shop.create()
    shop.execute("DELETE FROM sales WHERE id > 5")

    done = limited(shop, "restore", "--latest", "--yes")

    assert done.returncode == 69, done.stderr
    assert shop.query("SELECT count(*) FROM sales") == [(5,)]
    assert shop.left_over() == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a Linux device")
def test_an_archive_on_a_full_disk_is_an_error(shop: Shop) -> None:
    with (
        pytest.raises(OSError, match="No space left on device"),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        write_archive(shop.path, full, keys.generate().recipient)


_SMALL_DISK = 'mount -t tmpfs -o size=1m tmpfs "$1" && shift && exec "$@"'


def test_a_disk_that_is_too_small_is_said_before_anything_is_written(shop: Shop) -> None:
    small = shop.path.parent / "small"
    small.mkdir()
    enter = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*enter, "true"], check=False, capture_output=True).returncode:
        not_here("no disk can be mounted in a namespace of its own")

    create = [sys.executable, "backend/db_backup.py", "create", "--db", str(shop.path)]
    done = subprocess.run(
        [*enter, "sh", "-c", _SMALL_DISK, "sh", str(small), *create],
        check=False,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "BACKUP_DIR": str(small)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 69, done.stderr
    assert f"{small}/shop has room for 1.0 MB, and " in done.stderr
    assert shop.left_over() == []


def test_room_is_asked_for_once_for_each_file_on_a_disk(tmp_path: Path) -> None:
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize

    check_room(free // 4, tmp_path, tmp_path)
    with pytest.raises(DatabaseError, match="has room for"):
        check_room(free // 2, tmp_path, tmp_path)
