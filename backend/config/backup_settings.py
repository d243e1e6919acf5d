"""What the operator decided about backups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from backend.config.env import Env

BackupSubject = Literal["database", "cluster"]


@dataclass(frozen=True)
class BackupSettings:
    """What is backed up, and where to; without a folder it is the default of that side."""

    subject: BackupSubject
    folder: Path | None


def load_backup_settings(environ: Mapping[str, str]) -> BackupSettings:
    """Read all settings.

    Raises:
        ConfigError: names the variable and what is accepted.
    """
    return read_backup_settings(Env(environ))


def read_backup_settings(env: Env) -> BackupSettings:
    """Read all settings from `env`, which remembers their names."""
    folder = env.text("BACKUP_DIR")
    return BackupSettings(
        # Set in the image of the stack's backup service and nowhere else.
        subject=env.choice("BACKUPS_OF", ("database", "cluster"), "database"),
        folder=Path(folder) if folder else None,
    )
