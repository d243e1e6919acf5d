"""What goes wrong is said in a sentence, with the right exit code, and without any password."""

import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg import sql

from backend.config.database_url import DatabaseUrl
from backend.migrate.history import MIGRATIONS
from tests.integration.migrate.conftest import SHIPPED, step, url_of
from tests.integration.migrate.structure import connected, execute, records, structure

MOTTO = 'op.add_column("groups", sa.Column("motto", sa.Text))'
GROUP = (
    "INSERT INTO groups (id, name, currency, created_at, updated_at, version)"
    " VALUES ('0190a5b800007000800000000000000a', 'Flat', 'TRY', '2026-01-01', '2026-01-01', 1)"
)
MEMBER = (
    "INSERT INTO group_members (id, group_id, display_name, created_at, updated_at, version)"
    " VALUES ('0190a5b800007000800000000000000b', '0190a5b800007000800000000000000a', 'Ana',"
    " '2026-01-01', '2026-01-01', 1)"
)


def test_a_wrong_password_ends_at_once_and_is_not_shown(postgres, migrate) -> None:
    wrong = replace(postgres, password="wr0ng-passw0rd")

    # Waited for, the password would run into the time limit of a test.
    ran = migrate(wrong, "--wait", "3600")

    assert ran.code == 78
    assert "refuses the login: wrong user or password" in ran.err
    assert "wr0ng-passw0rd" not in ran.out + ran.err


def test_a_server_that_is_down(postgres, migrate) -> None:
    nowhere = replace(postgres, params={**postgres.params, "port": "1"})

    ran = migrate(nowhere, "--wait", "0.3")

    assert ran.code == 69
    assert "connection refused by 127.0.0.1:1" in ran.err
    assert "check host and port in MIGRATE_DATABASE_URL" in ran.err
    assert postgres.password not in ran.out + ran.err


def test_a_database_that_comes_late_is_waited_for(postgres_server, migrate) -> None:
    late = postgres_server.new_database()
    postgres_server.drop_database(late)
    name = sql.Identifier(late.params["dbname"])

    told = migrate(late, "--wait", "0.3")
    creator = threading.Timer(
        1, postgres_server.execute, [sql.SQL("CREATE DATABASE {}").format(name)]
    )
    creator.start()
    ran = migrate(late, "--wait", "600")
    creator.join()
    postgres_server.drop_database(late)

    assert told.code == 69
    assert "does not exist" in told.err
    assert ran.code == 0


def test_a_url_with_a_password_is_accepted_and_not_repeated(postgres, migrate) -> None:
    ran = migrate(postgres, "--url", url_of(postgres), "--json")

    assert ran.code == 0
    assert postgres.password not in ran.out + ran.err


def test_a_url_that_cannot_be_read_is_not_repeated(postgres, migrate) -> None:
    ran = migrate(postgres, "--url", "postgresql://ana:s3cret@@db/bills")

    assert ran.code == 78
    assert "--url holds an unencoded special character" in ran.err
    assert "s3cret" not in ran.out + ran.err


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that not even root can write")
def test_a_folder_that_cannot_be_written(migrate) -> None:
    ran = migrate(DatabaseUrl("sqlite", path=Path("/sys/kernel/bills.db")))

    assert ran.code == 69
    assert "the lock file /sys/kernel/bills.db.migrate.lock cannot be made: Permission" in ran.err
    assert "let this user write to the folder, or name another database" in ran.err


def test_a_folder_that_cannot_be_made(migrate, tmp_path) -> None:
    (tmp_path / "file").write_text("not a folder")

    ran = migrate(DatabaseUrl("sqlite", path=tmp_path / "file" / "folder" / "bills.db"))

    assert ran.code in {69, 78}
    assert "Not a directory" in ran.err


def test_a_login_without_rights(postgres, postgres_server, migrate) -> None:
    role = sql.Identifier(f"guest_{postgres.params['dbname']}")
    postgres_server.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'guest'").format(role))
    guest = postgres.with_login(f"guest_{postgres.params['dbname']}", "guest")

    ran = migrate(guest)

    postgres_server.execute(sql.SQL("DROP ROLE {}").format(role))
    assert ran.code == 78
    assert "expand_0001 needs rights that this login has not" in ran.err
    assert "GRANT USAGE, CREATE ON SCHEMA public" in ran.err
    assert "MIGRATE_DATABASE_URL" in ran.err


