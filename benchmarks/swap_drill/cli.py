"""The command line of the swap drill."""

import argparse
import os
import tempfile
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from pathlib import Path

from benchmarks.swap_drill.control import run_control
from benchmarks.swap_drill.drill import Drill, Pages, Plan, write
from benchmarks.swap_drill.report import table
from benchmarks.swap_drill.world import World
from tests.system.stack import new_stack

FOUND_WANTING = 3


def main(arguments: list[str] | None = None) -> int:
    """Run the drill and its negative control; 0 only if both say what they should."""
    options = _parser().parse_args(arguments)
    with ExitStack() as stacks:
        folder = Path(stacks.enter_context(tempfile.TemporaryDirectory()))
        stack = stacks.enter_context(new_stack(folder, "drill"))
        stack.up()
        world = World.made(stack.port)
        pages = stacks.enter_context(_pages(world, wanted=not options.no_browser))
        plan = Plan(options.deploys, options.requests)
        report = Drill(stack, plan, pages, say=partial(print, flush=True)).run()
        control = run_control(stack, swaps=options.control)
    write(report, options.out, "swap_drill")
    write(control, options.out, "swap_drill_control")
    print(f"\n{table(report)}\n")
    print(f"negative control: {control.failures} of {control.requests:,} requests failed")
    for line in [*map(str, report.problems.items()), *report.pages]:
        print(f"  {line}")
    return 0 if report.passed and control.failures else FOUND_WANTING


def _pages(world: World, *, wanted: bool) -> AbstractContextManager[Pages]:
    if not wanted:
        return nullcontext(Pages())
    from benchmarks.swap_drill.browser import open_page

    return open_page(world)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.swap_drill", description=__doc__)
    parser.add_argument("--deploys", type=int, default=20, help="at least this many (20)")
    parser.add_argument("--requests", type=int, default=90_000, help="at least this many (90000)")
    parser.add_argument("--control", type=int, default=3, help="swaps of the negative control (3)")
    parser.add_argument("--no-browser", action="store_true", help="leave the open page out")
    out = Path(os.environ.get("BENCHMARK_RESULTS", ".cache/benchmarks"))
    parser.add_argument("--out", type=Path, default=out, help="folder for the JSON reports")
    return parser
