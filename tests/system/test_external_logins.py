"""A stack moves to a Postgres elsewhere, with one login for the app and one for the owner."""

import secrets
from pathlib import Path

import psycopg
import pytest

from tests.system.managed_postgres import (
    LOGIN,
    ManagedPostgres,
)
from tests.system.person import Person
from tests.system.stack import COMPOSE_FILE, EXTERNAL_FILE, ROOT, Stack, docker, new_stack, run

SERVICES = {
    *("secrets", "external-db", "migrate", "app-blue", "app-green", "proxy"),
    *("backup", "drill-check"),
}


def test_a_stack_moves_to_two_logins_elsewhere_and_keeps_its_own_data(
    built: Stack, managed: ManagedPostgres, tmp_path: Path
) -> None:
    name = f"moved_{secrets.token_hex(3)}"
    owner, app = new_database_with_two_logins(managed, name)
    with new_stack(tmp_path, "moving", images_of=built) as stack:
        stack.up()
        ana = Person.signed_up(stack)
        stack.overlays = (EXTERNAL_FILE,)
        stack.configure(DATABASE_URL=app, MIGRATE_DATABASE_URL=owner)

        stack.up()

        assert set(stack.containers()) == SERVICES
        with pytest.raises(AssertionError, match="401"):
            ana.log_in()
        volumes = docker("volume", "ls", "--quiet", "--filter", f"name={stack.name}_pgdata")
        assert volumes == f"{stack.name}_pgdata"
        Person.signed_up(stack)
        assert managed.sql("SELECT count(*) FROM users", name) == "1"
        with psycopg.connect(app, sslmode="require") as session:
            assert session.execute("SHOW statement_timeout").fetchone() == ("15s",)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute("DROP TABLE users")
        half = run("docker", "compose", "-f", COMPOSE_FILE, "up", "-d", cwd=stack.root, check=False)
        assert half.returncode != 0
        assert "would begin an empty one here" in stack.logs("secrets")


def new_database_with_two_logins(managed: ManagedPostgres, name: str) -> tuple[str, str]:
    """Do what the guide says; return the addresses of the owner and of the app."""
    owner = f"{managed.url.rpartition('/')[0]}/{name}"
    app = owner.replace(f"//{LOGIN}:", "//hesap_app:")
    managed.sql(f"CREATE DATABASE {name} OWNER {LOGIN}")
    managed.sql(f"CREATE ROLE hesap_app LOGIN PASSWORD '{managed.password}'")
    for address, heading in ((owner, "Two logins"), (app, "Timeouts")):
        with psycopg.connect(address, sslmode="require") as session:
            session.execute(sql_of_guide(heading))
    return owner, app


def sql_of_guide(heading: str) -> str:
    """Return the statements that the guide shows under a heading."""
    guide = (ROOT / "docs/RENDER_DEPLOYMENT.md").read_text(encoding="utf-8")
    section = guide.partition(f"### {heading}\n")[2].partition("\n#")[0]
    return section.partition("```sql\n")[2].partition("```")[0]
