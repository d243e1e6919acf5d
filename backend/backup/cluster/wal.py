"""Segments of WAL: their names, their order, and which of them a point in time needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

# What initdb chooses, and the production stack never changes.
SEGMENT_BYTES = 16 * 1024 * 1024
_PER_LOG = 0x1_0000_0000 // SEGMENT_BYTES
_NAME = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})")
_HISTORY_LINE = re.compile(r"^(\d+)\t([0-9A-F]+/[0-9A-F]+)\t", re.MULTILINE)


@dataclass(frozen=True, order=True)
class WalSegment:
    """One file of WAL: a timeline, and its number counted from the cluster's first."""

    timeline: int
    number: int

    @classmethod
    def parse(cls, name: str) -> WalSegment:
        """Read a name such as 000000010000000000000002."""
        found = _NAME.fullmatch(name)
        if found is None:
            raise ValueError(f"{name!r} is no segment of WAL")
        timeline, log, place = (int(part, 16) for part in found.groups())
        return cls(timeline, log * _PER_LOG + place)

    @classmethod
    def at(cls, timeline: int, lsn: str) -> WalSegment:
        """Return the segment that holds a position in the WAL of a timeline."""
        return cls(timeline, lsn_number(lsn) // SEGMENT_BYTES)

    def __str__(self) -> str:
        log, place = divmod(self.number, _PER_LOG)
        return f"{self.timeline:08X}{log:08X}{place:08X}"

    @property
    def folder(self) -> str:
        """Return the folder of the repository that it lies in."""
        return str(self)[:16]


@dataclass(frozen=True)
class Gap:
    """Segments that are missing in a row; `before` is the last one that is there."""

    first: WalSegment
    last: WalSegment
    before: WalSegment | None

    def __str__(self) -> str:
        if self.first == self.last:
            return f"WAL {self.first} is missing"
        return f"WAL {self.first} to {self.last} is missing"


def lsn_number(lsn: str) -> int:
    """Return a position such as 0/2000028 as a number."""
    high, low = lsn.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def parse_history(text: str) -> dict[int, str]:
    """Return where each earlier timeline was left, from a timeline's history file."""
    return {int(timeline): lsn for timeline, lsn in _HISTORY_LINE.findall(text)}


def chain(first: WalSegment, last: WalSegment, left_at: Mapping[int, str]) -> Iterator[WalSegment]:
    """Yield the segments that lead from one to another, over each change of the timeline.

    The segment in which a timeline was left is there again under its successor's name, with all
    that it held: of the older one a replay needs no more than that.
    """
    steps = sorted((lsn_number(lsn) // SEGMENT_BYTES, old) for old, lsn in left_at.items())
    timelines = [*(old for _, old in steps), last.timeline]
    starts = [0, *(number for number, _ in steps)]
    for timeline, start, end in zip(timelines, starts, [*starts[1:], last.number + 1], strict=True):
        if timeline >= first.timeline:
            numbers = range(max(start, first.number), min(end, last.number + 1))
            yield from (WalSegment(timeline, number) for number in numbers)


def gaps(wanted: Iterable[WalSegment], there: Set[WalSegment]) -> list[Gap]:
    """Return what is missing of a chain, in its order."""
    found: list[Gap] = []
    before: WalSegment | None = None
    missing: list[WalSegment] = []
    for segment in wanted:
        if segment not in there:
            missing.append(segment)
            continue
        if missing:
            found.append(Gap(missing[0], missing[-1], before))
        before, missing = segment, []
    return [*found, *([Gap(missing[0], missing[-1], before)] if missing else [])]
