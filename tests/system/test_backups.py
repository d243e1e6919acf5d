"""Backups as the stack makes them: taken, proved by a restore, and looked at by the release."""

import json
from typing import Any

from tests.polling import wait_for
from tests.system.archive import wait_for_archive
from tests.system.person import Person
from tests.system.stack import Stack, docker

HELD = 75
TOOL = ("/opt/venv/bin/python", "/app/backend/db_backup.py")


def test_a_backup_is_proved_by_the_service_itself(stack: Stack) -> None:
    Person.signed_up(stack)
    wait_for_archive(stack)

    made = stack.compose("run", "--rm", "backup", "create", "--json", check=False)

    # The service makes one by itself after five minutes: then it is the one that is proved.
    assert made.returncode in {0, HELD}, made.stderr
    wait_for(lambda: status(stack)["newest_proven"], "a drill that has passed")
    assert "drill passed" in stack.logs("backup")
    assert "the restored data is as it should be" in stack.logs("drill-check")
    assert stack.exec("backup", *TOOL, "health", check=False).returncode == 0


def status(stack: Stack) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(stack.exec("backup", *TOOL, "status", "--json").stdout)
    return answer


def in_image(stack: Stack, script: str) -> str:
    return docker(
        *("run", "--rm", "--network", "none", "--user", "0:0", "--entrypoint", "sh"),
        *(f"{stack.name}-backup:17", "-c", script),
    )


def test_the_image_holds_the_tool_and_no_app(built: Stack) -> None:
    script = (
        "ls /app /app/backend; for name in flask sqlalchemy pip; do"
        ' /opt/venv/bin/python -c "import $name" 2>&1 | tail -n 1; done'
    )

    found = in_image(built, script).splitlines()

    assert found[-3:] == [
        f"ModuleNotFoundError: No module named '{name}'" for name in ("flask", "sqlalchemy", "pip")
    ]
    assert {"models", "services", "api", "web", "requirements.txt"} & set(found) == set()


def test_no_file_of_the_images_gives_another_users_rights(built: Stack) -> None:
    for image in ("db", "backup"):
        found = docker(
            *("run", "--rm", "--network", "none", "--user", "0:0", "--entrypoint", "find"),
            *(f"{built.name}-{image}:17", "/", "-xdev", "-type", "f", "-perm", "/6000"),
        )

        assert found == "", image


def test_sizes_are_printed(built: Stack) -> None:
    names = ("postgres:17-trixie", f"{built.name}-db:17", f"{built.name}-backup:17")
    base, db, backup = (
        int(docker("image", "inspect", "--format", "{{.Size}}", name)) for name in names
    )

    print(
        f"db {(db - base) / 1e6:.0f} MB more than its base, backup {(backup - db) / 1e6:.0f} more"
    )
    assert db - base < 40e6
    assert backup - db < 120e6
