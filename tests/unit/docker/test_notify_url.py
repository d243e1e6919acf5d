"""Whom the backups notify: brought as a file or a variable, handed to its one reader, never shown."""

import pytest

from tests.unit.docker.conftest import Place

TOKEN = "6f1a0d4e"
URL = f"https://hc.example/{TOKEN}?rid=1"
KEPT = "backup/notify_url"


def test_a_file_is_handed_over(place: Place) -> None:
    place.bring("backup_notify_url", URL + "\n")

    result = place.run()

    assert result.returncode == 0
    assert place.read(KEPT) == URL
    assert oct((place.root / KEPT).stat().st_mode)[-3:] == "400"
    assert [name for name, text in place.everything().items() if TOKEN in text] == [KEPT]
    assert TOKEN not in result.stdout + result.stderr


def test_a_variable_is_handed_over_and_another_takes_its_place(place: Place) -> None:
    place.run(BACKUP_NOTIFY_URL="http://kuma.lan:3001/api/push/x?status=up")

    place.run(BACKUP_NOTIFY_URL=URL)

    assert place.read(KEPT) == URL


def test_whoever_takes_it_back_is_notified_no_more(place: Place) -> None:
    place.run(BACKUP_NOTIFY_URL=URL)

    place.run()

    assert KEPT not in place.everything()


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        pytest.param(f"hc.example/{TOKEN}", "is no address of a web service", id="no scheme"),
        pytest.param(f"https:///{TOKEN}", "is no address of a web service", id="no host"),
        pytest.param(f"{URL} x", "holds a space or a line break", id="a space"),
        pytest.param(f"{URL}\nx", "holds a space or a line break", id="two lines"),
        pytest.param(f"https://ana:{TOKEN}@hc.example/", "holds the name of a user", id="a user"),
    ],
)
def test_what_is_no_address_is_refused_before_anything_is_written(place, value, wrong) -> None:
    result = place.run(BACKUP_NOTIFY_URL=value)

    assert result.returncode == 78
    assert f"BACKUP_NOTIFY_URL {wrong}" in result.stderr
    assert TOKEN not in result.stderr
    assert place.everything() == {}


def test_both_ways_at_once_are_refused(place: Place) -> None:
    place.bring("backup_notify_url", URL)

    result = place.run(BACKUP_NOTIFY_URL=URL)

    assert result.returncode == 78
    assert "keep one of them" in result.stderr
    assert place.everything() == {}


def test_an_empty_file_is_refused(place: Place) -> None:
    place.bring("backup_notify_url", "")

    assert place.run().returncode == 78
