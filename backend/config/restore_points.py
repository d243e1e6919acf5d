"""Where a migration tells the backups of the points that it can be taken back to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from backend.config.env import Env


def restore_points_folder(environ: Mapping[str, str]) -> Path | None:
    """Return the folder that the stack shares with its backups; None outside of the stack."""
    folder = Env(environ).text("RESTORE_POINTS_DIR")
    return Path(folder) if folder else None
