"""The production stack on a Postgres that somebody else runs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.config.database_url import DatabaseUrl
from backend.demo.config import DemoConfig
from backend.demo.writer import fill
from backend.migrate import upgrade
from benchmarks.swap_drill.load import Load
from tests.system.backup_tool import BackupTool
from tests.system.managed_postgres import (
    CONNECTIONS,
    LOGIN,
    ManagedPostgres,
    Peak,
    host_address,
)
from tests.system.operator import Operator
from tests.system.person import Person
from tests.system.stack import COMPOSE_FILE, EXTERNAL_FILE, Stack, docker, new_stack, run
from tests.system.users import unserved

# The image's own command, with less patience.
MIGRATE = ("python", "/app/backend/db_migrate.py", "--engine=postgres", "--wait=1")

SERVICES = {
    *("secrets", "external-db", "migrate", "app-blue", "app-green", "proxy"),
    *("backup", "drill-check"),
}


@pytest.fixture(scope="module")
def authority(managed: ManagedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file that says who signs for the server."""
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    file.write_text(managed.authority)
    return file


@pytest.fixture(scope="module")
def operator(
    built: Stack,
    managed: ManagedPostgres,
    authority: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Operator]:
    """Give somebody with a stack on the managed server; each test leaves it serving."""
    folder = tmp_path_factory.mktemp("external")
    with new_stack(folder, "external", images_of=built) as stack:
        stack.overlays = (EXTERNAL_FILE,)
        bring(stack, "database_url", f"{managed.url}?sslmode=verify-full\n")
        bring(stack, "database_ca", authority.read_text())
        stack.up()
        yield Operator(stack)


def bring(stack: Stack, name: str, value: str) -> None:
    file = stack.root / "deploy/secrets" / name
    file.write_text(value)
    file.chmod(0o600)


def test_there_is_no_database_of_our_own(operator: Operator) -> None:
    containers = operator.stack.containers()

    assert set(containers) == SERVICES
    assert operator.status()["advice"]["lines"] == ["nothing to do"]


def test_a_dump_comes_back_exactly_and_there_is_no_point_in_time(operator: Operator) -> None:
    tool = BackupTool(operator.stack)
    before = tool.answer("status")
    # Before five minutes have gone, after which the service would.
    made = tool.answer("create")

    drill = tool.answer("drill")
    status = tool.answer("status")

    assert any(line.startswith("no escrow: ") for line in before["warnings"])
    assert (drill["backup"], drill["clean"], drill["differences"]) == (made["name"], True, [])
    assert drill["tables"] > 10
    assert status["point_in_time"].startswith("none: ")
    assert status["newest_proven"]["name"] == made["name"]


def test_debians_age_opens_a_dump_with_the_key_that_keygen_prints(operator: Operator) -> None:
    tool = BackupTool(operator.stack)
    identity = tool.answer("keygen")["identity"]

    script = (
        "cat >/tmp/key; newest=$(ls /backups/dumps-*/*.dump.age | tail -n 1);"
        ' age --decrypt -i /tmp/key "$newest" | pg_restore --list'
    )
    listed = operator.stack.exec("backup", "sh", "-c", script, stdin=identity).stdout

    assert "TABLE DATA public orders" in listed


def test_a_dump_is_restored_beside_what_is_there(
    operator: Operator, managed: ManagedPostgres
) -> None:
    ana = Person.signed_up(operator.stack)
    made = BackupTool(operator.stack).answer("create")
    beside = f"{LOGIN}_{made['name'].removeprefix('backup-').lower()}"
    restore = ("run", "--rm", "-T", "restore", "--latest", "--yes", "--json")

    refused = operator.stack.compose(*restore, check=False)
    managed.sql(f"CREATE DATABASE {beside} OWNER {LOGIN}")
    restored = operator.stack.compose(*restore)
    again = operator.stack.compose(*restore, check=False)

    assert refused.returncode == 77
    assert f"this login may not make the database {beside}" in refused.stderr
    answer = json.loads(restored.stdout)
    assert (answer["backup"], answer["into"]) == (made["name"], beside)
    mail = f"SELECT count(*) FROM users WHERE email = '{ana.email}'"
    assert managed.sql(mail, beside) == "1"
    assert again.returncode == 77
    assert f"the database {beside} is not empty" in again.stderr
    managed.sql(f"DROP DATABASE {beside}")


