"""Cut sequences into pieces that fit one statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def chunks(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Return the things in order, `size` at a time."""
    rest = iter(things)
    while piece := list(islice(rest, size)):
        yield piece
