"""A session on the target: what it is not shown is an error, and never a row less."""

import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from backend.tablecopy.target import Target, connect


@pytest.fixture
def login(postgres_server, empty_target) -> Iterator[Target]:
    """The way in of somebody of whom a policy hides a row."""
    name = f"login_{secrets.token_hex(4)}"
    with psycopg.connect(empty_target.conninfo) as owner:
        owner.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'invented'".encode())
        owner.execute("CREATE TABLE t AS SELECT n FROM generate_series(1, 2) n")
        owner.execute("ALTER TABLE t ENABLE ROW LEVEL SECURITY")
        owner.execute("CREATE POLICY one ON t USING (n = 1)")
        owner.execute(f"GRANT SELECT ON t TO {name}".encode())
    conninfo = make_conninfo(empty_target.conninfo, user=name, password="invented")
    yield replace(empty_target, conninfo=conninfo)
    with psycopg.connect(empty_target.conninfo) as owner:
        owner.execute(f"DROP OWNED BY {name}".encode())
        owner.execute(f"DROP ROLE {name}".encode())


def test_rows_that_a_policy_hides_are_not_left_out_in_silence(login) -> None:
    with (
        closing(connect(login, name="test")) as session,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
    ):
        session.execute("SELECT count(*) FROM t")
