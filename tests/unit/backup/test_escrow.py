"""The escrow: everything that a new server needs, for whoever knows the pass phrase."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from backend.backup.cluster.repository import ClusterFolder
from backend.backup.cluster.settings import ClusterSettings, load_cluster_settings
from backend.backup.escrow import (
    Escrow,
    bring_escrow,
    escrow_warnings,
    hand_over_keys,
    open_escrow,
    seal,
    write_escrow,
)
from backend.backup.keys import DamagedError, WrongKeyError, encrypt_with_phrase
from backend.backup.restore_target import BackupSource
from backend.errors import ConfigError, RefusedError, UsageError

PHRASE = "four words put together"
CLUSTER = "7577312031234567890"
FILES = {
    "repository.conf": "[global]\nrepo1-cipher-pass=a-pass\n",
    "manifest_key": "AGE-SECRET-KEY-1TEST\n",
    "session_key": "a-session-key\n",
    "session_key_fallbacks": "an-older-session-key\n",
}


@pytest.fixture
def settings(tmp_path: Path) -> ClusterSettings:
    """Settings of a stack that has been up once."""
    folders = {
        "BACKUP_DIR": str(tmp_path / "backups"),
        "BACKUP_KEYS_DIR": str(tmp_path / "keys"),
        "ESCROW_DIR": str(tmp_path / "escrow"),
        "PGDATA": str(tmp_path / "cluster"),
    }
    for name in ("backups", "keys", "escrow"):
        (tmp_path / name).mkdir()
    for name, text in FILES.items():
        (tmp_path / "keys" / name).write_text(text)
    return load_cluster_settings(folders)


@pytest.fixture
def folder(settings: ClusterSettings) -> ClusterFolder:
    """The folder of the cluster's backups."""
    folder = ClusterFolder(settings.backups / CLUSTER)
    folder.prepare()
    return folder


def new_server(settings: ClusterSettings, tmp_path: Path) -> ClusterSettings:
    """Return the settings of a clone that was never up."""
    (tmp_path / "nothing").mkdir()
    return replace(settings, keys=tmp_path / "nothing")


def written(folder: ClusterFolder) -> Path:
    (path,) = folder.root.glob("escrow-*.age")
    return path


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_new_server_gets_every_key_of_the_old_one(settings, folder, tmp_path) -> None:
    answer = write_escrow(folder, settings.keys, PHRASE)
    source = BackupSource(escrow=written(folder), pass_phrase=PHRASE)

    brought = bring_escrow(new_server(settings, tmp_path), source)

    before = list(settings.escrow.iterdir())
    hand_over_keys(brought)

    assert before == []
    assert contents(brought.keys) == contents(settings.escrow) == FILES
    assert {path.stat().st_mode & 0o777 for path in settings.escrow.iterdir()} == {0o600}
    assert brought.cluster == CLUSTER
    assert open_escrow(written(folder).read_bytes(), PHRASE).identity == answer.identity


def test_nothing_of_it_lies_in_the_open(settings, folder) -> None:
    answer = write_escrow(folder, settings.keys, PHRASE)

    everything = b"".join(path.read_bytes() for path in folder.root.rglob("*") if path.is_file())

    secrets = [answer.identity, *(text.split()[-1] for text in FILES.values())]
    assert [one for one in secrets if one.encode() in everything] == []
    assert written(folder).stat().st_mode & 0o007 == 0


def test_another_pass_phrase_does_not_open_it(settings, folder, tmp_path) -> None:
    write_escrow(folder, settings.keys, PHRASE)
    source = BackupSource(escrow=written(folder), pass_phrase="another phrase")

    with pytest.raises(WrongKeyError):
        bring_escrow(new_server(settings, tmp_path), source)

    assert list(settings.escrow.iterdir()) == []


def test_a_flipped_bit_is_seen() -> None:
    data = bytearray(seal(Escrow(CLUSTER, "AGE-SECRET-KEY-1X", FILES), PHRASE))
    data[-1] ^= 1

    with pytest.raises(DamagedError):
        open_escrow(bytes(data), PHRASE)


def test_a_short_pass_phrase_is_refused(settings, folder) -> None:
    with pytest.raises(UsageError, match="at least 12 characters"):
        write_escrow(folder, settings.keys, "short")

    assert list(folder.root.glob("escrow-*")) == []


def test_a_key_that_is_missing_makes_no_escrow(settings, folder) -> None:
    (settings.keys / "session_key").unlink()

    with pytest.raises(ConfigError, match="session_key is missing"):
        write_escrow(folder, settings.keys, PHRASE)


def test_keys_of_another_stack_are_not_laid_over_its_own(settings, folder) -> None:
    write_escrow(folder, settings.keys, PHRASE)
    (settings.keys / "repository.conf").write_text("[global]\nrepo1-cipher-pass=another\n")

    with pytest.raises(RefusedError, match="keys of its own"):
        bring_escrow(settings, BackupSource(escrow=written(folder), pass_phrase=PHRASE))

    assert list(settings.escrow.iterdir()) == []


def test_a_host_with_keys_of_its_own_hands_none_over(settings) -> None:
    hand_over_keys(settings)

    assert list(settings.escrow.iterdir()) == []


def test_an_escrow_of_another_cluster_is_no_way_to_lost_keys(settings, folder, tmp_path) -> None:
    """Installed beside this data, they would shut its own backups for good."""
    write_escrow(folder, settings.keys, PHRASE)
    control = settings.data / "global" / "pg_control"
    control.parent.mkdir(parents=True)
    control.write_bytes((int(CLUSTER) + 1).to_bytes(8, sys.byteorder))
    source = BackupSource(escrow=written(folder), pass_phrase=PHRASE)

    with pytest.raises(RefusedError, match=f"the escrow is of cluster {CLUSTER}, and the data"):
        bring_escrow(new_server(settings, tmp_path), source)


def test_an_escrow_that_is_not_there_is_named(settings) -> None:
    with pytest.raises(ConfigError, match=r"gone\.age cannot be read"):
        bring_escrow(settings, BackupSource(escrow=Path("/gone.age"), pass_phrase=PHRASE))


def test_a_key_that_changed_since_is_told(settings, folder) -> None:
    write_escrow(folder, settings.keys, PHRASE)
    untouched = list(escrow_warnings(folder, settings.keys))

    (settings.keys / "session_key").write_text("a new one\n")
    (rotated,) = escrow_warnings(folder, settings.keys)
    (settings.keys / "repository.conf").write_text("[global]\nrepo1-cipher-pass=another\n")
    (exchanged,) = escrow_warnings(folder, settings.keys)

    assert untouched == []
    assert "the session key was rotated since" in rotated
    assert "the escrow holds other keys" in exchanged


def test_until_there_is_one_that_is_said(settings, folder) -> None:
    (warning,) = escrow_warnings(folder, settings.keys)

    assert warning.startswith("no escrow")


def test_an_escrow_of_a_later_form_is_told_from_a_damaged_one() -> None:
    data = encrypt_with_phrase(json.dumps({"format": 2}).encode(), PHRASE)

    with pytest.raises(DamagedError, match="does not know"):
        open_escrow(data, PHRASE)
