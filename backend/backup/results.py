"""What the commands of the backups answer, for a person and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

# What only one of the sides knows, by names that people read.
Facts = Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True)
class BackupRecord:
    """One backup; `proven_at` is when a drill last found it equal."""

    name: str
    at: datetime
    kind: str
    bytes: int
    proven_at: datetime | None = None
    note: str = ""

    def lines(self) -> list[str]:
        """Return the backup as one line."""
        proven = f"proven {moment(self.proven_at)}" if self.proven_at else "not proven yet"
        words = [self.name, moment(self.at), self.kind, size(self.bytes), proven, self.note]
        return ["  ".join(filter(None, words))]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return the backup for JSON."""
        return {
            "name": self.name,
            "at": self.at.isoformat(),
            "kind": self.kind,
            "bytes": self.bytes,
            "proven_at": self.proven_at.isoformat() if self.proven_at else None,
            "note": self.note,
        }


@dataclass(frozen=True)
class BackupList:
    """Every backup, the oldest first; `others` says what else lies in the folder."""

    backups: Sequence[BackupRecord]
    others: Sequence[str] = ()

    def lines(self) -> list[str]:
        """Return one line a backup."""
        found = [line for one in self.backups for line in one.lines()]
        return [*(found or ["no backup yet"]), *self.others]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return the list for JSON."""
        return {"backups": [one.as_dict() for one in self.backups], "others": list(self.others)}


@dataclass(frozen=True)
class BackupStatus:
    """How the backups stand; a warning is what somebody has to do something about."""

    database: str
    folder: str
    newest: BackupRecord | None
    newest_proven: BackupRecord | None
    warnings: Sequence[str] = ()
    facts: Facts = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return the status for a person, what is wrong last."""
        return [
            f"backups of {self.database} in {self.folder}",
            *_named("newest", self.newest),
            *_named("newest proven", self.newest_proven),
            *fact_lines(self.facts),
            *(f"warning: {one}" for one in self.warnings),
        ]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return the status for JSON."""
        return {
            "database": self.database,
            "folder": self.folder,
            "newest": self.newest.as_dict() if self.newest else None,
            "newest_proven": self.newest_proven.as_dict() if self.newest_proven else None,
            "warnings": list(self.warnings),
            **self.facts,
        }


@dataclass(frozen=True)
class DrillResult:
    """What a drill found; any difference is a failure."""

    backup: str
    at: datetime
    differences: Sequence[str] = ()
    facts: Facts = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Tell whether what came back is exactly what was there."""
        return not self.differences

    def lines(self) -> list[str]:
        """Return the result for a person, differences first."""
        outcome = "came back exactly" if self.is_clean else "DID NOT COME BACK AS IT WAS"
        return [
            *(f"difference: {one}" for one in self.differences),
            f"{self.backup} {outcome}",
            *fact_lines(self.facts),
        ]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return the result for JSON."""
        return {
            "backup": self.backup,
            "at": self.at.isoformat(),
            "clean": self.is_clean,
            "differences": list(self.differences),
            **self.facts,
        }


@dataclass(frozen=True)
class VerifyResult:
    """What reading the repository found."""

    backups: int
    findings: Sequence[str] = ()
    facts: Facts = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Tell whether every file is as it was written."""
        return not self.findings

    def lines(self) -> list[str]:
        """Return the result for a person."""
        outcome = "every file is as it was written" if self.is_clean else "DAMAGED"
        return [
            *(f"finding: {one}" for one in self.findings),
            f"{self.backups} backups read: {outcome}",
            *fact_lines(self.facts),
        ]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return the result for JSON."""
        return {
            "backups": self.backups,
            "clean": self.is_clean,
            "findings": list(self.findings),
            **self.facts,
        }


@dataclass(frozen=True)
class KeyAnswer:
    """What opens the backups: shown so that somebody keeps it somewhere else."""

    identity: str = field(repr=False)
    recipient: str
    advice: Sequence[str] = ()

    def lines(self) -> list[str]:
        """Return the key, and what to do with it."""
        return [*self.advice, f"# public key: {self.recipient}", self.identity]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return the key for JSON."""
        return {"recipient": self.recipient, "identity": self.identity}


@dataclass(frozen=True)
class RestorePlan:
    """What a restore will do: to which state, from which backup, and what is lost by it."""

    backup: str
    to: datetime
    lost_until: datetime
    steps: Sequence[str] = ()

    def lines(self) -> list[str]:
        """Return the plan, the loss last."""
        return [
            f"restores {self.backup}, the state of {moment(self.to)}",
            *self.steps,
            self._loss(),
        ]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return the plan for JSON."""
        return {
            "backup": self.backup,
            "to": self.to.isoformat(),
            "lost_from": self.to.isoformat(),
            "lost_until": self.lost_until.isoformat(),
            "steps": list(self.steps),
        }

    def _loss(self) -> str:
        if self.lost_until <= self.to:
            return "nothing is lost: nothing has been written since"
        return f"LOST is what was written from {moment(self.to)} to {moment(self.lost_until)}"


@dataclass(frozen=True)
class RestoreResult:
    """A restore that is done: where what was there before lies now."""

    plan: RestorePlan
    kept: str
    facts: Facts = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return what was done and what is left to do."""
        return [
            f"restored {self.plan.backup}, the state of {moment(self.plan.to)}",
            *fact_lines(self.facts),
            *([f"what was there before is {self.kept}"] if self.kept else []),
        ]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return the result for JSON."""
        return {**self.plan.as_dict(), "kept": self.kept or None, **self.facts}


@dataclass(frozen=True)
class ForgetResult:
    """What was removed for good."""

    removed: Sequence[str]

    def lines(self) -> list[str]:
        """Return one line for each."""
        return [f"removed {one}" for one in self.removed] or ["nothing was kept of a restore"]

    def as_dict(self) -> dict[str, Any]:  # what json.dumps takes
        """Return the result for JSON."""
        return {"removed": list(self.removed)}


def moment(at: datetime) -> str:
    """Return a time as people read it here: UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def size(count: int) -> str:
    """Return a number of bytes as people read it."""
    return f"{count / 1e6:,.1f} MB"


def fact_lines(facts: Facts) -> list[str]:
    """Return one line a fact; what is not known is left out."""
    return [
        f"{name.replace('_', ' ')}: {size(int(one)) if name == 'bytes' else one}"
        for name, one in facts.items()
        if one is not None
    ]


def _named(name: str, backup: BackupRecord | None) -> list[str]:
    return [f"{name}: {backup.lines()[0] if backup else 'none'}"]
