"""Two commands of a kind: the second is told who is first, and a lock ends with its holder."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack, closing

import pytest

from backend.config.database_url import DatabaseUrl
from backend.db.connect import connect
from backend.db.locks import (
    MIGRATE,
    SYNC,
    AdvisoryLock,
    advisory_lock,
    file_lock,
    file_lock_holder,
)
from backend.errors import LockHeldError, RefusedError

HOLDER = """
import sys, time
from pathlib import Path
from backend.config.database_url import DatabaseUrl
from backend.db.locks import SYNC, file_lock

with file_lock(DatabaseUrl("sqlite", path=Path(sys.argv[1])), SYNC):
    print("held", flush=True)
    time.sleep(600)
"""


def hold(stack: ExitStack, database: DatabaseUrl) -> int:
    """Take the lock of a server by a session of its own; return the session's number."""
    session = stack.enter_context(closing(connect(database, {"application_name": "sync"})))
    stack.enter_context(advisory_lock(session, database, SYNC))
    return session.info.backend_pid


def test_the_second_on_a_server_is_told_who_is_first(postgres) -> None:
    with ExitStack() as stack:
        first = hold(stack, postgres)

        with pytest.raises(LockHeldError) as caught:
            hold(stack, postgres)

    assert (
        f"process {first} of the server (sync, user postgres from 127.0.0.1/32, since 20"
        in caught.value.args[0]
    )
    assert caught.value.args[0].endswith(f"is syncing {postgres}")


def test_a_server_is_free_again_afterwards(postgres) -> None:
    for _ in range(2):
        with ExitStack() as stack:
            hold(stack, postgres)


def test_a_lock_of_a_server_outlives_transactions(postgres) -> None:
    with ExitStack() as stack:
        session = stack.enter_context(closing(connect(postgres, {})))
        stack.enter_context(advisory_lock(session, postgres, SYNC))
        with session.transaction():
            session.execute("SELECT 1")

        with pytest.raises(LockHeldError):
            hold(stack, postgres)


def test_a_lock_of_a_session_that_a_pooler_has_exchanged_is_no_lock(postgres) -> None:
    with closing(connect(postgres, {})) as session, closing(connect(postgres, {})) as another:
        AdvisoryLock(session, postgres, session.info.backend_pid).check()

        with pytest.raises(RefusedError, match="pooler"):
            AdvisoryLock(another, postgres, session.info.backend_pid).check()


def test_two_databases_of_one_server_do_not_wait_for_each_other(postgres, postgres_server) -> None:
    other = postgres_server.new_database()

    with ExitStack() as stack:
        hold(stack, postgres)
        hold(stack, other)

    postgres_server.drop_database(other)


@pytest.fixture
def holder(sqlite):
    """Another process that syncs the file."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, sqlite.path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_on_a_file_is_told_who_is_first(sqlite, holder) -> None:
    with pytest.raises(LockHeldError) as caught, file_lock(sqlite, SYNC):
        pass

    assert f"process {holder.pid} on " in caught.value.args[0]


def test_who_holds_a_file_can_be_asked(sqlite, holder) -> None:
    assert file_lock_holder(sqlite, SYNC).startswith(f"process {holder.pid} on ")
    assert file_lock_holder(sqlite, MIGRATE) == ""


def test_another_name_of_the_file_is_the_same_file(sqlite, holder, tmp_path) -> None:
    sqlite.path.touch()
    link = tmp_path / "link.db"
    link.symlink_to(sqlite.path)

    with pytest.raises(LockHeldError), file_lock(DatabaseUrl("sqlite", path=link), SYNC):
        pass


def test_a_killed_holder_holds_nothing(sqlite, holder) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()

    with file_lock(sqlite, SYNC):
        assert file_lock_holder(sqlite, SYNC).startswith(f"process {os.getpid()} on ")
