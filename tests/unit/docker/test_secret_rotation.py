"""Secrets that change: by another file, or by the command to rotate one."""

import pytest

from tests.unit.docker.conftest import GOOD, Place


def test_changed_superuser_password_lies_beside_the_one_the_server_still_has(place: Place) -> None:
    place.run()
    before = place.read("superuser/password")
    (place.own / "superuser_password").write_text(GOOD)

    place.run()

    assert place.read("superuser/password") == before
    assert place.read("superuser/password.next") == GOOD


def test_changed_signing_key_keeps_the_old_ones_for_what_they_have_signed(place: Place) -> None:
    place.run()
    made = place.read("session/secret_key")

    for brought in (f"{GOOD}-1", f"{GOOD}-2"):
        (place.own / "secret_key").write_text(brought)
        place.run()

    assert place.read("session/secret_key") == f"{GOOD}-2"
    assert place.read("session/secret_key_fallbacks").splitlines() == [f"{GOOD}-1", made]


@pytest.mark.parametrize("name", ["migrate", "app-blue", "app-green"])
def test_rotate_changes_that_secret_and_no_other(place: Place, name: str) -> None:
    place.run()
    before = place.everything()

    result = place.run("rotate", name)

    after = place.everything()
    assert result.returncode == 0
    assert {key for key in after if after[key] != before[key]} == {f"{name}/password"}


def test_whoever_reads_a_secret_while_it_changes_reads_one_that_is_whole(place: Place) -> None:
    place.run()
    before = place.read("migrate/password")

    with (place.root / "migrate/password").open() as reader:
        place.run("rotate", "migrate")

        assert reader.read() == f"{before}\n"
    assert place.read("migrate/password") != before


def test_rotating_the_signing_key_thrice_keeps_the_last_two(place: Place) -> None:
    place.run()
    keys = [place.read("session/secret_key")]
    for _ in range(3):
        place.run("rotate", "session")
        keys.append(place.read("session/secret_key"))

    fallbacks = place.read("session/secret_key_fallbacks").splitlines()

    assert fallbacks == [keys[2], keys[1]]


def test_rotate_leaves_a_brought_secret_alone_and_says_so(place: Place) -> None:
    (place.own / "app_blue_password").write_text(GOOD)
    place.run()

    result = place.run("rotate", "app-blue")

    assert result.returncode == 0
    assert "change that file" in result.stderr
    assert place.read("app-blue/password") == GOOD


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (("rotate",), "rotate what?"),
        (("rotate", "app-red"), "'app-red' is not"),
        (("rotate", "superuser"), "run --rm bootstrap rotate-superuser"),
        (("remove",), "unknown command 'remove'"),
    ],
)
def test_unknown_wish_is_a_usage_error(place: Place, args: tuple[str, ...], hint: str) -> None:
    result = place.run(*args)

    assert result.returncode == 2
    assert hint in result.stderr
