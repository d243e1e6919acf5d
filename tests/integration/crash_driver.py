"""Add an order and die at a chosen moment: run by test_crash.py in a process of its own."""

import json
import os
import signal
import sys

from sqlalchemy import event
from sqlalchemy.orm import Session

from backend.app import create_app
from backend.config.settings import load_settings
from backend.db.extension import db


def die(*_: object) -> None:
    """End like a power cut."""
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Read the request from standard input and send it; a session says when to die."""
    request = json.load(sys.stdin)
    app = create_app(load_settings(os.environ))
    written: set[str] = set()
    before = request["moment"] == "before the commit"

    def note(session: Session, _context: object) -> None:
        written.update(type(row).__name__ for row in session.new)
        if before and "Order" in written:
            die()

    def committed(_session: Session) -> None:
        if "Order" in written:
            die()

    with app.app_context():
        event.listen(db.session, "after_flush", note)
        event.listen(db.session, "after_commit", committed)
    app.test_client().post(request["path"], json=request["body"], headers=request["headers"])


if __name__ == "__main__":
    main()
