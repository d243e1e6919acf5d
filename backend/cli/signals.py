"""How a command ends when it is told to."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn


def interrupt_on_sigterm() -> None:
    """Let what `docker stop` sends do what Ctrl-C does: what was begun is taken back."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
