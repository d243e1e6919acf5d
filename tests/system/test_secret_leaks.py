"""Where the stack's secrets are not: anywhere but in their own volumes, for their own readers."""

import pytest

from tests.system.stack import Stack, docker, run

SERVERS = ("db", "app-blue", "app-green", "proxy", "backup", "drill-check")
READ_PROCESSES = "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null; true"


@pytest.fixture(scope="module")
def secrets(stack: Stack) -> list[str]:
    """Every secret of the shared stack, and every verifier the database made of one."""
    values = [read_volume(stack, *place) for place in PLACES]
    verifiers = stack.sql("SELECT rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL")
    assert all(len(value) == 48 for value in values)
    repository = read_volume(stack, "repository", "repository.conf").partition("=")[2]
    manifests = read_volume(stack, "backup", "manifest_key")
    assert len(repository) == 64
    assert len(manifests) == 74
    return [*values, repository, manifests, *verifiers.splitlines()]


PLACES = [
    ("superuser", "password"),
    ("migrate", "password"),
    ("app-blue", "password"),
    ("app-green", "password"),
    ("session", "secret_key"),
]


def read_volume(stack: Stack, name: str, file: str) -> str:
    volume = f"{stack.name}_secret-{name}:/secret:ro"
    image = f"{stack.name}-db:17"
    return docker(
        *("run", "--rm", "--user", "0:0", "--network", "none", "--volume", volume),
        *("--volume", f"{stack.name}_pgdata:/var/lib/postgresql/data:ro"),
        *("--entrypoint", "cat", image, f"/secret/{file}"),
    )


def assert_absent(secrets: list[str], text: str) -> None:
    # The value itself must not be shown either when this fails.
    found = [f"secret number {number}" for number, value in enumerate(secrets) if value in text]
    assert found == []


def test_not_in_what_docker_tells_about_containers_and_images(
    stack: Stack, secrets: list[str]
) -> None:
    for container in stack.containers().values():
        assert_absent(secrets, docker("inspect", container))
    for image in stack.images():
        assert_absent(secrets, docker("image", "inspect", image))
        assert_absent(secrets, docker("history", "--no-trunc", image))


def test_not_in_any_log(stack: Stack, secrets: list[str]) -> None:
    assert_absent(secrets, stack.logs())


@pytest.mark.parametrize("service", SERVERS)
def test_not_in_any_process_list_or_environment(
    stack: Stack, secrets: list[str], service: str
) -> None:
    seen = stack.exec(service, "sh", "-c", READ_PROCESSES).stdout

    assert "PATH=" in seen
    assert_absent(secrets, seen)
    assert_absent(secrets, docker("top", stack.container(service), "-eo", "pid,args"))


def test_not_in_the_configuration(stack: Stack, secrets: list[str]) -> None:
    assert_absent(secrets, stack.compose("config").stdout)


@pytest.mark.parametrize(
    ("service", "readable"),
    [
        ("db", ["backup/repository.conf", "superuser/cluster", "superuser/password"]),
        ("app-blue", ["app-blue/password", "session/secret_key", "session/secret_key_fallbacks"]),
        ("app-green", ["app-green/password", "session/secret_key", "session/secret_key_fallbacks"]),
        (
            "backup",
            [
                "backup/manifest_key",
                "backup/repository.conf",
                "backup/session_key",
                "backup/session_key_fallbacks",
            ],
        ),
        ("drill-check", []),
        ("proxy", []),
    ],
)
def test_each_service_sees_its_own_secrets_only(
    stack: Stack, service: str, readable: list[str]
) -> None:
    script = "for f in /run/secrets/*/*; do [ ! -r $f ] || echo $f; done"

    found = stack.exec(service, "sh", "-c", script).stdout.split()

    assert sorted(found) == [f"/run/secrets/{name}" for name in readable]


def test_no_image_holds_a_secret_file_or_the_history_of_the_code(stack: Stack) -> None:
    script = (
        "find / -xdev \\( -name '.env*' -o -name .git -o -name '*_password' -o -name '*.db' \\)"
    )

    found = run(
        *("docker", "run", "--rm", "--user", "0:0", "--network", "none"),
        *("--entrypoint", "sh", f"{stack.name}:blue", "-c", script),
    ).stdout

    assert found == ""
