"""The app's own rules, for a copy that is the app's; the one thing here that needs the app."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from backend.config.database_url import DatabaseUrl
from backend.db.sqlite_digest import read_schema
from backend.db.sqlite_reader import ReadOnlyFile, file_errors
from backend.errors import AppError

# What the migration runner writes beside the tables.
_OURS = {"alembic_version", "schema_state"}


def broken_rules(copy: Path) -> list[str]:
    """Name the rules that `python -m backend check` finds broken; none for somebody's own file."""
    if not _is_ours(copy):
        return []
    # Only here: the stack's backup image carries neither SQLAlchemy nor the models.
    from backend.invariants.checks import check

    try:
        report = check(DatabaseUrl("sqlite", path=copy))
    except AppError as error:
        return [f"the rules cannot be checked: {error}"]
    return [f"a rule is broken {one.count:,} times: {one.says}" for one in report.violations]


def _is_ours(copy: Path) -> bool:
    try:
        with file_errors(copy), closing(ReadOnlyFile(copy)) as connection:
            return {str(name) for _, name, *_ in read_schema(connection)} >= _OURS
    except AppError:
        return False  # whatever it is, it has been named already
