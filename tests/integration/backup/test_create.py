"""A backup of a SQLite file: taken while people write, private, and whole or not there."""

import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from backend.backup import keys
from backend.backup.sqlite.sqlite_backups import SQLiteBackups
from backend.cli.progress import Lines
from backend.errors import ConfigError, DatabaseError, FoundWanting, LockHeldError, RefusedError
from tests.integration.backup.shop import Clock, Command, Shop, killed
from tests.polling import wait_for


def test_the_first_backup_makes_key_and_folder(shop: Shop) -> None:
    made = shop.create()

    assert [one.name for one in shop.backups.list_backups().backups] == [made.name]
    assert sorted(path.name for path in shop.repository.root.iterdir()) == [
        f"{made.name}.db.gz.age",
        f"{made.name}.manifest.age",
        "recipient",
    ]
    assert shop.left_over() == []


def test_nobody_else_reads_any_of_it(shop: Shop) -> None:
    shop.create()

    root = shop.repository.root
    files = [shop.repository.key_path, *(path for path in root.rglob("*") if path.is_file())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_no_file_of_the_folder_shows_what_the_database_holds(shop: Shop) -> None:
    shop.create()

    found = b"".join(path.read_bytes() for path in shop.repository.root.iterdir())
    assert [word for word in (b"Ayran", b"products", b"SQLite format") if word in found] == []


def test_what_lies_only_in_the_wal_is_backed_up(shop: Shop, command: Command) -> None:
    with closing(sqlite3.connect(shop.path)) as open_connection:
        open_connection.execute("PRAGMA wal_autocheckpoint = 0")
        open_connection.execute("INSERT INTO products VALUES (3, 'Simit', 10, NULL)")
        open_connection.commit()

        made = command.json("create")

    manifest = shop.repository.read_manifest(made["name"], shop.repository.key())
    assert manifest.contents.tables["products"].rows == 3
    assert manifest.contents.tables["sales"].rows == 2000


# In a process of its own: a second SQLite in this one would take the locks of the first away.
_WRITER = """
import sqlite3, sys, time
writer = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
while True:
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO products (name) VALUES ('Poğaça')")
    writer.execute("INSERT INTO sales (product) VALUES (last_insert_rowid())")
    writer.execute("COMMIT")
    time.sleep(0.002)
"""


def test_a_backup_under_writers_is_one_moment_and_stops_none_of_them(shop: Shop) -> None:
    """Each writer adds a product and its sale in one transaction: no backup has one without."""
    command = [sys.executable, "-c", _WRITER, str(shop.path)]
    writers = [subprocess.Popen(command) for _ in range(3)]
    try:
        wait_for(lambda: shop.path.with_name("shop.db-wal").exists(), "the first writes")
        backups = [shop.create() for _ in range(3)]
        ended = [writer.poll() for writer in writers]
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
    results = [shop.backups.drill(one.name, Lines()) for one in backups]

    key = shop.repository.key()
    tables = [shop.repository.read_manifest(one.name, key).contents.tables for one in backups]
    assert [one["sales"].rows - one["products"].rows for one in tables] == [1998] * 3
    assert tables[0]["sales"].rows < tables[2]["sales"].rows
    assert [one.differences for one in results] == [(), (), ()]
    assert ended == [None, None, None]


def test_a_damaged_database_is_not_backed_up(shop: Shop) -> None:
    shop.execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE")
    with shop.path.open("r+b") as file:
        file.seek(4096 * 5)
        file.write(b"\xff" * 200)

    with pytest.raises((FoundWanting, DatabaseError), match="damaged"):
        shop.create()
    assert shop.backups.list_backups().lines() == ["no backup yet"]
    assert shop.left_over() == []


def test_broken_references_are_backed_up_and_named(shop: Shop) -> None:
    shop.execute("UPDATE sales SET product = 7 WHERE id <= 3")

    made = shop.create()

    assert made.note == "3 rows break a foreign key"


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = Command(tmp_path / "none.db")("create")

    assert done.returncode == 69
    assert "none.db is not there" in done.stderr


def test_a_folder_is_for_one_key(shop: Shop, tmp_path: Path) -> None:
    shop.create()
    shop.repository.key_path.unlink()
    keys.save(shop.repository.key_path, keys.generate())

    with pytest.raises(RefusedError, match="backups that another key opens"):
        shop.create()


def test_a_lost_key_is_never_replaced_in_silence(shop: Shop) -> None:
    shop.create()
    shop.repository.key_path.unlink()

    with pytest.raises(ConfigError, match=r"the key .* cannot be read"):
        shop.create()
    assert not shop.repository.key_path.exists()


def test_two_runs_at_once_are_one_too_many(shop: Shop) -> None:
    with shop.backups._alone(), pytest.raises(LockHeldError, match="is backing up or restoring"):
        shop.create()


@pytest.mark.parametrize(
    "moment",
    [
        "before snapshot",
        "after snapshot",
        "before archive",
        "after archive",
        "after manifest",
        "before rename",
        "before rename/2",
        "after rename/2",
    ],
)
def test_a_kill_leaves_the_last_backup_and_room_for_the_next(shop: Shop, moment: str) -> None:
    first = shop.create()

    dead = killed(shop.path, moment, "create")
    listed = shop.backups.list_backups()
    second = shop.create()

    assert dead.returncode == -9, dead.stderr
    assert listed.backups[0].name == first.name
    assert shop.backups.list_backups().backups[-1].name == second.name
    assert shop.backups.verify(Lines()).findings == ()
    assert shop.backups.drill(first.name, Lines()).is_clean
    assert shop.left_over() == []


def test_a_folder_that_cannot_be_made_is_said(shop: Shop) -> None:
    (shop.path.parent / "file").write_text("not a folder")
    done = Command(shop.path, BACKUP_DIR=str(shop.path.parent / "file"))("create")

    assert done.returncode == 69
    assert "name one that this user can write to with BACKUP_DIR" in done.stderr


def test_backups_of_one_second_are_listed_in_their_order(shop: Shop) -> None:
    shop.backups = SQLiteBackups(shop.path, None, now=Clock())
    made = [shop.create().name for _ in range(3)]
    shop.repository.archive(made[0]).unlink()

    made.append(shop.create().name)

    assert made == [f"backup-20261121T120000Z{ending}" for ending in ("", "-2", "-3", "-4")]
    assert [one.name for one in shop.backups.list_backups().backups] == made[1:]
