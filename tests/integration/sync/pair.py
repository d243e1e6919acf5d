"""Two databases of the app, and a sync between them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from backend.config.database_url import DatabaseUrl
from backend.sync.connections import open_pair
from backend.sync.options import Direction, Endpoints, SyncOptions
from backend.sync.result import Mismatch, PairStatus, SyncResult
from backend.sync.status import inspect, verify
from backend.sync.sync import synchronise
from tests.integration.sync.world import OWN, World

PUSH, PULL = Direction.LOCAL_TO_RENDER, Direction.RENDER_TO_LOCAL

# Which engines a test of the fixture `pair` gets: this one always, the others in the drill, and
# all of them always where the test says so.
FILE_AND_SERVER = "sqlite-postgres"
OTHER_PAIRS = ("postgres-sqlite", "sqlite-sqlite", "postgres-postgres")
FROM_A_FILE = pytest.mark.parametrize(
    "pair",
    [FILE_AND_SERVER, pytest.param("sqlite-sqlite", marks=pytest.mark.slow)],
    indirect=True,
)
EVERY_PAIR = pytest.mark.parametrize("pair", [FILE_AND_SERVER, *OTHER_PAIRS], indirect=True)


class Silent:
    """Watches nothing."""

    def stage(self, name: str, rows: int = 0) -> None:
        pass

    def advance(self, table: str, rows: int) -> None:
        pass


@dataclass
class Pair:
    """Both worlds, and what the sync does to them."""

    local: World
    remote: World

    @property
    def endpoints(self) -> Endpoints:
        return Endpoints(self.local.database, self.remote.database)

    def sync(self, direction: Direction, **words) -> SyncResult:
        with open_pair(self.endpoints, writing=True) as opened:
            return synchronise(opened.pair, SyncOptions(direction, **words), Silent())

    def push(self, **words) -> SyncResult:
        return self.sync(PUSH, **words)

    def pull(self, **words) -> SyncResult:
        return self.sync(PULL, **words)

    def both(self, **words) -> tuple[SyncResult, SyncResult]:
        return self.push(**words), self.pull(**words)

    def inspect(self) -> PairStatus:
        with open_pair(self.endpoints, writing=False) as opened:
            return inspect(opened.pair)

    def verify(self) -> list[Mismatch]:
        with open_pair(self.endpoints, writing=False) as opened:
            return verify(opened.pair, Silent())

    def differences(self) -> dict[str, set[Any]]:
        """Return the keys of rows that are not the same on both sides, but for what each keeps."""
        one, other = self.local.dump(without=OWN), self.remote.dump(without=OWN)
        return {
            name: apart
            for name in one
            if (
                apart := {
                    k
                    for k in one[name].keys() | other[name].keys()
                    if one[name].get(k) != other[name].get(k)
                }
            )
        }

    def unexplained(self, *outcomes: SyncResult) -> set[tuple[str, str]]:
        """Return what differs though no conflict was reported for it, and nothing waits for one.

        What is a part of an order is told by the order.
        """
        reported = {(one.table, one.key) for out in outcomes for one in out.open_conflicts}
        waits = {name for out in outcomes for name in out.waiting}
        apart = {
            ("orders", str(key[0])) if name.startswith("order_") else (name, str(key[0]))
            for name, keys in self.differences().items()
            for key in keys
        }
        return {one for one in apart - reported if one[0] not in waits}


@contextmanager
def paired(local: DatabaseUrl, remote: DatabaseUrl) -> Iterator[Pair]:
    with closing(World(local)) as here, closing(World(remote)) as there:
        yield Pair(here, there)
