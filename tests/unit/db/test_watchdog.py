"""One late answer is forgiven, and forgotten as soon as the database answers again."""

from pathlib import Path

import pytest

from backend.config.database_url import DatabaseUrl
from backend.db.dialect import dialect_for
from backend.db.watchdog import PROBES_BEFORE_CUTTING, Watchdog
from backend.errors import TransientError


class Probed:
    """A watchdog of a file, which is there or is not when it looks."""

    def __init__(self, path: Path) -> None:
        self.watchdog = Watchdog(dialect_for(DatabaseUrl("sqlite", path=path)))
        self._path = path

    def look(self, *, answers: bool) -> None:
        """Let it ask its database once."""
        self._path.touch() if answers else self._path.unlink(missing_ok=True)
        self.watchdog._look()


@pytest.fixture
def probed(tmp_path: Path) -> Probed:
    return Probed(tmp_path / "test.db")


def test_late_answers_in_a_row_are_a_frozen_database(probed: Probed) -> None:
    for _ in range(PROBES_BEFORE_CUTTING):
        probed.look(answers=False)

    with pytest.raises(TransientError):
        probed.watchdog.enter()


def test_one_less_is_not(probed: Probed) -> None:
    for _ in range(PROBES_BEFORE_CUTTING - 1):
        probed.look(answers=False)

    assert not probed.watchdog.frozen


def test_late_answers_with_good_ones_between_them_do_not_add_up(probed: Probed) -> None:
    for _ in range(PROBES_BEFORE_CUTTING):
        probed.look(answers=True)
        probed.look(answers=False)

    assert not probed.watchdog.frozen


def test_a_database_that_answers_again_is_not_frozen_any_more(probed: Probed) -> None:
    for _ in range(PROBES_BEFORE_CUTTING):
        probed.look(answers=False)

    probed.look(answers=True)

    assert not probed.watchdog.frozen
