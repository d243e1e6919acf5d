"""What every side of the command offers: the stack's cluster, an external database, a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from backend.backup.restore_target import RestoreTarget
from backend.backup.results import (
    BackupList,
    BackupRecord,
    BackupStatus,
    DrillResult,
    ForgetResult,
    KeyAnswer,
    RestorePlan,
    RestoreResult,
    VerifyResult,
)
from backend.cli.progress import Watcher

BackupKind = Literal["full", "diff"]
PassPhrase = Callable[[], str]


class Backups(Protocol):
    """Everything that can be done about the backups of one database."""

    def status(self) -> BackupStatus:
        """Return how the backups stand; reads only what lies in the open."""

    def create(self, kind: BackupKind | None, watcher: Watcher) -> BackupRecord:
        """Make a backup; without a kind, the one that is due."""

    def list_backups(self) -> BackupList:
        """Return every backup, the oldest first."""

    def drill(self, name: str | None, watcher: Watcher) -> DrillResult:
        """Restore a backup into scratch, the newest if none is named, and compare it exactly."""

    def verify(self, watcher: Watcher) -> VerifyResult:
        """Read every file of the repository and compare it with what was written."""

    def keygen(self, pass_phrase: PassPhrase) -> KeyAnswer:
        """Return what has to be kept off this host, and remember that it was asked for.

        `pass_phrase` is called by the side that writes an escrow file.
        """

    def plan_restore(self, target: RestoreTarget) -> RestorePlan:
        """Return what a restore would do and what would be lost; touch nothing."""

    def restore(self, plan: RestorePlan, watcher: Watcher) -> RestoreResult:
        """Restore beside what is there, compare, then switch."""

    def forget_old(self) -> ForgetResult:
        """Remove what restores have put aside."""

    def serve(self) -> int:
        """Run the service until it is told to end; return its exit code."""

    def health(self) -> int:
        """Return the exit code of the service's health check."""
