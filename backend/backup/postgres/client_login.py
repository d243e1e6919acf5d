"""How the programs of Postgres log in: where to by their words, the password by a private file."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from backend.config.database_url import DatabaseUrl
from backend.db import private_files

_SEPARATORS = re.compile(r"([\\:])")


@contextmanager
def client_login(database: DatabaseUrl) -> Iterator[str]:
    """Lend a connection string for a program: others see its words, and never the password."""
    password = database.current_password()
    if not password:
        yield _without_password(database)
        return
    with tempfile.TemporaryDirectory(prefix="hesap-login-") as folder:
        file = Path(folder) / "passfile"
        escaped = _SEPARATORS.sub(r"\\\1", password)
        private_files.write_new(file, [f"*:*:*:*:{escaped}\n".encode()])
        yield _without_password(database, passfile=str(file))


def client_environ(search_path: str) -> Mapping[str, str]:
    """Return the environment of a program that logs in."""
    return {"PATH": search_path, "LANG": "C.UTF-8", "PGOPTIONS": "-c row_security=off"}


def _without_password(database: DatabaseUrl, **extra: str) -> str:
    return DatabaseUrl("postgres", params={**database.params, **extra}).conninfo()
