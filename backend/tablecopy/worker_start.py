"""How worker processes are started; imports nothing that takes time."""

from __future__ import annotations

import multiprocessing
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, SpawnContext

_PRELOADED = ["backend.tablecopy.load", "backend.tablecopy.range_diff"]


def start_context() -> ForkServerContext | SpawnContext:
    """Return the way to start workers: never by a fork of this process.

    Neither SQLite's nor libpq's connections survive one. Where the system can, workers are forked
    from a lean process that has loaded our modules, and share the memory of those.
    """
    if not _has_forkserver():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def preload() -> None:
    """Let that process load its modules already, beside whatever comes before the workers."""
    if _has_forkserver():
        start_context()
        forkserver.ensure_running()


def _has_forkserver() -> bool:
    return "forkserver" in multiprocessing.get_all_start_methods()
