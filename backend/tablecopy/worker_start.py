"""How worker processes come into being; imports nothing that takes time."""

from __future__ import annotations

import multiprocessing
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, SpawnContext

_LOADED_ONCE = ["backend.tablecopy.load", "backend.tablecopy.range_diff"]


def context() -> ForkServerContext | SpawnContext:
    """Return the way to start workers: never by a fork of this process.

    Neither SQLite's nor libpq's connections survive one. Where the system can, workers are forked
    from a lean process that has loaded our modules, and share the memory of those.
    """
    if not _has_server():
        return multiprocessing.get_context("spawn")
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(_LOADED_ONCE)
    return found


def begin() -> None:
    """Let that process load its modules already, beside whatever comes before the workers."""
    if _has_server():
        context()
        forkserver.ensure_running()


def _has_server() -> bool:
    return "forkserver" in multiprocessing.get_all_start_methods()
