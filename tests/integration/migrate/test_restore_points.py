"""The restore point before a migration: made where it is of use, and left out where it is not."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from backend.backup.cluster.repository import system_identifier
from backend.config.database_url import DatabaseUrl
from tests.fix_postgres import QUICK, PostgresServer, new_server, remove
from tests.integration.migrate.conftest import SHIPPED, continued, step
from tests.integration.migrate.structure import structure

ADD = 'op.add_column("groups", sa.Column("motto", sa.Text))'
DROP = 'op.drop_column("groups", "motto")'
NEXT = f"before-expand-{SHIPPED + 1:04}"


@pytest.fixture(scope="module")
def archiving_server() -> Iterator[PostgresServer]:
    """A server that archives its WAL, as far as it knows."""
    server = new_server({**QUICK, "archive_mode": "on", "archive_command": "true"})
    yield server
    remove(server)


@pytest.fixture
def database(archiving_server: PostgresServer) -> Iterator[DatabaseUrl]:
    """A database of the archiving server that a role of its own migrates."""
    server = archiving_server.url
    with psycopg.connect(server.conninfo(), autocommit=True) as session:
        session.execute("CREATE ROLE migrator LOGIN PASSWORD 'a-password-of-the-test'")
        session.execute("CREATE DATABASE points OWNER migrator")
    yield server.with_database("points").with_login("migrator", "a-password-of-the-test")
    with psycopg.connect(server.conninfo(), autocommit=True) as session:
        session.execute("DROP DATABASE points WITH (FORCE)")
        session.execute("DROP ROLE migrator")


@pytest.fixture
def history(tmp_path: Path):
    """The history of Postgres, with a revision that no release has."""
    history = continued("postgres", tmp_path)
    history.add("expand", SHIPPED + 1, ADD)
    history.add("contract", 1, DROP, depends_on=step(1))
    return history


@pytest.fixture
def points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the backups read."""
    folder = tmp_path / "points"
    folder.mkdir()
    monkeypatch.setenv("RESTORE_POINTS_DIR", str(folder))
    return folder


def grant_in(database: DatabaseUrl, server: PostgresServer) -> None:
    """Functions of the server have rights of their own in each database."""
    inside = server.url.with_database(str(database.params["dbname"]))
    with psycopg.connect(inside.conninfo(), autocommit=True) as session:
        session.execute("GRANT EXECUTE ON FUNCTION pg_create_restore_point TO migrator")


def noted(folder: Path) -> list[dict[str, object]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("restore-point-*.json"))]


def test_a_point_is_made_and_noted_before_each_phase(
    database, archiving_server, migrate, history, points
) -> None:
    grant_in(database, archiving_server)
    migrate(database)

    expanded = migrate(database, "--dir", history.folder, "--json")
    contracted = migrate(database, "--dir", history.folder, "--phase", "contract", "--json")

    names = [json.loads(ran.out)["restore_point"] for ran in (expanded, contracted)]
    assert names[0].startswith(f"{NEXT}-")
    assert names[1].startswith("before-contract-0001-")
    assert {one["name"] for one in noted(points)} == set(names)
    assert {one["timeline"] for one in noted(points)} == {1}
    assert {one["cluster"] for one in noted(points)} == {system_identifier(archiving_server.data)}


def test_the_point_lies_before_what_the_migration_writes(
    database, archiving_server, migrate, history, points
) -> None:
    grant_in(database, archiving_server)
    migrate(database)
    with psycopg.connect(database.conninfo()) as session:
        ((before,),) = session.execute("SELECT pg_current_wal_insert_lsn()").fetchall()

        migrate(database, "--dir", history.folder)

        ((distance, rest),) = session.execute(
            "SELECT %s::pg_lsn - %s::pg_lsn, pg_current_wal_insert_lsn() - %s::pg_lsn",
            (noted(points)[0]["lsn"], before, noted(points)[0]["lsn"]),
        ).fetchall()
    assert 0 < distance < rest


def test_an_empty_database_has_no_state_to_go_back_to(
    database, archiving_server, migrate, points
) -> None:
    grant_in(database, archiving_server)

    ran = migrate(database, "--json")

    assert json.loads(ran.out)["restore_point"] is None
    assert noted(points) == []


def test_nothing_to_do_makes_no_point(database, archiving_server, migrate, points) -> None:
    grant_in(database, archiving_server)
    migrate(database)

    ran = migrate(database)

    assert "nothing to do" in ran.out
    assert noted(points) == []


def test_a_login_without_the_right_migrates_all_the_same(
    database, migrate, history, points, caplog
) -> None:
    migrate(database)

    with caplog.at_level(logging.WARNING):
        ran = migrate(database, "--dir", history.folder)

    assert ran.code == 0
    assert "motto" in structure(database)["groups"]["columns"]
    assert "restore point skipped reason=this login may not make one" in caplog.text
    assert noted(points) == []


def test_without_an_archive_there_is_no_way_back(
    postgres, migrate, history, points, caplog
) -> None:
    migrate(postgres)

    with caplog.at_level(logging.WARNING):
        ran = migrate(postgres, "--dir", history.folder, "--json")

    assert json.loads(ran.out)["restore_point"] is None
    assert "restore point skipped reason=nothing is archived" in caplog.text


def test_a_folder_that_cannot_be_written_stops_no_migration(
    database, archiving_server, migrate, history, points, caplog
) -> None:
    grant_in(database, archiving_server)
    migrate(database)
    points.rmdir()

    with caplog.at_level(logging.WARNING):
        ran = migrate(database, "--dir", history.folder, "--json")

    assert ran.code == 0
    assert json.loads(ran.out)["restore_point"].startswith(NEXT)
    assert "restore point not noted" in caplog.text
