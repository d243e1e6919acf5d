"""Deploy again and again while people use the stack, and look who noticed."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.swap_drill.load import Load
from benchmarks.swap_drill.releases import SHIPPED, Derived, expand_revision, needs_expand
from benchmarks.swap_drill.report import Report, Swap, make_report
from benchmarks.swap_drill.world import World
from tests.system.stack import Stack, clean_environment

Say = Callable[[str], None]


class Pages:
    """What a browser would do around a deploy; without a browser, nothing."""

    def before(self) -> None:
        """Load a page from the live release."""

    def after(self) -> list[str]:
        """Use the page on the release that is live now; return what went wrong."""
        return []


@dataclass(frozen=True)
class Plan:
    """How much of it."""

    deploys: int
    requests: int
    watch_seconds: float = 4.0
    open_rate: float = 30.0
    think: float = 0.04


@dataclass
class Drill:
    """One drill on a stack that is up."""

    stack: Stack
    plan: Plan
    pages: Pages = field(default_factory=Pages)
    say: Say = lambda _text: None

    def run(self) -> Report:
        """Deploy under load; return what was found."""
        world = World.made(self.stack.port)
        releases = releases_of(self.stack)
        swaps: list[Swap] = []
        problems: list[str] = []
        with Load(world, self.plan.open_rate, self.plan.think) as load:
            time.sleep(2)
            while len(swaps) < self.plan.deploys or len(load.samples) < self.plan.requests:
                self.pages.before()
                swaps.append(self._swap(next(releases)))
                problems += self.pages.after()
                self.say(
                    f"{len(swaps)} deploys, {len(load.samples):,} requests, "
                    f"{sum(s.failed for s in load.samples)} failed"
                )
            time.sleep(2)
        return make_report(load.samples, stored_orders(self.stack), swaps, problems)

    def _swap(self, release: Derived) -> Swap:
        release.build()
        answer = deploy(self.stack, release.image, watch_seconds=self.plan.watch_seconds)
        flip = next(step for step in answer["steps"] if step["name"] == "flip")
        return Swap(
            version=answer["version"],
            migrated=any("NEEDS_EXPAND" in change for change in release.changes),
            flipped_from=flip["at"],
            flipped_to=flip["at"] + flip["seconds"],
            drain_seconds=answer["drain_seconds"],
            seconds=answer["seconds"],
        )


def releases_of(stack: Stack) -> Iterator[Derived]:
    """Make up releases without end: every second one with another version and a migration."""
    base = f"{stack.name}:blue"
    subprocess.run(("docker", "tag", base, f"{stack.name}:base"), check=True)
    revisions: tuple[str, ...] = ()
    step = 0
    for number in range(1, 1000):
        changes: tuple[str, ...] = revisions
        if number % 2:
            step += 1
            table = f"CREATE TABLE drill_{step} (id bigint PRIMARY KEY)"
            revisions = (*revisions, expand_revision(step, table))
            changes = (*revisions, needs_expand(SHIPPED + step))
        version = f"0.1.{number}-drill"
        yield Derived(f"{stack.name}:base", f"{stack.name}:drill-{number}", version, changes)


def deploy(stack: Stack, image: str, *, watch_seconds: float) -> dict[str, Any]:  # Any: JSON
    """Deploy an image with the tool, as an operator would; fail if the tool does."""
    tool = (sys.executable, "deploy/bluegreen.py", "deploy", "--json", "--image", image)
    done = subprocess.run(
        (*tool, "--watch-seconds", str(watch_seconds)),
        cwd=stack.root,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"deploy of {image} exited {done.returncode}:\n{done.stderr[-3000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def stored_orders(stack: Stack) -> dict[str, int]:
    """Count the drill's orders in the database, by the name each was given."""
    query = "SELECT title, count(*) FROM orders WHERE title LIKE 'drill-%' GROUP BY title"
    lines = stack.sql(query).splitlines()
    return {title: int(count) for title, _, count in (line.partition("|") for line in lines)}


def write(report: Report, folder: Path, name: str) -> None:
    """Keep a report for machines."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(report.as_json() + "\n", encoding="utf-8")
