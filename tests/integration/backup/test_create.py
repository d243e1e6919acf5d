"""A backup of a SQLite file: taken under writers, whole or not there."""

from __future__ import annotations

from pathlib import Path

from backend.backup.backups import moment
from backend.backup.sqlite.sqlite_backups import SQLiteBackups
from backend.cli.progress import Lines


def test_the_first_backup_makes_key_and_folder(shop: Path) -> None:
    made = SQLiteBackups(shop, None).create(None, Lines())

    folder = shop.parent / "backups" / "shop"
    assert [one.name for one in SQLiteBackups(shop, None).list_backups().backups] == [made.name]
    assert {path.name for path in folder.glob("backup-*")} == {
        f"{made.name}.db.gz.age",
        f"{made.name}.manifest.age",
    }
    assert (shop.parent / "shop.db.backup-key").exists()
    assert moment(made.at) in made.lines()[0]
