"""Bootstrap: one state of the server, whatever it was before."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest

from backend.bootstrap.run import bootstrap
from backend.bootstrap.settings import BootstrapSettings
from backend.errors import ConfigError, FoundWanting, TransientError
from tests.fix_postgres import PostgresServer
from tests.integration.bootstrap.conftest import PASSWORDS
from tests.ports import free_port


def login(server: PostgresServer, user: str, password: str) -> psycopg.Connection:
    url = server.url.with_login(user, password).with_database("hesap_paylas")
    return psycopg.connect(url.conninfo(connect_timeout=60), autocommit=True)


def blue(server: PostgresServer) -> psycopg.Connection:
    return login(server, "app_blue", PASSWORDS["app-blue"])


def test_second_run_finds_nothing_to_correct(told: BootstrapSettings) -> None:
    bootstrap(told)

    corrected = bootstrap(told)

    assert corrected == 0


def test_the_cluster_is_noted_beside_the_superusers_secret_as_the_database_reads_it(
    server: PostgresServer, told: BootstrapSettings
) -> None:
    bootstrap(told)

    note = told.superuser_file.with_name("cluster")
    with psycopg.connect(server.url.conninfo()) as connection:
        query = "SELECT system_identifier::text FROM pg_control_system()"
        [(identifier,)] = connection.execute(query).fetchall()
    assert note.read_text() == f"{identifier}\n"
    assert note.stat().st_mode & 0o777 == 0o440


def test_another_cluster_is_noted_in_the_place_of_the_first(
    server: PostgresServer, told: BootstrapSettings
) -> None:
    note = told.superuser_file.with_name("cluster")
    note.write_text("7312\n")

    bootstrap(told)

    assert note.read_text() != "7312\n"


def test_every_role_logs_in_with_its_own_password(
    server: PostgresServer, told: BootstrapSettings
) -> None:
    bootstrap(told)

    for user, secret in (
        ("hesap_migrate", "migrate"),
        ("app_blue", "app-blue"),
        ("app_green", "app-green"),
    ):
        with login(server, user, PASSWORDS[secret]) as connection:
            assert connection.execute("SELECT session_user").fetchone() == (user,)


def test_what_a_migration_creates_is_the_owners_and_open_to_the_app(
    server: PostgresServer, told: BootstrapSettings
) -> None:
    bootstrap(told)

    with login(server, "hesap_migrate", PASSWORDS["migrate"]) as connection:
        connection.execute("DROP TABLE IF EXISTS made")
        connection.execute("CREATE TABLE made (id serial PRIMARY KEY, n int)")

    with blue(server) as connection:
        connection.execute("INSERT INTO made (n) VALUES (1)")
        connection.execute("UPDATE made SET n = 2")
        owner = connection.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'made'")
        assert owner.fetchone() == ("hesap_owner",)
    assert bootstrap(told) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE x (n int)",
        "CREATE TEMPORARY TABLE x (n int)",
        "CREATE SCHEMA x",
        "CREATE ROLE x",
        "ALTER ROLE app_blue SUPERUSER",
        "ALTER ROLE app_green PASSWORD 'x'",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
        "SET ROLE hesap_owner",
        "SET ROLE hesap_app",
        "SELECT * FROM pg_authid",
    ],
)
def test_app_role_is_refused(
    server: PostgresServer, told: BootstrapSettings, statement: str
) -> None:
    bootstrap(told)

    with blue(server) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)  # type: ignore[arg-type, unused-ignore] # our own literals


def test_app_role_reaches_no_other_database(
    server: PostgresServer, told: BootstrapSettings
) -> None:
    bootstrap(told)
    url = server.url.with_login("app_blue", PASSWORDS["app-blue"])

    for name in ("postgres", "template1"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(url.with_database(name).conninfo())


@pytest.mark.parametrize(
    "drift",
    [
        "ALTER ROLE app_blue SUPERUSER",
        "ALTER ROLE app_blue CREATEROLE",
        "ALTER ROLE app_blue CREATEDB",
        "ALTER ROLE app_blue REPLICATION",
        "ALTER ROLE app_blue BYPASSRLS",
        "ALTER ROLE app_blue NOINHERIT",
        "ALTER ROLE app_blue NOLOGIN",
        "ALTER ROLE app_blue CONNECTION LIMIT 1",
        "ALTER ROLE hesap_owner LOGIN PASSWORD 'x'",
        "ALTER ROLE app_blue PASSWORD 'something else'",
        "ALTER ROLE app_blue SET statement_timeout = 0",
        "ALTER ROLE app_blue RESET lock_timeout",
        "ALTER ROLE app_blue SET work_mem = '1GB'",
        "ALTER ROLE app_blue IN DATABASE postgres SET statement_timeout = 0",
        "ALTER ROLE app_blue VALID UNTIL '2001-01-01'",
        "GRANT hesap_owner TO app_blue",
        "GRANT pg_execute_server_program TO app_blue",
        "GRANT hesap_app TO app_blue WITH SET TRUE",
        "REVOKE hesap_app FROM app_green",
        "GRANT ALL ON SCHEMA public TO PUBLIC",
        "GRANT CREATE ON SCHEMA public TO hesap_app",
        "GRANT CONNECT ON DATABASE postgres TO PUBLIC",
        "GRANT TEMPORARY ON DATABASE hesap_paylas TO hesap_app WITH GRANT OPTION",
        "ALTER DATABASE hesap_paylas OWNER TO postgres",
        "ALTER SCHEMA public OWNER TO postgres",
        "CREATE TABLE IF NOT EXISTS stray (id serial); ALTER TABLE stray OWNER TO postgres",
        "CREATE TABLE IF NOT EXISTS bare (n int); REVOKE ALL ON bare FROM hesap_app",
        "CREATE TABLE IF NOT EXISTS open (n int); GRANT ALL ON open TO PUBLIC, hesap_app",
        "ALTER DEFAULT PRIVILEGES FOR ROLE hesap_owner GRANT ALL ON TABLES TO hesap_app",
        "ALTER DEFAULT PRIVILEGES FOR ROLE hesap_owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
    ],
)
def test_drift_is_put_right(server: PostgresServer, told: BootstrapSettings, drift: str) -> None:
    bootstrap(told)
    server.execute(*drift.split(";"), dbname="hesap_paylas")

    corrected = bootstrap(told)

    assert corrected > 0
    assert bootstrap(told) == 0


def test_what_cannot_be_put_right_is_named(server: PostgresServer, told: BootstrapSettings) -> None:
    bootstrap(told)
    # What somebody granted who was given the right to, the owner cannot take back.
    server.execute(
        "CREATE ROLE lender",
        "CREATE TABLE lent (n int)",
        "ALTER TABLE lent OWNER TO hesap_owner",
        "GRANT USAGE ON SCHEMA public TO lender",
        "GRANT SELECT ON lent TO lender WITH GRANT OPTION",
        "SET ROLE lender",
        "GRANT SELECT ON lent TO PUBLIC",
        dbname="hesap_paylas",
    )

    with pytest.raises(FoundWanting, match="revoke SELECT on lent from PUBLIC"):
        bootstrap(told)

    server.execute(
        "DROP OWNED BY lender", "DROP ROLE lender", "DROP TABLE lent", dbname="hesap_paylas"
    )


def test_what_the_sync_keeps_beside_the_tables_is_open_to_nobody(
    server: PostgresServer, told: BootstrapSettings
) -> None:
    bootstrap(told)
    with login(server, "hesap_migrate", PASSWORDS["migrate"]) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS tablecopy_changes (base text)")

    assert bootstrap(told) > 0

    with blue(server) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT base FROM tablecopy_changes")
    server.execute("DROP TABLE tablecopy_changes", dbname="hesap_paylas")


def test_what_the_operator_gave_to_a_person_stays(
    server: PostgresServer, told: BootstrapSettings
) -> None:
    bootstrap(told)
    server.execute(
        "CREATE ROLE ana LOGIN",
        "GRANT hesap_readonly TO ana",
        "GRANT CONNECT ON DATABASE hesap_paylas TO ana",
    )

    corrected = bootstrap(told)

    assert corrected == 0
    server.execute("REVOKE ALL ON DATABASE hesap_paylas FROM ana", "DROP ROLE ana")


def test_twenty_runs_at_once_all_succeed(told: BootstrapSettings) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: bootstrap(told), range(20)))

    assert len(results) == 20


def test_no_server_ends_after_the_time_given(told: BootstrapSettings) -> None:
    params = {**told.server.params, "port": str(free_port())}
    nobody = replace(told, server=replace(told.server, params=params), wait_seconds=1)

    with pytest.raises(TransientError, match="no login within 1 s: connection refused"):
        bootstrap(nobody)


def test_empty_password_file_is_named(told: BootstrapSettings) -> None:
    told.password_files["app-blue"].write_text("")

    with pytest.raises(ConfigError, match=r"app-blue=.* is empty"):
        bootstrap(told)


def test_no_password_and_no_verifier_reaches_the_servers_log(
    server: PostgresServer, told: BootstrapSettings
) -> None:
    server.execute("ALTER SYSTEM SET log_min_duration_statement = 0", "SELECT pg_reload_conf()")
    told.password_files["app-blue"].write_text("a-password-that-nobody-may-read")

    bootstrap(told)

    log = (server.folder / "log").read_text()
    server.execute("ALTER SYSTEM RESET log_min_duration_statement", "SELECT pg_reload_conf()")
    assert "a-password-that-nobody-may-read" not in log
    assert "SCRAM-SHA-256$" not in log
