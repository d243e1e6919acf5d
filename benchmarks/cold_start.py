"""How big, how hungry and how fast the production stack is: `python -m benchmarks.cold_start`.

Prints the size of the images, the seconds from `up` to ready (first boot with initdb, then again
on the same volumes), and the memory that the idle stack holds. Needs a Docker engine; builds and
removes a stack of its own on a free port of 127.0.0.1.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.system.person import Person
from tests.system.stack import Stack, docker, new_stack

BASES = {"": "python:3.13-slim-trixie", "-db": "postgres:17-trixie", "-proxy": "haproxy:3.0"}
SERVERS = ("db", "app-blue", "app-green", "proxy")
UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "B": 1}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="WEB_WORKERS of each colour")
    parser.add_argument("--starts", type=int, default=3, help="starts on the same volumes")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        new_stack(Path(folder), "bench") as stack,
    ):
        stack.configure(WEB_WORKERS=str(options.workers))
        measure(stack, starts=options.starts)


def measure(stack: Stack, *, starts: int) -> None:
    """Print one line for each thing measured."""
    for suffix, base in BASES.items():
        image = f"{stack.name}{suffix}:{'blue' if not suffix else tag_of(stack, suffix)}"
        own = size(image) - size(base)
        print(f"image{suffix or '-app'}  {size(image):.0f} MB, {own:.0f} MB more than {base}")
    print(f"first boot  {seconds(stack.up):.1f} s from up to ready, initdb and migrations included")
    for number in range(starts):
        stack.compose("down", "--timeout", "10")
        print(f"start {number + 1}  {seconds(stack.up):.1f} s from up to ready")
    print(f"nothing changed  {seconds(lambda: stack.compose('up', '--detach')):.1f} s for up again")
    Person.signed_up(stack)
    used = memory(stack)
    for name, mebibytes in used.items():
        print(f"memory {name}  {mebibytes:.0f} MiB")
    print(f"memory of all  {sum(used.values()):.0f} MiB")


def tag_of(stack: Stack, suffix: str) -> str:
    """Return the one tag that the image of a helper service has."""
    [image] = [name for name in stack.images() if name.startswith(f"{stack.name}{suffix}:")]
    return image.rpartition(":")[2]


def size(image: str) -> float:
    """Return the size of an image in megabytes."""
    return int(docker("image", "inspect", "--format", "{{.Size}}", image)) / 1e6


def seconds(action: Callable[[], object]) -> float:
    """Return how long the action took."""
    started = time.monotonic()
    action()
    return time.monotonic() - started


def memory(stack: Stack) -> dict[str, float]:
    """Return the mebibytes that each server holds, as the engine counts them."""
    found = {}
    for service in SERVERS:
        line = docker("stats", "--no-stream", "--format", "{{json .}}", stack.container(service))
        text = json.loads(line)["MemUsage"].partition(" /")[0]
        unit = next(unit for unit in UNITS if text.endswith(unit))
        found[service] = float(text.removesuffix(unit)) * UNITS[unit] / 2**20
    return found


if __name__ == "__main__":
    main()
