"""`up` as people use it: again, beside another stack, and with a database that is not ours."""

import json
from collections.abc import Callable

import pytest

from tests.system.person import Person
from tests.system.stack import Stack, docker


def servers(stack: Stack) -> dict[str, str]:
    names = ("db", "app-blue", "app-green", "proxy", "backup", "drill-check")
    found = stack.containers("oneoff=False")
    return {name: found[name] for name in names}


def test_up_after_the_checkout_has_moved_on_recreates_nothing(own_stack: Stack) -> None:
    before = servers(own_stack)
    for part in (
        "backend/version.py",
        "docker/postgres/postgresql.conf",
        "docker/proxy/haproxy.cfg",
    ):
        with (own_stack.root / part).open("a", encoding="utf-8") as file:
            file.write("# a later commit\n")

    own_stack.up()

    assert servers(own_stack) == before


def test_up_works_without_a_env_file_and_with_one(built: Stack) -> None:
    written = (built.root / ".env").read_text()
    (built.root / ".env").unlink()
    try:
        without = built.compose("config", "--format", "json").stdout
    finally:
        (built.root / ".env").write_text(written)

    assert '"name": "hesap-paylas"' in without
    assert f'"name": "{built.name}"' in built.compose("config", "--format", "json").stdout


def test_backups_lie_beside_the_checkout_unless_told_otherwise(built: Stack) -> None:
    written = (built.root / ".env").read_text()
    (built.root / ".env").unlink()
    try:
        services = json.loads(built.compose("config", "--format", "json").stdout)["services"]
    finally:
        (built.root / ".env").write_text(written)

    sources = {mount["target"]: mount["source"] for mount in services["backup"]["volumes"]}
    assert sources["/backups"] == str(built.root.with_name("hesap-paylas-backups"))


def test_down_and_up_brings_data_and_both_colors_back(own_stack: Stack) -> None:
    ana = Person.signed_up(own_stack)

    own_stack.compose("down", "--timeout", "5")
    own_stack.up()

    assert ana.get("me")["email"] == ana.email
    assert own_stack.exec("app-green", "python", "/app/healthcheck.py").returncode == 0


def test_two_stacks_live_side_by_side(stack: Stack, own_stack: Stack) -> None:
    ana = Person.signed_up(stack)

    elsewhere = Person(own_stack, ana.email, ana.password)

    assert not set(stack.containers().values()) & set(own_stack.containers().values())
    with pytest.raises(AssertionError, match="401"):
        elsewhere.log_in()


def test_failed_migration_stops_up_and_the_app_never_starts(
    make_stack: Callable[[str], Stack],
) -> None:
    stack = make_stack("refused")
    stack.compose("up", "--detach", "--wait", "db")
    stack.compose("run", "--rm", "bootstrap")
    stack.sql(
        "CREATE TABLE somebody_elses (n int); ALTER TABLE somebody_elses OWNER TO hesap_owner"
    )

    result = stack.compose("up", "--detach", check=False)

    assert result.returncode != 0
    assert "migrate" in result.stderr
    assert "exit 77" in result.stderr
    assert "somebody_elses" in stack.logs("migrate")
    for color in ("app-blue", "app-green"):
        assert stack.inspect(color)["State"]["Status"] == "created"
    assert stack.status("/api/live") in {0, 503}
    assert stack.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == "1"


def test_mistake_in_the_environment_ends_before_the_port_is_bound(stack: Stack) -> None:
    result = docker_run_app(stack, "WEB_WORKERS=many")

    assert result == "error: WEB_WORKERS='many' is not accepted (use a whole number, 1 to 64)"


def docker_run_app(stack: Stack, *variables: str) -> str:
    flags = [word for variable in variables for word in ("--env", variable)]
    script = "gunicorn -c /app/gunicorn.conf.py backend.wsgi:app 2>&1; test $? = 78"
    return docker(
        "run", "--rm", "--network", "none", *flags, f"{stack.name}:blue", "sh", "-c", script
    )
