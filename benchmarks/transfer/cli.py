"""Measure the transfer beside pgloader, home-made batches, and what the server can do at most."""

import argparse
import os
import shutil
import sqlite3
import statistics
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.transfer import app, contenders, many
from benchmarks.transfer.contenders import Ceiling, Contender, seconds_of
from benchmarks.transfer.measure import Taken
from benchmarks.transfer.shape import Size, make_source
from benchmarks.transfer.target import Target, server
from tests.fix_postgres import PostgresServer

HEADINGS = ("way", "seconds", "median", "rows/s", "pgloader's best", "of the ceiling", "MB")
# Batches of a hundred would take half an hour: they get a fiftieth of the rows.
SHARE = 50


@dataclass
class Results:
    """What every round has shown."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    peak: dict[str, float] = field(default_factory=dict)

    def note(self, name: str, seconds: float, peak: float = 0.0) -> None:
        """Keep one figure and show it."""
        self.seconds.setdefault(name, []).append(seconds)
        self.peak[name] = max(peak, self.peak.get(name, 0.0))
        print(f"  {name}: {seconds:.2f} s{f', {peak:.0f} MB' if peak else ''}", flush=True)

    def median(self, name: str) -> float:
        """Return the middle of what a way took."""
        return statistics.median(self.seconds[name])


def main(arguments: list[str] | None = None) -> int:
    """Print what happens, and in the end a table that can be pasted into a page."""
    options = _parser().parse_args(arguments)
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the start")
    with tempfile.TemporaryDirectory() as name, server() as at:
        if options.growth:
            _grow(Path(name), at, options.growth)
        elif options.tables:
            _many(Path(name), at, options.tables)
        elif options.app:
            _compete_with_app(Path(name), at, options)
        else:
            _compete(Path(name), at, options)
    return 0


def _compete(folder: Path, at: PostgresServer, options: argparse.Namespace) -> None:
    size, results = Size(options.scale), Results()
    source, small = folder / "whole.db", folder / "small.db"
    make_source(source, size)
    make_source(small, Size(options.scale / SHARE))
    print(f"{size.rows:,} rows, {source.stat().st_size / 1e6:.0f} MB")
    ceiling = Ceiling(folder)
    others = [contenders.PGLOADER_DEFAULT, contenders.PGLOADER_BEST]
    if shutil.which("pgloader") is None:
        print("pgloader is not installed (on Debian: apt install pgloader): measured without it")
        others = []
    for number in range(options.rounds):
        print(f"round {number + 1}", flush=True)
        _ours(at, source, results, ceiling)
        for contender in others:
            _turn(at, contender, source, results)
        _turn(at, Contender("ceiling", Target.make_bare_tables, ceiling.load), source, results)
    batches = Contender("batches of 100", Target.make_tables, contenders.batches_of_100)
    taken = _turn(at, batches, small, Results())
    results.note("batches of 100, extrapolated", taken.seconds * SHARE)
    _table(results, size.rows)


def _compete_with_app(folder: Path, at: PostgresServer, options: argparse.Namespace) -> None:
    """Load the app's own schema; pgloader ends well without rows too, so those are counted."""
    results, arrived = Results(), dict[str, int]()
    with app.app(folder, at, options.app) as demo:
        rows = sum(demo.rows.values())
        print(f"{rows:,} rows, {demo.source.stat().st_size / 1e6:.0f} MB")
        others = app.PGLOADER if shutil.which("pgloader") else ()
        for number in range(options.rounds):
            print(f"round {number + 1}", flush=True)
            for contender in (app.OURS, *others):
                taken, arrived[contender.name] = demo.turn(contender)
                results.note(contender.name, taken.seconds, taken.peak_mb)
    print("\n| way | seconds | median | rows that arrived | MB |\n| --- | --- | --- | --- | --- |")
    for name, seconds in results.seconds.items():
        each = " ".join(f"{one:.1f}" for one in seconds)
        cells = (name, each, f"{results.median(name):.2f}", f"{arrived[name]:,} of {rows:,}")
        print(f"| {' | '.join(cells)} | {results.peak[name]:.0f} |")


