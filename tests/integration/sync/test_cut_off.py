"""A run is cut off between its two commits, and the side that is behind is put back afterwards."""

import re
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from backend.db import sqlite_file
from backend.errors import RefusedError, TransientError
from backend.models import Group
from backend.sync import retries
from backend.sync.cli import main
from backend.sync.merge.merge_pass import MergePass
from backend.sync.replica.postgres import PostgresReplica
from tests.integration.sync.copies import kept, put_back
from tests.integration.sync.homes import shared
from tests.integration.sync.pair import Pair
from tests.integration.sync.test_refusals import sql

# What somebody does to rows that the sync neither notes nor is told of.
_UNSEEN = {
    "sqlite": ("DROP TRIGGER tablecopy_groups_delete", "DELETE FROM groups WHERE name = 'Extra'"),
    "postgres": (
        "ALTER TABLE groups DISABLE TRIGGER tablecopy_capture",
        "DELETE FROM groups WHERE name = 'Extra'",
        "ALTER TABLE groups ENABLE ALWAYS TRIGGER tablecopy_capture",
    ),
}


@contextmanager
def cut_off(monkeypatch):
    """Let a run end when its target has committed and its source has not."""

    def cut(_attempt: MergePass) -> None:
        raise TransientError("the source is gone")

    with monkeypatch.context() as patch:
        patch.setattr(MergePass, "consume", cut)
        with pytest.raises(TransientError, match="is gone"):
            yield


BETWEEN_ENGINES = pytest.mark.parametrize(
    "pair", ["sqlite-postgres", "postgres-sqlite"], indirect=True
)


@BETWEEN_ENGINES
@pytest.mark.parametrize("way", ["push", "pull"])
def test_a_source_that_was_put_back_is_noticed(
    pair: Pair, way, monkeypatch, postgres_server, tmp_path
):
    shared(pair)
    source, target = (pair.local, pair.remote) if way == "push" else (pair.remote, pair.local)
    copy = kept(source, postgres_server, tmp_path / "kept.db")
    added = source.add_group("E1")
    with cut_off(monkeypatch):
        getattr(pair, way)()
    put_back(source, copy, postgres_server)

    for again in (pair.push, pair.pull, pair.inspect):
        with pytest.raises(RefusedError, match="was restored or replaced since the last sync"):
            again()

    assert added in target.ids(Group)
    pair.both(start_over=True)
    assert added in source.ids(Group)
    assert pair.differences() == {}


@BETWEEN_ENGINES
@pytest.mark.parametrize("way", ["push", "pull"])
def test_a_run_that_is_cut_off_again_and_again_goes_on_from_there(pair: Pair, way, monkeypatch):
    home = shared(pair)
    other = "pull" if way == "push" else "push"
    pair.local.add_group("E1")
    pair.remote.change(Group, home.group, name="Changed there")

    for each in (way, way, other, way):
        with cut_off(monkeypatch):
            getattr(pair, each)()
    pair.both()

    assert pair.differences() == {}
    assert [one.written for one in pair.both()] == [0, 0]


@BETWEEN_ENGINES
def test_rows_that_went_without_a_word_are_counted(pair: Pair):
    shared(pair)
    pair.local.add_group("Extra")
    pair.push()
    words = _UNSEEN[pair.local.database.engine]
    if pair.local.database.path:
        with closing(sqlite3.connect(pair.local.database.path)) as file:
            made = file.execute(
                "SELECT sql FROM sqlite_master WHERE name = 'tablecopy_groups_delete'"
            ).fetchone()[0]
        words = (*words, made)
    sql(pair.local, *words)

    for again in (pair.push, pair.pull):
        with pytest.raises(RefusedError, match=r"groups: 1 row in .*, 2 in ") as told:
            again()
    status, found = pair.inspect(), pair.verify()

    assert "status --verify" in told.value.hint
    assert status.miscounted == {"groups": (1, 2)}
    assert [one.says for one in found] == ["is only in the remote database"]
    pair.pull(start_over=True)
    assert pair.differences() == {}


