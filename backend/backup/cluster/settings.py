"""Settings of the cluster's backups: where all lies in the containers `backup` and `restore`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.config.database_url import DatabaseUrl
from backend.config.env import Env

LOGIN = "hesap_backup"


@dataclass(frozen=True)
class ClusterSettings:
    """Folders, sockets and switches; all but the switches are fixed by the image."""

    backups: Path
    data: Path
    server: DatabaseUrl
    keys: Path
    scratch: Path
    drill_socket: Path
    restore_points: Path
    search_path: str
    escrow: Path
    enabled: bool = True
    # How long a drill waits for the app's half of it.
    check_seconds: int = 300
    # Named by somebody, where no data tells which cluster is meant.
    cluster: str = ""
    # Opened from an escrow: this host has none of its own yet.
    has_brought_keys: bool = False

    @property
    def manifest_key(self) -> Path:
        """Return the file with the age identity that opens manifests."""
        return self.keys / "manifest_key"


def load_cluster_settings(environ: Mapping[str, str]) -> ClusterSettings:
    """Read all settings.

    Raises:
        ConfigError: names the variable and what is accepted.
    """
    env = Env(environ)
    socket = env.text("PG_SOCKET_DIR", "/var/run/postgresql")
    params = {"host": socket, "user": LOGIN, "dbname": "postgres"}
    return ClusterSettings(
        backups=Path(env.text("BACKUP_DIR", "/backups")),
        data=Path(env.text("PGDATA", "/var/lib/postgresql/data/cluster")),
        server=DatabaseUrl("postgres", params=params, origin="PG_SOCKET_DIR"),
        keys=Path(env.text("BACKUP_KEYS_DIR", "/run/secrets/backup")),
        scratch=Path(env.text("SCRATCH_DIR", "/scratch")),
        drill_socket=Path(env.text("DRILL_SOCKET_DIR", "/run/drill")),
        restore_points=Path(env.text("RESTORE_POINTS_DIR", "/run/restore-points")),
        escrow=Path(env.text("ESCROW_DIR", "/run/secrets/escrow")),
        search_path=env.text("PATH", "/usr/bin:/bin"),
        check_seconds=env.integer("DRILL_CHECK_SECONDS", 300, least=60, most=86_400),
        enabled=env.choice("BACKUPS", ("on", "off"), "on") == "on",
    )
