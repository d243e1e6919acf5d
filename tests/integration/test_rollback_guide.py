"""The loop that the guide prints for a deleted group brings back that group, and nothing else."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from backend.config.database_url import DatabaseUrl
from backend.demo import fill
from backend.demo.config import DemoConfig
from tests.fix_postgres import PostgresServer

GUIDE = Path(__file__).resolve().parents[2] / "docs/internal/ROLLBACK.md"
LOOP = re.compile(r"^GROUP=\S+\n(for table in (.+); do\n.*?^done) > group\.sql$", re.DOTALL | re.M)
OPTIONS = re.compile(r"exec psql .* -d hesap_paylas (\S+) (-v \S+)")
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"


@pytest.fixture
def demo(postgres_server: PostgresServer, postgres_template: DatabaseUrl) -> Iterator[DatabaseUrl]:
    """Three groups on a server of our own."""
    database = postgres_server.new_database(postgres_template)
    fill(database, DemoConfig(users=30, orders=1000))
    yield database
    postgres_server.drop_database(database)


def contents(database: DatabaseUrl) -> dict[str, list[str]]:
    """Return every row of every table, as text."""
    with psycopg.connect(database.conninfo()) as session:
        tables = [name for (name,) in session.execute(TABLES)]
        query = sql.SQL("SELECT one::text FROM {} AS one ORDER BY 1")
        return {
            name: [row for (row,) in session.execute(query.format(sql.Identifier(name)))]
            for name in tables
        }


def first_group(database: DatabaseUrl) -> str:
    with psycopg.connect(database.conninfo()) as session:
        ((group,),) = session.execute("SELECT id::text FROM groups ORDER BY id LIMIT 1").fetchall()
    return str(group)


def shell(server: PostgresServer, database: DatabaseUrl, script: str, stdin: str = "") -> str:
    """Run lines of the guide; its `psql` goes into the container of `db`, and this one does not."""
    options = OPTIONS.search(GUIDE.read_text(encoding="utf-8"))
    assert options is not None
    where = {f"PG{key.upper()}": str(value) for key, value in database.params.items()}
    where["PGDATABASE"] = where.pop("PGDBNAME")
    done = subprocess.run(
        ["sh", "-euc", f'psql() {{ command psql {options[1]} {options[2]} "$@"; }}\n{script}'],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            **where,
            "PGPASSWORD": database.password,
            "PATH": f"{server.programs}:{os.environ['PATH']}",
        },
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_deleted_group_comes_back_by_the_loop_of_the_guide(
    demo: DatabaseUrl, postgres_server: PostgresServer
) -> None:
    loop = LOOP.search(GUIDE.read_text(encoding="utf-8"))
    assert loop is not None
    before, group = contents(demo), first_group(demo)
    rows = shell(postgres_server, demo, f"GROUP={group}\n{loop[1]}")
    delete = [
        f"DELETE FROM {table} WHERE {'id' if table == 'groups' else 'group_id'} = '{group}'"
        for table in reversed(loop[2].split())
    ]
    postgres_server.execute(*delete, dbname=demo.params["dbname"])
    deleted = contents(demo)

    shell(postgres_server, demo, "psql -1 -f -", rows)

    assert all(deleted[table] != before[table] for table in loop[2].split())
    assert contents(demo) == before