@BETWEEN_ENGINES
def test_a_log_of_fewer_changes_than_the_other_side_has_seen(pair: Pair):
    shared(pair)
    for name in ("Later", "Last"):
        pair.local.add_group(name)
    pair.both()
    if pair.local.database.path:
        sql(pair.local, "UPDATE tablecopy_stamps SET last = 1")
    else:
        sql(pair.local, "SELECT setval('tablecopy_stamps', 1)")

    with pytest.raises(RefusedError, match="was put back to an earlier state"):
        pair.push()


@pytest.mark.parametrize("pair", ["sqlite-postgres"], indirect=True)
def test_the_message_says_that_rows_were_committed_and_how_to_take_them_back(
    pair: Pair, monkeypatch, capsys
):
    """The file is locked by somebody else from the moment at which the hosted side commits."""
    shared(pair)
    added = pair.local.add_group("E1")
    pair.local.close()
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT_MS", 20)
    monkeypatch.setattr(retries, "_WAIT", lambda _state: 0)
    monkeypatch.setenv("RENDER_DATABASE_URL", pair.remote.database.conninfo())
    words = ["local2render", "--local", str(pair.local.database)]
    assert pair.local.database.path
    with closing(sqlite3.connect(pair.local.database.path, isolation_level=None)) as somebody:
        commit = PostgresReplica._commit

        def commit_and_lock(side: PostgresReplica, *, write: bool) -> None:
            commit(side, write=write)
            somebody.execute("BEGIN IMMEDIATE")

        with monkeypatch.context() as patch:
            patch.setattr(PostgresReplica, "_commit", commit_and_lock)
            code = main(words)
    told = capsys.readouterr()

    assert code == 75
    assert added in pair.remote.ids(Group)
    assert f"1 row was committed to {pair.remote.database}" in told.err
    (script,) = re.findall(r"to take this run back: psql -d \S+ -f (\S+\.sql)", told.err)
    pair.remote.run_script(Path(script))
    assert added not in pair.remote.ids(Group)


@pytest.mark.parametrize("pair", ["sqlite-postgres"], indirect=True)
def test_somebody_who_stops_a_run_is_told_what_was_committed(pair: Pair, monkeypatch, capsys):
    shared(pair)
    pair.local.add_group("E1")
    monkeypatch.setenv("RENDER_DATABASE_URL", pair.remote.database.conninfo())

    def stop(_attempt: MergePass) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(MergePass, "consume", stop)
    code = main(["local2render", "--local", str(pair.local.database)])

    told = capsys.readouterr()
    assert code == 130
    assert f"1 row was committed to {pair.remote.database}" in told.err
    assert re.search(r"to take this run back: psql -d \S+ -f \S+\.sql", told.err)


@pytest.mark.parametrize("pair", ["sqlite-postgres"], indirect=True)
def test_what_a_try_has_committed_is_told_by_the_one_that_succeeds(pair: Pair, monkeypatch, capsys):
    shared(pair)
    pair.local.add_group("E1")
    monkeypatch.setattr(retries, "_WAIT", lambda _state: 0)
    monkeypatch.setenv("RENDER_DATABASE_URL", pair.remote.database.conninfo())
    consume, tries = MergePass.consume, []

    def cut_once(attempt: MergePass) -> None:
        tries.append(attempt)
        if len(tries) == 1:
            raise TransientError("the source is gone")
        consume(attempt)

    monkeypatch.setattr(MergePass, "consume", cut_once)
    code = main(["local2render", "--local", str(pair.local.database)])

    told = capsys.readouterr()
    assert code == 0
    assert f"1 row was committed to {pair.remote.database} by a try that was cut off" in told.out
    assert len(re.findall(r"to take this run back: psql .*-local2render\.sql", told.out)) == 1
    assert told.out.splitlines()[-1] == "  done, connection good: 1 row written"
