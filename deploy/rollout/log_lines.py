"""Shorten the JSON lines of a service's log to lines that a person can read."""

import json
import re
from collections.abc import Iterator

# Compose clears the line of a terminal before each line, also when there is no terminal.
_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# The cause stands at the end of a traceback; what led to it is in the log itself.
_TRACE_LINES = 6
_SAID_ANYWAY = {"ts", "level", "logger", "message", "color", "version", "exception"}


def readable(log: str) -> str:
    """Return the log with one short line a record, each traceback once and only its end."""
    seen: set[str] = set()
    lines = (_CONTROL.sub("", line) for line in log.splitlines())
    return "\n".join(short for line in lines for short in _shortened(line, seen))


def _shortened(line: str, seen: set[str]) -> Iterator[str]:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict) or "message" not in record:
        yield line
        return
    fields = [f"{k}={v}" for k, v in record.items() if k not in _SAID_ANYWAY and v is not None]
    clock = str(record.get("ts", ""))[11:19]
    yield " ".join([clock, f"{record.get('level', ''):<7}", record["message"], *fields])
    trace = str(record.get("exception", ""))
    if trace not in seen:
        seen.add(trace)
        yield from (f"    {part}" for part in trace.splitlines()[-_TRACE_LINES:])
