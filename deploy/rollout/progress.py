"""Report each step of a rollout while it runs, with the time it took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TextIO


@dataclass
class DeployStep:
    """One step of a rollout."""

    name: str
    at: float
    seconds: float = 0.0
    detail: str = ""
    ok: bool = False


@dataclass
class Progress:
    """Progress of one rollout: a line for each step, written to stderr unless told otherwise."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    steps: list[DeployStep] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Return the time since the start."""
        return time.monotonic() - self.started

    @contextmanager
    def step(self, name: str, doing: str) -> Iterator[DeployStep]:
        """Announce a step, time it, and report how it ended."""
        step = DeployStep(name, at=round(time.time(), 3))
        self.steps.append(step)
        begun = time.monotonic()
        self._begin(name, doing)
        try:
            yield step
            step.ok = True
        finally:
            step.seconds = round(time.monotonic() - begun, 2)
            mark = "ok" if step.ok else "FAILED"
            self._line(f"{name:<9} {mark:<6} {step.seconds:6.1f} s  {step.detail or doing}")

    def note(self, text: str) -> None:
        """Report something that is not a step."""
        self._line(text)

    def as_list(self) -> list[dict[str, object]]:
        """Return the steps for machines."""
        return [asdict(step) for step in self.steps]

    def _begin(self, name: str, doing: str) -> None:
        # A person sees what is being waited for; a log file gets one line when the step is over.
        if self.stream.isatty():
            self.stream.write(f"\r\033[K{_clock()}  {name:<9} ...             {doing}")
            self.stream.flush()

    def _line(self, text: str) -> None:
        start = "\r\033[K" if self.stream.isatty() else ""
        self.stream.write(f"{start}{_clock()}  {text}\n")
        self.stream.flush()


def _clock() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")
