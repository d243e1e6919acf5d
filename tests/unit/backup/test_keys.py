"""What is encrypted comes back whole, or is refused by a name of ours."""

import io
import os
import re
from pathlib import Path

import pyrage
import pytest

from backend.backup import keys
from backend.backup.keys import BackupKey, DamagedError, WrongKeyError
from backend.errors import ConfigError, TransientError

KEY = keys.generate()
# More than one piece of the format, which encrypts 64 kB at a time, and a piece that is not full.
LONG = bytes(range(256)) * 1000


def encrypted(data: bytes, key: BackupKey = KEY) -> bytes:
    target = io.BytesIO()
    keys.encrypt_stream(io.BytesIO(data), target, key.recipient)
    return target.getvalue()


def decrypted(data: bytes, key: BackupKey = KEY) -> bytes:
    target = io.BytesIO()
    keys.decrypt_stream(io.BytesIO(data), target, key, name="a file")
    return target.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"ayran", id="a few bytes"),
        pytest.param(bytes(64 * 1024), id="exactly one piece"),
        pytest.param(LONG, id="several pieces"),
    ],
)
def test_a_stream_comes_back_as_it_was(data: bytes) -> None:
    assert decrypted(encrypted(data)) == data


def test_bytes_come_back_as_they_were() -> None:
    data = keys.encrypt(b"ayran", KEY.recipient)

    assert keys.decrypt(data, KEY, name="a file") == b"ayran"


def test_what_is_encrypted_shows_nothing_and_is_new_each_time() -> None:
    first, second = keys.encrypt(b"ayran" * 50, KEY.recipient), keys.encrypt(b"", KEY.recipient)

    assert b"ayran" not in first
    assert first[-40:] != second[-40:]


def test_another_key_is_told_from_damage() -> None:
    with pytest.raises(WrongKeyError, match="a file cannot be opened with this key"):
        decrypted(encrypted(LONG), keys.generate())


@pytest.mark.parametrize("place", [5, 190, 70_000, -1], ids=["head", "seal", "middle", "end"])
def test_a_flipped_bit_is_damage(place: int) -> None:
    data = bytearray(encrypted(LONG))
    data[place] ^= 1

    with pytest.raises(DamagedError, match="a file is damaged"):
        decrypted(bytes(data))


def test_another_letter_in_the_name_of_the_recipient_is_no_match() -> None:
    data = bytearray(encrypted(LONG))
    # Still base64: a letter that is none would be damage.
    data[60] = ord("B" if data[60] == ord("A") else "A")

    with pytest.raises(WrongKeyError):
        decrypted(bytes(data))


@pytest.mark.parametrize("length", [0, 100, 1000, 65_752, -1])
def test_a_truncated_file_is_damage(length: int) -> None:
    with pytest.raises(DamagedError):
        decrypted(encrypted(LONG)[:length])


def test_what_is_appended_is_damage() -> None:
    with pytest.raises(DamagedError):
        decrypted(encrypted(LONG) + b"x")


