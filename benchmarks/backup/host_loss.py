"""A host is lost while people write: what a new server lacks, by the ledger of every write."""

import random
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.swap_drill.drill import stored_orders
from benchmarks.swap_drill.http_client import Sample
from benchmarks.swap_drill.load import Load
from benchmarks.swap_drill.report import judge_ledger
from benchmarks.swap_drill.world import World
from tests.system.stack import Stack, docker, new_stack

SERVERS = ("db", "app-blue", "app-green", "proxy", "backup", "drill-check")
PHRASE = "a phrase that is made for a measurement"
# Long enough that what was written first has been archived: longer than archive_timeout.
SHORTEST, LONGEST = 40.0, 75.0
OPEN_RATE, THINK = 5.0, 0.3


@dataclass(frozen=True)
class Loss:
    """What a new server lacked of what the lost one had acknowledged."""

    acknowledged: int
    lost: int
    doubled: int
    # Of the oldest lost write, when the host was lost.
    oldest_seconds: float
    back_after_seconds: float

    def is_within(self, seconds: float) -> bool:
        """Tell whether nothing older was lost; where nothing is left nobody knows how old."""
        return self.lost < self.acknowledged and self.oldest_seconds <= seconds


@dataclass
class Site:
    """The server that is there now, and what of it is kept elsewhere: backups and the escrow."""

    stack: Stack
    world: World
    folder: Path
    images: Stack
    escrow: str = ""
    losses: list[Loss] = field(default_factory=list)

    def write_escrow(self) -> None:
        """Write the escrow, before anything else."""
        answer = self.stack.compose(
            *("run", "--rm", *self._phrase(), "backup", "keygen", "--pass-phrase-file", "/phrase")
        ).stdout
        found = re.search(r"\d+/escrow-\w+\.age", answer)
        if found is None:
            raise RuntimeError(f"keygen named no escrow: {answer}")
        self.escrow = found[0]

    def _phrase(self) -> tuple[str, str]:
        file = self.folder / "phrase"
        file.write_text(PHRASE, encoding="utf-8")
        file.chmod(0o644)
        return ("--volume", f"{file}:/phrase:ro")

    def write_until_killed(self, seconds: float) -> tuple[Sequence[Sample], float]:
        """Let people write for so long, then kill every container at once and lose the volumes.

        Returns what they were told, and when the last one was killed.
        """
        with Load(self.world, OPEN_RATE, THINK) as load:
            time.sleep(seconds)
            kill_servers(self.stack)
            killed = time.time()
        self.stack.compose("down", "--volumes", "--timeout", "0")
        return load.samples, killed

    @contextmanager
    def new_server(self, number: int) -> Iterator[Stack]:
        """Go on in a fresh clone, from the folder of the backups and the escrow alone."""
        with new_stack(self.folder, f"host-{number}", images_of=self.images) as stack:
            stack.backups = self.stack.backups
            stack.configure()
            opened = ("--escrow", f"/backups/{self.escrow}", "--pass-phrase-file", "/phrase")
            restore = (*self._phrase(), "restore", *opened, "--latest", "--yes")
            stack.compose("run", "--rm", *restore, timeout=3600)
            stack.up()
            yield stack


def kill_servers(stack: Stack) -> None:
    """Kill what runs, the database first, as a host does that stops."""
    there = stack.containers("oneoff=False")
    docker("kill", *(there[service] for service in SERVERS))


def measure_losses(site: Site, *, hosts: int) -> list[Loss]:
    """Lose one host after the other; each new server is the next to be lost."""
    site.write_escrow()
    _lose(site, hosts)
    return site.losses


def _lose(site: Site, left: int) -> None:
    """Lose a host; the stack that stands for the new one lives until all are lost."""
    if left <= 0:
        return
    samples, killed = site.write_until_killed(random.uniform(SHORTEST, LONGEST))
    begun = time.monotonic()
    with site.new_server(left) as stack:
        back = time.monotonic() - begun
        site.losses.append(judge_loss(samples, stored_orders(stack), killed, back))
        site.stack, site.world = stack, replace(site.world, port=stack.port)
        _lose(site, left - 1)


def judge_loss(
    samples: Sequence[Sample], stored: Mapping[str, int], killed: float, back_after_seconds: float
) -> Loss:
    """Compare what people were told with what the new server holds."""
    acknowledged = [one for one in samples if one.key and not one.is_unanswered]
    own = {one.key for one in samples if one.key}
    ledger = judge_ledger(samples, {key: n for key, n in stored.items() if key in own})
    lost = [one.started + one.seconds for one in acknowledged if one.key in ledger.lost]
    oldest = killed - min(lost) if lost else 0.0
    return Loss(
        len(acknowledged), len(ledger.lost), len(ledger.doubled), oldest, back_after_seconds
    )
