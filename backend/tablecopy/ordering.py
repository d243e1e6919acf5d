"""Order tables by what refers to what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

Groups = tuple[tuple[str, ...], ...]


def in_groups(parents: Mapping[str, AbstractSet[str]]) -> Groups:
    """Return the tables, parents first; those that refer to each other in a circle share a group.

    `parents` says for each table which ones it refers to; the order is the same each time.
    """
    known = {name: _known(found, parents, name) for name, found in parents.items()}
    ancestors = {name: _ancestors(name, known) for name in known}
    groups: list[tuple[str, ...]] = []
    placed: set[str] = set()
    while len(placed) < len(known):
        for group in _next_groups(known, ancestors, placed):
            groups.append(group)
            placed.update(group)
    return tuple(groups)


def _known(
    found: AbstractSet[str], parents: Mapping[str, AbstractSet[str]], name: str
) -> AbstractSet[str]:
    return {parent for parent in found if parent in parents and parent != name}


def _ancestors(name: str, parents: Mapping[str, AbstractSet[str]]) -> AbstractSet[str]:
    """Return every table that can be reached from this one, itself too where there is a circle."""
    seen: set[str] = set()
    waiting = list(parents[name])
    while waiting:
        parent = waiting.pop()
        if parent not in seen:
            seen.add(parent)
            waiting += parents[parent]
    return seen


def _next_groups(
    parents: Mapping[str, AbstractSet[str]],
    ancestors: Mapping[str, AbstractSet[str]],
    placed: AbstractSet[str],
) -> Iterator[tuple[str, ...]]:
    """Yield the groups whose parents have all been placed."""
    taken: set[str] = set()
    for name in sorted(parents.keys() - placed):
        if name in taken:
            continue
        circle = {other for other in ancestors[name] if name in ancestors[other]} | {name}
        if ancestors[name] <= placed | circle:
            taken |= circle
            yield tuple(sorted(circle))
