"""What the images of database and backups are made of."""

from tests.system.stack import Stack, docker


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