def _ours(at: PostgresServer, source: Path, results: Results, ceiling: Ceiling) -> None:
    """Load, then bring the target up to date twice: nothing has changed, 2,000 rows have."""
    target = Target(at)
    target.make_tables()
    whole = contenders.ours(source, target)
    results.note("ours, with its comparison", whole.seconds, whole.peak_mb)
    results.note("ours", whole.seconds - seconds_of(whole, "compare"), whole.peak_mb)
    if not ceiling.files:
        ceiling.keep(target)
    unchanged = contenders.ours(source, target, "--update")
    results.note("ours, --update of nothing", unchanged.seconds, unchanged.peak_mb)
    changed = source.with_name("changed.db")
    shutil.copyfile(source, changed)
    with closing(sqlite3.connect(changed)) as file:
        step = file.execute("SELECT max(id) / 2000 FROM order_items").fetchone()[0]
        file.execute("UPDATE order_items SET price = price + 1 WHERE id % ? = 0", (max(1, step),))
        file.commit()
    scattered = contenders.ours(changed, target, "--update")
    results.note("ours, --update of 2,000 rows", scattered.seconds, scattered.peak_mb)
    changed.unlink()
    target.rest()


def _turn(at: PostgresServer, contender: Contender, source: Path, results: Results) -> Taken:
    target = Target(at)
    contender.prepare(target)
    taken = contender.load(source, target)
    target.see_rows(source)
    results.note(contender.name, taken.seconds, taken.peak_mb)
    target.rest()
    return taken


def _grow(folder: Path, at: PostgresServer, scales: list[float]) -> None:
    """Load more and more rows: time follows the rows, memory does not."""
    print("\n| rows | seconds | seconds per million rows | MB |\n| --- | --- | --- | --- |")
    for scale in scales:
        size, source = Size(scale), folder / f"{scale}.db"
        make_source(source, size)
        target = Target(at)
        target.make_tables()
        taken = contenders.ours(source, target)
        each = taken.seconds / size.rows * 1e6
        print(
            f"| {size.rows:,} | {taken.seconds:.1f} | {each:.2f} | {taken.peak_mb:.0f} |",
            flush=True,
        )
        source.unlink()
        target.rest()


def _many(folder: Path, at: PostgresServer, numbers: list[int]) -> None:
    """Load more and more tables of one row: time follows their number."""
    print("\n| tables | seconds | ms a table | ours + Postgres, seconds of processor |")
    print("| --- | --- | --- | --- |")
    for number in numbers:
        source, target = folder / f"{number}.db", Target(at)
        many.make_tables(source, target, number)
        before = many.processor_seconds(at)
        taken = contenders.ours(source, target)
        ours, server = (b - a for a, b in zip(before, many.processor_seconds(at), strict=True))
        each = taken.seconds / number * 1000
        used = f"{ours:.1f} + {server:.1f}"
        print(f"| {number} | {taken.seconds:.1f} | {each:.0f} | {used} |", flush=True)
        target.rest()


def _table(results: Results, rows: int) -> None:
    tried = [name for name in results.seconds if name.startswith("pgloader")]
    best = min(map(results.median, tried), default=None)
    ceiling = results.median("ceiling")
    print(f"\n| {' | '.join(HEADINGS)} |\n|{' --- |' * len(HEADINGS)}")
    for name, seconds in results.seconds.items():
        middle = results.median(name)
        cells = (
            name,
            " ".join(f"{one:.1f}" for one in seconds),
            f"{middle:.2f}",
            f"{rows / middle:,.0f}",
            f"{best / middle:.2f} ×" if best else "",
            f"{ceiling / middle:.2f}",
            f"{results.peak[name]:.0f}" if results.peak[name] else "",
        )
        print(f"| {' | '.join(cells)} |")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transfer", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is 3.42 million rows (1)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each way (3)")
    parser.add_argument(
        "--app", type=int, metavar="ORDERS", help="the app's own schema, with so many orders"
    )
    parser.add_argument(
        "--tables", type=int, nargs="+", metavar="N", help="only ours, so many tables of one row"
    )
    parser.add_argument(
        "--growth", type=float, nargs="+", metavar="SCALE", help="only ours, at these scales"
    )
    return parser
