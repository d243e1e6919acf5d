"""What the steps of a run share: the two sides, who watches, and what is known so far."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from backend.cli.progress import Watcher
from backend.schema.key_order import check_key_order
from backend.schema.match import SchemaMatch
from backend.tablecopy.encoder import Encoder, encoder
from backend.tablecopy.pool import Pool
from backend.tablecopy.postgres.session import translated
from backend.transfer.archive import Archived
from backend.transfer.options import Options
from backend.transfer.report import Findings, Report, TableReport
from backend.transfer.sides import Sides

_MOST_WORKERS = 4


@dataclass
class Run:
    """One run on its way."""

    options: Options
    sides: Sides
    watcher: Watcher
    pairing: SchemaMatch
    archived: Archived | None = None
    migrated: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, rows: int = 0) -> Iterator[None]:
        """Announce a stage and time it."""
        self.watcher.stage(name, rows)
        begun = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = time.monotonic() - begun

    def pool(self) -> Pool:
        """Return workers that all see what we see."""
        workers = self.options.workers or min(os.cpu_count() or 1, _MOST_WORKERS)
        return Pool(self.sides.source, self.sides.target, workers=workers)

    def encoders(self) -> tuple[Encoder, ...]:
        """Decide for each table how its rows are written; ask once nothing moves any more."""
        source, session = self.sides.source.connection, self.sides.session
        with translated("looking at the order of keys"):
            pairs = [check_key_order(source, session, pair) for pair in self.pairing.pairs]
        return tuple(encoder(pair, self.options.casts) for pair in pairs)

    def everything(self, everything: str, but: str) -> str:
        """Say what a run is about: everything, or all but the tables that are left out."""
        left_out = sorted({*self.pairing.left_out, *self.options.excluded})
        return f"{everything} {but} {', '.join(left_out)}" if left_out else everything

    @property
    def every_row(self) -> str:
        """Say which rows a run is about."""
        return self.everything("every row", "but those of")

    @property
    def done(self) -> str:
        """Say that a run has come to its end."""
        return f"done: {self.every_row} has been compared"

    def report(
        self,
        outcome: str,
        *,
        tables: tuple[TableReport, ...] = (),
        findings: Findings | None = None,
        casts: Mapping[str, int] | None = None,
    ) -> Report:
        """Return the answer, with what the earlier steps have to tell."""
        findings = findings or Findings()
        return Report(
            task=self.options.task,
            source=str(self.options.source),
            target=str(self.options.target),
            outcome=outcome,
            tables=tables,
            findings=findings.with_notes(self.notes),
            casts=dict(casts or {}),
            migrated=self.migrated,
            archived=self.archived,
            seconds=self.seconds,
        )
