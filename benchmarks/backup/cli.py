"""The command line of the measurement."""

import argparse
import json
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.backup.demo_data import load_demo
from benchmarks.backup.disturbance import measure_disturbance
from benchmarks.backup.dump import measure_dump
from benchmarks.backup.host_loss import Site, measure_losses
from benchmarks.backup.recovery import measure_recovery
from benchmarks.backup.report import Report
from benchmarks.backup.staged_run import run_staged
from benchmarks.swap_drill.world import World
from tests.system.backup_tool import BackupTool
from tests.system.stack import Stack, new_stack

FOUND_WANTING = 3


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, and end with 0 only if what is promised held."""
    options = _parser().parse_args(arguments)
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the start", flush=True)
    with ExitStack() as stacks:
        folder = Path(stacks.enter_context(tempfile.TemporaryDirectory()))
        stack = stacks.enter_context(new_stack(folder, "backup"))
        report = _measure(stack, folder, options)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "backup.json").write_text(report.as_json() + "\n", encoding="utf-8")
    print(f"\n{report.table()}\n")
    return 0 if report.passed else FOUND_WANTING


def _measure(stack: Stack, folder: Path, options: argparse.Namespace) -> Report:
    _begin(stack, options.orders)
    world = World.made(stack.port)
    _say("quiet and full backups in turn, under load")
    disturbance = measure_disturbance(
        stack, world, turns=options.turns, quiet_seconds=options.quiet
    )
    newest = disturbance.runs[-1].answer["name"]
    _say("drill")
    drill = run_staged(stack, "drill", newest).answer
    _say("pg_dump and pg_restore")
    dump = measure_dump(stack)
    _say("restore")
    sets = _sets(stack)[-options.turns :]
    recovery = measure_recovery(stack, newest)
    _say(f"{options.hosts} hosts lost while people write")
    losses = measure_losses(Site(stack, world, folder, stack), hosts=options.hosts)
    return Report(disturbance, sets, drill, dump, recovery, losses)


def _begin(stack: Stack, orders: int) -> None:
    """Start a stack with data; a first backup, so that the service makes none meanwhile."""
    _say("up")
    stack.up()
    BackupTool(stack).answer("create", "--type", "full")
    _say(f"{orders:,} orders")
    load_demo(stack, orders)


def _sets(stack: Stack) -> list[dict[str, Any]]:  # Any: JSON
    """Return what the backups have noted of themselves, the oldest first."""
    line_each = "for one in ../records/backup-*.json; do tr -d '\\n' <$one; echo; done"
    text = BackupTool(stack).shell(line_each)
    found: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    return sorted(found, key=lambda one: str(one["at"]))


def _say(what: str) -> None:
    print(f"  {what}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backup", description=__doc__)
    add = parser.add_argument
    add("--orders", type=_positive, default=20_000, help="demo orders in the data (20000)")
    add("--turns", type=_positive, default=3, help="full backups under load (3)")
    add("--quiet", type=float, default=20.0, help="seconds of quiet before each (20)")
    add("--hosts", type=int, default=3, help="hosts to be lost while people write (3)")
    out = Path(os.environ.get("BENCHMARK_RESULTS", ".cache/benchmarks"))
    add("--out", type=Path, default=out, help="folder for the JSON report")
    return parser


def _positive(word: str) -> int:
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word!r} is no number from 1 on")
    return int(word)
