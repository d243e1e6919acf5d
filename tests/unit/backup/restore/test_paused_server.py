"""The server of a restore: waited for as long as there is something to wait for."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.backup.restore.paused_server import _wait
from backend.config.database_url import DatabaseUrl
from backend.errors import FoundWanting

WAITING = "2026-11-27 [7] LOG:  waiting for WAL to become available at 0/3000018\n"


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A server that answers nobody: it has not come to the end of its backup."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


@pytest.fixture
def database(tmp_path: Path) -> DatabaseUrl:
    """Where it would answer."""
    return DatabaseUrl("postgres", params={"host": str(tmp_path)}, origin="the restored cluster")


def test_wal_that_the_backup_itself_lacks_is_not_waited_for_for_ever(
    process, database, tmp_path
) -> None:
    (tmp_path / "log").write_text(WAITING)

    with pytest.raises(FoundWanting, match="missing before the end of the backup"):
        _wait(process, database, tmp_path / "log", patience=0.3)


def test_a_server_that_ends_is_quoted(process, database, tmp_path) -> None:
    (tmp_path / "log").write_text(WAITING + "2026-11-27 [7] FATAL:  no room\n")
    process.kill()
    process.wait()

    with pytest.raises(FoundWanting, match="does not start: FATAL:  no room"):
        _wait(process, database, tmp_path / "log")
