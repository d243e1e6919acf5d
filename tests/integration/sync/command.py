"""Somebody with a file, a hosted database, and the command of the sync."""

from dataclasses import dataclass
from pathlib import Path

import psycopg

from backend.config.database_url import DatabaseUrl
from backend.sync.cli import main
from backend.sync.connections import sqlite_at

PASSWORD = "canary-of-a-password"


@dataclass(frozen=True)
class RunReport:
    """How a command ended."""

    code: int
    out: str
    err: str


class Home:
    """Somebody with a file, a hosted database, and the command."""

    def __init__(self, file: Path, hosted: DatabaseUrl, capsys) -> None:
        self.file, self.hosted, self._capsys = file, hosted, capsys

    @property
    def log(self) -> str:
        path = self.file.parent / "sync.log"
        return path.read_text() if path.exists() else ""

    def __call__(self, *words: str, local: tuple[str, ...] = ()) -> RunReport:
        code = main([*words, *(local or ("--local", f"sqlite:///{self.file}"))])
        told = self._capsys.readouterr()
        return RunReport(code, told.out, told.err)

    def here(self, statement: str) -> list[tuple[object, ...]]:
        database = DatabaseUrl("sqlite", path=self.file)
        with sqlite_at(database, writing=True) as connection:
            return connection.execute(statement).fetchall()

    def there(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.hosted.conninfo(), autocommit=True) as session:
            cursor = session.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


def user(number: int, address: str, name: str = "Ada") -> str:
    """Return what adds an account, on either engine."""
    moment = "'2026-11-25 09:00:00.000000'"
    return (
        "INSERT INTO users (id, email, email_key, display_name, password_hash, status, created_at,"
        f" updated_at, version) VALUES ('{number:032x}', '{address}', '{address}', '{name}',"
        f" 'hash', 'active', {moment}, {moment}, 1)"
    )


def renamed(number: int, name: str) -> str:
    return f"UPDATE users SET display_name = '{name}' WHERE id = '{number:032x}'"


def kept(home: Home) -> list[Path]:
    return sorted((home.file.parent / "sync-backups").glob("*"))
