"""The role that backs up: reads everything, notes points, holds tables still, changes nothing.

Everything: the verifiers of the passwords, too. It is only ever the user that the files belong to.
"""

import psycopg
import pytest

from backend.bootstrap.run import bootstrap
from backend.bootstrap.settings import BootstrapSettings
from tests.fix_postgres import PostgresServer
from tests.integration.bootstrap.conftest import PASSWORDS


def as_backup(server: PostgresServer, dbname: str = "hesap_paylas") -> psycopg.Connection:
    """Return a connection with the rights of the role: it has no password to log in with here."""
    conninfo = server.url.with_database(dbname).conninfo()
    connection = psycopg.connect(conninfo, autocommit=True)
    connection.execute("SET SESSION AUTHORIZATION hesap_backup")
    return connection


@pytest.mark.parametrize("dbname", ["postgres", "hesap_paylas"])
def test_backs_up_and_notes_points(
    server: PostgresServer, told: BootstrapSettings, dbname: str
) -> None:
    bootstrap(told)

    with as_backup(server, dbname) as connection:
        connection.execute("SELECT pg_backup_start('tried', fast => true)")
        connection.execute("SELECT pg_backup_stop(wait_for_archive => false)")
        connection.execute("SELECT pg_create_restore_point('tried')")
        connection.execute("SELECT pg_switch_wal()")
        connection.execute("CHECKPOINT")
        shown = connection.execute("SHOW data_directory").fetchone()

    assert shown == (str(server.folder / "data"),)


def test_reads_every_table_while_nobody_writes(
    server: PostgresServer, told: BootstrapSettings
) -> None:
    bootstrap(told)
    server.execute(
        "CREATE SCHEMA hidden", "CREATE TABLE hidden.kept AS SELECT 1 AS n", dbname="hesap_paylas"
    )

    with as_backup(server) as connection, connection.transaction():
        connection.execute("LOCK TABLE hidden.kept IN SHARE MODE")
        read = connection.execute("SELECT n FROM hidden.kept").fetchall()

    server.execute("DROP SCHEMA hidden CASCADE", dbname="hesap_paylas")
    assert read == [(1,)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE x (n int)",
        "CREATE TEMPORARY TABLE x (n int)",
        "CREATE SCHEMA x",
        "CREATE ROLE x",
        "DELETE FROM written",
        "INSERT INTO written VALUES (1)",
        "TRUNCATE written",
        "DROP TABLE written",
        "ALTER SYSTEM SET archive_mode = off",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_promote()",
        "SET ROLE hesap_owner",
        "SET ROLE pg_read_all_data",
    ],
)
def test_is_refused(server: PostgresServer, told: BootstrapSettings, statement: str) -> None:
    bootstrap(told)
    server.execute("CREATE TABLE IF NOT EXISTS written (n int)", dbname="hesap_paylas")

    with as_backup(server) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)  # type: ignore[arg-type, unused-ignore] # our own literals


def test_has_no_password_and_no_timeout(server: PostgresServer, told: BootstrapSettings) -> None:
    bootstrap(told)

    with psycopg.connect(server.url.conninfo()) as connection:
        found = connection.execute(
            "SELECT rolpassword, setconfig FROM pg_authid a JOIN pg_db_role_setting s"
            " ON s.setrole = a.oid WHERE rolname = 'hesap_backup'"
        ).fetchall()

    assert found == [
        (
            None,
            [
                "statement_timeout=0",
                "idle_in_transaction_session_timeout=0",
                "transaction_timeout=0",
            ],
        )
    ]


def test_who_migrates_notes_a_point_and_can_do_no_more(
    server: PostgresServer, told: BootstrapSettings
) -> None:
    bootstrap(told)
    url = server.url.with_login("hesap_migrate", PASSWORDS["migrate"]).with_database("hesap_paylas")

    with psycopg.connect(url.conninfo(), autocommit=True) as connection:
        connection.execute("SELECT pg_create_restore_point('before-expand-0002')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT pg_switch_wal()")


@pytest.mark.parametrize("dbname", ["postgres", "hesap_paylas"])
@pytest.mark.parametrize(
    "drift",
    [
        "ALTER ROLE hesap_backup NOLOGIN",
        "ALTER ROLE hesap_backup SUPERUSER",
        "ALTER ROLE hesap_backup REPLICATION",
        "ALTER ROLE hesap_backup PASSWORD 'guessed'",
        "ALTER ROLE hesap_backup SET statement_timeout = '1s'",
        "REVOKE pg_read_all_data FROM hesap_backup",
        "GRANT pg_write_all_data TO hesap_backup",
        "GRANT pg_checkpoint TO hesap_backup WITH ADMIN TRUE",
        "REVOKE CONNECT ON DATABASE postgres FROM hesap_backup",
        "GRANT CREATE ON DATABASE hesap_paylas TO hesap_backup",
        "REVOKE EXECUTE ON FUNCTION pg_backup_start FROM hesap_backup",
        "REVOKE EXECUTE ON FUNCTION pg_create_restore_point FROM hesap_owner",
        "GRANT EXECUTE ON FUNCTION pg_switch_wal TO PUBLIC",
        "GRANT EXECUTE ON FUNCTION pg_promote TO hesap_backup",
        "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO app_blue",
        "GRANT EXECUTE ON FUNCTION pg_backup_stop TO hesap_backup WITH GRANT OPTION;"
        "GRANT EXECUTE ON FUNCTION pg_backup_stop TO app_blue",
    ],
)
def test_drift_is_put_right(
    server: PostgresServer, told: BootstrapSettings, drift: str, dbname: str
) -> None:
    bootstrap(told)
    server.execute(*drift.split(";"), dbname=dbname)

    corrected = bootstrap(told)

    assert corrected > 0
    assert bootstrap(told) == 0


def test_functions_that_the_operator_opened_to_others_stay_open(
    server: PostgresServer, told: BootstrapSettings
) -> None:
    bootstrap(told)
    server.execute(
        "CREATE ROLE watcher",
        "GRANT EXECUTE ON FUNCTION pg_ls_waldir TO watcher",
        "GRANT EXECUTE ON FUNCTION pg_sleep(float8) TO watcher",
        dbname="hesap_paylas",
    )

    corrected = bootstrap(told)

    assert corrected == 0
    server.execute("DROP OWNED BY watcher", "DROP ROLE watcher", dbname="hesap_paylas")
