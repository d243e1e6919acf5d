"""Measure a quiet minute and a flood, through the whole stack with its default limits."""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.login_flood.load import Phase
from benchmarks.login_flood.world import World, elsewhere, home, made
from tests.system.stack import new_stack

MOST_TIMES_QUIET = 3
MOST_LIVE_SECONDS = 2.0
MOST_LOGIN_SECONDS = 10.0
FOUND_WANTING = 3


def main(arguments: list[str] | None = None) -> int:
    """Print what was measured; 0 only if nobody honest suffered."""
    options = _parser().parse_args(arguments)
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the start")
    with tempfile.TemporaryDirectory() as folder, new_stack(Path(folder), "flood") as stack:
        # As behind a TLS proxy on the same host, which says for whom it asks.
        stack.configure(TRUSTED_PROXIES="private")
        stack.up()
        world = made(stack.port, options.bots)
        quiet, flood = _measure(world, options)
    for name, phase in (("quiet", quiet), ("flood", flood)):
        print(f"\n{name}\n" + "\n".join(_lines(phase)))
    ratio = statistics.median(flood.page) / statistics.median(quiet.page)
    faults = _faults(ratio, flood)
    print(f"\npage, median: {ratio:.1f} times quiet", *faults, sep="\n")
    return FOUND_WANTING if faults else 0


def _measure(world: World, options: argparse.Namespace) -> tuple[Phase, Phase]:
    quiet, flood = Phase(), Phase()
    with quiet.running(partial(quiet.read, world), partial(quiet.probe, world)):
        time.sleep(options.seconds / 2)
    bots = [partial(flood.guess, *bot, rude=options.rude) for bot in world.bots]
    honest = [
        partial(flood.log_in, world, "at home", home),
        partial(flood.log_in, world, "elsewhere", elsewhere),
    ]
    with flood.running(partial(flood.read, world), partial(flood.probe, world), *honest, *bots):
        time.sleep(options.seconds)
    return quiet, flood


def _faults(ratio: float, flood: Phase) -> list[str]:
    slow = [
        name for name, times in flood.honest.items() if max(times, default=99) > MOST_LOGIN_SECONDS
    ]
    return [
        *(["page slower than three times quiet"] if ratio > MOST_TIMES_QUIET else []),
        *(["/api/live over 2 s"] if max(flood.live) > MOST_LIVE_SECONDS else []),
        *(f"login {name} over 10 s" for name in slow),
        *sorted(set(flood.wrong)),
    ]


def _lines(phase: Phase) -> list[str]:
    lines = [_line("page", phase.page), _line("/api/live", phase.live)]
    lines += [_line(f"login {name}", times) for name, times in phase.honest.items()]
    guesses = ", ".join(f"{status}: {count}" for status, count in sorted(phase.answers.items()))
    return [*lines, *([f"guesses answered  {guesses}"] if guesses else [])]


def _line(name: str, seconds: Sequence[float]) -> str:
    if not seconds:
        return f"{name}  never"
    middle, last = statistics.median(seconds) * 1000, max(seconds) * 1000
    return f"{name}  median {middle:,.0f} ms, max {last:,.0f} ms, of {len(seconds)}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.login_flood", description=__doc__)
    parser.add_argument(
        "--bots", type=int, default=64, help="each with an account and a network; 100 at most"
    )
    parser.add_argument("--seconds", type=float, default=30, help="of the flood")
    parser.add_argument("--rude", action="store_true", help="bots that ignore Retry-After")
    return parser
