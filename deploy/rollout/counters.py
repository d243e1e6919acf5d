"""Parse the proxy's counters: health, requests in flight, answers and errors."""

import csv
import io
from dataclasses import dataclass

from deploy.rollout.route import Color


@dataclass(frozen=True)
class CounterRow:
    """One line of the proxy's counters: a server of a backend, or a backend as a whole."""

    backend: str
    name: str
    status: str
    current: int
    queued: int
    answers: int
    errors: int

    @property
    def is_total(self) -> bool:
        """Say whether the row sums up its backend."""
        return self.name == "BACKEND"


@dataclass(frozen=True)
class Served:
    """How many answers a colour has given as the live one, and how many of them were 5xx."""

    answers: int
    errors: int

    def since(self, earlier: "Served") -> "Served":
        """Return what was added; a proxy that was restarted counts from nothing again."""
        if self.answers < earlier.answers:
            return self
        return Served(self.answers - earlier.answers, self.errors - earlier.errors)


@dataclass(frozen=True)
class Counters:
    """One reading of all counters and server addresses."""

    rows: tuple[CounterRow, ...]
    addresses: dict[str, frozenset[str]]

    def in_flight(self, color: Color) -> int:
        """Count the requests that a colour is working on or that wait for it."""
        own = (row for row in self.rows if color_of(row.name) == color)
        waiting = (r for r in self.rows if r.is_total and r.backend.startswith(f"{color}_"))
        return sum(r.current + r.queued for r in own) + sum(r.queued for r in waiting)

    def health(self, color: Color) -> str:
        """Return what the proxy's checks say: UP if all do, else the first that says otherwise."""
        said = [row.status for row in self.rows if row.name == color]
        return next((status for status in said if status != "UP"), said[0] if said else "unknown")

    def served(self, color: Color) -> Served:
        """Sum the answers given while the colour was live, the proxy's own 503 included."""
        totals = [r for r in self.rows if r.is_total and r.backend.startswith(f"{color}_")]
        return Served(sum(r.answers for r in totals), sum(r.errors for r in totals))

    def knows(self, color: Color, address: str) -> bool:
        """Say whether every entry of a colour points at the address."""
        return self.addresses.get(color.value) == frozenset({address})


def color_of(server: str) -> str:
    """Return the colour behind a server's name: `blue` and `blue-anyway` are the same container."""
    return server.partition("-")[0]


def parse_counters(stat: str, state: str) -> Counters:
    """Read the answers of `show stat` and `show servers state`."""
    return Counters(tuple(_rows(stat)), _addresses(state))


def _rows(stat: str) -> list[CounterRow]:
    table = csv.DictReader(io.StringIO(stat.lstrip("# ")))
    return [_row(line) for line in table if line["svname"] != "FRONTEND"]


def _row(line: dict[str, str]) -> CounterRow:
    def number(column: str) -> int:
        return int(line.get(column) or 0)

    answers = sum(number(f"hrsp_{kind}") for kind in ("1xx", "2xx", "3xx", "4xx", "5xx", "other"))
    return CounterRow(
        backend=line["pxname"],
        name=line["svname"],
        status=line["status"],
        current=0 if line["svname"] == "BACKEND" else number("scur"),
        queued=number("qcur"),
        answers=answers,
        errors=number("hrsp_5xx"),
    )


def _addresses(state: str) -> dict[str, frozenset[str]]:
    """Read server names and addresses: the fourth and fifth word of each line."""
    found: dict[str, set[str]] = {}
    for line in state.splitlines():
        words = line.split()
        if len(words) > 5 and words[0].isdigit():
            found.setdefault(color_of(words[3]), set()).add(words[4])
    return {name: frozenset(addresses) for name, addresses in found.items()}
