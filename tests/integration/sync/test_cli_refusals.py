"""What the command does not accept: its words, its databases, and another that runs."""

from contextlib import ExitStack

import pytest

from backend.config.database_url import DatabaseUrl
from backend.db.locks import SYNC, advisory_lock, file_lock
from backend.sync.connections import postgres_at


def test_without_a_hosted_database_it_says_how_to_name_one(home, monkeypatch) -> None:
    monkeypatch.delenv("RENDER_DATABASE_URL")

    ran = home("status")

    assert ran.code == 78
    assert ran.err.startswith("error: RENDER_DATABASE_URL not found\nhint:  check: grep")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["render2local", "--mirror", "--deletes"], 2),
        (["local2render", "--max-deletes", "many", "--deletes"], 2),
        (["local2render", "--mirror"], 2),
        (["local2render", "--on-conflict", "mine"], 2),
        (["status", "--remote", "mysql://x/y"], 78),
        (["status", "--remote", "postgresql://me@db.example.com/x?sslmode=disable"], 77),
    ],
)
def test_what_is_not_accepted_has_its_exit_code(home, words, code) -> None:
    assert home(*words).code == code


def test_a_file_that_is_not_there_is_said_to_be_missing(home) -> None:
    home.file.unlink()

    ran = home("status")

    assert ran.code == 78
    assert f"there is no SQLite file at {home.file}" in ran.err


def test_one_database_is_not_two(home) -> None:
    link = home.file.with_name("link.db")
    link.symlink_to(home.file)

    ran = home("local2render", "--remote", f"sqlite:///{link}")

    assert ran.code == 77
    assert "are the same database" in ran.err


def test_while_somebody_syncs_nobody_else_does(home, hosted) -> None:
    with file_lock(DatabaseUrl("sqlite", path=home.file), SYNC):
        by_file = home("local2render")
    with ExitStack() as stack:
        session = stack.enter_context(postgres_at(hosted, name="--remote", writing=True))
        stack.enter_context(advisory_lock(session, hosted, SYNC))
        by_server, inspect = home("local2render"), home("status")

    assert (by_file.code, by_server.code, inspect.code) == (75, 75, 0)
    assert "is syncing" in by_file.err
    assert "process" in by_server.err
