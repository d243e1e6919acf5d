"""Text of bad values: a few of each column and reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backend.tablecopy.results import BadValue

_SHOWN = 3
_MOST_GROUPS = 20
# The parts of a reason that differ from value to value, such as lengths and positions.
_VARIABLE = re.compile(r"\d+|'[^']*'")


def bad_value_lines(values: Iterable[BadValue]) -> Iterator[str]:
    """Return up to three of each column and reason, and how many there are of each."""
    groups = _grouped(values)
    for group in groups[:_MOST_GROUPS]:
        if len(group) > _SHOWN:
            column = f"{group[0].table}.{group[0].column}"
            yield f"bad values: {len(group):,} in {column}: {_shared_reason(group)}"
        for one in group[:_SHOWN]:
            yield f"bad value: {one.table} {one.key} {one.column}: {one.value}: {one.reason}"
    total, shown = sum(map(len, groups)), groups[:_MOST_GROUPS]
    if total > sum(min(len(group), _SHOWN) for group in shown):
        yield f"bad value: {total:,} in all; --report FILE names each of them"


def _grouped(values: Iterable[BadValue]) -> list[list[BadValue]]:
    found: dict[tuple[str, str, str], list[BadValue]] = {}
    for one in values:
        kind = (one.table, one.column, _VARIABLE.sub("…", one.reason))
        found.setdefault(kind, []).append(one)
    return list(found.values())


def _shared_reason(group: list[BadValue]) -> str:
    """Return the reason that all of them share."""
    reasons = {one.reason for one in group}
    return reasons.pop() if len(reasons) == 1 else _VARIABLE.sub("…", group[0].reason)
