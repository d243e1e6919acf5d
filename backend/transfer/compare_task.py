"""The task of a comparison; workers import this module, so it imports little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.db.errors import translated
from backend.db.sqlite_reader import file_errors
from backend.tablecopy.encoder import Encoder
from backend.tablecopy.results import KeyRange, RangeDigest
from backend.tablecopy.sqlite.csv_chunks import read_chunk
from backend.tablecopy.target_digests import target_digests
from backend.tablecopy.worker import Worker

Digests = Sequence[tuple[KeyRange, RangeDigest | None]]
# Some ranges of a table, with what is known of the source in them.
Part = tuple[Encoder, Digests]


@dataclass(frozen=True)
class CompareTask:
    """Some ranges of a table; digests of the source that are not known are read."""

    encoder: Encoder
    schema: str
    ranges: Digests

    def run(self, worker: Worker) -> tuple[int, list[KeyRange]]:
        """Return how many rows the source has in them, and the ranges that differ."""
        expected = [known or self._read_digest(worker, one) for one, known in self.ranges]
        ranges = [one for one, _ in self.ranges]
        with translated(f"comparing {self.encoder.pair.target.name}"):
            found = list(target_digests(worker.session, self.schema, self.encoder, ranges))
        different = [
            one for one, here, there in zip(ranges, expected, found, strict=True) if here != there
        ]
        return sum(digest.rows for digest in expected), different

    def _read_digest(self, worker: Worker, key_range: KeyRange) -> RangeDigest:
        with file_errors(worker.reader.path):
            return read_chunk(worker.reader, self.encoder, key_range).range_digest
