"""Watch a release after the flip: its errors, and the requests left in the old colour."""

import time
from dataclasses import dataclass, field

from deploy.rollout.counters import Counters, Served
from deploy.rollout.errors import FlippedBackError
from deploy.rollout.route import Color
from deploy.rollout.toolbox import Toolbox
from deploy.rollout.waits import INTERVAL


def is_bad(served: Served) -> bool:
    """Say whether a release fails: three errors that are 1 % or more, or half of the answers."""
    many = served.errors >= 3 and served.errors * 100 >= served.answers
    return many or (served.errors > 0 and served.errors * 2 >= served.answers)


@dataclass
class Watch:
    """Counts since a flip; create it before the flip, so that every answer is counted."""

    tools: Toolbox
    new: Color
    served: Served = field(default_factory=lambda: Served(0, 0))
    drain_seconds: float = 0.0
    _before: Served = field(init=False)
    _begun: float = field(init=False)
    _quiet: int = 0

    def __post_init__(self) -> None:
        self._before = self.tools.proxy.read().counters.served(self.new)
        self._begun = time.monotonic()

    @property
    def summary(self) -> str:
        """Return the counts as text."""
        return f"{self.served.answers} answers, {self.served.errors} errors"

    @property
    def is_drained(self) -> bool:
        """Say whether the old colour was seen empty twice in a row."""
        return self._quiet >= 2

    def run(self) -> None:
        """Watch for the time that the settings give; fail as soon as the release proves bad."""
        self._begun = time.monotonic()
        while time.monotonic() - self._begun < self.tools.settings.watch_seconds:
            self._read()
            time.sleep(INTERVAL)

    def finish_draining(self) -> int:
        """Wait for the old colour's last requests; return how many are left at the limit."""
        deadline = self._begun + self.tools.settings.drain_seconds
        while not self.is_drained and time.monotonic() < deadline:
            self._read()
            time.sleep(INTERVAL)
        return self.tools.proxy.read().counters.in_flight(self.new.other)

    def _read(self) -> None:
        counters = self.tools.proxy.read().counters
        self._judge(counters)
        if not self.is_drained:
            self._quiet = self._quiet + 1 if counters.in_flight(self.new.other) == 0 else 0
            self.drain_seconds = time.monotonic() - self._begun

    def _judge(self, counters: Counters) -> None:
        self.served = counters.served(self.new).since(self._before)
        health = counters.health(self.new)
        if is_bad(self.served) or not health.startswith("UP"):
            raise FlippedBackError(
                f"after the flip {self.new} gave {self.summary}; the proxy's check says {health}",
                evidence=self.tools.colors.log_tail(self.new.service),
            )
