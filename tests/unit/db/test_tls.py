"""On a public way nobody reads along; on a private one nothing is asked for."""

import pytest

from backend.config.database_url import DatabaseUrl, parse_database_url
from backend.db.tls import describe_tls, is_private, with_tls
from backend.errors import RefusedError


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch) -> None:
    for name in ("PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)


def at(host: str, **words: str) -> DatabaseUrl:
    return DatabaseUrl("postgres", params={"host": host, "dbname": "x", **words})


def mode(database: DatabaseUrl) -> str | None:
    return with_tls(database, "RENDER_DATABASE_URL").params.get("sslmode")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "db",
        "dpg-cn1a2b3c4d5e6f7g8h9i-a",
        "127.0.0.1",
        "10.1.2.3",
        "172.31.0.1",
        "192.168.1.5",
        "169.254.1.1",
        "::1",
        "fd00::5",
        "fe80::1%eth0",
        "/var/run/postgresql",
        "@abstract",
        "",
        "db,10.0.0.1",
    ],
)
def test_a_private_way_is_left_alone(host: str) -> None:
    assert mode(at(host)) is None
    assert mode(at(host, sslmode="disable")) == "disable"


PUBLIC = [
    "dpg-cn1a2b3c4d5e6f7g8h9i-a.frankfurt-postgres.render.com",
    "db.example.com",
    "localhost.",
    "8.8.8.8",
    "134744072",
    "0x8080808",
    "172.32.0.1",
    "2001:db8::1",
    "::ffff:8.8.8.8",
    "127.0.0.1.example.com",
    "db,db.example.com",
]


@pytest.mark.parametrize("host", PUBLIC)
def test_a_public_way_is_encrypted_without_being_asked(host: str) -> None:
    assert mode(at(host)) == "require"


@pytest.mark.parametrize("host", PUBLIC)
@pytest.mark.parametrize("weak", ["disable", "allow", "prefer"])
def test_less_than_that_on_a_public_way_is_refused(host: str, weak: str) -> None:
    with pytest.raises(
        RefusedError, match=f"RENDER_DATABASE_URL asks for sslmode={weak}"
    ) as caught:
        with_tls(at(host, sslmode=weak), "RENDER_DATABASE_URL")

    assert "require or verify-full" in caught.value.hint


@pytest.mark.parametrize("strong", ["require", "verify-ca", "verify-full"])
def test_more_than_that_stays(strong: str) -> None:
    assert mode(at("db.example.com", sslmode=strong)) == strong


def test_what_counts_is_the_address_that_is_called() -> None:
    assert mode(at("localhost", hostaddr="8.8.8.8")) == "require"
    assert is_private(at("db.example.com", hostaddr="10.0.0.5"))


def test_where_a_service_leads_to_is_not_known() -> None:
    assert mode(DatabaseUrl("postgres", params={"service": "hesap"})) == "require"


def test_the_environment_may_ask_for_more_and_not_for_less(monkeypatch) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert mode(at("db.example.com")) == "verify-full"

    monkeypatch.setenv("PGSSLMODE", "disable")
    with pytest.raises(RefusedError):
        mode(at("db.example.com"))


def test_the_environment_may_name_the_host(monkeypatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example.com")

    assert mode(DatabaseUrl("postgres", params={"dbname": "x"})) == "require"


def test_an_address_in_brackets_is_read_as_libpq_reads_it() -> None:
    assert is_private(parse_database_url("postgresql://me@[::1]:5432/x"))
    assert not is_private(parse_database_url("postgresql://me@[2001:db8::1]:5432/x"))


@pytest.mark.parametrize(
    ("sslmode", "encrypted", "words"),
    [
        ("require", True, "TLS, the server's certificate is not checked (require)"),
        (
            "verify-ca",
            True,
            "TLS, the server's certificate is checked, its name is not (verify-ca)",
        ),
        ("verify-full", True, "TLS, the server's certificate and name are checked (verify-full)"),
        ("prefer", False, "not encrypted: the server is on a private network"),
    ],
)
def test_the_report_says_which_holds(sslmode: str, *, encrypted: bool, words: str) -> None:
    assert describe_tls(at("db", sslmode=sslmode), encrypted=encrypted) == words
