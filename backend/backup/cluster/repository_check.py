"""What pgBackRest finds when it reads a whole repository: its exit code is 0 even for damage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from backend.errors import DatabaseError

_STATUS = re.compile(r"^status: (\w+)", re.MULTILINE)
_ARCHIVE = re.compile(r"^archiveId: (\S+), total WAL checked: (\d+), total valid WAL: (\d+)")
_BACKUP = re.compile(
    r"^backup: (\S+), status: ([\w-]+)(?:, total files checked: (\d+), total valid files: (\d+))?"
)
_COUNT = re.compile(r"(missing|checksum invalid|size invalid|other): (\d+)")


@dataclass(frozen=True)
class RepositoryCheck:
    """How much was read, and each thing that is not as it was written."""

    wal_files: int
    files: int
    problems: tuple[str, ...]


def parse_verify(text: str) -> RepositoryCheck:
    """Read the text of `verify --verbose`; what is not understood is a problem too.

    Raises:
        DatabaseError: it is no such text: the program said nothing about the repository.
    """
    status = _STATUS.search(text)
    if status is None:
        raise DatabaseError(
            "pgbackrest verify gave no result",
            hint="expected a line 'status: ok' or 'status: error'",
        )
    lines = [line.strip() for line in text.splitlines()]
    problems = list(_problems(lines))
    if status[1] != "ok" and not problems:
        problems.append(f"pgbackrest verify says status {status[1]!r}")
    archives = [found for line in lines if (found := _ARCHIVE.match(line))]
    backups = [found for line in lines if (found := _BACKUP.match(line))]
    return RepositoryCheck(
        wal_files=sum(int(one[2]) for one in archives),
        files=sum(int(one[3] or 0) for one in backups),
        problems=tuple(problems),
    )


def _problems(lines: list[str]) -> Iterator[str]:
    about = "repository"
    for line in lines:
        if found := _ARCHIVE.match(line):
            about = f"WAL archive {found[1]}"
        elif found := _BACKUP.match(line):
            about = f"backup {found[1]}"
            if found[2] != "valid":
                yield f"{about} is {found[2]}"
        elif line.startswith("No usable"):
            yield f"repository: {line}"
        else:
            yield from _counted(about, line)


def _counted(about: str, line: str) -> Iterator[str]:
    for word, number in _COUNT.findall(line):
        if int(number):
            yield f"{about}: {word} files: {number}"
