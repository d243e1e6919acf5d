"""pgBackRest: the one module that runs it. Its answers are values, its errors are ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from backend.backup.backups import BackupKind
from backend.backup.cluster.backup_set import BackupSet, parse_info
from backend.backup.cluster.repository_check import RepositoryCheck, parse_verify
from backend.backup.cluster.wal import parse_history
from backend.backup.postgres.programs import ProgramResult, run_program
from backend.errors import (
    AppError,
    ConfigError,
    DatabaseError,
    FoundWanting,
    LockHeldError,
    TransientError,
)
from backend.logs import redact

TargetAction = Literal["pause", "promote", "shutdown"]

STANZA = "app"
CIPHER_FILE = "repository.conf"
_ERROR = re.compile(r"^(?:[\d:. -]+ )?P\d\d +ERROR: \[(\d+)\]: (.*)", re.MULTILINE)
_CIPHER_HINT = "bring the cipher pass that this repository was made with: the escrow has it"
# The codes that the program ends in, by what they mean for whoever asked.
_LOCKED = {50}
_TRY_LATER = {82, 56, 57}  # no WAL arrived in time; the server does not answer
_CIPHER = {29}
_DAMAGED = {26, 95}  # a checksum differs, or what is there does not decrypt to its end


@dataclass(frozen=True)
class RecoveryTarget:
    """Where a restore ends: the backup set that it begins with, and a point in the WAL.

    `kind` and `value` are pgBackRest's `--type` and `--target`: `name`, `time`, `lsn`, or `default`
    for the end of the archive. `timeline` is the one to follow; empty means the backup's own.
    """

    backup: str
    kind: Literal["name", "time", "lsn", "default"]
    value: str = ""
    timeline: str = ""
    action: TargetAction = "promote"

    def options(self) -> tuple[str, ...]:
        """Return the target as options of the command."""
        chosen = [f"--set={self.backup}", f"--type={self.kind}"]
        if self.kind != "default":
            chosen += [f"--target={self.value}", f"--target-action={self.action}"]
        return (*chosen, *([f"--target-timeline={self.timeline}"] if self.timeline else []))


@dataclass(frozen=True)
class PgBackRest:
    """The program, on one cluster's repository."""

    repository: Path
    locks: Path
    cipher_folder: Path
    data: Path
    search_path: str

    def create_stanza(self) -> None:
        """Prepare the repository for this cluster; one that is prepared stays as it is."""
        self._run("stanza-create")

    def backup(self, kind: BackupKind) -> BackupSet:
        """Back up the running cluster and return the new set."""
        self._run("backup", f"--type={kind}")
        return self.backups()[-1]

    def expire(self) -> None:
        """Delete what the retention no longer wants."""
        self._run("expire")

    def restore(self, folder: Path, target: RecoveryTarget, *, archiving: bool) -> None:
        """Restore the cluster into an empty folder, up to a target that its start will reach."""
        mode = "preserve" if archiving else "off"
        self._run("restore", f"--pg1-path={folder}", *target.options(), f"--archive-mode={mode}")

    def backups(self) -> tuple[BackupSet, ...]:
        """Return the sets in the repository, the oldest first.

        Raises:
            ConfigError: the cipher pass does not open the repository.
            DatabaseError: the repository cannot be read.
        """
        return parse_info(self._run("info", "--output=json").stdout)

    def verify(self) -> RepositoryCheck:
        """Read every file of the repository; a damaged one is a finding and not an error."""
        return parse_verify(self._run("verify", "--output=text", "--verbose").stdout)

    def histories(self) -> dict[int, dict[int, str]]:
        """Return of every timeline but the first where its ancestors were left."""
        found = (self.repository / "archive" / STANZA).glob("*/*.history")
        return {int(path.stem, 16): parse_history(self._read(path)) for path in found}

    def _read(self, path: Path) -> str:
        return self._run("repo-get", words=(str(path.relative_to(self.repository)),)).stdout

    def environ(self) -> dict[str, str]:
        """Return the environment for the program, and for a server whose WAL it fetches."""
        return {
            "PATH": self.search_path,
            "LANG": "C.UTF-8",
            "PGBACKREST_REPO1_PATH": str(self.repository),
            "PGBACKREST_LOCK_PATH": str(self.locks),
            "PGBACKREST_CONFIG_INCLUDE_PATH": str(self.cipher_folder),
            "PGBACKREST_PG1_PATH": str(self.data),
        }

    def _run(self, command: str, *options: str, words: Sequence[str] = ()) -> ProgramResult:
        self._require_cipher_pass()
        line = ("pgbackrest", f"--stanza={STANZA}", *options, command, *words)
        result = run_program(line, self.environ())
        if result.exit_code:
            raise _explained(command, result)
        return result

    def _require_cipher_pass(self) -> None:
        # Without it the program calls the repository unencrypted and unreadable.
        path = self.cipher_folder / CIPHER_FILE
        if not path.is_file():
            raise ConfigError(f"there is no cipher pass at {path}", hint=_CIPHER_HINT)


def _explained(command: str, result: ProgramResult) -> AppError:
    found = _ERROR.search(result.stderr) or _ERROR.search(result.stdout)
    code = int(found[1]) if found else result.exit_code
    said = redact(found[2] if found else result.last_words())
    message = f"pgbackrest {command}: {said} [{code:03}]"
    if code in _LOCKED:
        return LockHeldError(message, hint="a backup of this cluster is running; try again later")
    # A restore begins when the repository has been opened: what it cannot read then is damaged.
    if code in _CIPHER and command != "restore":
        return ConfigError(message, hint=_CIPHER_HINT)
    if code in _CIPHER | _DAMAGED:
        return FoundWanting(message, hint="`verify` tells which files are damaged")
    if code in _TRY_LATER:
        return TransientError(message, hint="see the log of `db`, then try again")
    return DatabaseError(message, hint="see that the repository is there, writable and not full")
