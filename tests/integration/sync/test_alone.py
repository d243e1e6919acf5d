"""Two syncs of one database: the second is told who is first, and the lock ends with its holder."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest

from backend.config.database_url import DatabaseUrl
from backend.errors import LockHeldError
from backend.sync.reach.alone import alone_on_file, alone_on_server
from backend.sync.reach.reaching import postgres_at

HOLDER = """
import sys, time
from pathlib import Path
from backend.config.database_url import DatabaseUrl
from backend.sync.reach.alone import alone_on_file

with alone_on_file(DatabaseUrl("sqlite", path=Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(600)
"""


def hold(stack: ExitStack, database: DatabaseUrl) -> int:
    """Take the lock of a server by a session of its own; return the session's number."""
    session = stack.enter_context(postgres_at(database, name="--remote", writing=True))
    stack.enter_context(alone_on_server(session, database))
    return session.info.backend_pid


def test_the_second_on_a_server_is_told_who_is_first(postgres) -> None:
    with ExitStack() as stack:
        first = hold(stack, postgres)

        with pytest.raises(LockHeldError) as caught:
            hold(stack, postgres)

    assert f"process {first} of the server (sync, since 20" in caught.value.args[0]
    assert caught.value.args[0].endswith(f"is syncing {postgres}")


def test_a_server_is_free_again_afterwards(postgres) -> None:
    for _ in range(2):
        with ExitStack() as stack:
            hold(stack, postgres)


def test_a_lock_of_a_server_outlives_transactions(postgres) -> None:
    with ExitStack() as stack:
        session = stack.enter_context(postgres_at(postgres, name="--remote", writing=True))
        stack.enter_context(alone_on_server(session, postgres))
        with session.transaction():
            session.execute("SELECT 1")

        with pytest.raises(LockHeldError):
            hold(stack, postgres)


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
    with pytest.raises(LockHeldError) as caught, alone_on_file(sqlite):
        pass

    assert f"process {holder.pid} on " in caught.value.args[0]


def test_another_name_of_the_file_is_the_same_file(sqlite, holder, tmp_path) -> None:
    sqlite.path.touch()
    link = tmp_path / "link.db"
    link.symlink_to(sqlite.path)

    with pytest.raises(LockHeldError), alone_on_file(DatabaseUrl("sqlite", path=link)):
        pass


def test_a_killed_holder_holds_nothing(sqlite, holder) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()

    begun = time.monotonic()
    with alone_on_file(sqlite):
        assert time.monotonic() - begun < 5
