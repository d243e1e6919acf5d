"""A restore puts back exactly what was there, beside what is there now, or changes nothing."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from backend.backup import keys
from backend.backup.restore_target import LATEST, RestoreTarget
from backend.backup.results import RestoreResult
from backend.backup.sqlite.contents import read_contents
from backend.backup.sqlite.sqlite_backups import SQLiteBackups
from backend.cli.progress import Lines
from backend.errors import ConfigError, DataError, FoundWanting, RefusedError
from tests.integration.backup.shop import NOON, Clock, Command, Shop, killed


def restore(shop: Shop, target: RestoreTarget = LATEST) -> RestoreResult:
    return shop.backups.restore(shop.backups.plan_restore(target), Lines())


def kept_of(shop: Shop) -> list[str]:
    return sorted(path.name for path in shop.path.parent.glob("*.before-restore-*"))


def test_what_was_there_is_back_and_what_is_there_is_kept(shop: Shop) -> None:
    made = shop.create()
    shop.execute("DROP TABLE sales")
    contents = shop.repository.read_manifest(made.name, shop.repository.key()).contents

    result = restore(shop)

    assert read_contents(shop.path) == contents
    assert shop.query("SELECT count(*) FROM sales") == [(2000,)]
    assert shop.query("SELECT name FROM sqlite_schema WHERE type = 'table'", Path(result.kept)) == [
        ("products",)
    ]
    assert shop.left_over() == []


def test_what_lay_only_in_the_wal_is_kept(shop: Shop) -> None:
    """A process that was killed leaves its last writes in the WAL."""
    shop.create()
    script = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('PRAGMA wal_autocheckpoint = 0'); c.execute('DELETE FROM sales');"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, shop.path], check=False)
    assert shop.path.with_name("shop.db-wal").stat().st_size

    result = restore(shop)

    assert shop.query("SELECT count(*) FROM sales") == [(2000,)]
    assert shop.query("SELECT count(*) FROM sales", Path(result.kept)) == [(0,)]


def test_a_name_with_brackets_means_that_file_alone(tmp_path: Path) -> None:
    odd, other = Shop(tmp_path / "shop[1].db"), Shop(tmp_path / "shop1.db")
    for one in (odd, other):
        one.create()
        restore(one)

    removed = odd.backups.forget_old().removed

    assert [Path(one).name.partition(".before-restore-")[0] for one in removed] == ["shop[1].db"]
    assert len(list(tmp_path.glob("shop1.db.before-restore-*"))) == 1


def test_rights_of_the_file_stay(shop: Shop) -> None:
    shop.create()
    shop.path.chmod(0o640)

    restore(shop)

    assert shop.path.stat().st_mode & 0o777 == 0o640


def test_a_file_that_somebody_has_open_is_left_alone(shop: Shop) -> None:
    shop.create()
    shop.execute("DELETE FROM sales")

    with closing(sqlite3.connect(shop.path)) as idle:
        idle.execute("SELECT * FROM products").fetchall()
        with pytest.raises(RefusedError, match=r"another process has .* open"):
            restore(shop)

    assert shop.query("SELECT count(*) FROM sales") == [(0,)]
    assert kept_of(shop) == []


class Late(Lines):
    """Lets a process open the file when the restore is about to switch, and write to it."""

    _SCRIPT = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=60); print('open', flush=True);"
        "c.execute('PRAGMA journal_mode = WAL'); c.execute('DELETE FROM sales'); c.commit()"
    )

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self.process: subprocess.Popen[str] | None = None

    def stage(self, name: str, rows: int = 0) -> None:
        super().stage(name, rows)
        if name == "switch":
            self.process = subprocess.Popen(
                [sys.executable, "-c", self._SCRIPT, self._path],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert self.process.stdout
            assert self.process.stdout.readline() == "open\n"


def test_who_opened_the_file_a_moment_ago_cannot_write_to_the_old_one(shop: Shop) -> None:
    made = shop.create()
    late = Late(shop.path)

    result = shop.backups.restore(shop.backups.plan_restore(LATEST), late)

    assert late.process
    _, errors = late.process.communicate()
    assert "attempt to write a readonly database" in errors
    assert shop.query("SELECT count(*) FROM sales", Path(result.kept)) == [(2000,)]
    contents = shop.repository.read_manifest(made.name, shop.repository.key()).contents
    assert read_contents(shop.path) == contents


@pytest.mark.parametrize("damage", [b"", b"\0" * 8192], ids=["an empty file", "zeros"])
def test_a_file_that_is_damaged_is_replaced_and_kept_as_it_is(shop: Shop, damage: bytes) -> None:
    shop.create()
    shop.path.write_bytes(damage)
    shop.path.with_name("shop.db-wal").write_bytes(b"the last writes")

    result = restore(shop)

    assert shop.query("SELECT count(*) FROM sales") == [(2000,)]
    assert Path(result.kept).read_bytes() == damage
    assert shop.path.with_name("shop.db-wal").exists() is False


def test_a_lost_file_comes_back_without_the_wal_it_left(shop: Shop) -> None:
    shop.create()
    with closing(sqlite3.connect(shop.path)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("DELETE FROM sales")
        connection.commit()
        wal = shop.path.with_name("shop.db-wal").read_bytes()
    shop.path.unlink()
    shop.path.with_name("shop.db-wal").write_bytes(wal)

    result = restore(shop)

    assert result.kept == ""
    assert shop.query("SELECT count(*) FROM sales") == [(2000,)]
    assert [name for name in kept_of(shop) if name.endswith("-wal")] != []


def test_another_host_needs_the_folder_and_the_key(shop: Shop, tmp_path: Path) -> None:
    made, key = shop.create(), shop.backups.keygen()
    there = tmp_path / "another host" / "shop.db"
    there.parent.mkdir()
    shop.repository.root.parent.rename(there.parent / "backups")
    backups = SQLiteBackups(there, None)
    with pytest.raises(ConfigError, match=r"the key .* cannot be read"):
        backups.plan_restore(LATEST)
    keys.save(there.with_name("shop.db.backup-key"), keys.parse(key.identity, name="keygen"))

    result = backups.restore(backups.plan_restore(LATEST), Lines())

    assert result.plan.backup == made.name
    assert shop.query("SELECT count(*) FROM sales", there) == [(2000,)]


def test_a_backup_that_does_not_come_back_changes_nothing(shop: Shop) -> None:
    made = shop.create()
    shop.forge(made.name, "UPDATE products SET price = 0")
    shop.execute("DELETE FROM sales WHERE id > 5")

    with pytest.raises(FoundWanting, match="did not come back as it was: table products"):
        restore(shop)

    assert shop.query("SELECT count(*) FROM sales") == [(5,)]
    assert kept_of(shop) == []
    assert shop.left_over() == []


def test_what_broke_a_rule_before_comes_back_all_the_same(shop: Shop) -> None:
    shop.execute("UPDATE sales SET product = 7 WHERE id = 1")
    shop.create()
    shop.execute("DELETE FROM sales")

    restore(shop)

    assert shop.query("SELECT product FROM sales WHERE id = 1") == [(7,)]


@pytest.mark.parametrize(
    ("moment", "rows"),
    [
        ("before decrypt", 0),
        ("after decrypt", 0),
        ("after compare", 0),
        ("before link", 0),
        ("after link", 0),
        ("before replace", 0),
        ("after replace", 2000),
    ],
)
def test_a_kill_leaves_the_old_file_or_the_new_one(shop: Shop, moment: str, rows: int) -> None:
    shop.create()
    shop.execute("DELETE FROM sales")

    dead = killed(shop.path, moment, "restore", "--latest", "--yes")
    found = shop.query("SELECT count(*) FROM sales")
    restore(shop)

    assert dead.returncode == -9, dead.stderr
    assert found == [(rows,)]
    assert shop.query("SELECT count(*) FROM sales") == [(2000,)]
    assert shop.left_over() == []


@pytest.fixture
def clock(shop: Shop) -> Clock:
    """Let the shop's backups be made by this clock: three, an hour apart, of 1, 2 and 3 sales."""
    clock = Clock()
    shop.backups = SQLiteBackups(shop.path, None, now=clock)
    for hour in range(3):
        clock.now = NOON + timedelta(hours=hour)
        shop.execute(
            f"DELETE FROM sales; INSERT INTO sales (day) SELECT 0 FROM sqlite_schema LIMIT {hour + 1}"
        )
        shop.create()
    return clock