def test_what_is_added_is_as_hardened_as_the_rest(operator: Operator) -> None:
    config = json.loads(operator.stack.compose("config", "--format", "json").stdout)["services"]
    added, like = config["external-db"], config["secrets"]

    for key in ("read_only", "cap_drop", "cap_add", "security_opt", "pids_limit", "logging"):
        assert added[key] == like[key], key
    for key in ("pull_policy", "user", "network_mode", "restart", "tmpfs"):
        assert added[key] == like[key], key
    for key in ("mem_limit", "memswap_limit"):
        assert added[key] == like[key], key
    assert {
        name for name, service in config.items() if "outside" in service.get("networks", {})
    } == {
        *("migrate", "app-blue", "app-green", "backup"),
    }
    assert [name for name, service in config.items() if service.get("ports")] == ["proxy"]


def test_no_volume_without_a_name_is_left_behind(operator: Operator) -> None:
    for name in operator.stack.containers():
        mounts = operator.stack.inspect(name)["Mounts"]
        volumes = [mount["Name"] for mount in mounts if mount["Type"] == "volume"]

        assert all(volume.startswith(f"{operator.stack.name}_") for volume in volumes), name


def test_the_login_has_no_power(operator: Operator, managed: ManagedPostgres) -> None:
    powers = "rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"

    assert managed.sql(f"SELECT {powers} FROM pg_roles WHERE rolname = '{LOGIN}'") == "f|f|f|f|f"


def test_people_share_a_bill(operator: Operator, managed: ManagedPostgres) -> None:
    ana = Person.signed_up(operator.stack)
    group = ana.post("groups", name="Flat", currency="TRY")["id"]
    me = ana.get(f"groups/{group}/members")["items"][0]["id"]
    bo = ana.post(f"groups/{group}/members", display_name="Bo")["id"]
    ana.post(
        f"groups/{group}/orders",
        title="Dinner",
        currency="TRY",
        total="90.00",
        ordered_on="2026-11-22",
        payers=[{"member_id": me, "amount": "90.00"}],
        split={"mode": "equal", "members": [me, bo]},
    )

    [lira] = ana.get(f"groups/{group}/balances")["balances"]
    balances = {member["member_id"]: member["balance"] for member in lira["members"]}

    assert balances == {me: "45.00", bo: "-45.00"}
    assert managed.sql("SELECT count(*) FROM orders WHERE title = 'Dinner'", LOGIN) == "1"


def test_nobody_notices_a_deploy_and_a_rollback_and_connections_stay_few(
    operator: Operator, managed: ManagedPostgres, authority: Path
) -> None:
    before = operator.live()
    release = operator.derive("external")

    with (
        Peak(managed, authority) as peak,
        Load(operator.world, open_rate=8, think=0.2) as load,
    ):
        deployed = operator.deploy(release.image)
        at = operator.live()
        back = operator.run("rollback")

    assert deployed.code == 0, deployed.stderr
    assert "fresh password" not in deployed.stderr
    assert at == (deployed.answer["live"], release.version)
    assert back.code == 0, back.stderr
    assert operator.live() == before
    assert unserved(load.samples) == []
    print(f"at most {peak.connections} connections, in {peak.looks} looks")
    assert peak.looks > 100
    assert 6 < peak.connections <= 16 < CONNECTIONS
    assert peak.plain == 0


