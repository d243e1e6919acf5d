"""One write, one transaction: begun as a write, committed whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask_sqlalchemy.session import Session
from sqlalchemy.orm import scoped_session

from backend.db.dialect import WRITES
from backend.db.extension import db


@contextmanager
def writing() -> Iterator[scoped_session[Session]]:
    """Yield the session inside a write transaction; commit at the end, roll back on any error.

    SQLite must know from the first statement that a transaction will write: one that begins by
    reading and writes later fails at once, without waiting, when somebody else wrote in between.
    So a read transaction of this request that is still open ends here.
    """
    session = db.session
    if session().in_transaction():
        session.commit()
    session.connection(execution_options={WRITES: True})
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
