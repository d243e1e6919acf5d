"""Measure the main endpoints on both engines, in a small and in a large database."""

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from backend.config.database_url import DatabaseUrl
from benchmarks.endpoints.measure import ENDPOINTS, Subject, take_turns
from benchmarks.endpoints.seed import seed
from tests.fix_postgres import PostgresServer, new_server, remove
from tests.live_server import serve

ENGINES = ("sqlite", "postgres")
HEADINGS = ("engine", "endpoint", "orders", "requests/s", "p50 ms", "p99 ms", "p50 ratio")


def main() -> int:
    """Print a table that can be pasted into a page."""
    options = _options()
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the start\n")
    print(_line(HEADINGS))
    print(_line(["---"] * len(HEADINGS)))
    for engine in ENGINES:
        _measure(engine, options)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endpoints", description=__doc__)
    parser.add_argument("--orders", type=int, nargs=2, default=(100, 10_000), metavar="N")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--requests", type=int, default=60, help="per round, endpoint and database")
    return parser.parse_args()


def _measure(engine: str, options: argparse.Namespace) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(_postgres()) if engine == "postgres" else None
        subjects = []
        for orders in options.orders:
            place = folder / str(orders)
            place.mkdir()
            database = server.new_database() if server else DatabaseUrl("sqlite", path=place / "db")
            target = seed(database, orders)
            live = stack.enter_context(serve(database, place, WEB_WORKERS="2", WEB_THREADS="4"))
            subjects.append(Subject(live.port, target))
        for name, endpoint in ENDPOINTS.items():
            take_turns(subjects, endpoint, rounds=options.rounds, requests=options.requests)
            _report(engine, name, options.orders, subjects)


def _report(engine: str, name: str, sizes: list[int], subjects: list[Subject]) -> None:
    reference = subjects[0].percentile(50)
    for orders, subject in zip(sizes, subjects, strict=True):
        middle = subject.percentile(50)
        figures = (subject.throughput, middle, subject.percentile(99))
        cells = [engine, name, f"{orders:,}", *(f"{figure:.1f}" for figure in figures)]
        print(_line([*cells, f"{middle / reference:.2f}"]), flush=True)
        subject.forget()


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


@contextmanager
def _postgres() -> Iterator[PostgresServer]:
    server = new_server()
    try:
        yield server
    finally:
        remove(server)
