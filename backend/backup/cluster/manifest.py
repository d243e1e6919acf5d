"""Manifests: what a cluster held at a restore point, and what a backup must bring back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from backend.backup import keys
from backend.backup.cluster.repository import (
    GROUP_COPIES,
    MANIFEST_SUFFIX,
    ClusterFolder,
)
from backend.backup.cluster.wal import WalSegment
from backend.backup.keys import BackupKey, DamagedError
from backend.backup.postgres.contents import DatabaseContents, contents_from_dict
from backend.db import private_files
from backend.errors import DataError

_FORMAT = 1


@dataclass(frozen=True)
class ManifestPoint:
    """A named place in the WAL of a cluster, and the backup from which it is reached."""

    name: str
    at: datetime
    lsn: str
    wal: str
    backup: str
    system_identifier: str
    server_version: int

    @property
    def segment(self) -> WalSegment:
        """Return the segment of WAL that the point lies in."""
        return WalSegment.parse(self.wal)


@dataclass(frozen=True)
class Manifest:
    """The contents of all databases at a point, and what could not be looked at."""

    point: ManifestPoint
    databases: Mapping[str, DatabaseContents]
    not_compared: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Return how many rows all databases have together."""
        return sum(one.rows for one in self.databases.values())

    @property
    def tables(self) -> int:
        """Return how many tables are compared."""
        return sum(len(one.tables) for one in self.databases.values())


def write_manifest(folder: ClusterFolder, manifest: Manifest, key: BackupKey) -> None:
    """Keep a manifest, encrypted: it names every table and tells how many rows each has."""
    text = json.dumps({"format": _FORMAT, **_as_dict(manifest)}, ensure_ascii=False)
    encrypted = keys.encrypt(text.encode(), key.recipient)
    path = _path(folder, manifest.point.name)
    private_files.write_new(path, [encrypted], mode=GROUP_COPIES)


def read_manifest(folder: ClusterFolder, name: str, key: BackupKey) -> Manifest:
    """Open a manifest, and check that it is the one of this name and this cluster.

    Raises:
        DataError: there is none of this name.
        DamagedError: it is not what was written under this name.
        WrongKeyError: it was encrypted for another key.
    """
    path = _path(folder, name)
    try:
        encrypted = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"there is no manifest {name}", hint="`list` shows the names") from None
    manifest = _parsed(keys.decrypt(encrypted, key, name=f"the manifest {name}"), name)
    _check_belongs(manifest, name, folder)
    return manifest


def forget_manifest(folder: ClusterFolder, name: str) -> None:
    """Remove the manifest of a backup that is not there any more."""
    _path(folder, name).unlink(missing_ok=True)


def _parsed(text: bytes, name: str) -> Manifest:
    try:
        return _from_dict(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedError(
            f"the manifest {name} cannot be read: {error!r}",
            hint="take another backup; a newer release may have written it",
        ) from None


def _check_belongs(manifest: Manifest, name: str, folder: ClusterFolder) -> None:
    point = manifest.point
    if point.name != name:
        raise DamagedError(
            f"the manifest {name} is that of {point.name}",
            hint="files were swapped or renamed; put them back from a copy of the folder",
        )
    if point.system_identifier != folder.root.name:
        raise DamagedError(
            f"the manifest {name} is of cluster {point.system_identifier}, not {folder.root.name}",
            hint="it was copied from another cluster's folder; put it back",
        )


def _path(folder: ClusterFolder, name: str) -> Path:
    return folder.manifests / f"{name}{MANIFEST_SUFFIX}"


def _as_dict(manifest: Manifest) -> dict[str, Any]:  # what json.dumps takes
    values = asdict(manifest)
    values["point"]["at"] = manifest.point.at.isoformat()
    return values


def _from_dict(values: dict[str, Any]) -> Manifest:  # what json.loads gives
    if values["format"] != _FORMAT:
        raise ValueError(f"format {values['format']} is unknown")
    point = {**values["point"], "at": datetime.fromisoformat(values["point"]["at"])}
    databases = {name: contents_from_dict(one) for name, one in values["databases"].items()}
    return Manifest(ManifestPoint(**point), databases, values["not_compared"])
