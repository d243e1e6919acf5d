"""A database's address: every row of the table of what people write, and what libpq makes of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from backend.config.database_url import parse_database_url
from backend.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres://u:p@h:5432/d", {"user": "u", "password": "p", "host": "h", "port": "5432"}),
        ("POSTGRES://u:p@h/d", {"host": "h", "dbname": "d"}),
        ("postgresql+psycopg2://u:p@h/d", {"user": "u", "host": "h", "dbname": "d"}),
        ("postgresql+psycopg://u:p@h/d", {"user": "u", "host": "h", "dbname": "d"}),
        ("postgres://u:p%40ss%2Fw%3Aord%25%23%3F@h/d", {"password": "p@ss/w:ord%#?", "host": "h"}),
        ("postgres://u:p#x@h/d", {"password": "p#x", "host": "h", "dbname": "d"}),
        ("postgres://u:p+q@h/d", {"password": "p+q"}),
        ("postgres://u:ş%20i@h/d", {"password": "ş i"}),
        ("postgres://u:a:b@h/d", {"password": "a:b", "host": "h"}),
        ("postgres://u:p@[::1]:5432/d", {"host": "::1", "port": "5432"}),
        ("postgres://u:p@[fe80::1%25eth0]/d", {"host": "fe80::1%eth0"}),
        ("postgresql:///d?host=/var/run/postgresql", {"host": "/var/run/postgresql"}),
        ("postgresql://%2Fvar%2Frun%2Fpostgresql/d", {"host": "/var/run/postgresql"}),
        (
            "postgres://u:p@h1:5432,h2:5433/d?target_session_attrs=read-write",
            {"host": "h1,h2", "port": "5432,5433", "target_session_attrs": "read-write"},
        ),
        ("postgres://u@/d?host=h1:5432&host=h2:5433", {"host": "h1,h2", "port": "5432,5433"}),
        ("postgres://u@/d?host=h1,h2&port=5432,5433", {"host": "h1,h2", "port": "5432,5433"}),
        ("  postgres://u:p@h/d\n", {"host": "h", "dbname": "d"}),
        ("'postgres://u:p@h/d'", {"host": "h", "dbname": "d"}),
        ('"postgres://u:p@h/d"', {"host": "h", "dbname": "d"}),
        ("host=h user=u password='a b' dbname=d", {"host": "h", "password": "a b"}),
        (
            "postgres://u:p@h/d?sslmode=require&channel_binding=require",
            {"sslmode": "require", "channel_binding": "require"},
        ),
    ],
)
def test_libpq_gets_what_the_writer_meant(text, expected):
    found = conninfo_to_dict(parse_database_url(text).conninfo())

    assert {key: found.get(key) for key in expected} == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("postgres://u:zq@ss/w:ord#?@h/d", id="raw @ / : # ? in the password"),
        pytest.param("postgres://u:zq@ss@h/d", id="raw @ in the password"),
        pytest.param("postgres://u:zq/ss@h/d", id="raw / in the password"),
        pytest.param("postgres://u:1/zqss@h/d", id="raw / after digits"),
        pytest.param("postgres://u:1?zqss@h/d", id="raw ? after digits"),
        pytest.param("postgres://u:zq%zz@h/d", id="broken percent-encoding"),
        pytest.param("postgres://u:zq@::1:5432/d", id="IPv6 without brackets"),
        pytest.param("postgres://u:zq@h:abc/d", id="a port in letters"),
        pytest.param("postgres://u:zq@h:0/d", id="port 0"),
        pytest.param("postgres://u:zq@h:65536/d", id="a port too high"),
        pytest.param("postgres://u:zq@h/d?bogus=1", id="an option that libpq does not know"),
        pytest.param("", id="nothing"),
        pytest.param("zq:5432/d", id="no scheme"),
        pytest.param("mysql://u:zq@h/d", id="another database"),
        pytest.param("sqlite://", id="SQLite without a file"),
        pytest.param("sqlite:///:memory:", id="SQLite in memory"),
    ],
)
def test_a_bad_address_is_refused_without_showing_it(text):
    with pytest.raises(ConfigError) as caught:
        parse_database_url(text, name="SOME_URL")

    assert "SOME_URL" in str(caught.value)
    assert "zq" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "said", "advice"),
    [
        ("postgres://u:zq@h/d?ssl=disable", "?ssl=", "sslmode=disable or sslmode=require"),
        ("postgres://u:zq@h/d?sslmode=require&schema=shop", "?schema=", "search_path"),
        ("postgres://u:zq@h/d?pgbouncer=true", "?pgbouncer=", "leave it out"),
        ("postgres://u:zq@h/d?SSLMODE=require", "?sslmode=", "small letters"),
        ("host=h password=zq ssl=disable", "ssl=", "sslmode=disable or sslmode=require"),
        ("postgres://u:zq@h/d?zqword=1", "a parameter that libpq does not know", "sslmode"),
        ("postgres://u:zq@h/d?sslmode", "a parameter without a value", "sslmode="),
    ],
)
def test_a_parameter_of_another_client_is_called_by_its_name(text, said, advice):
    with pytest.raises(ConfigError) as caught:
        parse_database_url(text, name="SOME_URL")

    assert said in caught.value.args[0]
    assert advice in caught.value.hint
    assert "zq" not in str(caught.value)
    assert "percent-encode" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "path"),
    [("sqlite:///a/b.db", "a/b.db"), ("sqlite:////a/b.db", "/a/b.db"), ("sqlite:///a%20b.db", "a b.db")],
)  # fmt: skip
def test_sqlite_paths(text, path):
    assert str(parse_database_url(text).path) == path


@given(st.text(min_size=1).filter(lambda text: "\0" not in text and text.isprintable()))
def test_a_description_never_shows_the_password(password):
    database = parse_database_url("postgres://u@h/d").with_login("u", f"zq{password}zq")

    assert f"zq{password}zq" not in f"{database} {database!r}"
    assert conninfo_to_dict(database.conninfo())["password"] == f"zq{password}zq"
