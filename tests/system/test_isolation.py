"""Who can speak to the database, and as whom; and that nothing inside can speak to the world."""

import json
import subprocess
from itertools import product

import pytest

from tests.system.stack import Stack, docker, run

# Asks for encryption as the first message of the protocol does: a server answers one letter.
# A bare TCP connect would prove nothing: something in between may accept it.
SPEAK = """
import socket, sys
try:
    with socket.create_connection((sys.argv[1], 5432), timeout=3) as s:
        s.sendall(bytes.fromhex("0000000804d2162f"))
        print("postgres" if s.recv(1) in (b"N", b"S") else "silence")
except OSError as error:
    print("unreachable", error)
"""
LOG_IN_AS_EACH = """
import json, sys, psycopg
ends = []
for user, password in json.load(sys.stdin):
    try:
        psycopg.connect(host="db", dbname="hesap_paylas", user=user, password=password)
        ends.append("in")
    except psycopg.OperationalError as error:
        ends.append(str(error))
print(json.dumps(ends))
"""


def database_address(stack: Stack) -> str:
    address: str = stack.inspect("db")["NetworkSettings"]["Networks"][f"{stack.name}_data"][
        "IPAddress"
    ]
    return address


def speak_from_network(stack: Stack, network: str, target: str) -> str:
    return docker(
        *("run", "--rm", "--network", f"{stack.name}_{network}", f"{stack.name}:migrate"),
        *("python", "-c", SPEAK, target),
    )


def test_the_app_can_speak_to_the_database(stack: Stack) -> None:
    answer = stack.exec("app-blue", "python", "-c", SPEAK, database_address(stack)).stdout

    assert answer.strip() == "postgres"


def test_the_host_cannot(stack: Stack) -> None:
    answer = run("python3", "-c", SPEAK, database_address(stack)).stdout

    assert answer.strip() != "postgres"


@pytest.mark.parametrize("network", ["web", "edge"])
@pytest.mark.parametrize("by", ["name", "address"])
def test_a_container_on_another_network_cannot(stack: Stack, network: str, by: str) -> None:
    target = "db" if by == "name" else database_address(stack)

    answer = speak_from_network(stack, network, target)

    assert answer != "postgres"


def test_the_proxy_does_not_even_know_its_name(stack: Stack) -> None:
    result = stack.exec("proxy", "getent", "hosts", "db", check=False)

    assert result.returncode != 0


@pytest.mark.parametrize("service", ["db", "app-blue", "app-green", "backup", "drill-check"])
def test_nothing_inside_has_a_way_out(stack: Stack, service: str) -> None:
    # 192.0.2.1 is reserved for documentation (RFC 5737): nobody is ever asked.
    answer = docker(
        *("run", "--rm", "--network", f"container:{stack.container(service)}"),
        *(f"{stack.name}:migrate", "python", "-c", SPEAK, "192.0.2.1"),
    )

    assert answer.startswith("unreachable")


@pytest.mark.parametrize("password", ["wrong", ""])
@pytest.mark.parametrize("host", ["/var/run/postgresql", "127.0.0.1"])
@pytest.mark.parametrize("user", ["postgres", "app_blue"])
def test_wrong_and_empty_passwords_fail_beside_the_database(
    stack: Stack, host: str, user: str, password: str
) -> None:
    result = psql(stack, host=host, user=user, password=password)

    assert result.returncode == 2
    assert "password authentication failed" in result.stderr or "no password" in result.stderr


def psql(stack: Stack, *, host: str, user: str, password: str) -> subprocess.CompletedProcess[str]:
    return stack.compose(
        *("exec", "-T", "-e", f"PGPASSWORD={password}", "db", "psql", "--no-password"),
        *("-h", host, "-U", user, "-d", "postgres", "-c", "SELECT 1"),
        check=False,
    )


