"""Run a command of the backups and kill it at a moment: `kill_driver before|after CALL ARGS…`.

CALL is a name of `CALLS`; `rename/2` is the second call of it.
"""

import itertools
import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from backend.backup.cli import main
from backend.backup.sqlite import create, drill, restore
from backend.db import private_files
from backend.tablecopy.sqlite import file_copy

CALLS: dict[str, tuple[Any, str]] = {
    "snapshot": (file_copy, "snapshot"),
    "archive": (create, "write_archive"),
    "manifest": (private_files, "write_whole"),
    "rename": (Path, "rename"),
    "decrypt": (drill, "read_archive"),
    "compare": (restore, "find_differences"),
    "link": (Path, "hardlink_to"),
    "replace": (Path, "replace"),
}


def _deadly(call: Callable[..., Any], when: str, number: int) -> Callable[..., Any]:
    calls = itertools.count(1)

    @wraps(call)
    def killed(*args: Any, **kwargs: Any) -> Any:
        is_now = next(calls) == number
        if is_now and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = call(*args, **kwargs)
        if is_now:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return killed


if __name__ == "__main__":
    moment, named, *arguments = sys.argv[1:]
    name, _, number = named.partition("/")
    owner, attribute = CALLS[name]
    setattr(owner, attribute, _deadly(getattr(owner, attribute), moment, int(number or 1)))
    raise SystemExit(main(arguments))
