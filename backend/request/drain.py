"""Draining: a process that was told to stop finishes its requests and is not ready for more."""

from __future__ import annotations

import signal
import threading
from types import FrameType

_draining = threading.Event()


def is_draining() -> bool:
    """Tell whether this process has been told to stop."""
    return _draining.is_set()


def begin_on_worker_start(_worker: object) -> None:
    """Note SIGTERM for `/api/ready`, then run the handler that was there: a gunicorn hook."""
    before = signal.getsignal(signal.SIGTERM)

    def drain(number: int, frame: FrameType | None) -> None:
        _draining.set()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, drain)
