"""Settings: what is chosen, what is refused, and that nothing falls back in silence."""

import pytest

from backend.config.settings import DEFAULT_SQLITE, load_settings
from backend.errors import ConfigError, ExitCode

PG = {"PG_HOST": "h", "PG_DB": "d", "PG_USER": "u", "PG_PASSWORD": "p@ß w%"}


def test_neither_url_nor_engine_means_sqlite():
    settings = load_settings({})

    assert settings.database.engine == "sqlite"
    assert settings.database.path == DEFAULT_SQLITE


def test_parts_need_no_encoding():
    settings = load_settings({"DB_ENGINE": "postgres", **PG})

    assert settings.database.params == {"host": "h", "dbname": "d", "user": "u", "port": "5432"}
    assert settings.database.password == "p@ß w%"


def test_a_set_but_empty_variable_counts_as_not_set():
    settings = load_settings(
        {"DATABASE_URL": "", "DB_ENGINE": "", "PG_HOST": "", "PG_PASSWORD": ""}
    )

    assert settings.database.engine == "sqlite"


def test_migrations_use_their_own_url_when_there_is_one():
    settings = load_settings({"MIGRATE_DATABASE_URL": "postgres://u:p@direct/d"})

    assert settings.migrate_database.params["host"] == "direct"
    assert settings.database.engine == "sqlite"


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        pytest.param({}, "https://bill.onrender.com", id="given by Render"),
        pytest.param({"PUBLIC_URL": "https://bill.example.org"}, "https://bill.example.org", id="own"),
        pytest.param(
            {"PUBLIC_URL": "https://Bill.Example.ORG"}, "https://bill.example.org", id="as browsers say it"
        ),
    ],
)  # fmt: skip
def test_render_says_its_address_where_nobody_else_does(environ, url):
    settings = load_settings({"RENDER_EXTERNAL_URL": "https://bill.onrender.com", **environ})

    assert settings.public_url == url
    assert settings.secure_cookies


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        pytest.param({"DB_ENGINE": "mysql"}, ["DB_ENGINE", "use one of: sqlite, postgres)"], id="unknown engine"),
        pytest.param({"DB_ENGINE": "Postgres", **PG}, ["DB_ENGINE"], id="engine in capitals"),
        pytest.param({"DB_ENGINE": "postgres"}, ["PG_HOST", "PG_PASSWORD"], id="parts missing"),
        pytest.param({"DB_ENGINE": "postgres", **PG, "PG_PASSWORD": ""}, ["PG_PASSWORD"], id="empty password"),
        pytest.param({"DB_ENGINE": "postgres", **PG, "PG_PORT": "abc"}, ["PG_PORT"], id="port in letters"),
        pytest.param({"DB_ENGINE": "postgres", **PG, "PG_PORT": "٥٤٣٢"}, ["PG_PORT"], id="port in other digits"),
        pytest.param(PG, ["PG_HOST", "DB_ENGINE"], id="parts without an engine"),
        pytest.param({"DB_ENGINE": "sqlite", **PG}, ["PG_HOST", "DB_ENGINE"], id="parts for SQLite"),
        pytest.param({"DATABASE_URL": "postgres://u:p@h/d", "DB_ENGINE": "sqlite"}, ["DATABASE_URL", "DB_ENGINE"], id="URL against engine"),
        pytest.param({"DATABASE_URL": "sqlite:///x.db", "DB_ENGINE": "postgres"}, ["DATABASE_URL", "DB_ENGINE"], id="engine against URL"),
        pytest.param({"DATABASE_URL": "postgres://u:p@h/d", "PG_HOST": "other"}, ["DATABASE_URL", "PG_HOST"], id="URL and parts"),
        pytest.param({"SECRET_KEY": "zq" * 15 + "z"}, ["SECRET_KEY", "32"], id="short key"),
        pytest.param({"WEB_WORKERS": "0"}, ["WEB_WORKERS"], id="no worker"),
        pytest.param({"APP_COLOR": "red"}, ["APP_COLOR", "blue, green"], id="unknown colour"),
        pytest.param({"BEHIND_PROXY": "yes"}, ["BEHIND_PROXY", "true or false"], id="not a flag"),
        pytest.param({"PUBLIC_URL": "bill.example.org"}, ["PUBLIC_URL", "https://"], id="URL without scheme"),
        pytest.param({"PUBLIC_URL": "https://bill.example.org/app"}, ["PUBLIC_URL"], id="URL with a path"),
        pytest.param({"RENDER_EXTERNAL_URL": "bill.onrender.com"}, ["RENDER_EXTERNAL_URL"], id="given URL without scheme"),
        pytest.param({"PORT": "http"}, ["PORT", "65535"], id="port that is a word"),
        pytest.param({"TRUSTED_PROXIES": "10.0.0.0/33"}, ["TRUSTED_PROXIES"], id="not a network"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(environ, named):
    with pytest.raises(ConfigError) as caught:
        load_settings(environ)

    assert caught.value.exit_code == ExitCode.CONFIG
    assert [word for word in named if word not in str(caught.value)] == []


def test_a_secret_may_come_from_a_file(tmp_path):
    file = tmp_path / "password"
    file.write_text("p@ß w%\n", encoding="utf-8")
    environ = {"DB_ENGINE": "postgres", **PG, "PG_PASSWORD": "", "PG_PASSWORD_FILE": str(file)}

    database = load_settings(environ).database

    assert "p@ß w%" in database.conninfo()


def test_a_rotated_password_file_is_read_anew(tmp_path):
    file = tmp_path / "password"
    file.write_text("before")
    environ = {"DB_ENGINE": "postgres", **PG, "PG_PASSWORD": "", "PG_PASSWORD_FILE": str(file)}
    database = load_settings(environ).database

    file.write_text("after")

    assert "password=after" in database.conninfo()


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), (b"", "is empty"), (b"\n", "is empty"), (b"\xff\xfe", "UTF-8")],
)
def test_a_secret_file_without_a_secret_is_named(tmp_path, content, said):
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        load_settings({"SECRET_KEY_FILE": str(file)})

    assert said in str(caught.value)
    assert "SECRET_KEY_FILE" in str(caught.value)


def test_a_secret_in_both_places_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="both SECRET_KEY and SECRET_KEY_FILE"):
        load_settings({"SECRET_KEY": "k" * 40, "SECRET_KEY_FILE": str(tmp_path)})


def test_settings_do_not_show_their_secrets():
    settings = load_settings({"SECRET_KEY": "zq" * 20, "SECRET_KEY_FALLBACKS": "zq" * 30})

    assert "zq" not in repr(settings)
