"""The app's half of a drill: the release that serves looks at what was restored.

It runs in a service of its own, from the release's image: the tools of the backup carry no app.
The two talk by files in the folder of the scratch server's socket, which nobody else has.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from backend.db import private_files

REQUEST = "request"
ANSWER = "answer.json"
# The service runs under a user of its own, in the group of the backups.
_GROUP_READS = 0o640
_PATIENCE_SECONDS = 300.0
_POLL_SECONDS = 0.2


def ask_app(folder: Path, *, patience: float = _PATIENCE_SECONDS) -> Sequence[str]:
    """Let the app look at the scratch server; return what it objects to.

    No answer is an objection too.
    """
    token = secrets.token_hex(16)
    forget_questions(folder)
    private_files.replace(folder / REQUEST, f"{token}\n", mode=_GROUP_READS)
    try:
        return _answer(folder / ANSWER, token, time.monotonic() + patience)
    finally:
        forget_questions(folder)


def forget_questions(folder: Path) -> None:
    """Remove a question that nobody waits for an answer to any more."""
    for name in (REQUEST, ANSWER):
        # What the other service has put there may not be ours to remove; its token is an old one.
        with suppress(OSError):
            (folder / name).unlink()


def _answer(path: Path, token: str, until: float) -> Sequence[str]:
    while time.monotonic() < until:
        with suppress(OSError, ValueError):
            answer = json.loads(path.read_text(encoding="utf-8"))
            if answer.get("token") == token:
                return _objections(answer.get("ok"), answer.get("lines", ()))
        time.sleep(_POLL_SECONDS)
    return ["the app's check gave no answer: see the service drill-check and its log"]


def _objections(ok: object, lines: Sequence[str]) -> Sequence[str]:
    if ok is True:
        return []
    return [f"the app's check: {line}" for line in lines] or ["the app's check failed"]
