"""Passwords are kept whole, and only as scrypt."""

import pytest
from werkzeug.security import generate_password_hash

from backend.services import passwords
from backend.services.errors import InvalidInput
from backend.services.passwords import hash_password, matches


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("eigh t88", id="shortest"),
        pytest.param("x" * 100 + "y", id="longer than 72 bytes"),
        pytest.param("şifre çok güçlü 🔑", id="any letters"),
        pytest.param("half a pair \ud800", id="what UTF-8 cannot encode"),
    ],
)
def test_a_password_fits_its_own_hash_and_nothing_shorter_does(password):
    stored = hash_password(password)

    assert stored.startswith("scrypt:32768:8:1$")
    assert matches(password, stored)
    assert not matches(password[:-1], stored)


@pytest.mark.parametrize("password", ["", "seven77", "x" * 1001])
def test_a_password_has_at_least_eight_characters_and_an_end(password):
    with pytest.raises(InvalidInput):
        hash_password(password)


def test_where_a_thread_may_not_step_back_passwords_are_computed_all_the_same(monkeypatch):
    def refused(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr("os.setpriority", refused)
    passwords._threads.cache_clear()

    assert matches(hash_password("a few good words"), None) is False
    passwords._threads.cache_clear()


def test_without_an_account_nothing_fits():
    assert not matches("nobody has this password", None)


def test_an_endless_password_is_not_even_tried():
    stored = generate_password_hash("x" * 1001, method="scrypt:1024:8:1")

    assert not matches("x" * 1001, stored)


@pytest.mark.parametrize(
    "password",
    ["password1", "PassWord1", "ｐａｓｓｗｏｒｄ１", "qwertyuiop", "galatasaray", "iloveyou"],
)
def test_what_many_people_use_is_refused_however_it_is_written(password):
    with pytest.raises(InvalidInput, match="many people use"):
        hash_password(password)


def test_a_password_from_before_the_list_stays_good():
    stored = generate_password_hash("password1", method="scrypt:1024:8:1")

    assert matches("password1", stored)
