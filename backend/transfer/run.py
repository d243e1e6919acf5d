"""What the steps of one run share: options, endpoints, progress, and the findings so far."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from backend.cli.progress import Watcher
from backend.db.errors import translated
from backend.schema.match import SchemaMatch
from backend.tablecopy.encoder import Encoder, encoder
from backend.tablecopy.key_order import check_key_order
from backend.tablecopy.pool import Pool
from backend.transfer.archive import Archived
from backend.transfer.endpoints import TransferEndpoints
from backend.transfer.options import TransferOptions
from backend.transfer.report import Findings, Report, TableReport

AS_BEFORE = "the target is as it was"

_MOST_WORKERS = 4


@dataclass
class Run:
    """One run in progress."""

    options: TransferOptions
    endpoints: TransferEndpoints
    watcher: Watcher
    match: SchemaMatch
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
        """Return workers that read the same snapshot of the source."""
        workers = self.options.workers or min(os.cpu_count() or 1, _MOST_WORKERS)
        return Pool(self.endpoints.source, self.endpoints.target, workers=workers)

    def encoders(self) -> tuple[Encoder, ...]:
        """Return an encoder for each table; call it once nothing changes the tables any more."""
        source, session = self.endpoints.source.connection, self.endpoints.session
        with translated("looking at the order of keys"):
            pairs = [check_key_order(source, session, pair) for pair in self.match.pairs]
        return tuple(encoder(pair, self.options.casts) for pair in pairs)

    def everything(self, everything: str, but: str) -> str:
        """Return the text `everything`, or with `but` and the tables that are left out."""
        left_out = sorted({*self.match.left_out, *self.options.excluded})
        return f"{everything} {but} {', '.join(left_out)}" if left_out else everything

    @property
    def high_water(self) -> dict[str, int]:
        """Return the highest key that SQLite ever gave in each table; 0 if it keeps none."""
        return {pair.target.name: pair.source.high_water or 0 for pair in self.match.pairs}

    def source_tables(self) -> tuple[TableReport, ...]:
        """Report the tables of the source with their numbers of rows."""
        return tuple(
            TableReport(pair.target.name, self.endpoints.source.count_rows(pair.source.name))
            for pair in self.match.pairs
        )

    @property
    def every_row(self) -> str:
        """Return in words which rows a run is about."""
        return self.everything("every row", "but those of")

    @property
    def done(self) -> str:
        """Return the outcome of a run that did everything."""
        return f"done: {self.every_row} has been compared"

    def report(
        self,
        outcome: str,
        *,
        tables: tuple[TableReport, ...] = (),
        findings: Findings | None = None,
        casts: Mapping[str, int] | None = None,
    ) -> Report:
        """Return the answer, with the notes of the earlier steps."""
        findings = findings or Findings()
        return Report(
            mode=self.options.mode,
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