def test_a_sqlite_file_moves_there(
    operator: Operator, managed: ManagedPostgres, tmp_path: Path
) -> None:
    source = DatabaseUrl("sqlite", path=tmp_path / "source" / "old.db")
    upgrade(source)
    fill(source, DemoConfig(users=30, orders=300))
    (tmp_path / "source").chmod(0o755)

    moved = operator.stack.compose(
        *("run", "--rm", "-T", "--volume", f"{tmp_path}/source:/source:ro"),
        *("transfer", "--sqlite", "/source/old.db", "--truncate"),
    )

    assert "done: every row has been compared" in moved.stdout
    assert managed.sql("SELECT count(*) FROM orders", LOGIN) == "300"


def test_the_password_is_in_no_description_and_no_process(
    operator: Operator, managed: ManagedPostgres
) -> None:
    stack = operator.stack
    seen = docker("inspect", *stack.containers().values())
    seen += "".join(docker("history", "--no-trunc", image) for image in stack.images())
    seen += stack.logs()
    for service in ("app-blue", "app-green", "backup"):
        seen += stack.exec(
            service, "sh", "-c", "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline; true"
        ).stdout

    assert "DATABASE_URL_FILE=/run/secrets/database/url" in seen
    assert managed.password not in seen


def test_the_deploy_tool_refuses_half_of_the_files(operator: Operator) -> None:
    servers = operator.stack.containers()
    half = Operator(Stack(operator.stack.root, operator.stack.name, operator.stack.port))

    for command in ("deploy", "rollback", "status"):
        ended = half.run(command)
        assert (ended.code, ended.answer["cause"]) == (77, "unsafe"), ended.stderr
        assert "runs on an external database" in ended.stderr

    assert operator.stack.containers() == servers
    assert operator.stack.status("/api/ready") == 200


def test_up_with_half_of_the_files_serves_nobody_from_an_empty_database(
    operator: Operator,
) -> None:
    stack = operator.stack
    ana = Person.signed_up(stack)

    result = run("docker", "compose", "-f", COMPOSE_FILE, "up", "-d", cwd=stack.root, check=False)

    assert result.returncode != 0
    assert "is for an external database; nothing was changed" in stack.logs("secrets")
    assert stack.status("/api/ready") in {0, 503}
    stack.up()
    assert ana.get("me")["email"] == ana.email
    assert set(stack.containers()) == SERVICES


def test_a_server_that_another_authority_signs_for_is_refused(operator: Operator) -> None:
    stack = operator.stack
    file = stack.root / "deploy/secrets/database_ca"
    right = file.read_text()
    key = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=authority")
    image = ("--entrypoint", key[0], "postgres:17-trixie", *key[1:], "-keyout", "/dev/null")
    bring(stack, "database_ca", docker("run", "--rm", "--network", "none", *image))
    try:
        result = stack.compose("run", "--rm", "-T", "migrate", *MIGRATE, check=False)
    finally:
        # Up again before anything is asserted: the next tests need the right one in its volume.
        bring(stack, "database_ca", right)
        stack.up()

    assert result.returncode != 0
    assert "is not one to trust" in result.stdout + result.stderr


def test_more_connections_than_there_are_end_before_the_port_is_bound(
    operator: Operator, managed: ManagedPostgres
) -> None:
    script = "gunicorn -c /app/gunicorn.conf.py backend.wsgi:app 2>&1; test $? = 78"
    variables = ("--env", "WEB_WORKERS=2", "--env", "WEB_THREADS=8")

    said = operator.stack.compose(
        *("run", "--rm", "--no-deps", "-T", *variables, "app-green", "sh", "-c", script)
    ).stdout

    assert "need 38 connections for both colours, but there is room for 17" in said


def test_the_server_is_reached_through_the_host(managed: ManagedPostgres) -> None:
    # A control: if it were on a network of the stack, none of the above would show a way out.
    networks = docker("inspect", "-f", "{{json .NetworkSettings.Networks}}", managed.name)

    assert managed.address == host_address()
    assert list(json.loads(networks)) == ["bridge"]
