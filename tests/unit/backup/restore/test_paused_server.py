"""The server of a restore: waited for as long as there is something to wait for."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.backup.restore.paused_server import (
    ReplayEnd,
    prepare_pause,
    prepare_promotion,
    wait_until_still,
)
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
        wait_until_still(process, database, tmp_path / "log", patience=0.3)


def test_a_server_that_ends_is_quoted(process, database, tmp_path) -> None:
    (tmp_path / "log").write_text(WAITING + "2026-11-27 [7] FATAL:  no room\n")
    process.kill()
    process.wait()

    with pytest.raises(FoundWanting, match="does not start: FATAL:  no room"):
        wait_until_still(process, database, tmp_path / "log")


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    """A cluster as pgBackRest leaves it: told to promote where its target is."""
    (tmp_path / "recovery.signal").touch()
    (tmp_path / "postgresql.auto.conf").write_text(
        "restore_command = 'pgbackrest --pg1-path=/elsewhere archive-get'\n"
        "recovery_target_time = '2026-11-27 10:00:00+00'\n"
        "recovery_target_action = 'promote'\n"
    )
    return tmp_path


def settings(cluster: Path) -> dict[str, str]:
    """Return what Postgres reads: of several lines the last."""
    lines = (cluster / "postgresql.auto.conf").read_text().splitlines()
    return dict(line.split(" = ", 1) for line in lines)


def signals(cluster: Path) -> list[str]:
    return sorted(path.name for path in cluster.glob("*.signal"))


def test_until_the_switch_it_is_a_standby_that_promotes_nothing(cluster) -> None:
    prepare_pause(cluster)

    assert signals(cluster) == ["standby.signal"]
    assert settings(cluster)["recovery_target_action"] == "'pause'"
    # Its own folder and the archive's come from the environment, which is another after the switch.
    assert "/elsewhere" not in settings(cluster)["restore_command"]


@pytest.mark.parametrize(
    ("is_target", "target"),
    [
        pytest.param(True, "'2026-11-27 10:00:00+00'", id="reached"),
        pytest.param(False, "''", id="behind the last commit, where it would be an error"),
    ],
)
def test_after_it_the_database_goes_on_from_the_same_place(cluster, is_target, target) -> None:
    prepare_pause(cluster)

    prepare_promotion(cluster, ReplayEnd(is_target, "0/3000000", None))

    assert signals(cluster) == ["recovery.signal"]
    assert settings(cluster)["recovery_target_action"] == "'promote'"
    assert settings(cluster)["recovery_target_time"] == target
