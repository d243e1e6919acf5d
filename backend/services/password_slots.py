"""Slots for computing passwords, shared by all processes of one container.

Each slot is one byte of a nameless file, locked while it is taken: the kernel gives back what a
killed process held. Who gets one is the business of `backend.services.admission`.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path

from backend.services.processors import processors


class Slots:
    """A fixed number of slots; create it before the processes fork."""

    def __init__(self, count: int) -> None:
        self.count = count
        # Locks are lost when any descriptor of the file is closed, so there is only this one.
        self._file = -1 if sys.platform == "win32" else _nameless_file()
        # The kernel's locks belong to a process; its threads are kept apart here.
        self._taken: set[int] = set()
        self._lock = threading.Lock()

    def take(self) -> int | None:
        """Take a free slot and return its number; None if there is none."""
        with self._lock:
            for number in range(self.count):
                if number not in self._taken and _locked(self._file, number):
                    self._taken.add(number)
                    return number
        return None

    def give_back(self, number: int) -> None:
        """Free a slot."""
        with self._lock:
            self._taken.remove(number)
            _unlock(self._file, number)


# On Windows there is no such lock, and the app is one process.
def _locked(descriptor: int, number: int) -> bool:
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except (BlockingIOError, PermissionError):
            return False
    return True


def _unlock(descriptor: int, number: int) -> None:
    if sys.platform != "win32":
        import fcntl

        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, number)


def _nameless_file() -> int:
    if sys.platform == "linux":
        # In memory: a container may have no folder that can be written to.
        return os.memfd_create("hesap-paylas-slots")
    descriptor, name = tempfile.mkstemp(prefix="hesap-paylas-")
    Path(name).unlink()
    return descriptor


@cache
def shared_slots() -> Slots:
    """Return the slots of this container: one for every two processors.

    The other half is for the requests of everybody who is logged in. Whoever forks calls this
    first, so that its children share the answer.
    """
    return Slots(max(1, int(processors() / 2)))