def test_wrong_and_empty_passwords_fail_over_the_network(stack: Stack) -> None:
    tried = list(product(("postgres", "app_blue", "hesap_migrate"), ("wrong", "")))

    answer = stack.exec("app-green", "python", "-c", LOG_IN_AS_EACH, stdin=json.dumps(tried)).stdout

    refusals = ("password authentication failed", "no password supplied")
    ends = dict(zip(tried, json.loads(answer), strict=True))
    assert [who for who, said in ends.items() if not any(r in said for r in refusals)] == []


def test_rules_of_access_hold_nothing_but_scram_and_reject_but_for_backups(stack: Stack) -> None:
    found = stack.sql(
        "SELECT DISTINCT auth_method, CASE auth_method WHEN 'peer' THEN type || user_name::text END,"
        " error FROM pg_hba_file_rules"
    )

    assert sorted(found.splitlines()) == [
        "peer|local{hesap_backup}|",
        "reject||",
        "scram-sha-256||",
    ]


def test_who_backs_up_comes_in_by_the_socket_as_the_owner_of_the_data(stack: Stack) -> None:
    login = ("psql", "--no-password", "-U", "hesap_backup", "-d", "postgres", "-XAtc")

    inside = stack.exec("db", *login, "SELECT current_user").stdout
    by_address = stack.exec("db", *login, "SELECT 1", "-h", "127.0.0.1", check=False)
    as_somebody_else = run(
        *("docker", "exec", "--user", "10001:999", stack.container("db")),
        *(*login, "SELECT 1"),
        check=False,
    )

    assert inside == "hesap_backup\n"
    assert "pg_hba.conf rejects connection" in by_address.stderr
    assert "Peer authentication failed" in as_somebody_else.stderr


def test_nobody_comes_in_as_who_backs_up_over_the_network(stack: Stack) -> None:
    tried = [["hesap_backup", word] for word in ("", "hesap_backup")]

    answer = stack.exec("app-green", "python", "-c", LOG_IN_AS_EACH, stdin=json.dumps(tried)).stdout

    assert all("pg_hba.conf rejects connection" in said for said in json.loads(answer))


def test_every_password_is_stored_as_a_scram_verifier(stack: Stack) -> None:
    other = stack.sql(
        "SELECT rolname, rolpassword FROM pg_authid"
        " WHERE rolcanlogin AND coalesce(rolpassword, '') NOT LIKE 'SCRAM-SHA-256$%'"
    )

    assert other == "hesap_backup|"


def test_durability_and_checksums_are_on(stack: Stack) -> None:
    names = ["fsync", "full_page_writes", "synchronous_commit", "data_checksums"]

    values = stack.sql("".join(f"SHOW {name};" for name in names)).split()

    assert values == ["on", "on", "on", "on"]


def test_order_of_text_does_not_depend_on_the_system(stack: Stack) -> None:
    found = stack.sql(
        "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'hesap_paylas'"
    )

    assert found == "b|C.UTF-8"


FORBIDDEN = [
    "CREATE TABLE x (n int)",
    "CREATE TEMPORARY TABLE x (n int)",
    "DROP TABLE users",
    "TRUNCATE users",
    "ALTER TABLE users ADD COLUMN x int",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY users TO '/tmp/x'",
    "SET ROLE hesap_owner",
    "SET ROLE postgres",
    "CREATE ROLE x",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT rolpassword FROM pg_authid",
]
TRY_ALL = """
import json, sys, psycopg
from backend.config.settings import load_settings
import os
states = {}
with psycopg.connect(load_settings(os.environ).database.conninfo(), autocommit=True) as connection:
    for statement in json.load(sys.stdin):
        try:
            connection.execute(statement)
            states[statement] = "done"
        except psycopg.Error as error:
            states[statement] = error.sqlstate
print(json.dumps(states))
"""


def test_app_role_can_do_nothing_but_read_and_write_rows(stack: Stack) -> None:
    answer = stack.exec("app-blue", "python", "-c", TRY_ALL, stdin=json.dumps(FORBIDDEN)).stdout

    insufficient_privilege = "42501"
    assert json.loads(answer) == dict.fromkeys(FORBIDDEN, insufficient_privilege)
