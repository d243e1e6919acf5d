"""What the plan of a restore says will be lost, before anybody agrees to it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.backup.cluster.backup_set import BackupSet
from backend.backup.cluster.repository import ClusterFolder
from backend.backup.cluster.settings import load_cluster_settings
from backend.backup.restore.inventory import Inventory
from backend.backup.restore.plan import ClusterRestorePlan
from backend.backup.restore.targets import ChosenTarget

WAL = "000000010000000000000001"


def at(second: int) -> datetime:
    return datetime(2026, 11, 27, 4, 34, second, tzinfo=UTC)


BACKUP = BackupSet("20261127-043251F", "full", at(0), at(1), "0/28", "0/99", WAL, WAL, 1, 1)
PLAN = ClusterRestorePlan(
    backup=BACKUP.label,
    to=at(15),
    lost_until=at(38),
    chosen=ChosenTarget(BACKUP, 1, at(15), is_latest=True),
    inventory=Inventory(load_cluster_settings({}), ClusterFolder(Path("7712701674926625526"))),
    newest_timeline=1,
    replaces_data=True,
)


@pytest.mark.parametrize(
    ("lost_until", "has_data", "last_line"),
    [
        pytest.param(
            at(38),
            True,
            "LOST is what was written from 2026-11-27 04:34:15 UTC to 2026-11-27 04:34:38 UTC",
            id="written since",
        ),
        pytest.param(
            at(14),
            True,
            "LOST is what was written and is not in the archive",
            id="nothing written since, as far as the files tell",
        ),
        pytest.param(
            at(38),
            False,
            "there is no data here; what was written after 2026-11-27 04:34:15 UTC was not archived",
            id="a new server",
        ),
    ],
)
def test_the_last_line_is_about_the_loss(lost_until, has_data, last_line) -> None:
    plan = replace(PLAN, lost_until=lost_until, replaces_data=has_data)

    assert plan.lines() == [
        "restores the state of 2026-11-27 04:34:15 UTC",
        "begins with the backup 20261127-043251F, follows timeline 1",
        last_line,
    ]


def test_the_way_back_includes_the_second_of_the_last_write() -> None:
    plan = replace(PLAN, lost_until=at(38).replace(microsecond=250_000))

    assert plan.way_back is not None
    assert plan.way_back.endswith('run --rm restore --to "2026-11-27 04:34:39+00"')


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(replace(PLAN, replaces_data=False), id="no data was there"),
        pytest.param(replace(PLAN, replaces_another_cluster=True), id="data of another repository"),
    ],
)
def test_what_this_repository_never_held_it_cannot_bring_back(plan: ClusterRestorePlan) -> None:
    assert plan.way_back is None
