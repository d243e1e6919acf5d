"""Order tables by what refers to what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

Groups = tuple[tuple[str, ...], ...]


def parents_first(parents: Mapping[str, AbstractSet[str]]) -> Groups:
    """Return the tables, parents first; those that refer to each other in a circle share a group.

    `parents` says for each table which ones it refers to; the order is the same each time, and is
    found in one walk (Tarjan's, with a stack of its own: references can be thousands deep).
    """
    walk = _Walk(parents)
    return tuple(group for name in sorted(parents) for group in walk.groups_from(name))


@dataclass
class _Walk:
    """Tables are numbered as they are met; `lowest` is the first that they lead back to."""

    parents: Mapping[str, AbstractSet[str]]
    numbers: dict[str, int] = field(default_factory=dict)
    lowest: dict[str, int] = field(default_factory=dict)
    # Met, and not yet in a group.
    path: list[str] = field(default_factory=list)
    open: set[str] = field(default_factory=set)

    def groups_from(self, name: str) -> Iterator[tuple[str, ...]]:
        """Yield every group that is reached from here and was not before."""
        if name in self.numbers:
            return
        waiting = [(name, self._meet(name))]
        while waiting:
            current, others = waiting[-1]
            other = next(others, None)
            if other is None:
                waiting.pop()
                yield from self._leave(current, waiting[-1][0] if waiting else None)
            elif other not in self.numbers:
                waiting.append((other, self._meet(other)))
            elif other in self.open:
                self.lowest[current] = min(self.lowest[current], self.numbers[other])

    def _meet(self, name: str) -> Iterator[str]:
        self.numbers[name] = self.lowest[name] = len(self.numbers)
        self.path.append(name)
        self.open.add(name)
        return iter(sorted(one for one in self.parents[name] if one in self.parents))

    def _leave(self, name: str, child: str | None) -> Iterator[tuple[str, ...]]:
        if child is not None:
            self.lowest[child] = min(self.lowest[child], self.lowest[name])
        if self.lowest[name] == self.numbers[name]:
            group = [self.path.pop()]
            while group[-1] != name:
                group.append(self.path.pop())
            self.open.difference_update(group)
            yield tuple(sorted(group))
