"""Settings of the dumps: where all lies in the service `backup` beside an external database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from backend.backup.dump.repository import DumpRepository
from backend.backup.postgres.scratch_server import ScratchFolder
from backend.config.database_choice import DatabaseChoice, choose_database
from backend.config.database_url import DatabaseUrl
from backend.config.env import Env
from backend.errors import ConfigError

_TLS = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}


@dataclass(frozen=True)
class DumpSettings:
    """The database, and where its dumps, their key and what a drill restores lie."""

    database: DatabaseUrl
    repository: DumpRepository
    # Where the address lies that is notified.
    keys: Path
    scratch: ScratchFolder
    search_path: str
    # How long the app may look at what was restored.
    check_seconds: int
    enabled: bool


def load_dump_settings(environ: Mapping[str, str]) -> DumpSettings:
    """Read all settings, and the address from its file as it is now.

    Raises:
        ConfigError: names the variable and what is accepted.
    """
    env = Env(environ)
    database = choose_database(DatabaseChoice(), environ)
    if database.engine != "postgres":
        raise ConfigError(
            f"{database} is no Postgres, and this service dumps one", hint="set DATABASE_URL_FILE"
        )
    # libpq would ask the environment; pg_dump gets one of our own.
    asked = {keyword: env.text(variable) for keyword, variable in _TLS.items()}
    params = {**{keyword: word for keyword, word in asked.items() if word}, **database.params}
    backups = Path(env.text("BACKUP_DIR", "/backups"))
    # Without a name libpq means that of the user.
    name = database.params.get("dbname") or database.params.get("user", "")
    return DumpSettings(
        database=replace(database, params={**params, "dbname": name}),
        # As a folder's name: a database may be called anything.
        repository=DumpRepository(
            backups / f"dumps-{quote(name, safe='')}",
            Path(env.text("DUMP_KEY_DIR")) / "dump_key",
        ),
        keys=Path(env.text("BACKUP_KEYS_DIR", "/run/secrets/backup")),
        scratch=ScratchFolder(
            Path(env.text("SCRATCH_DIR", "/scratch")),
            Path(env.text("DRILL_SOCKET_DIR", "/run/drill")),
        ),
        search_path=env.text("PATH", "/usr/bin:/bin"),
        check_seconds=env.integer("DRILL_CHECK_SECONDS", 300, least=60, most=86_400),
        enabled=env.choice("BACKUPS", ("on", "off"), "on") == "on",
    )
