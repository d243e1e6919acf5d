"""Walk through two sorted rows of lines side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True)
class Surplus:
    """A line that one side (`ours`: the first) has once more than the other."""

    line: bytes
    ours: bool
    # The other side has it too, only less often.
    also_elsewhere: bool


def surplus(ours: Iterable[bytes], theirs: Iterable[bytes]) -> Iterator[Surplus]:
    """Return what one side has more of; both are sorted, and only read once."""
    here, there = _counted(ours), _counted(theirs)
    one, other = next(here, None), next(there, None)
    while one or other:
        if other is None or (one and one[0] < other[0]):
            assert one  # noqa: S101 - else the loop had ended
            yield from [Surplus(one[0], ours=True, also_elsewhere=False)] * one[1]
            one = next(here, None)
        elif one is None or other[0] < one[0]:
            yield from [Surplus(other[0], ours=False, also_elsewhere=False)] * other[1]
            other = next(there, None)
        else:
            more = one[1] - other[1]
            yield from [Surplus(one[0], ours=more > 0, also_elsewhere=True)] * abs(more)
            one, other = next(here, None), next(there, None)


def _counted(lines: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    for line, same in groupby(lines):
        yield line, sum(1 for _ in same)
