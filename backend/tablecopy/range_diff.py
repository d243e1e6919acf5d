"""Find the key ranges in which the two sides differ, in workers and by digests alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise, zip_longest

from backend.db import sql
from backend.db.errors import translated
from backend.db.sqlite_reader import file_errors
from backend.tablecopy.encoder import Encoder
from backend.tablecopy.load import BadValuesError
from backend.tablecopy.results import KeyRange, RowKey
from backend.tablecopy.sqlite.csv_chunks import read_chunk
from backend.tablecopy.sqlite.rows import lines_with_keys
from backend.tablecopy.target import own_rows
from backend.tablecopy.target_digests import target_digests, target_key, target_range
from backend.tablecopy.worker import Worker

# Rows of one fine digest: so many are sent if one of them differs.
_FINE_ROWS = 16

# One query for all fine digests of a range; rows are counted in the order of the key.
_FINE = """
    SELECT sha256(convert_to(string_agg(line, '' ORDER BY place), 'UTF8'))
    FROM (SELECT row_number() OVER (ORDER BY {key}) AS place, {row} AS line
        FROM {table} {where}) AS lines
    GROUP BY (place - 1) / {rows} ORDER BY (place - 1) / {rows}"""


@dataclass(frozen=True)
class DiffTask:
    """Some ranges of an `ordered` pair, to be compared in a worker."""

    encoder: Encoder
    schema: str
    ranges: tuple[KeyRange, ...]

    def run(self, worker: Worker) -> tuple[KeyRange, ...]:
        """Return small ranges that together hold every row that is not the same on both sides.

        A range is compared as a whole, and finely if it differs. After one that differed it is
        compared finely at once: changes are mostly either few and close together, or everywhere.
        """
        found: list[KeyRange] = []
        last_differed = False
        table = self.encoder.pair.target.name
        with translated(f"comparing {table}"), file_errors(worker.reader.path):
            for key_range in self.ranges:
                if not last_differed and self._is_equal(worker, key_range):
                    continue
                parts = self._narrow(worker, key_range)
                last_differed = bool(parts)
                found += parts
        return tuple(found)

    def _is_equal(self, worker: Worker, key_range: KeyRange) -> bool:
        (held,) = target_digests(worker.session, self.schema, self.encoder, [key_range])
        found = read_chunk(worker.reader, self.encoder, key_range)
        self._refuse_bad(found.bad)
        return found.range_digest == held

    def _narrow(self, worker: Worker, key_range: KeyRange) -> list[KeyRange]:
        """Compare a few rows at a time, by their place in the range.

        Behind a row that one side lacks every part seems to differ, up to the end of the range:
        its rows are then sent too, and found to be equal.
        """
        stored = self._stored(worker, key_range)
        try:
            digests, borders = self._read(worker, key_range)
        except UnicodeDecodeError:
            # A key that is not UTF-8 cannot be a border; whoever reads the range refuses it.
            return [key_range]
        if stored == digests:
            return []
        return _differing_parts(_split(key_range, borders), stored, digests)

    def _stored(self, worker: Worker, key_range: KeyRange) -> list[bytes]:
        pair = self.encoder.pair
        query = sql.statement(
            _FINE,
            key=sql.join(", ", target_key(pair)),
            row=self.encoder.target_text,
            table=own_rows(pair.target, self.schema),
            where=target_range(pair, key_range),
            rows=sql.value(_FINE_ROWS),
        )
        return [row[0] for row in worker.session.execute(query, binary=True)]

    def _read(self, worker: Worker, key_range: KeyRange) -> tuple[list[bytes], list[RowKey]]:
        """Return the digests, and the key of each part's last row."""
        rows, bad = lines_with_keys(worker.reader, self.encoder, key_range)
        self._refuse_bad(bad)
        firsts = range(0, len(rows), _FINE_ROWS)
        parts = [[row[0] for row in rows[first : first + _FINE_ROWS]] for first in firsts]
        digests = [sha256(b"".join(part), usedforsecurity=False).digest() for part in parts]
        return digests, [row[1:] for row in rows[_FINE_ROWS - 1 :: _FINE_ROWS]]

    def _refuse_bad(self, bad: int) -> None:
        if bad:
            table = self.encoder.pair.source.name
            raise BadValuesError(f"{table} holds values that the target cannot hold")


def _differing_parts(
    parts: Sequence[KeyRange], stored: Sequence[bytes], digests: Sequence[bytes]
) -> list[KeyRange]:
    """Return the parts whose digests differ, and the part after each of them.

    A row that only the target has, just before a part's first, is counted in the part before it.
    Digests that only the target has stand behind the last part, which then differs too.
    """
    pairs = zip_longest(stored[: len(parts)], digests, parts)
    differs = [held != found for held, found, _ in pairs]
    return [
        part for place, part in enumerate(parts) if differs[place] or (place and differs[place - 1])
    ]


def _split(key_range: KeyRange, borders: Sequence[RowKey]) -> list[KeyRange]:
    """Split a range at these keys, the last of which may be its very end."""
    inner = [border for border in borders if border != key_range.upto]
    return [KeyRange(*two) for two in pairwise([key_range.after, *inner, key_range.upto])]
