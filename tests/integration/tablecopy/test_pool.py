"""Workers end with the block that they were made for, however it ends."""

import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import active_children
from multiprocessing.process import BaseProcess

import pytest

from backend.errors import DatabaseError, RefusedError
from backend.tablecopy.pool import Pool
from backend.tablecopy.sqlite.source import open_source
from backend.tablecopy.worker import WorkerTask
from tests.integration.tablecopy.carrying import write
from tests.integration.tablecopy.endless import OnTarget


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.db"
    write(path, "CREATE TABLE t (id INTEGER PRIMARY KEY)")
    return path


@contextmanager
def pool_of(path, target, workers: int) -> Iterator[tuple[Pool, list[BaseProcess]]]:
    with (
        open_source(path, scratch=path.parent) as source,
        Pool(source, target, workers=workers) as pool,
    ):
        yield pool, active_children()


def do(tasks: Iterable[WorkerTask], path, target, seen: list[BaseProcess], *, killed=False) -> None:
    """Let one worker do them, and note who it is."""
    with pool_of(path, target, 1) as (pool, workers):
        seen += workers
        if killed:
            workers[0].kill()
        list(pool.run(tasks))


def one_and_then_none(task: WorkerTask) -> Iterator[WorkerTask]:
    yield task
    raise KeyError("the parent fails")


def test_workers_do_not_finish_what_they_do_when_the_parent_fails(path, empty_target, tmp_path):
    tasks = one_and_then_none(OnTarget(tmp_path / "begun"))
    seen: list[BaseProcess] = []

    with pytest.raises(KeyError):
        do(tasks, path, empty_target, seen)

    # Whoever was left to go on, and was at work still after a while, would have been killed.
    assert [one.exitcode for one in seen] == [-signal.SIGTERM]


def test_workers_that_have_nothing_to_do_end_by_themselves(path, empty_target):
    with pool_of(path, empty_target, 2) as (_, workers):
        pass

    assert [one.exitcode for one in workers] == [0, 0]


def test_no_worker_stays_when_they_cannot_begin_together(path, empty_target, tmp_path):
    change = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('CREATE TABLE u (x)')"
    with open_source(path, scratch=tmp_path) as source:
        subprocess.run([sys.executable, "-c", change, path], check=True)
        pool = Pool(source, empty_target, workers=2)

        with pytest.raises(RefusedError, match="changes the tables"):
            pool.__enter__()

        assert active_children() == []


def test_a_worker_that_is_killed_is_told(path, empty_target, tmp_path):
    seen: list[BaseProcess] = []

    with pytest.raises(DatabaseError, match="was killed by signal 9 in the middle of its work"):
        do([OnTarget(tmp_path / "begun")], path, empty_target, seen, killed=True)

    assert [one.exitcode for one in seen] == [-signal.SIGKILL]
