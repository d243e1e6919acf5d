"""pgBackRest's `verify` exits 0 on damage: what it prints is what counts."""

import pytest

from backend.backup.cluster.repository_check import parse_verify
from backend.errors import DatabaseError

# As pgBackRest 2.55.1 has printed them.
CLEAN = """stanza: app
status: ok
  archiveId: 17-1, total WAL checked: 2, total valid WAL: 2
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
  backup: 20261127-035431F, status: valid, total files checked: 1264, total valid files: 1264
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
"""
FLIPPED = """stanza: app
status: error
  archiveId: 17-1, total WAL checked: 2, total valid WAL: 2
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
  backup: 20261127-035431F, status: invalid, total files checked: 1264, total valid files: 1263
    missing: 0, checksum invalid: 1, size invalid: 0, other: 0
"""
WRONG_PASS = """stanza: app
status: error
  No usable backup.info file
  No usable archive.info file
"""


def test_a_clean_repository_is_counted() -> None:
    check = parse_verify(CLEAN)

    assert (check.files, check.wal_files, check.problems) == (1264, 2, ())


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param(
            FLIPPED,
            [
                "backup 20261127-035431F is invalid",
                "backup 20261127-035431F: checksum invalid files: 1",
            ],
            id="a flipped byte",
        ),
        pytest.param(
            CLEAN.replace("missing: 0", "missing: 3", 1),
            ["WAL archive 17-1: missing files: 3"],
            id="WAL that is missing",
        ),
        pytest.param(
            WRONG_PASS,
            ["repository: No usable backup.info file", "repository: No usable archive.info file"],
            id="a wrong cipher pass",
        ),
        pytest.param(
            CLEAN.replace("status: ok", "status: error"),
            ["pgbackrest verify says status 'error'"],
            id="an error of no known kind",
        ),
    ],
)
def test_problems_are_named(text, problems) -> None:
    assert list(parse_verify(text).problems) == problems


@pytest.mark.parametrize("text", ["", "stanza: app\n"])
def test_silence_is_no_proof(text) -> None:
    with pytest.raises(DatabaseError, match="gave no result"):
        parse_verify(text)
