"""Files with people's data: nobody else reads them, and they are whole or not there."""

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.db import private_files


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def interrupted() -> Iterator[bytes]:
    yield b"the first half"
    raise KeyboardInterrupt


def test_a_new_file_is_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "backup.sql"

    private_files.write_new(path, [b"one\n", b"two\n"])

    assert path.read_bytes() == b"one\ntwo\n"
    assert mode_of(path) == 0o600


@pytest.mark.parametrize(
    "create", [private_files.reserve, lambda path: private_files.write_new(path, [b"other"])]
)
def test_a_file_that_is_there_is_left_as_it_is(
    tmp_path: Path, create: Callable[[Path], None]
) -> None:
    path = tmp_path / "backup.sql"
    path.write_text("mine")

    with pytest.raises(FileExistsError):
        create(path)

    assert path.read_text() == "mine"


def test_a_file_that_cannot_be_written_whole_is_not_left(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        private_files.write_new(tmp_path / "backup.sql", interrupted())

    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_with_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("old")
    path.chmod(0o644)

    private_files.replace(path, "new", mode=private_files.GROUP_READS)

    assert path.read_text() == "new"
    assert mode_of(path) == 0o440
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_run_has_left_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.with_name("key.tmp").write_text("half a k")

    private_files.replace(path, "whole")

    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_a_whole_file_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "archive"

    with private_files.whole_file(path) as file:
        file.write(b"all of it")
        names_meanwhile = [one.name for one in tmp_path.iterdir()]

    assert names_meanwhile == ["archive.partial"]
    assert path.read_bytes() == b"all of it"
    assert [one.name for one in tmp_path.iterdir()] == ["archive"]
    assert mode_of(path) == 0o600


def test_a_whole_file_that_is_interrupted_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), private_files.whole_file(tmp_path / "archive") as file:
        file.writelines(interrupted())

    assert list(tmp_path.iterdir()) == []


def test_a_whole_file_replaces_none(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(b"mine")

    with pytest.raises(FileExistsError):
        private_files.write_whole(tmp_path / "archive", b"other")
    assert (tmp_path / "archive").read_bytes() == b"mine"
    assert [one.name for one in tmp_path.iterdir()] == ["archive"]
