"""Any printable password reaches a real SCRAM login, however it is handed over."""

import os
import string
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from psycopg import sql
from sqlalchemy.exc import OperationalError

from backend.config.settings import load_settings
from backend.db.dialect import dialect_for
from backend.db.errors import translate
from backend.errors import DatabaseError

PRINTABLE = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=40)


def by_parts(port, password, _folder):
    return {"DB_ENGINE": "postgres", "PG_PASSWORD": password, **_parts(port)}


def by_url(port, password, _folder):
    return {
        "DATABASE_URL": f"postgres://scram:{quote(password, safe='')}@127.0.0.1:{port}/postgres"
    }


def by_file(port, password, folder):
    file = folder / "password"
    file.write_text(password, encoding="utf-8", newline="")
    return {"DB_ENGINE": "postgres", "PG_PASSWORD_FILE": str(file), **_parts(port)}


def _parts(port):
    return {
        "PG_HOST": "127.0.0.1",
        "PG_PORT": str(port),
        "PG_DB": "postgres",
        "PG_USER": "scram",
    }


@pytest.fixture(scope="module")
def scram_role(postgres_server):
    postgres_server.execute("CREATE ROLE scram LOGIN")
    yield postgres_server
    postgres_server.execute("DROP ROLE scram")


def set_password(server, password):
    # As psql's \password does: only the verifier travels.
    with psycopg.connect(server.url.conninfo(), autocommit=True) as connection:
        verifier = connection.pgconn.encrypt_password(password.encode(), b"scram", b"scram-sha-256")
        connection.execute(
            sql.SQL("ALTER ROLE scram PASSWORD {}").format(sql.Literal(verifier.decode()))
        )


@pytest.mark.parametrize("hand_over", [by_parts, by_url, by_file])
@pytest.mark.parametrize(
    "password", [string.punctuation, "şifre ₺ 密码", " lead and trail ", "$HOME %s"]
)
def test_awkward_passwords_log_in(scram_role, tmp_path, hand_over, password):
    set_password(scram_role, password)

    database = load_settings(hand_over(scram_role.port, password, tmp_path)).database

    assert dialect_for(database).fetch_row("SELECT 1 AS one", seconds=5) == {"one": "1"}
    engine = dialect_for(database).create_engine()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT current_user").scalar() == "scram"
    engine.dispose()


@pytest.mark.parametrize("hand_over", [by_parts, by_url, by_file])
@hypothesis_settings(
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "25")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(password=PRINTABLE)
def test_any_printable_password_logs_in(scram_role, tmp_path, hand_over, password):
    set_password(scram_role, password)

    database = load_settings(hand_over(scram_role.port, password, tmp_path)).database

    assert dialect_for(database).fetch_row("SELECT 1 AS one", seconds=5) == {"one": "1"}


def test_a_wrong_password_is_refused_without_showing_it(scram_role, tmp_path):
    set_password(scram_role, "right")
    database = load_settings(by_parts(scram_role.port, "zq-wrong", tmp_path)).database

    with pytest.raises(DatabaseError) as caught:
        dialect_for(database).fetch_row("SELECT 1 AS one", seconds=5)

    assert "password authentication failed" in str(caught.value)
    assert "zq-wrong" not in str(caught.value)


def test_a_refused_login_is_not_taken_for_a_database_that_is_down(scram_role, tmp_path):
    set_password(scram_role, "right")
    database = load_settings(by_parts(scram_role.port, "zq-wrong", tmp_path)).database
    engine = dialect_for(database).create_engine()

    with pytest.raises(OperationalError) as caught:
        engine.connect()

    known = translate(caught.value)
    assert type(known) is DatabaseError
    assert "refuses our login" in str(known)
