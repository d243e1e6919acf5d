"""The one-shot that takes over the address of an external database, run by sh in temporary folders."""

import subprocess

import pytest

from tests.unit.docker.conftest import IMAGE, SecretFolders

SCRIPT = IMAGE / "external-db.sh"
URL = "postgresql://ana:Xk2mQ9vTz7Lw@db.example.com/bills"
MIGRATOR = "postgres://owner:Rb4NcYp8Kd@db.example.com/bills?sslmode=require"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\ninvented\n-----END CERTIFICATE-----\n"


class Place(SecretFolders):
    """Where the script finds an address that was brought."""

    def run(self, **variables: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": self.path, "SECRETS_ROOT": str(self.root), "OWN_SECRETS": str(self.own)}
        return subprocess.run(
            ["sh", str(SCRIPT)], env=env | variables, check=False, capture_output=True, text=True
        )


@pytest.fixture
def place(folders: SecretFolders) -> Place:
    return Place(folders.root, folders.own, folders.tools)


def test_one_address_is_for_the_app_and_for_migrations(place: Place) -> None:
    place.bring("database_url", URL + "\n")

    result = place.run()

    assert result.returncode == 0
    assert place.everything() == {
        "backup-database/url": f"{URL}\n",
        "database/url": f"{URL}\n",
        "migrate-database/url": f"{URL}\n",
    }


def test_migrations_may_have_an_address_of_their_own(place: Place) -> None:
    result = place.run(DATABASE_URL=URL, MIGRATE_DATABASE_URL=MIGRATOR)

    assert result.returncode == 0
    assert place.everything() == {
        "backup-database/url": f"{MIGRATOR}\n",
        "database/url": f"{URL}\n",
        "migrate-database/url": f"{MIGRATOR}\n",
    }


def test_files_are_for_their_reader_only(place: Place) -> None:
    place.bring("database_url", URL)
    place.bring("database_ca", CERTIFICATE)

    place.run()

    modes = {name: oct((place.root / name).stat().st_mode)[-3:] for name in place.everything()}
    assert set(modes) == {
        *("backup-database/ca.pem", "backup-database/url"),
        *("database/ca.pem", "database/url"),
        *("migrate-database/ca.pem", "migrate-database/url"),
    }
    assert set(modes.values()) == {"400"}


def test_second_run_says_and_changes_nothing(place: Place) -> None:
    place.bring("database_url", URL)
    place.run()
    before = place.everything()

    result = place.run()

    assert (result.returncode, result.stderr) == (0, "")
    assert place.everything() == before


def test_changed_address_and_removed_certificate_take_effect(place: Place) -> None:
    place.bring("database_url", URL)
    place.bring("database_ca", CERTIFICATE)
    place.run()
    place.bring("database_url", MIGRATOR)
    (place.own / "database_ca").unlink()

    result = place.run()

    assert result.returncode == 0
    assert place.everything() == {
        "backup-database/url": f"{MIGRATOR}\n",
        "database/url": f"{MIGRATOR}\n",
        "migrate-database/url": f"{MIGRATOR}\n",
    }


def test_whoever_reads_the_address_while_it_changes_reads_one_that_is_whole(place: Place) -> None:
    place.run(DATABASE_URL=URL)

    with (place.root / "database/url").open() as reader:
        place.run(DATABASE_URL=MIGRATOR)

        assert reader.read() == f"{URL}\n"


def test_certificate_is_handed_to_every_reader(place: Place) -> None:
    place.bring("database_url", f"{URL}?sslmode=verify-full")
    place.bring("database_ca", CERTIFICATE)

    place.run()

    made = place.everything()
    names = ("database", "migrate-database", "backup-database")
    assert {made[f"{name}/ca.pem"] for name in names} == {CERTIFICATE}


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        pytest.param("sqlite:///bills.db", "is no address of a Postgres", id="sqlite"),
        pytest.param("db.example.com", "is no address of a Postgres", id="only a host"),
        pytest.param("postgresql://db.example.com/bills", "is no address", id="nobody logs in"),
        pytest.param(f"{URL}\n{URL}", "a line break", id="two lines"),
        pytest.param(f"{URL} ", "a space", id="space behind"),
        pytest.param(f"{URL}?sslmode=disable", "in the clear", id="no TLS"),
        pytest.param(f"{URL}?sslmode=allow", "in the clear", id="TLS if the server wants it"),
        pytest.param(f"{URL}?connect_timeout=3&sslmode=prefer", "in the clear", id="TLS perhaps"),
        pytest.param(f"{URL}?sslmode=verify-full", "brings no authority", id="nothing to verify"),
    ],
)
def test_bad_address_is_refused_before_anything_is_written(
    place: Place, value: str, rule: str
) -> None:
    place.bring("database_url", value)

    result = place.run()

    assert result.returncode == 78
    assert rule in result.stderr
    assert "nothing was changed" in result.stderr
    assert "Xk2mQ9vTz7Lw" not in result.stderr
    assert place.everything() == {}


def test_certificates_of_the_system_need_no_file(place: Place) -> None:
    result = place.run(DATABASE_URL=f"{URL}?sslmode=verify-full&sslrootcert=system")

    assert result.returncode == 0


def test_migrations_own_address_is_checked_like_the_apps(place: Place) -> None:
    result = place.run(DATABASE_URL=URL, MIGRATE_DATABASE_URL=f"{MIGRATOR}&sslmode=disable")

    assert result.returncode == 78
    assert "MIGRATE_DATABASE_URL lets the password" in result.stderr
    assert place.everything() == {}


def test_no_address_at_all_is_refused(place: Place) -> None:
    result = place.run(DATABASE_URL="")

    assert result.returncode == 78
    assert "no address of a database" in result.stderr


def test_two_addresses_for_one_purpose_are_refused(place: Place) -> None:
    place.bring("database_url", URL)

    result = place.run(DATABASE_URL=URL)

    assert result.returncode == 78
    assert "both deploy/secrets/database_url and DATABASE_URL are set" in result.stderr
    assert place.everything() == {}


@pytest.mark.parametrize(
    ("name", "value"), [("database_url", ""), ("database_ca", "a certificate")]
)
def test_empty_file_and_what_is_no_certificate_are_refused(
    place: Place, name: str, value: str
) -> None:
    place.bring("database_url", URL)
    place.bring(name, value)

    result = place.run()

    assert result.returncode == 78
    assert f"deploy/secrets/{name} is" in result.stderr
    assert place.everything() == {}
