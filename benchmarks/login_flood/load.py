"""Who is there at the same time: bots that guess, a reader, a probe, somebody who logs in."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.login_flood.client import Client
from benchmarks.login_flood.world import Account, World

PAGE_EVERY = 0.1
LIVE_EVERY = 0.25
LOGIN_EVERY = 2.0


@dataclass
class Phase:
    """What was measured while one thing was going on."""

    page: list[float] = field(default_factory=list)
    live: list[float] = field(default_factory=list)
    honest: dict[str, list[float]] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self, *jobs: Callable[[], None]) -> Iterator[None]:
        """Run each job again and again, in a thread of its own, until the block ends."""
        threads = [threading.Thread(target=self._again, args=(job,), daemon=True) for job in jobs]
        for thread in threads:
            thread.start()
        yield
        self._stop.set()
        for thread in threads:
            thread.join()

    def read(self, world: World) -> None:
        """Open a page of somebody who is logged in."""
        answer = world.reader.get(world.page)
        self._note("page", answer.status, answer.seconds, self.page)
        self._stop.wait(PAGE_EVERY)

    def probe(self, world: World) -> None:
        """Ask whether the process is alive."""
        answer = world.reader.get("/api/live")
        self._note("live", answer.status, answer.seconds, self.live)
        self._stop.wait(LIVE_EVERY)

    def log_in(self, world: World, network: str, address: Callable[[], str]) -> None:
        """Log in with the right password, while the flood is on; told to come back, come back."""
        self._stop.wait(LOGIN_EVERY)
        client, started = Client(world.port, address(), {}), time.monotonic()
        times = self.honest.setdefault(network, [])
        while not self._stop.is_set():
            answer = client.log_in(world.honest.email, world.honest.password)
            if answer.status == 201:
                break
            self._stop.wait(answer.retry_after)
        # Cut short by the end, it took at least so long.
        times.append(time.monotonic() - started)

    def guess(self, bot: Client, account: Account, *, rude: bool) -> None:
        """Guess a password, wrongly."""
        answer = bot.log_in(account.email, "not this one, and not the next")
        self.answers[answer.status] += 1
        if not rude and answer.status in {429, 503}:
            self._stop.wait(answer.retry_after)

    def _again(self, job: Callable[[], None]) -> None:
        while not self._stop.is_set():
            job()

    def _note(self, kind: str, status: int, seconds: float, times: list[float]) -> None:
        times.append(seconds)
        if status != 200:
            self.wrong.append(f"{kind}: {status}")
