"""Processes of the machine that tests look at: each may be gone when it is."""

from contextlib import suppress
from pathlib import Path

from tests.polling import wait_for


def wait_until_gone(pid: int) -> None:
    """Return as soon as a process that was killed has ended."""

    def is_gone() -> bool:
        with suppress(OSError):
            stat = (Path("/proc") / str(pid) / "stat").read_text()
            return stat.rpartition(")")[2].split()[0] == "Z"
        return True

    wait_for(is_gone, f"the end of process {pid}, which was killed")


def children(pid: int) -> list[int]:
    """Return the processes that another one has started, whatever session they are in."""
    # A backend that Postgres forks is in a session of its own, so the process group misses it.
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = entry.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                found.append(int(entry.parent.name))
    return found
