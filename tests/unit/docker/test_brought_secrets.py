"""Secrets that the operator brings as files: which are taken, and which are refused."""

import pytest

from tests.unit.docker.conftest import GOOD, Place


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        pytest.param("short-Xk2mQ9v", "too short", id="too short"),
        pytest.param("", "too short", id="empty"),
        pytest.param("abcabcabcabcabcabcabc", "repeats itself", id="few characters"),
        pytest.param("ChangeMe-Xk2mQ9vTz7Lw", "well-known", id="well-known value"),
        pytest.param("my_super_Pass-Word_2026", "well-known", id="well-known word, disguised"),
        pytest.param("Xk2mQ9vTz7Lw\nRb4NcYp8Kd", "line break", id="two lines"),
        pytest.param("Xk2mQ9vTz7LwRb4NcYp8\r\n", "line break", id="Windows line end"),
        pytest.param(" Xk2mQ9vTz7LwRb4NcYp8", "space", id="space in front"),
    ],
)
def test_weak_own_secret_is_refused_before_anything_is_written(
    place: Place, value: str, rule: str
) -> None:
    (place.own / "superuser_password").write_bytes(value.encode())

    result = place.run()

    assert result.returncode == 78
    assert "deploy/secrets/superuser_password" in result.stderr
    assert rule in result.stderr
    assert not value or value not in result.stderr
    assert place.everything() == {}


@pytest.mark.parametrize("value", [GOOD[:31], GOOD + ",x", GOOD + " x"])
def test_signing_key_has_stricter_rules(place: Place, value: str) -> None:
    (place.own / "secret_key").write_text(value)

    assert place.run().returncode == 78


def test_password_of_any_printable_characters_is_taken_over_as_it_is(place: Place) -> None:
    value = """p@ss: w/o%rd'"$(id)`\\ü€#&*"""
    (place.own / "app_blue_password").write_text(value + "\n")

    result = place.run()

    assert result.returncode == 0
    assert place.read("app-blue/password") == value


def test_misspelt_name_is_refused(place: Place) -> None:
    (place.own / "app-blue-password").write_text(GOOD)

    result = place.run()

    assert result.returncode == 78
    assert "app-blue-password is not a secret this stack knows" in result.stderr


@pytest.mark.parametrize("name", ["database_url", "migrate_database_url", "database_ca"])
def test_address_of_an_external_database_beside_our_own_is_refused(place: Place, name: str) -> None:
    (place.own / name).write_text(GOOD)

    result = place.run()

    assert result.returncode == 78
    assert f"deploy/secrets/{name} is for an external database" in result.stderr
    assert "-f deploy/docker-compose.external-db.yml" in result.stderr
    assert place.everything() == {}


def test_external_database_needs_no_secret_but_the_sessions(place: Place) -> None:
    (place.own / "database_url").write_text(GOOD)

    result = place.run(EXTERNAL_DATABASE="true")

    assert result.returncode == 0
    assert list(place.everything()) == ["session/secret_key", "session/secret_key_fallbacks"]


def test_half_of_the_files_of_a_stack_on_an_external_database_is_refused(place: Place) -> None:
    (place.root / "database").mkdir()
    (place.root / "database/url").write_text("postgresql://ana@db.example.com/bills\n")
    before = place.everything()

    result = place.run()

    assert result.returncode == 77
    assert "this stack runs on an external database" in result.stderr
    assert place.everything() == before
