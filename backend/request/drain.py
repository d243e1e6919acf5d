"""Whether this process has been told to stop: it finishes its requests and asks for no more."""

from __future__ import annotations

import signal
import threading
from types import FrameType

_draining = threading.Event()


def is_draining() -> bool:
    """Tell whether the process is on its way out."""
    return _draining.is_set()


def begin_on_worker_start(_worker: object) -> None:
    """Let SIGTERM be seen by `/api/ready`, and then do what it did before: a gunicorn hook."""
    before = signal.getsignal(signal.SIGTERM)

    def drain(number: int, frame: FrameType | None) -> None:
        _draining.set()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, drain)
