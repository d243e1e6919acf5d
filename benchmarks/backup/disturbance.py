"""What people notice while a full backup and its manifest are made: the app, and writers."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.backup.staged_run import StagedRun, run_staged
from benchmarks.backup.writers import Write, Writers
from benchmarks.swap_drill.http_client import Sample
from benchmarks.swap_drill.load import Load
from benchmarks.swap_drill.world import World
from tests.system.stack import Stack

Span = tuple[float, float]
# Below what two cores can serve beside their own clients: a queue would measure the queue.
OPEN_RATE, THINK = 10.0, 0.2
FULL, MANIFEST = "full backup", "manifest"


@dataclass
class Disturbance:
    """Turns of quiet and of a full backup, one after the other under one load."""

    quiet: list[Span] = field(default_factory=list)
    runs: list[StagedRun] = field(default_factory=list)
    samples: Sequence[Sample] = ()
    writes: Sequence[Write] = ()

    def spans(self, stage: str) -> list[Span]:
        """Return when a stage ran, in each turn."""
        return [run.stage(stage) for run in self.runs]

    def seconds(self, stage: str) -> list[float]:
        """Return how long a stage took, in each turn."""
        return [run.seconds(stage) for run in self.runs]

    def app_milliseconds(self, spans: Sequence[Span]) -> list[float]:
        """Return how long the app's answers took that were under way in these spans, in order."""
        return sorted(
            one.seconds * 1000
            for one in self.samples
            if any(_is_within(one, span) for span in spans)
        )

    def write_milliseconds(self, spans: Sequence[Span]) -> list[float]:
        """Return how long the writes took that were under way in these spans, in order."""
        return sorted(
            one.milliseconds
            for one in self.writes
            if any(one.is_within(begin, end) for begin, end in spans)
        )

    @property
    def failed(self) -> int:
        """Count the requests without the right answer; one that is late has it."""
        return sum(one.failed and not one.is_only_slow for one in self.samples)


def measure_disturbance(
    stack: Stack, world: World, *, turns: int, quiet_seconds: float
) -> Disturbance:
    """Let people work, and make full backups meanwhile."""
    found = Disturbance()
    with Writers(stack) as writers, Load(world, OPEN_RATE, THINK) as load:
        # The first answers of a stack are slow by themselves.
        time.sleep(5)
        for _ in range(turns):
            # The service proves what nobody has proved yet, and would in the quiet.
            run_staged(stack, "drill")
            begun = time.time()
            time.sleep(quiet_seconds)
            found.quiet.append((begun, time.time()))
            found.runs.append(run_staged(stack, "create", "--type", "full"))
    found.samples, found.writes = load.samples, writers.writes
    return found


def _is_within(one: Sample, span: Span) -> bool:
    begin, end = span
    return one.started <= end and one.started + one.seconds >= begin