@pytest.mark.parametrize(
    ("at", "backup"),
    [
        (NOON, "backup-20261121T120000Z"),
        (NOON + timedelta(minutes=59), "backup-20261121T120000Z"),
        (NOON + timedelta(hours=1), "backup-20261121T130000Z"),
        (NOON + timedelta(days=9), "backup-20261121T140000Z"),
    ],
)
@pytest.mark.usefixtures("clock")
def test_a_time_means_the_newest_backup_that_is_not_newer(
    shop: Shop, at: datetime, backup: str
) -> None:
    assert shop.backups.plan_restore(RestoreTarget(at=at)).backup == backup


@pytest.mark.usefixtures("clock")
def test_a_time_before_the_oldest_backup_is_refused(shop: Shop) -> None:
    with pytest.raises(DataError) as caught:
        shop.backups.plan_restore(RestoreTarget(at=NOON - timedelta(seconds=1)))

    assert caught.value.exit_code == 65
    assert caught.value.hint == (
        "the oldest, backup-20261121T120000Z, is of 2026-11-21 12:00:00 UTC"
    )


@pytest.mark.usefixtures("clock")
def test_a_name_brings_that_one_back(shop: Shop) -> None:
    restore(shop, RestoreTarget(name="backup-20261121T130000Z"))

    assert shop.query("SELECT count(*) FROM sales") == [(2,)]


def test_a_backup_from_the_future_is_never_taken_for_the_newest(shop: Shop, clock: Clock) -> None:
    clock.now = NOON - timedelta(days=1)

    with pytest.raises(RefusedError, match="is from the future: the clock was wrong"):
        shop.backups.plan_restore(LATEST)


def test_the_plan_says_what_will_be_lost(shop: Shop, command: Command) -> None:
    made = shop.create()
    shop.path.touch()

    done = command("restore", "--latest")

    assert done.returncode == 77
    assert f"restores {made.name}, the state of " in done.stderr
    assert "LOST is what was written from " in done.stderr
    assert "nobody is there to be asked" in done.stderr
    assert kept_of(shop) == []


def test_yes_leaves_out_the_question_and_not_the_plan(shop: Shop, command: Command) -> None:
    made = shop.create()

    done = command("restore", "--latest", "--yes")

    assert done.returncode == 0
    assert f"restores {made.name}, the state of " in done.stderr


def test_yes_answers_the_question_and_forget_old_removes_the_rest(
    shop: Shop, command: Command
) -> None:
    made = shop.create()
    shop.execute("DELETE FROM sales")

    done = command("restore", "--latest", "--yes", "--json")
    kept = kept_of(shop)
    removed = command.json("restore", "--forget-old")

    answer = json.loads(done.stdout)
    assert answer["backup"] == made.name
    assert f"restores {made.name}, the state of " in done.stderr
    assert [Path(answer["kept"]).name] == kept
    assert [Path(one).name for one in removed["removed"]] == kept
    assert kept_of(shop) == []
    assert shop.query("SELECT count(*) FROM sales") == [(2000,)]
