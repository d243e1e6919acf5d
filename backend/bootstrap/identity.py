"""Note which cluster a stack's secrets belong to: an emptied data folder is noticed by that.

The note lies beside the superuser's secret, on another volume than the data. While it is there,
the database does not begin an empty cluster (docker/postgres/check.sh).
"""

from __future__ import annotations

import logging

from backend.bootstrap.settings import BootstrapSettings
from backend.bootstrap.steps import Session
from backend.db import private_files

log = logging.getLogger(__name__)

NOTE = "cluster"
_IDENTIFIER = "SELECT system_identifier::text FROM pg_control_system()"


def note_identity(session: Session, settings: BootstrapSettings) -> None:
    """Write the server's system identifier down, if another one or none is noted."""
    [(identifier,)] = session.execute(_IDENTIFIER).fetchall()
    note = settings.superuser_file.with_name(NOTE)
    if not note.exists() or note.read_text(encoding="utf-8").strip() != identifier:
        private_files.replace(note, f"{identifier}\n", mode=private_files.GROUP_READS)
        log.info("bootstrap: noted the cluster, %s", identifier)