def test_data_that_a_revision_cannot_accept(database_url, history, migrate) -> None:
    migrate(database_url)
    execute(database_url, GROUP)
    history.add(
        "expand", SHIPPED + 1, MOTTO, 'op.execute("INSERT INTO groups (id) SELECT id FROM groups")'
    )

    ran = migrate(database_url, "--dir", history.folder)

    assert ran.code == 65
    assert f"{step(1)} is refused by the data" in ran.err
    assert "nothing of it was kept" in ran.err
    assert "motto" not in structure(database_url)["groups"]["columns"]
    assert records(database_url)[1] == [(1, SHIPPED, 0)]


def test_a_revision_with_a_mistake(database_url, history, migrate) -> None:
    migrate(database_url)
    history.add("expand", SHIPPED + 1, MOTTO, 'op.execute("UPDATE nowhere SET id = 1")')

    ran = migrate(database_url, "--dir", history.folder)

    assert ran.code == 1
    assert f"{step(1)} failed: " in ran.err
    assert "nowhere" in ran.err
    assert "motto" not in structure(database_url)["groups"]["columns"]


def test_what_was_applied_before_a_mistake_stays(database_url, history, migrate) -> None:
    history.add("expand", SHIPPED + 1, MOTTO)
    history.add("expand", SHIPPED + 2, 'op.execute("UPDATE nowhere SET id = 1")')

    migrate(database_url, "--dir", history.folder)

    assert records(database_url) == ([step(1)], [(1, SHIPPED + 1, 0)])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_revision_of_a_file_that_leaves_orphans(database_url, history, migrate) -> None:
    migrate(database_url)
    execute(database_url, GROUP, MEMBER)
    history.add("expand", SHIPPED + 1, 'op.execute("DELETE FROM groups")')

    ran = migrate(database_url, "--dir", history.folder)

    assert ran.code == 65
    assert "first group_members (rowid 1) to groups" in ran.err
    assert records(database_url)[1] == [(1, SHIPPED, 0)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_rebuilding_a_table_of_a_file_keeps_the_rows_that_refer_to_it(
    database_url, history, migrate
) -> None:
    migrate(database_url)
    execute(database_url, GROUP, MEMBER)
    rebuild = 'with op.batch_alter_table("groups", recreate="always") as table:'
    history.add("expand", SHIPPED + 1, rebuild, '    table.add_column(sa.Column("motto", sa.Text))')

    ran = migrate(database_url, "--dir", history.folder)

    assert ran.code == 0
    assert _count(database_url, "group_members") == 1
    assert _count(database_url, "groups") == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--status", "--check"), "--status and --check are two questions"),
        (("--dir", MIGRATIONS / "postgres"), "is not for sqlite"),
        (("--dir", MIGRATIONS / "nowhere"), "holds no revisions"),
        (("--sql", "expand_9999"), "there is no revision expand_9999"),
        (("--engine", "postgres", "--db", "a.db"), "--engine postgres contradicts --db"),
        (("--engine", "mysql"), "'mysql' is not one of"),
        (("--phase", "both"), "'both' is not one of"),
    ],
)
def test_a_command_line_that_makes_no_sense(sqlite, migrate, words, expected) -> None:
    ran = migrate(sqlite, *words)

    assert ran.code == 2
    assert expected in ran.err
    assert not sqlite.path.exists()


def test_the_configured_database_must_be_of_the_engine_that_is_asked_for(sqlite, migrate) -> None:
    ran = migrate(sqlite, "--engine", "postgres")

    assert ran.code == 78
    assert "set MIGRATE_DATABASE_URL or DATABASE_URL" in ran.err


def _count(database, table: str):
    with connected(database) as connection:
        return connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_revision_that_leaves_no_record_is_not_taken_for_applied(
    database_url, history, migrate
) -> None:
    migrate(database_url)
    keep = "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'"
    records_stay = [
        f"CREATE TRIGGER stays BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION keep()"
        for table in ("alembic_version", "schema_state")
    ]
    history.add("expand", SHIPPED + 1, *(f"op.execute({sql!r})" for sql in (keep, *records_stay)))

    ran = migrate(database_url, "--dir", history.folder)

    assert ran.code == 69
    assert f"{step(1)} was applied, but the database does not say so" in ran.err
