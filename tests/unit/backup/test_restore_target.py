"""What people say a restore is to bring back."""

from datetime import UTC, datetime

import pytest

from backend.backup.restore_target import LATEST, RestoreTarget, parse_target
from backend.errors import UsageError


@pytest.mark.parametrize(
    ("text", "target"),
    [
        pytest.param(
            "2026-11-21 10:00:00+03",
            RestoreTarget(at=datetime(2026, 11, 21, 7, 0, tzinfo=UTC)),
            id="a time with an offset",
        ),
        pytest.param(
            "2026-11-21T10:00:00Z",
            RestoreTarget(at=datetime(2026, 11, 21, 10, 0, tzinfo=UTC)),
            id="a time in UTC",
        ),
        pytest.param(
            " backup-20261121T100000Z ",
            RestoreTarget(name="backup-20261121T100000Z"),
            id="a name",
        ),
        pytest.param("before-expand-0002", RestoreTarget(name="before-expand-0002"), id="a point"),
    ],
)
def test_a_time_or_a_name_is_read(text: str, target: RestoreTarget) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize("text", ["2026-11-21 10:00:00", "2026-11-21"])
def test_a_time_without_a_zone_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="has no time zone"):
        parse_target(text)


def test_the_latest_is_neither_a_time_nor_a_name() -> None:
    assert LATEST.is_latest
    assert not RestoreTarget(name="x").is_latest
