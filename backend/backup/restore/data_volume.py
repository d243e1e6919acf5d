"""The volume of the data: the cluster, what a restore makes beside it, and what it puts aside.

A folder's name and one file in it say what it is at any moment, so that a run that was killed is
cleared up by the next one, and what was the live data is never taken for a leftover:

    restoring-…       being written by pgBackRest: a leftover
    restored-…        with the record in it: whole, but not switched to: a leftover
    restored-…        without a record: the old data, from between switch and renaming
    before-restore-…  the old data, kept until it is forgotten
    cluster           with a record in it: the record has not been written to the repository yet
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from backend.backup.records import EventFields
from backend.backup.restore.exchange import exchange
from backend.db import private_files
from backend.errors import RefusedError

_RESTORING, _RESTORED, _KEPT = "restoring", "restored", "before-restore"
_RECORD = "restore-record.json"
# Postgres removes it when the recovery has ended.
_UNSTARTED = "recovery.signal"

Publish = Callable[[EventFields], None]


@dataclass(frozen=True)
class DataVolume:
    """The folder above a cluster; `cluster` is where a server looks for its data."""

    cluster: Path

    @property
    def root(self) -> Path:
        """Return the folder in which everything lies, on one disk."""
        return self.cluster.parent

    def begin(self) -> Path:
        """Make an empty folder to restore into."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        folder = self.root / f"{_RESTORING}-{stamp}-{secrets.token_hex(2)}"
        folder.mkdir(mode=0o700)
        return folder

    def finish(self, restoring: Path, record: EventFields) -> Path:
        """Mark what was restored as whole: it says itself what it is."""
        private_files.replace(restoring / _RECORD, json.dumps(record))
        restored = restoring.with_name(restoring.name.replace(_RESTORING, _RESTORED, 1))
        restoring.rename(restored)
        private_files.sync_folder(self.root)
        return restored

    def switch(self, restored: Path) -> Path | None:
        """Put what was restored in the cluster's place; return where the old data is now."""
        if not self.cluster.exists():
            restored.rename(self.cluster)
            private_files.sync_folder(self.root)
            return None
        exchange(restored, self.cluster)
        return self._keep(restored)

    def unpublished(self) -> EventFields | None:
        """Return the record of the last restore if the repository does not have it yet."""
        path = self.cluster / _RECORD
        if not path.exists():
            return None
        record: EventFields = json.loads(path.read_text(encoding="utf-8"))
        return record

    def publish(self, publish: Publish) -> None:
        """Hand over the record of the last restore, once."""
        record = self.unpublished()
        if record is not None:
            publish(record)
            (self.cluster / _RECORD).unlink()

    def publish_or_leave(self, publish: Publish) -> str:
        """Hand over the record; where that cannot be, leave it to the next run and return why.

        What was restored is in its place by now, and no full disk of the backups changes that.
        """
        try:
            self.publish(publish)
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def settle(self, publish: Publish) -> None:
        """Finish what a run that was killed had decided, and remove what it had only begun."""
        # First: the data that is switched away next is told from a leftover by having no record.
        self.publish(publish)
        for folder in self.root.glob(f"{_RESTORED}-*"):
            if (folder / _RECORD).exists():
                self._remove(folder)
            else:
                self._keep(folder)
        for folder in self.root.glob(f"{_RESTORING}-*"):
            self._remove(folder)

    def forget(self) -> list[str]:
        """Remove what restores have put aside, and return the names.

        Raises:
            RefusedError: what has taken its place has not come up yet.
        """
        found = sorted(self.root.glob(f"{_KEPT}-*"))
        is_up = self.cluster.exists() and not (self.cluster / _UNSTARTED).exists()
        if found and not is_up:
            raise RefusedError(
                "what was restored has never been started: the old data is kept",
                hint="start it by `up`, look whether all is there, then run this again",
            )
        for folder in found:
            shutil.rmtree(folder)
        return [folder.name for folder in found]

    def discard(self, folder: Path) -> None:
        """Remove what was restored and is not wanted."""
        self._remove(folder)

    def _remove(self, folder: Path) -> None:
        # Killed half way through, what is left of it still has a leftover's name.
        doomed = folder.with_name(folder.name.replace(_RESTORED, _RESTORING, 1))
        folder.rename(doomed)
        shutil.rmtree(doomed)

    def _keep(self, folder: Path) -> Path:
        kept = folder.with_name(folder.name.replace(_RESTORED, _KEPT, 1))
        folder.rename(kept)
        private_files.sync_folder(self.root)
        return kept
