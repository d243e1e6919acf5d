"""How far a run has come: bars for a person who waits, lines for a log."""

from backend.progress.watching import Watcher, watching

__all__ = ["Watcher", "watching"]
