"""Clients that never retry: some wait for their answer before they ask again, some do not wait."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.swap_drill.http_client import Call, Caller, Sample
from benchmarks.swap_drill.world import World

Source = Callable[[], tuple[Call, str]]
OPEN_CLIENTS = 24


@dataclass
class Load:
    """A running load; every sample of it is kept."""

    world: World
    # Requests a second that arrive whether or not the earlier ones were answered.
    open_rate: float = 30.0
    # How long each of the others waits between an answer and its next request.
    think: float = 0.04
    samples: list[Sample] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _arrivals: list[float] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> "Load":
        for source, keep_alive in self._closed_clients():
            self._start(self._closed_loop, source, keep_alive)
        for number in range(OPEN_CLIENTS):
            self._start(self._open_loop, number)
        self._start(self._clock)
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        with self._arrived:
            self._arrived.notify_all()
        for thread in self._threads:
            thread.join(timeout=60)

    def _closed_clients(self) -> list[tuple[Source, bool]]:
        world = self.world
        sources: list[Source] = [
            lambda: (world.balances(), ""),
            lambda: (world.orders(), ""),
            lambda: (world.page(), ""),
            world.add_order,
            world.add_order_slowly,
        ]
        return [(source, keep_alive) for source in sources for keep_alive in (True, False)]

    def _start(self, target: Callable[..., None], *words: object) -> None:
        thread = threading.Thread(target=target, args=words, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _closed_loop(self, source: Source, keep_alive: bool) -> None:  # noqa: FBT001 - a thread's argument
        caller = Caller(self.world.port, keep_alive=keep_alive)
        while not self._stop.is_set():
            call, key = source()
            self.samples.append(caller.call(call, key=key))
            time.sleep(self.think)
        caller.close()

    def _clock(self) -> None:
        """Announce arrivals at an even rate, however long the answers take."""
        due = time.time()
        while not self._stop.is_set():
            due += 1 / self.open_rate
            time.sleep(max(0.0, due - time.time()))
            with self._arrived:
                self._arrivals.append(due)
                self._arrived.notify()

    def _open_loop(self, number: int) -> None:
        caller = Caller(self.world.port, keep_alive=number % 2 == 0)
        while (due := self._next_arrival()) is not None:
            if int(due * self.open_rate) % 3:
                call, key = self.world.orders(), ""
            else:
                call, key = self.world.add_order()
            self.samples.append(caller.call(call, due=due, key=key))
        caller.close()

    def _next_arrival(self) -> float | None:
        with self._arrived:
            while not self._arrivals and not self._stop.is_set():
                self._arrived.wait()
            return None if self._stop.is_set() else self._arrivals.pop(0)
