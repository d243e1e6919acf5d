"""What pgBackRest's `info` says about the repository, which exits 0 for a wrong cipher pass."""

import json
from datetime import UTC, datetime

import pytest

from backend.backup.cluster.backup_set import parse_info
from backend.errors import ConfigError, DatabaseError

# As pgBackRest 2.55.1 has printed it.
ONE = {
    "archive": {"start": "000000010000000000000002", "stop": "000000010000000000000003"},
    "error": False,
    "info": {
        "delta": 31048880,
        "repository": {"delta": 3736640, "size": 3736640},
        "size": 31048880,
    },
    "label": "20261127-035431F",
    "lsn": {"start": "0/2000028", "stop": "0/2004088"},
    "prior": None,
    "timestamp": {"start": 1795751671, "stop": 1795751675},
    "type": "full",
}


def info(code: int, message: str, *backups: object) -> str:
    status = {"code": code, "message": message}
    return json.dumps([{"backup": backups, "repo": [{"status": status}], "status": status}])


def test_a_backup_is_read() -> None:
    (one,) = parse_info(info(0, "ok", ONE))

    assert (one.label, one.type, one.timeline) == ("20261127-035431F", "full", 1)
    assert one.stopped == datetime(2026, 11, 27, 3, 54, 35, tzinfo=UTC)
    assert (one.first_wal, one.last_wal) == (
        "000000010000000000000002",
        "000000010000000000000003",
    )
    assert (one.database_bytes, one.repository_bytes, one.prior) == (31048880, 3736640, "")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[]", id="no stanza at all"),
        pytest.param(info(1, "missing stanza path"), id="no stanza"),
        pytest.param(info(2, "no valid backups"), id="no backup"),
    ],
)
def test_an_empty_repository_has_no_backups(text) -> None:
    assert parse_info(text) == ()


@pytest.mark.parametrize("kind", ["FormatError", "CryptoError"])
def test_a_wrong_cipher_pass_is_told_and_no_bytes_are_shown(kind) -> None:
    said = f"[{kind}] unable to load info file\nkey outside of section: \x01\x02garbage"

    with pytest.raises(ConfigError, match="cipher pass does not open") as raised:
        parse_info(info(99, said))

    assert "garbage" not in str(raised.value)


def test_a_repository_that_cannot_be_read_is_told() -> None:
    with pytest.raises(DatabaseError, match=r"cannot be read: \[FileOpenError\] unable"):
        parse_info(info(99, "[FileOpenError] unable to open file"))
