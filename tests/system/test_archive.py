"""The archive: whose it is, what it holds while nobody backs up, and what is done without it."""

from collections.abc import Iterator
from functools import partial

import pytest

from tests.polling import wait_for
from tests.system.archive import archived, cluster, wait_for_archive
from tests.system.backup_tool import BackupTool
from tests.system.person import Person
from tests.system.stack import Stack, docker

# How a file begins that OpenSSL has encrypted.
ENCRYPTED = "Salted__"


def has_archived(stack: Stack, segment: str) -> bool:
    return any(f"/{segment}-" in path for path in archived(stack))


@pytest.fixture
def without_backup(stack: Stack) -> Iterator[Stack]:
    """The shared stack while its service `backup` is stopped."""
    wait_for_archive(stack)
    stack.compose("stop", "backup")
    yield stack
    stack.compose("start", "backup")


def test_a_change_is_archived_while_nobody_backs_up(without_backup: Stack) -> None:
    Person.signed_up(without_backup)
    # The byte before: just now the server may have begun a segment that holds nothing.
    segment = without_backup.sql("SELECT pg_walfile_name(pg_current_wal_lsn() - 1)")

    wait_for(partial(has_archived, without_backup, segment), f"{segment} in the archive")


@pytest.fixture
def without_backups(own_stack: Stack) -> Iterator[Stack]:
    """A stack that is told to make no backups; as it was before, afterwards."""
    own_stack.configure(WEB_WORKERS="4", BACKUPS="off")
    own_stack.up()
    yield own_stack
    own_stack.configure(WEB_WORKERS="4")
    own_stack.up()
    assert own_stack.sql("SHOW archive_mode") == "on"


def test_the_archive_is_encrypted_and_nobody_elses(stack: Stack) -> None:
    wait_for_archive(stack)
    file = archived(stack)[0]

    head = stack.exec("db", "head", "-c", "8", file).stdout
    folder = stack.exec("db", "stat", "--format", "%u:%g %a", "/backups").stdout

    assert head == ENCRYPTED
    assert folder == "999:999 2750\n"


def test_who_backs_up_cannot_change_the_data(stack: Stack) -> None:
    refused = stack.exec("backup", "touch", "/var/lib/postgresql/data/cluster/x", check=False)

    assert "Read-only file system" in refused.stderr


def test_the_command_that_people_type_finds_the_backups(stack: Stack) -> None:
    wait_for_archive(stack)

    listed = stack.compose("run", "--rm", "backup", "status")

    assert f"/backups/{cluster(stack)}" in listed.stdout


def test_one_server_at_a_time_holds_the_cluster(stack: Stack) -> None:
    second = stack.compose("run", "--rm", "--no-deps", "db", check=False, timeout=60)

    assert second.returncode == 77
    assert "the cluster is held by another process" in second.stderr
    assert stack.status("/api/ready") == 200


def test_a_database_that_was_killed_comes_back_for_who_backs_up(own_stack: Stack) -> None:
    own_stack.compose("kill", "db")

    own_stack.up()

    asked = ("psql", "-U", "hesap_backup", "-d", "hesap_paylas", "-Atc", "SELECT current_user")
    assert own_stack.exec("backup", *asked).stdout == "hesap_backup\n"


def test_without_backups_nothing_is_archived(without_backups: Stack) -> None:
    warnings = BackupTool(without_backups).answer("status")["warnings"]

    assert without_backups.sql("SHOW archive_mode") == "off"
    assert warnings[0].startswith("BACKUPS=off: NOTHING IS ARCHIVED OR BACKED UP")
    assert not any("the service makes one" in one for one in warnings)


def test_a_key_that_is_lost_beside_backups_stops_up_and_none_is_made(own_stack: Stack) -> None:
    wait_for_archive(own_stack)
    key = in_keys(own_stack, "cat /keys/repository.conf && rm /keys/repository.conf")

    refused = own_stack.compose("up", "--detach", check=False)

    left = in_keys(own_stack, "ls /keys").split()
    put_back = f"printf '%s\\n' '{key}' >/keys/repository.conf && chown 999:999 /keys/*"
    in_keys(own_stack, put_back)
    assert "exit 77" in refused.stderr
    assert "the key of the backups is lost, repository.conf" in own_stack.logs("secrets")
    assert left == ["manifest_key", "session_key", "session_key_fallbacks"]
    own_stack.up()


def in_keys(stack: Stack, script: str) -> str:
    """Run a script as root that sees the keys of the backups, and return its output."""
    return docker(
        *("run", "--rm", "--network", "none", "--user", "0:0", "--entrypoint", "sh"),
        *("--volume", f"{stack.name}_secret-backup:/keys"),
        *("--volume", f"{stack.name}_pgdata:/var/lib/postgresql/data:ro"),
        *(f"{stack.name}-db:17", "-c", script),
    )


def test_a_new_database_begins_a_repository_of_its_own_and_the_old_one_stays(
    own_stack: Stack,
) -> None:
    wait_for_archive(own_stack)
    old = cluster(own_stack)
    own_stack.compose("down", "--volumes", "--timeout", "5")
    kept = files(own_stack, old)

    own_stack.up()

    wait_for_archive(own_stack)
    assert cluster(own_stack) != old
    assert kept
    assert files(own_stack, old) == kept
    listed = own_stack.exec(
        "backup", "/opt/venv/bin/python", "/app/backend/db_backup.py", "list"
    ).stdout
    assert f"another cluster's backups: /backups/{old}" in listed


def files(stack: Stack, identifier: str) -> list[str]:
    """Return every file that is kept of a cluster, with its size; the stack may be down."""
    return sorted(
        docker(
            *("run", "--rm", "--network", "none", "--entrypoint", "find"),
            *("--volume", f"{stack.backups}:/backups:ro", f"{stack.name}-db:17"),
            *(f"/backups/{identifier}", "-type", "f", "-printf", "%p %s\\n"),
        ).splitlines()
    )
