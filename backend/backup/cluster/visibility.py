"""Which transactions ended between two snapshots of one cluster."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class _Seen:
    """A snapshot: what is below `limit` and not `running` had ended when it was taken."""

    limit: int
    running: frozenset[int]


def completed_between(earlier: str, later: str) -> set[int]:
    """Return the transactions whose end only the later `pg_current_snapshot()` sees."""
    first, second = _parsed(earlier), _parsed(later)
    unseen = first.running | set(range(first.limit, second.limit))
    return {xid for xid in unseen if xid < second.limit and xid not in second.running}


def _parsed(text: str) -> _Seen:
    _oldest, limit, running = text.split(":")
    return _Seen(int(limit), frozenset(int(xid) for xid in running.split(",") if xid))
