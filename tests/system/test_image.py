"""What the app's image is made of."""

import json
import re

from tests.system.stack import Stack, docker, run


def in_image(stack: Stack, script: str, *, user: str = "10001:10001") -> str:
    return docker(
        *("run", "--rm", "--network", "none", "--user", user, "--entrypoint", "sh"),
        *(f"{stack.name}:blue", "-c", script),
    )


def test_no_tool_that_the_app_does_not_need(built: Stack) -> None:
    tools = "gcc cc make pip pip3 curl wget git psql"

    found = in_image(built, f"for tool in {tools} python; do command -v $tool; done; true")

    assert found == "/opt/venv/bin/python"


def test_no_installer_can_be_imported(built: Stack) -> None:
    found = in_image(built, "python -c 'import pip' 2>&1; python3 -m ensurepip 2>&1; true")

    assert "No module named 'pip'" in found or "No module named pip" in found
    assert "No module named ensurepip" in found


def test_runs_as_a_number_that_owns_nothing_in_the_image(built: Stack) -> None:
    config = json.loads(docker("image", "inspect", f"{built.name}:blue"))[0]["Config"]

    assert config["User"] == "10001:10001"
    assert in_image(built, "find /app /opt/venv -uid 10001 -o -perm /022 ! -type l") == ""


def test_no_file_gives_another_users_rights(built: Stack) -> None:
    assert in_image(built, "find / -xdev -type f -perm /6000", user="0:0") == ""


def test_holds_nothing_but_the_app(built: Stack) -> None:
    listed = in_image(built, "ls -A /app").split()

    assert sorted(listed) == [
        "VERSION",
        "backend",
        "drill_check.py",
        "gunicorn.conf.py",
        "healthcheck.py",
        "requirements.txt",
    ]


def test_code_was_compiled_when_the_image_was_built(built: Stack) -> None:
    assert in_image(built, "find /app/backend -name 'app.*.pyc' | wc -l") == "1"


def test_the_standard_library_was_compiled_too(built: Stack) -> None:
    script = "import http.client, os; print(os.path.exists(http.client.__cached__))"

    assert in_image(built, f'python -c "{script}"') == "True"


def test_both_colors_and_migrate_are_the_same_release(built: Stack) -> None:
    releases = {
        tag: docker(
            "run", "--rm", "--network", "none", f"{built.name}:{tag}", "cat", "/app/VERSION"
        )
        for tag in ("blue", "green", "migrate")
    }

    assert len(set(releases.values())) == 1
    # It is also the tag of the release's image.
    assert re.fullmatch(r"[0-9][A-Za-z0-9.]*-[0-9a-f]{10}", releases["blue"])


def test_history_shows_no_build_argument(built: Stack) -> None:
    assert "ARG" not in docker("history", "--no-trunc", f"{built.name}:blue")


def test_size_is_printed(built: Stack, record_property: object) -> None:
    size = int(run("docker", "image", "inspect", "-f", "{{.Size}}", f"{built.name}:blue").stdout)
    base = int(
        run("docker", "image", "inspect", "-f", "{{.Size}}", "python:3.13-slim-trixie").stdout
    )

    print(f"image {size / 1e6:.0f} MB, of which the base {base / 1e6:.0f} MB")
    assert size - base < 150e6