class FullDisk(io.BytesIO):
    """Takes so many bytes, then has no room."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def write(self, data) -> int:
        if self.tell() + len(data) > self.room:
            raise OSError(28, "No space left on device")
        return super().write(data)


# The head differs by some hundred bytes from one time to the next.
@pytest.mark.parametrize("missing", [3_000, 200_000], ids=["last 8 kB", "early"])
def test_a_full_disk_is_an_error_however_late(missing: int) -> None:
    whole = len(encrypted(LONG))

    with pytest.raises(OSError, match="No space left"):
        keys.encrypt_stream(io.BytesIO(LONG), FullDisk(whole - missing), KEY.recipient)


@pytest.mark.parametrize("missing", [1, 5_000, 200_000], ids=["last byte", "last 8 kB", "early"])
def test_a_full_disk_is_an_error_of_decryption_too(missing: int) -> None:
    data = encrypted(LONG)

    with pytest.raises(OSError, match="No space left"):
        keys.decrypt_stream(io.BytesIO(data), FullDisk(len(LONG) - missing), KEY, name="a file")


def test_an_interruption_is_passed_on_as_it_is() -> None:
    class Interrupted(io.BytesIO):
        def read(self, _count=-1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keys.encrypt_stream(Interrupted(), io.BytesIO(), KEY.recipient)


def test_a_key_is_read_from_the_file_it_was_saved_in(tmp_path: Path) -> None:
    keys.save(tmp_path / "key", KEY)

    assert keys.load(tmp_path / "key") == KEY
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    keys.save(tmp_path / "key", KEY)

    with pytest.raises(FileExistsError):
        keys.save(tmp_path / "key", keys.generate())
    assert keys.load(tmp_path / "key") == KEY


def test_a_file_of_age_keygen_is_read_with_its_comments(tmp_path: Path) -> None:
    text = f"# created: 2026-11-27T04:00:00Z\n# public key: {KEY.recipient}\n{KEY.identity}\n"

    assert keys.parse(text, name="a file") == KEY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
@pytest.mark.skipif(os.name != "posix", reason="Windows keeps no such bits")
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    keys.save(tmp_path / "key", KEY)
    (tmp_path / "key").chmod(mode)

    with pytest.raises(ConfigError, match="others can read the key") as caught:
        keys.load(tmp_path / "key")
    assert caught.value.hint == f"chmod 600 {tmp_path / 'key'}"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(KEY.identity[:-1], id="cut off"),
        pytest.param(f"{KEY.identity}\n{KEY.identity}", id="two"),
        pytest.param(KEY.recipient, id="the public half"),
    ],
)
def test_what_is_no_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ConfigError, match="a file holds no age identity") as caught:
        keys.parse(text, name="a file")
    assert text == "" or text not in str(caught.value)


def test_a_key_does_not_show_its_secret() -> None:
    assert "AGE-SECRET-KEY" not in repr(KEY)


def test_what_is_no_recipient_is_refused() -> None:
    with pytest.raises(ConfigError, match="no age recipient"):
        keys.encrypt(b"", "age1x")


@pytest.fixture(scope="module")
def sealed() -> bytes:
    """A short text behind a pass phrase."""
    return keys.encrypt_with_phrase(b"a text", "four words put together")


def with_work(sealed: bytes, power: int) -> bytes:
    """Return the file as a machine would write it that is much faster or slower."""
    return re.sub(rb"(\n-> scrypt \S+ )\d+", rb"\g<1>%d" % power, sealed)


def test_a_machine_that_seems_slow_for_a_moment_is_asked_again(sealed: bytes, monkeypatch) -> None:
    files = [with_work(sealed, 40), with_work(sealed, 40), sealed]
    decrypt = pyrage.passphrase.decrypt
    monkeypatch.setattr(
        pyrage.passphrase, "decrypt", lambda _, phrase: decrypt(files.pop(0), phrase)
    )
    monkeypatch.setattr(keys, "_PAUSE_SECONDS", 0)

    opened = keys.decrypt_with_phrase(sealed, "four words put together", name="a file")

    assert opened == b"a text"


def test_a_machine_that_is_too_slow_is_told_from_a_damaged_file(sealed: bytes, monkeypatch) -> None:
    monkeypatch.setattr(keys, "_PAUSE_SECONDS", 0)

    with pytest.raises(TransientError, match="a file was encrypted by a machine that seems much"):
        keys.decrypt_with_phrase(with_work(sealed, 40), "four words put together", name="a file")


def test_of_some_measurements_the_hardest_counts(sealed: bytes, monkeypatch) -> None:
    files = [with_work(sealed, 12), with_work(sealed, 18), with_work(sealed, 20)]
    monkeypatch.setattr(pyrage.passphrase, "encrypt", lambda *_: files.pop(0))

    encrypted = keys.encrypt_with_phrase(b"a text", "four words put together")

    assert encrypted == with_work(sealed, 18)
