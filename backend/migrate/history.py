"""The revisions of one engine: what each phase holds, and what a database has of it."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Literal, get_args

from alembic.config import Config
from alembic.script import Script, ScriptDirectory

from backend.config.database_url import EngineName
from backend.errors import UsageError

Phase = Literal["expand", "contract"]
PHASES: tuple[Phase, ...] = get_args(Phase)

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"

# A revision is named after its phase and its number there: the number is the schema level that
# it leads to, and an older release can read both off a revision that it does not have.
REVISION_ID = re.compile(r"(expand|contract)_(\d{4})")


@dataclass(frozen=True)
class Levels:
    """How many revisions of each phase a schema has been through."""

    expand: int = 0
    contract: int = 0

    def __str__(self) -> str:
        """Return both levels as people read them."""
        return f"expand {self.expand}, contract {self.contract}"


@dataclass(frozen=True)
class Revision:
    """One step of the schema."""

    id: str
    phase: Phase
    level: int
    title: str


class History:
    """All revisions of one engine, in the folders that `--dir` names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._scripts = ScriptDirectory.from_config(self.config())
        self.revisions = tuple(sorted(map(_revision, self._walk()), key=lambda r: (r.phase, r.id)))

    @classmethod
    def of(cls, engine: EngineName, folder: Path | None = None) -> History:
        """Return the history of `engine`, by default the one that this release ships.

        Raises:
            UsageError: the folder is not there, or belongs to the other engine.
        """
        folder = (folder or MIGRATIONS / engine).resolve()
        if not (folder / "expand").is_dir():
            raise UsageError(
                f"--dir {folder} holds no revisions: there is no folder expand/ in it",
                hint=f"use backend/migrations/{engine}",
            )
        if folder.name != engine:
            raise UsageError(
                f"--dir {folder} is not for {engine}: its folder is named otherwise",
                hint=f"use backend/migrations/{engine}",
            )
        return cls(folder)

    def config(self) -> Config:
        """Return a fresh Alembic configuration that sees this engine's revisions only."""
        # What Alembic would print by itself has no place between our own lines.
        config = Config(cmd_opts=Namespace(quiet=True))
        config.set_main_option("script_location", _escaped(MIGRATIONS))
        config.set_main_option("path_separator", "newline")
        folders = [self.folder / phase for phase in PHASES]
        locations = "\n".join(_escaped(folder) for folder in folders if folder.is_dir())
        config.set_main_option("version_locations", locations)
        return config

    def module(self, revision: str) -> ModuleType:
        """Return the Python module of one revision.

        Raises:
            UsageError: there is no such revision.
        """
        if not self.knows([revision]):
            known = ", ".join(found.id for found in self.revisions)
            raise UsageError(f"there is no revision {revision}", hint=f"these are: {known}")
        script: Script = self._scripts.get_revision(revision)
        return script.module

    def top(self, phase: Phase) -> int:
        """Return the level that a phase leads to."""
        return max((r.level for r in self.revisions if r.phase == phase), default=0)

    def knows(self, ids: Iterable[str]) -> bool:
        """Tell whether every one of these revisions is part of this history."""
        return set(ids) <= {revision.id for revision in self.revisions}

    def applied(self, heads: Iterable[str]) -> frozenset[str]:
        """Return the revisions that a database with these heads has been through.

        Alembic keeps the heads only, and drops the head of one branch when a revision of the
        other depends on it.
        """
        found: set[str] = set()
        left = list(heads)
        while left:
            script = self._scripts.get_revision(left.pop())
            found.add(script.revision)
            left += [*_ids(script.down_revision), *_ids(script.dependencies)]
        return frozenset(found)

    def pending(self, phase: Phase, heads: Iterable[str]) -> tuple[Revision, ...]:
        """Return what a phase has still to do, in order."""
        applied = self.applied(heads)
        return tuple(r for r in self.revisions if r.phase == phase and r.id not in applied)

    def levels(self, heads: Iterable[str]) -> Levels:
        """Return the levels that these heads stand for."""
        applied = self.applied(heads)
        done = [revision for revision in self.revisions if revision.id in applied]
        return Levels(*(max((r.level for r in done if r.phase == p), default=0) for p in PHASES))

    def _walk(self) -> list[Script]:
        return list(self._scripts.walk_revisions())


def _revision(script: Script) -> Revision:
    match = REVISION_ID.fullmatch(script.revision)
    if match is None:
        raise UsageError(
            f"revision {script.revision} in {script.path} has no name that we can read",
            hint="name it expand_0002, or contract_0001: its phase and its number there",
        )
    phase: Phase = "expand" if match[1] == "expand" else "contract"
    return Revision(script.revision, phase, int(match[2]), script.doc.rstrip("."))


def _ids(value: str | Iterable[str] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _escaped(path: Path) -> str:
    # The configuration is an ini file, where a percent sign begins a reference.
    return str(path).replace("%", "%%")
