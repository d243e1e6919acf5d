"""Killed at any moment, whoever it is: the target is as before or complete, and a re-run ends well."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from backend.config.database_url import DatabaseUrl
from tests.fix_postgres import PostgresServer, new_server, remove
from tests.integration.tablecopy import shop
from tests.integration.tablecopy.moving import rows_of
from tests.integration.tablecopy.snapshot import schemas, snapshot
from tests.polling import PATIENCE, wait_for
from tests.processes import wait_until_gone
from tests.seeds import seeded

ROOT = Path(__file__).resolve().parents[3]
VICTIMS = ["tool", "tool, politely", "worker", "backend", "server"]
# Of the time that a calm run takes: moments before its first connection would prove nothing.
EARLIEST = 0.4

pytestmark = pytest.mark.timeout(1800)


class Run:
    """The tool in a process of its own."""

    def __init__(self, path: Path, database: DatabaseUrl, scratch: Path) -> None:
        order = {"path": str(path), "conninfo": database.conninfo(), "scratch": str(scratch)}
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.tablecopy.moving"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def workers(self) -> list[int]:
        """Return its worker processes: children of the lean process that it forks them from."""
        return [pid for pid in processes() if parent(parent(pid)) == self.process.pid]

    def end(self) -> tuple[int, str, float]:
        """Wait; return its exit code, what it said, and its seconds."""
        _, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said, time.monotonic() - self.begun


def processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def parent(pid: int) -> int:
    with suppress(OSError):
        return int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    return 0


def is_worker(pid: int) -> bool:
    with suppress(OSError):
        return b"forkserver" in (Path("/proc") / str(pid) / "cmdline").read_bytes()
    return False


def backends(server: PostgresServer) -> list[int]:
    with suppress(psycopg.Error), closing(psycopg.connect(server.url.conninfo())) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name ~ '^(tablecopy|test)'"
        )
        return [row[0] for row in rows.fetchall()]
    return []


def kill(victim: str, run: Run, server: PostgresServer, chance: random.Random) -> list[int]:
    """Kill; return the workers that were there."""
    workers = run.workers()
    if victim.startswith("tool"):
        run.process.send_signal(signal.SIGTERM if "politely" in victim else signal.SIGKILL)
    elif victim == "server":
        server.stop(signal.SIGKILL)
        server.start()
    elif pids := (seen(run, run.workers) if victim == "worker" else seen(run, backends, server)):
        killed = chance.choice(pids)
        with suppress(ProcessLookupError):
            os.kill(killed, signal.SIGKILL)
        # Until a backend has ended, its server lets people in whom it throws out again at once.
        wait_until_gone(killed)
    return workers


def seen(run: Run, look: Callable[..., list[int]], *where: PostgresServer) -> list[int]:
    """Return those whom one can kill, as soon as there are any: a busy machine is late."""
    while run.process.poll() is None:
        if found := look(*where):
            return found
        time.sleep(0.01)
    return []


def wait_until_all_are_gone(pids: list[int]) -> None:
    wait_for(lambda: not any(is_worker(pid) for pid in pids), "the end of all workers")


def state(database: DatabaseUrl) -> tuple[dict[str, list[Any]], object]:
    with closing(psycopg.connect(database.conninfo(), autocommit=True)) as connection:
        return rows_of(connection.execute, shop.TABLES), snapshot(connection, "public")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("killed") / "shop.db"
    shop.fill(path, customers=12_000)
    return path


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server for all of them: one that was killed has been started again."""
    server = new_server()
    yield server
    remove(server)


@pytest.fixture(scope="module")
def calm(path, server, tmp_path_factory):
    """What a target holds before a run and after one, and how long that takes."""
    return calm_run(path, server, tmp_path_factory.mktemp("calm"))


@pytest.fixture
def chance(request) -> random.Random:
    """Another moment each time."""
    return seeded(request.node.name, default=time.time_ns())


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize(
    "moments", [pytest.param(1, id="short"), pytest.param(20, marks=pytest.mark.slow, id="long")]
)
def test_the_next_run_ends_as_if_nothing_had_happened(
    victim, moments, path, server, calm, chance, tmp_path
):
    before, whole, seconds = calm
    source = path.read_bytes()
    interrupted = 0

    for _ in range(moments):
        database = fresh(server)
        run = Run(path, database, tmp_path)
        time.sleep(chance.uniform(EARLIEST * seconds, seconds))
        workers = kill(victim, run, server, chance)
        code, _, _ = run.end()
        wait_until_all_are_gone(workers)
        server.wait_until_up()
        interrupted += code != 0
        found = state(database)
        assert found in (before, whole)

        # A target that is complete is not loaded again: it is not empty.
        if found == before:
            again, said, _ = Run(path, database, tmp_path).end()
            assert (again, state(database) == whole) == (0, True), said
        assert stray(database) == []
        server.drop_database(database)

    assert path.read_bytes() == source
    assert interrupted or moments < 20


def test_nobody_sees_the_password_of_a_worker(path, server, tmp_path):
    run = Run(path, fresh(server), tmp_path)
    wait_for(lambda: len(run.workers()) >= 2, "two workers", every=0.01)
    shown = b""
    for pid in run.workers():
        for name in ("cmdline", "environ"):
            with suppress(OSError):
                shown += (Path("/proc") / str(pid) / name).read_bytes()

    code, said, _ = run.end()

    assert code == 0, said
    assert b"forkserver" in shown
    assert server.password.encode() not in shown


def calm_run(path: Path, server: PostgresServer, scratch: Path):
    database = fresh(server)
    before = state(database)
    code, said, seconds = Run(path, database, scratch).end()
    assert code == 0, said
    whole = state(database)
    with closing(sqlite3.connect(path)) as connection:
        counts = {
            name: len(rows) for name, rows in rows_of(connection.execute, shop.TABLES).items()
        }
    assert {name: len(rows) for name, rows in whole[0].items()} == counts
    server.drop_database(database)
    return before, whole, seconds


def fresh(server: PostgresServer) -> DatabaseUrl:
    database = server.new_database()
    with closing(psycopg.connect(database.conninfo(), autocommit=True)) as connection:
        connection.execute(shop.POSTGRES)
    return database


def stray(database: DatabaseUrl) -> list[str]:
    with closing(psycopg.connect(database.conninfo())) as connection:
        return schemas(connection)
