"""A server on restored data, for us alone: how it is started, and what it has said."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

# Whoever reaches the folder of its socket may ask it, as anybody.
_RULES = "local all all trust\n"
_LOG_LINES = 3
_WRONG = re.compile("FATAL:|PANIC:|ERROR:")
# What our own question was answered while it recovered.
_ASKED_TOO_EARLY = "FATAL:  the database system is "


def start_server(
    cluster: Path, log: Path, settings: Mapping[str, object], environ: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a server that no network reaches and that archives nothing; its rules lie by its log.

    `settings` name at least the folder of its socket.
    """
    rules = log.with_name("hba.conf")
    rules.write_text(_RULES, encoding="utf-8")
    fixed = {"hba_file": rules, "listen_addresses": "", "archive_mode": "off"}
    flags = [
        word for name, one in {**settings, **fixed}.items() for word in ("-c", f"{name}={one}")
    ]
    with log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603 - our own words
            ["postgres", "-D", str(cluster), *flags],  # noqa: S607 - by the image's own path
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(environ),
        )


def last_lines(log: Path) -> str:
    """Return what the server complained about last, or said last, on one line."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    wrong = [line for line in lines if _WRONG.search(line) and _ASKED_TOO_EARLY not in line]
    said = [line.split("] ", 1)[-1].strip() for line in (wrong or lines)[-_LOG_LINES:]]
    return "; ".join(said)
