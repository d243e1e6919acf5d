"""Whose backups a restore takes: what the data tells, what somebody names, or the only ones."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from backend.backup.cluster.settings import ClusterSettings, load_cluster_settings
from backend.backup.restore.plan import find_cluster
from backend.errors import ConfigError, DataError, UsageError

NOBODY = 65534
FIRST, SECOND = "7577312031234567890", "7577312031234567891"


@pytest.fixture
def settings(tmp_path: Path) -> ClusterSettings:
    """A folder with the backups of one cluster, and no data."""
    add_backups(tmp_path / "backups", FIRST)
    folders = {"BACKUP_DIR": f"{tmp_path}/backups", "PGDATA": f"{tmp_path}/cluster"}
    return load_cluster_settings(folders)


def add_backups(folder: Path, cluster: str) -> None:
    (folder / cluster / "repository/backup").mkdir(parents=True)


def add_data(settings: ClusterSettings, cluster: str) -> None:
    control = settings.data / "global/pg_control"
    control.parent.mkdir(parents=True)
    control.write_bytes(int(cluster).to_bytes(8, sys.byteorder))


def test_without_data_the_only_one_is_meant(settings) -> None:
    assert find_cluster(settings).root.name == FIRST


def test_the_data_tells_which_of_several(settings) -> None:
    add_backups(settings.backups, SECOND)
    add_data(settings, SECOND)

    assert find_cluster(settings).root.name == SECOND


def test_data_without_backups_takes_nobody_elses(settings) -> None:
    add_data(settings, SECOND)

    with pytest.raises(DataError, match=f"no backups of cluster {SECOND}") as caught:
        find_cluster(settings)
    assert FIRST in caught.value.hint


def test_data_too_damaged_to_tell_stands_in_no_way(settings) -> None:
    settings.data.mkdir()

    assert find_cluster(settings).root.name == FIRST


def test_several_and_nothing_that_tells_have_to_be_named(settings) -> None:
    add_backups(settings.backups, SECOND)
    settings.data.mkdir()

    with pytest.raises(UsageError, match="several clusters") as caught:
        find_cluster(settings)
    assert caught.value.hint == f"name one with --cluster: {FIRST}, {SECOND}"


@contextmanager
def somebody_else() -> Iterator[None]:
    """Be a user who may not read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_copy_that_belongs_to_another_user_is_named(settings) -> None:
    # A test's own folder is closed to others further up.
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        add_backups(Path(name), FIRST)
        (Path(name) / FIRST).chmod(0)

        with (
            somebody_else(),
            pytest.raises(ConfigError, match=f"{FIRST}.* cannot be read by this user"),
        ):
            find_cluster(replace(settings, backups=Path(name)))

        (Path(name) / FIRST).chmod(0o700)
