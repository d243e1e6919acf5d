"""Parameters of a database's address that are another client's, called by their name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend.errors import ConfigError

_POOLS = "leave it out: it tells another client how to use a pooler"
# Only these are repeated: any other word may be part of a password that was not encoded.
_FOREIGN = {
    "ssl": "say sslmode=disable or sslmode=require",
    "schema": "say options=-csearch_path%3DNAME; the transfer takes --schema NAME",
    "currentschema": "say options=-csearch_path%3DNAME; the transfer takes --schema NAME",
    "search_path": "say options=-csearch_path%3DNAME; the transfer takes --schema NAME",
    "charset": "say client_encoding=UTF8, or leave it out",
    "encoding": "say client_encoding=UTF8, or leave it out",
    "timezone": "say options=-ctimezone%3DUTC, or leave it out",
    "pgbouncer": _POOLS,
    "connection_limit": _POOLS,
    "pool_timeout": _POOLS,
    "pool_size": _POOLS,
    "max_overflow": _POOLS,
    "statement_cache_size": _POOLS,
    "prepared_statements": _POOLS,
    "preparethreshold": _POOLS,
    "prepared_statement_cache_size": _POOLS,
}
_WORDS = "libpq's own are sslmode, connect_timeout, options, application_name and others"
_PAIR = re.compile(r"(?:^|\s)(\w+)\s*=", re.ASCII)


def refuse_foreign(name: str, conninfo: str, known: set[str]) -> None:
    """Check that libpq, which knows these keywords, knows every parameter of an address.

    Raises:
        ConfigError: names the one that it does not, if that is no secret.
    """
    for mark, word, has_value in _parameters(conninfo):
        if word in known and has_value:
            continue
        raise _foreign(name, mark, word, known, has_value=has_value)


def _foreign(name: str, mark: str, word: str, known: set[str], *, has_value: bool) -> ConfigError:
    folded = word.lower()
    if word in known:
        return ConfigError(f"{name} holds a parameter without a value", hint=f"say {word}=…")
    if folded in known:
        return ConfigError(
            f"{name} holds {mark}{folded}= in capitals", hint=f"write {folded} in small letters"
        )
    if folded in _FOREIGN and has_value:
        return ConfigError(
            f"{name} holds {mark}{folded}=, which libpq does not know", hint=_FOREIGN[folded]
        )
    return ConfigError(
        f"{name} holds a parameter that libpq does not know",
        hint=f"{_WORDS}; a ? in the password is %3F",
    )


def _parameters(conninfo: str) -> Iterator[tuple[str, str, bool]]:
    """Yield what stands before each parameter, its name, and whether it has a value."""
    if "://" not in conninfo:
        yield from (("", match[1], True) for match in _PAIR.finditer(conninfo))
        return
    _, _, query = conninfo.partition("?")
    for part in filter(None, query.split("&")):
        word, equals, _ = part.partition("=")
        yield "?", word, bool(equals)
