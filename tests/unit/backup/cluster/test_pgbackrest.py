"""pgBackRest: what its failures mean for whoever asked."""

from pathlib import Path

import pytest

from backend.backup.cluster.pgbackrest import PgBackRest, RecoveryTarget
from backend.errors import ConfigError, FoundWanting

# Real codes and words of version 2.55: the same code for a wrong pass and for a torn file.
UNREADABLE = "P00 ERROR: [029]: raised from local-1 protocol: zst error: [-20] Data corruption"


@pytest.fixture
def failing(tmp_path: Path) -> PgBackRest:
    """The program as it ends on a repository that it cannot read."""
    program = tmp_path / "pgbackrest"
    program.write_text(f"#!/bin/sh\necho '{UNREADABLE}' >&2\nexit 29\n")
    program.chmod(0o755)
    (tmp_path / "repository.conf").write_text("[global]\n")
    path = f"{tmp_path}:/usr/bin:/bin"
    return PgBackRest(tmp_path, tmp_path, tmp_path, tmp_path, path)


def test_a_repository_that_does_not_open_wants_its_own_pass(failing: PgBackRest) -> None:
    with pytest.raises(ConfigError, match="pgbackrest info: raised") as caught:
        failing.backups()

    assert "bring the cipher pass" in caught.value.hint


def test_what_does_not_unpack_in_a_restore_is_damaged(failing: PgBackRest, tmp_path: Path) -> None:
    target = RecoveryTarget("20261127-060932F", "default")

    with pytest.raises(FoundWanting, match=r"Data corruption \[029\]") as caught:
        failing.restore(tmp_path / "cluster", target, archiving=False)

    assert caught.value.hint == "`verify` tells which files are damaged"
