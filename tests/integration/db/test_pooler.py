"""Behind a pooler in transaction mode every command ends before it has left anything there."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from backend.bootstrap.cli import command as bootstrap_command
from backend.cli import shell
from backend.db.connect import connect, refuse_pooler
from backend.errors import RefusedError
from backend.migrate.cli import main as migrate_main
from backend.sync.cli import main as sync_main
from backend.transfer.cli import main as transfer_main
from tests.fix_pooler import Pooled, pooled_database


def source(folder: Path) -> str:
    """Make a file with one table."""
    path = folder / "home.db"
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT)")
        file.commit()
    return str(path)


def moves(pooled: Pooled, folder: Path, environ: pytest.MonkeyPatch) -> int:
    environ.setenv("MIGRATE_DATABASE_URL", pooled.url.conninfo())
    return transfer_main(["--sqlite", source(folder), "--migrate"])


def dry_runs(pooled: Pooled, folder: Path, environ: pytest.MonkeyPatch) -> int:
    environ.setenv("MIGRATE_DATABASE_URL", pooled.url.conninfo())
    return transfer_main(["--sqlite", source(folder), "--dry-run"])


def migrates(pooled: Pooled, _folder: Path, environ: pytest.MonkeyPatch) -> int:
    environ.setenv("MIGRATE_DATABASE_URL", pooled.url.conninfo())
    return migrate_main([])


def looks(pooled: Pooled, _folder: Path, environ: pytest.MonkeyPatch) -> int:
    environ.setenv("MIGRATE_DATABASE_URL", pooled.url.conninfo())
    return migrate_main(["--status"])


def syncs(pooled: Pooled, folder: Path, environ: pytest.MonkeyPatch) -> int:
    environ.setenv("RENDER_DATABASE_URL", pooled.url.conninfo())
    return sync_main(["local2render", "--local", f"sqlite:///{source(folder)}"])


def bootstraps(pooled: Pooled, folder: Path, environ: pytest.MonkeyPatch) -> int:
    for name in ("SUPERUSER", "MIGRATE", "APP_BLUE", "APP_GREEN"):
        (folder / name).write_text(f"an invented password of {name}\n")
        environ.setenv(f"{name}_PASSWORD_FILE", str(folder / name))
    # Half a rotation: the first thing that a login would do is to end it.
    (folder / "SUPERUSER.next").write_text("an invented password that is next\n")
    environ.setenv("PG_HOST", "127.0.0.1")
    environ.setenv("PG_PORT", str(pooled.pooler.port))
    environ.setenv("BOOTSTRAP_WAIT_SECONDS", "60")
    return shell.run(bootstrap_command, [])


@pytest.mark.parametrize("command", [moves, dry_runs, migrates, looks, syncs, bootstraps])
def test_every_command_refuses_and_leaves_nothing_to_others(
    pooled, tmp_path, monkeypatch, capsys, command
) -> None:
    code = command(pooled, tmp_path, monkeypatch)

    assert pooled.left_behind() == set()
    said = capsys.readouterr().err
    assert code == 77, said
    assert "a pooler in transaction mode lies between us and postgresql://" in said
    assert "own address" in said


@pytest.mark.parametrize("in_turn", [False, True])
@pytest.mark.parametrize("replays", [False, True])
@pytest.mark.parametrize("sessions", [1, 2, 3])
def test_no_habit_of_a_pooler_hides_it(trusting_server, in_turn, replays, sessions) -> None:
    with pooled_database(trusting_server, in_turn=in_turn, replays=replays) as one:
        one.pooler.fill(sessions)

        with (
            closing(connect(one.url, {})) as session,
            pytest.raises(RefusedError, match="a pooler in transaction mode"),
        ):
            refuse_pooler(session, one.url, {})

        assert one.left_behind() == set()


@pytest.mark.timeout(60)
def test_a_pooler_that_has_but_one_session_is_not_waited_for(trusting_server) -> None:
    with (
        pooled_database(trusting_server, most=1) as one,
        closing(connect(one.url, {})) as session,
        pytest.raises(RefusedError, match="a pooler in transaction mode"),
    ):
        refuse_pooler(session, one.url, {})


def test_the_server_itself_is_taken_for_what_it_is(trusting_server) -> None:
    with closing(connect(trusting_server.url, {})) as session:
        refuse_pooler(session, trusting_server.url, {})
