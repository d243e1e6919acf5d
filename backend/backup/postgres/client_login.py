"""How the programs of Postgres log in: where to by their words, the password by a private file."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from backend.config.database_url import DatabaseUrl
from backend.db import private_files
from backend.db.connect import KEEPALIVES

# The encoding of a dump is its database's.
_NETWORK = {name: str(one) for name, one in KEEPALIVES.items() if name != "client_encoding"}
_SEPARATORS = re.compile(r"([\\:])")


@contextmanager
def client_login(database: DatabaseUrl) -> Iterator[str]:
    """Lend a connection string for a program: others see its words, and never the password."""
    password = database.current_password()
    if not password:
        yield _without_password(database)
        return
    escaped = _SEPARATORS.sub(r"\\\1", password)
    with _private_file(f"*:*:*:*:{escaped}\n".encode()) as path:
        yield _without_password(database, passfile=path)


def client_environ(search_path: str) -> Mapping[str, str]:
    """Return the environment of a program that logs in."""
    return {"PATH": search_path, "LANG": "C.UTF-8", "PGOPTIONS": "-c row_security=off"}


@contextmanager
def _private_file(content: bytes) -> Iterator[str]:
    """Lend the path of a private file; on Linux it has no name, and is gone however we end."""
    if sys.platform != "linux":
        with tempfile.NamedTemporaryFile(prefix="hesap-login-") as file:
            file.write(content)
            file.flush()
            yield file.name
        return
    descriptor = os.memfd_create("passfile")
    try:
        # libpq takes no passfile that others may read.
        os.fchmod(descriptor, private_files.PRIVATE)
        os.write(descriptor, content)
        yield f"/proc/{os.getpid()}/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _without_password(database: DatabaseUrl, **extra: str) -> str:
    params = {**_NETWORK, **database.params, **extra}
    return DatabaseUrl("postgres", params=params).conninfo()
