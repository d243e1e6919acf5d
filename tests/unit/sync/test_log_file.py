"""The log says what was done to which row, and nothing that somebody has typed."""

import io
import logging
import stat
from pathlib import Path

import pytest

from backend.errors import ConfigError, DatabaseError
from backend.sync import log_file
from backend.sync.result import (
    ConflictKind,
    Deletion,
    DuplicatePair,
    FieldDifference,
    MergeConflict,
    Mismatch,
    PairStatus,
    ReplicaStatus,
    TableCount,
)
from backend.sync.status_report import StatusReport
from tests.unit.sync.test_report import ran

ADDRESS = "canary@example.com"
SECRET = "canary-of-a-password"
CONFLICT = MergeConflict(
    "users",
    "u1",
    ConflictKind.BOTH_CHANGED,
    (FieldDifference("users", "u1", "email", ADDRESS, "x"),),
)
EVERYTHING = ran(
    tables={"users": TableCount(inserted=2), "groups": TableCount()},
    conflicts=[CONFLICT],
    paired=[DuplicatePair("users", "u2", "u3", (("group_members", "m1"),))],
    deletions=[Deletion("orders", "o1", travelled=True), Deletion("orders", "o2")],
    waiting={"order_shares": 4},
)


class Terminal(io.StringIO):
    """What somebody sits in front of."""

    def isatty(self) -> bool:
        return True


def lines(path: Path) -> list[str]:
    """Return what was logged, less the moments."""
    return [line.split(" ", 2)[2] for line in path.read_text().splitlines()]


def test_each_row_that_something_was_decided_about_is_named(tmp_path) -> None:
    path = tmp_path / "sync.log"

    with log_file.kept(path, io.StringIO()):
        log_file.record(EVERYTHING)

    assert lines(path) == [
        "INFO table table=users inserted=2 updated=0 deleted=0 same=0",
        "INFO paired table=users local=u2 survivor=u3",
        "INFO moved table=group_members key=m1",
        "INFO conflict: changed on both sides table=users key=u1 columns=email",
        "INFO deleted table=orders key=o1",
        "INFO deletion held back table=orders key=o2",
        "INFO waiting table=order_shares rows=4",
        "INFO run finished direction=local2render written=2 open_conflicts=1",
    ]


def test_a_look_is_written_down_too(tmp_path) -> None:
    path, side = tmp_path / "sync.log", ReplicaStatus("here", "1", {})
    status = PairStatus(side, side, "2026-11-25", {"users": 3}, {}, [CONFLICT])

    with log_file.kept(path, io.StringIO()):
        log_file.record(StatusReport(status, (Mismatch("users", "u7", ADDRESS),)))

    assert lines(path) == [
        "INFO pending table=users to_remote=3",
        "INFO conflict: changed on both sides table=users key=u1 columns=email",
        "INFO status finished synced_at=2026-11-25",
        "INFO difference table=users key=u7",
    ]


def test_each_line_of_the_file_says_when(tmp_path) -> None:
    path = tmp_path / "sync.log"

    with log_file.kept(path, io.StringIO()):
        logging.getLogger("backend.sync").info("hello")

    assert path.read_text()[:4] == "20" + path.read_text()[2:4]
    assert path.read_text().split(" ", 2)[2] == "INFO hello\n"


def test_no_address_and_no_password_reaches_file_or_terminal(tmp_path) -> None:
    path, stream = tmp_path / "sync.log", io.StringIO()
    url = f"postgresql://me:{SECRET}@db.example.com/hesap"

    def work() -> None:
        with log_file.kept(path, stream):
            log_file.record(EVERYTHING)
            logging.getLogger("x").warning("cannot reach %s for %s", url, ADDRESS)
            raise DatabaseError(f"{url} is gone, says {ADDRESS}")

    with pytest.raises(DatabaseError):
        work()

    told = path.read_text() + stream.getvalue()
    assert "the run failed" in told
    assert SECRET not in told
    assert ADDRESS not in told


@pytest.mark.parametrize("stream", [Terminal, io.StringIO], ids=["terminal", "pipe"])
def test_a_person_sees_only_what_is_unusual(stream) -> None:
    screen = stream()

    with log_file.kept(None, screen):
        logging.getLogger("backend.cli.progress").info("connect begins")
        logging.getLogger("backend.sync.retries").warning("trying again")

    assert screen.getvalue() == "WARNING trying again\n"


def test_the_file_is_for_its_owner_alone_and_is_rotated(tmp_path) -> None:
    path = tmp_path / "sync.log"

    with log_file.kept(path, Terminal()):
        for _ in range(5_000):
            logging.getLogger("backend.x").info("%s", "line " * 200)

    found = sorted(entry.name for entry in tmp_path.iterdir())
    assert found == ["sync.log", "sync.log.1", "sync.log.2", "sync.log.3"]
    assert all(entry.stat().st_size <= 1_000_000 for entry in tmp_path.iterdir())
    assert {stat.S_IMODE(entry.stat().st_mode) for entry in tmp_path.iterdir()} == {0o600}


def test_a_log_that_cannot_be_written_is_said_before_anything_is_done(tmp_path) -> None:
    with (
        pytest.raises(ConfigError, match="cannot be written") as caught,
        log_file.kept(tmp_path / "not" / "there.log", io.StringIO()),
    ):
        pass

    assert "--log" in caught.value.hint


def test_afterwards_logging_is_as_it_was(tmp_path) -> None:
    root = logging.getLogger("backend")
    before = (root.level, list(root.handlers))

    with log_file.kept(tmp_path / "sync.log", io.StringIO()):
        pass

    assert (root.level, list(root.handlers)) == before
