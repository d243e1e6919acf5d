"""What the service notifies of: each failure once, that it is over, and each backup proved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from backend.backup.notification.delivery import Notification
from backend.backup.notification.messenger import Messenger
from backend.backup.service.health import alarm_name
from backend.logs import redact

_LONGEST_LINE = 600
_MOST_LINES = 20


class ReportedFolder(Protocol):
    """The folder of what is backed up, and what that is in words."""

    @property
    def root(self) -> Path:
        """Return the folder."""

    @property
    def subject(self) -> str:
        """Return whose backups these are, in words."""

    def prepare(self) -> None:
        """Make the folder if it is missing."""


@dataclass
class ServiceReports:
    """What was told already, and what is owed."""

    messenger: Messenger
    told: frozenset[str] = frozenset()
    owes_heartbeat: bool = False

    def looked(self, alarms: Sequence[str], folder: ReportedFolder) -> None:
        """Tell what is new since the last look; a heartbeat if all is well again, or proved."""
        was_unwell = bool(self.told)
        self.blind(alarms, folder)
        if not alarms and (was_unwell or self.owes_heartbeat):
            self.owes_heartbeat = False
            self.messenger.send(Notification("heartbeat"), folder.root)

    def blind(self, alarms: Sequence[str], folder: ReportedFolder) -> None:
        """Tell what is new, where nobody could look whether all is well."""
        names = frozenset(alarm_name(one) for one in alarms)
        if names - self.told:
            self.failed(*alarms, folder=folder)
        self.told = names

    def failed(self, *lines: str, folder: ReportedFolder) -> None:
        """Tell of a failure."""
        shown = [redact(line)[:_LONGEST_LINE] for line in lines[:_MOST_LINES]]
        text = "\n".join([f"backups of {folder.subject}: not well", *shown])
        self.messenger.send(Notification("failure", f"{text}\n"), folder.root)

    def proved(self) -> None:
        """Note that a backup came back exactly; it is told when the next look finds all well."""
        self.owes_heartbeat = True
