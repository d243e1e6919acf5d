"""Secrets over the life of a stack: brought, refused, lost, recovered, changed while running."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.polling import wait_for
from tests.system.person import Person
from tests.system.stack import Stack, run

# Whatever is special to a shell, to SQL, to a URL or to SASL's spelling rules.
BROUGHT = "bröught 'quoted' \"twice\" $(id) `id` \\ %40@:/?#& €\\"


def log_in_to_database(stack: Stack, user: str, password: str) -> subprocess.CompletedProcess[str]:
    return stack.compose(
        *("exec", "-T", "-e", f"PGPASSWORD={password}", "db", "psql", "--no-password", "-h"),
        *("127.0.0.1", "-U", user, "-d", "hesap_paylas", "-Atc", "SELECT 'in'"),
        check=False,
    )


def superuser_password(stack: Stack) -> str:
    return stack.exec("db", "cat", "/run/secrets/superuser/password").stdout.strip()


@pytest.mark.parametrize(
    ("service", "name", "owner_and_mode"),
    [
        ("db", "superuser", "10001:999 750"),
        ("app-blue", "app-blue", "10001:10001 500"),
        ("app-green", "app-green", "10001:10001 500"),
        ("app-green", "session", "10001:10001 500"),
    ],
)
def test_the_folder_of_a_secret_is_for_its_readers_only(
    stack: Stack, service: str, name: str, owner_and_mode: str
) -> None:
    said = stack.exec(service, "stat", "--format", "%u:%g %a", f"/run/secrets/{name}").stdout

    assert said.strip() == owner_and_mode


def test_weak_own_secret_stops_up_and_changes_nothing(own_stack: Stack) -> None:
    before = superuser_password(own_stack)
    weak = own_stack.root / "deploy/secrets/superuser_password"
    weak.write_text("postgrespostgres")

    refused = own_stack.compose("up", "--detach", check=False)

    weak.unlink()
    assert refused.returncode != 0
    assert "exit 78" in refused.stderr
    assert "deploy/secrets/superuser_password" in own_stack.logs("secrets")
    assert "postgrespostgres" not in own_stack.logs("secrets")
    assert superuser_password(own_stack) == before
    assert own_stack.status("/api/ready") == 200


def test_own_superuser_password_reaches_the_running_database(own_stack: Stack) -> None:
    database = own_stack.container("db")
    brought = own_stack.root / "deploy/secrets/superuser_password"
    brought.write_text(BROUGHT + "\n")

    own_stack.up()

    brought.unlink()
    assert log_in_to_database(own_stack, "postgres", BROUGHT).stdout.strip() == "in"
    assert superuser_password(own_stack) == BROUGHT
    assert own_stack.container("db") == database

    own_stack.compose("restart", "db")
    own_stack.wait_ready()

    assert log_in_to_database(own_stack, "postgres", BROUGHT).stdout.strip() == "in"


def test_superuser_password_changes_while_everything_runs(own_stack: Stack) -> None:
    old = superuser_password(own_stack)

    with requests_that_must_not_fail(own_stack):
        own_stack.compose("run", "--rm", "bootstrap", "rotate-superuser")

    new = superuser_password(own_stack)
    assert new != old
    assert log_in_to_database(own_stack, "postgres", new).stdout.strip() == "in"
    assert "password authentication failed" in log_in_to_database(own_stack, "postgres", old).stderr


def test_new_password_of_the_idle_color_loses_no_request(own_stack: Stack) -> None:
    idle = own_stack.container("app-green")

    with requests_that_must_not_fail(own_stack):
        own_stack.compose("run", "--rm", "secrets", "rotate", "app-green")
        own_stack.compose("run", "--rm", "bootstrap")
        own_stack.sql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'app_green'"
        )

    health = own_stack.exec("app-green", "python", "/app/healthcheck.py", "/api/ready", check=False)
    assert health.returncode == 0
    assert own_stack.container("app-green") == idle


def test_secrets_lost_beside_old_data_are_healed_by_the_command_named(own_stack: Stack) -> None:
    ana = Person.signed_up(own_stack)
    own_stack.compose("down", "--timeout", "5")
    run("docker", "volume", "rm", f"{own_stack.name}_secret-superuser")
    run("docker", "volume", "rm", f"{own_stack.name}_secret-session")

    refused = own_stack.compose("up", "--detach", check=False)

    said = own_stack.logs("secrets")
    assert refused.returncode != 0
    assert "exit 77" in refused.stderr
    assert "lost beside an old data volume: superuser session." in said
    [command] = {
        line.partition("|")[2].strip(" ") for line in said.splitlines() if "recover" in line
    }
    words = command.removeprefix("secrets:").split()
    assert words[:2] == ["docker", "compose"]

    run(*words, cwd=own_stack.root)
    own_stack.up()

    ana.log_in()
    assert ana.get("me")["email"] == ana.email


@contextmanager
def requests_that_must_not_fail(stack: Stack) -> Iterator[None]:
    """Ask for a page that reads the database, without pause and without a second try."""
    ana = Person.signed_up(stack)
    done, answers = threading.Event(), []

    def ask() -> None:
        while not done.is_set():
            try:
                ana.get("groups")
                answers.append("")
            except (AssertionError, OSError) as error:
                answers.append(str(error))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        wait_for(lambda: len(answers) > 5, "the first answers")
        yield
    finally:
        done.set()
        thread.join()
    failed = [answer for answer in answers if answer]
    assert not failed, failed[:3]
    assert len(answers) > 20


@pytest.mark.parametrize("words", ["", "app-red", "superuser"])
def test_rotating_what_cannot_be_rotated_is_a_usage_error(own_stack: Stack, words: str) -> None:
    result = own_stack.compose("run", "--rm", "secrets", "rotate", *words.split(), check=False)

    assert result.returncode == 2
