"""Which database is meant: what the command line says, else the configuration."""

from pathlib import Path

import pytest

from backend.config.database_choice import DatabaseChoice, choose_database
from backend.config.database_url import DatabaseUrl
from backend.config.settings import DEFAULT_SQLITE
from backend.errors import ConfigError, UsageError

URL = "postgresql://ana:s3cret@db.example.org/bills"
CONFIGURED = {"DATABASE_URL": "postgresql://app@db.example.org/bills"}


@pytest.mark.parametrize(
    ("target", "environ", "expected"),
    [
        pytest.param(
            DatabaseChoice(), {}, f"sqlite:///{DEFAULT_SQLITE}", id="nothing said: SQLite"
        ),
        pytest.param(
            DatabaseChoice("sqlite"), {}, f"sqlite:///{DEFAULT_SQLITE}", id="engine alone"
        ),
        pytest.param(
            DatabaseChoice(), CONFIGURED, "postgresql://app@db.example.org:5432/bills", id="app's"
        ),
        pytest.param(
            DatabaseChoice("postgres"),
            {**CONFIGURED, "MIGRATE_DATABASE_URL": "postgresql://mig@db.example.org/bills"},
            "postgresql://mig@db.example.org:5432/bills",
            id="the migrator's own login first",
        ),
        pytest.param(
            DatabaseChoice(path=Path("a.db")), CONFIGURED, "sqlite:///a.db", id="--db wins"
        ),
        pytest.param(
            DatabaseChoice("postgres", url=URL),
            {},
            "postgresql://ana@db.example.org:5432/bills",
            id="--url",
        ),
    ],
)
def test_the_database_that_is_meant(target, environ, expected) -> None:
    assert str(choose_database(target, environ)) == expected


@pytest.mark.parametrize(
    ("target", "environ", "error", "words"),
    [
        pytest.param(
            DatabaseChoice(path=Path("a.db"), url=URL), {}, UsageError, "--db and --url", id="two"
        ),
        pytest.param(
            DatabaseChoice("sqlite", url=URL),
            {},
            UsageError,
            "contradicts --url",
            id="engine and --url",
        ),
        pytest.param(
            DatabaseChoice("postgres", path=Path("a.db")),
            {},
            UsageError,
            "contradicts --db",
            id="and --db",
        ),
        pytest.param(
            DatabaseChoice("postgres"), {}, ConfigError, "MIGRATE_DATABASE_URL", id="no Postgres"
        ),
        pytest.param(
            DatabaseChoice("sqlite"), CONFIGURED, ConfigError, "--db PATH", id="no SQLite"
        ),
    ],
)
def test_a_contradiction_is_refused_and_explained(target, environ, error, words) -> None:
    with pytest.raises(error, match=words) as caught:
        choose_database(target, environ)

    assert "s3cret" not in str(caught.value)


def test_a_url_on_the_command_line_does_not_need_the_rest_of_the_configuration() -> None:
    broken = {"WEB_WORKERS": "many"}

    assert choose_database(DatabaseChoice(path=Path("a.db")), broken) == DatabaseUrl(
        "sqlite", path=Path("a.db")
    )
