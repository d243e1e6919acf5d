"""A right that is missing is given by the statement that the answer names."""

import psycopg
import pytest
from psycopg import sql

from backend.db.errors import missing_right_hint


@pytest.fixture
def guest(trusting_server):
    """A role that owns its table and may do nothing else, in a database of its own."""
    database = trusting_server.new_database()
    name = database.params["dbname"]
    trusting_server.execute(
        sql.SQL("CREATE ROLE guest LOGIN PASSWORD 'guest'"),
        sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)),
        sql.SQL("GRANT CONNECT ON DATABASE {} TO guest").format(sql.Identifier(name)),
    )
    trusting_server.execute(
        "CREATE TABLE own (id int)", "ALTER TABLE own OWNER TO guest",
        "CREATE TABLE other (id int)", dbname=name,
    )  # fmt: skip
    yield database.with_login("guest", "guest")
    trusting_server.drop_database(database)
    trusting_server.execute("DROP ROLE guest")


@pytest.mark.parametrize(
    ("statement", "advice"),
    [
        ("CREATE TABLE new (id int)", "GRANT USAGE, CREATE ON SCHEMA public TO"),
        ("CREATE SCHEMA new", "GRANT CREATE, TEMPORARY ON DATABASE test_"),
        ("CREATE TEMP TABLE new (id int)", "GRANT TEMPORARY ON DATABASE "),
        ("SELECT * FROM other", "log in as the owner of the tables"),
        ("ALTER TABLE other ADD b int", "log in as the owner of the tables"),
    ],
)
def test_the_advice_names_what_is_missing(guest, statement, advice) -> None:
    with (
        psycopg.connect(guest.conninfo()) as session,
        pytest.raises(psycopg.errors.InsufficientPrivilege) as caught,
    ):
        session.execute(statement.encode())

    assert advice in missing_right_hint(caught.value.diag.message_primary or "")
