"""What the operator asks for: the command line over the settings, contradictions refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from backend.config.database_url import DatabaseUrl, parse_database_url
from backend.config.env import Env
from backend.config.settings import (
    DEFAULT_SQLITE,
    RENDER_DATABASE_URL,
    load_settings,
    read_render_database,
)
from backend.errors import ConfigError, UsageError

BATCH_SIZE = 100
# Where Render shows the address that the sync needs.
RENDER_URL_PLACE = "the External Database URL of Dashboard → PostgreSQL → Connect"
_CAP = re.compile(r"(\d{1,9}(?:\.\d{1,3})?) ?(%?)", re.ASCII)


class Direction(StrEnum):
    """Which side is written to; the words of the command line."""

    LOCAL_TO_RENDER = "local2render"
    RENDER_TO_LOCAL = "render2local"

    @property
    def names(self) -> tuple[str, str]:
        """Return what people call the source and the target."""
        return ("local", "remote") if self is Direction.LOCAL_TO_RENDER else ("remote", "local")


class OnConflict(StrEnum):
    """Which row stays when both sides have changed it; REPORT: neither is touched."""

    REPORT = "report"
    LOCAL = "local"
    REMOTE = "remote"
    NEWER = "newer"


@dataclass(frozen=True)
class Cap:
    """How many deletions may travel: a number of rows, or a share of what the target holds."""

    rows: int | None = None
    percent: float | None = 10.0

    def allows(self, rows: int) -> int:
        """Return how many of so many rows may go; one always may."""
        if self.rows is not None:
            return self.rows
        return max(1, int(rows * (self.percent or 0) / 100))

    def __str__(self) -> str:
        return f"{self.percent:g} %" if self.rows is None else f"{self.rows:,}"


@dataclass(frozen=True)
class SyncOptions:
    """What one run is to do; `backup` is the folder for safety copies, None for none."""

    direction: Direction
    on_conflict: OnConflict = OnConflict.REPORT
    deletes: bool = False
    max_deletes: Cap = field(default_factory=Cap)
    dry_run: bool = False
    batch_size: int = BATCH_SIZE
    backup: Path | None = None
    # Forget what the last sync left behind, and compare both sides whole.
    start_over: bool = False


@dataclass(frozen=True)
class Endpoints:
    """The two databases; `remote_name` is where the hosted one was named, for messages.

    `environ` is the environment of the processes that we start.
    """

    local: DatabaseUrl
    remote: DatabaseUrl
    remote_name: str = RENDER_DATABASE_URL
    environ: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def folder(self) -> Path:
        """Return where the sync keeps its own files: beside the local database."""
        return (self.local.path or DEFAULT_SQLITE).absolute().parent


@dataclass(frozen=True)
class SyncArgs:
    """How to run, as click read it; None: not said."""

    dry_run: bool = False
    on_conflict: OnConflict | None = None
    deletes: bool = False
    max_deletes: Cap | None = None
    batch_size: int = BATCH_SIZE
    no_backup: bool = False
    backup_dir: Path | None = None
    start_over: bool = False
    mirror: bool = False


def read_endpoints(local: str | None, remote: str | None, environ: Mapping[str, str]) -> Endpoints:
    """Return the two databases that are meant.

    Raises:
        ConfigError: the hosted one is named nowhere, or an address cannot be read.
    """
    env = Env(environ)
    if remote:
        there, name = parse_database_url(remote, name="--remote"), "--remote"
    else:
        found, name = read_render_database(env), RENDER_DATABASE_URL
        if found is None:
            raise _not_configured()
        there = found
    here = _named_here(local) if local else _configured(environ)
    return Endpoints(here, there, name, environ)


def read_options(direction: Direction, words: SyncArgs, endpoints: Endpoints) -> SyncOptions:
    """Return what is to be done.

    Raises:
        UsageError: the command line contradicts itself.
    """
    _refuse_contradictions(words)
    folder = (words.backup_dir or endpoints.folder / "sync-backups").absolute()
    return SyncOptions(
        direction=direction,
        on_conflict=words.on_conflict or OnConflict.REPORT,
        deletes=words.deletes,
        max_deletes=words.max_deletes or Cap(),
        dry_run=words.dry_run,
        batch_size=words.batch_size,
        backup=None if words.no_backup else folder,
        start_over=words.start_over,
    )


def read_cap(text: str) -> Cap:
    """Read `25` as rows and `10%` as a share.

    Raises:
        UsageError: it is neither.
    """
    match = _CAP.fullmatch(text.strip())
    if match and match[2] and float(match[1]) <= 100:
        return Cap(percent=float(match[1]))
    if match and not match[2] and "." not in match[1]:
        return Cap(rows=int(match[1]), percent=None)
    raise UsageError(
        f"--max-deletes {text!r} is not accepted",
        hint="use a number of rows, as in 25, or a share of the table, as in 10%",
    )


def _not_configured() -> ConfigError:
    return ConfigError(
        "RENDER_DATABASE_URL not found",
        hint="check: grep RENDER_DATABASE_URL .env"
        "   add: echo 'RENDER_DATABASE_URL=postgresql://…' >> .env"
        f"   (its value: {RENDER_URL_PLACE})",
    )


def _named_here(text: str) -> DatabaseUrl:
    """Read an address, or the path of a file; a file that is there needs to look like no other."""
    path = Path(text).expanduser()
    if path.is_file() or not ("://" in text or "=" in text.partition("/")[0]):
        return DatabaseUrl("sqlite", path=path)
    return parse_database_url(text, name="--local")


def _configured(environ: Mapping[str, str]) -> DatabaseUrl:
    settings = load_settings(environ)
    # The sync makes tables and triggers of its own: that takes the login that may do so.
    on_server = settings.database.engine == "postgres"
    return settings.migrate_database if on_server else settings.database


def _refuse_contradictions(words: SyncArgs) -> None:
    said = {
        "--on-conflict": words.on_conflict is not None,
        "--deletes": words.deletes,
        "--max-deletes": words.max_deletes is not None,
        "--start-over": words.start_over,
    }
    against = [flag for flag, given in said.items() if given]
    if words.mirror and against:
        raise UsageError(
            f"--mirror and {against[0]} contradict each other",
            hint="a mirror is the remote as it is: nothing local is weighed against it",
        )
    if words.max_deletes is not None and not words.deletes:
        raise UsageError("--max-deletes without --deletes", hint="say both, or neither")
    if words.no_backup and words.backup_dir:
        raise UsageError("--no-backup and --backup-dir contradict each other", hint="say one")
