"""What a column holds, whichever engine it is in: the types that both engines have."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from enum import StrEnum

from backend.config.database_url import EngineName


class ValueKind(StrEnum):
    """A kind of value; each engine knows how to read and write it."""

    UUID = "uuid"
    MOMENT = "moment"
    DATE = "date"
    FLAG = "flag"
    WHOLE = "whole"
    TEXT = "text"
    # Of columns that the models do not know.
    NAIVE = "moment without a zone"
    REAL = "real"
    DECIMAL = "decimal"
    OTHER = "whatever the engine's own type holds"


_POSTGRES = {
    "uuid": ValueKind.UUID,
    "timestamp with time zone": ValueKind.MOMENT,
    "timestamp without time zone": ValueKind.NAIVE,
    "date": ValueKind.DATE,
    "boolean": ValueKind.FLAG,
    "bigint": ValueKind.WHOLE,
    "integer": ValueKind.WHOLE,
    "smallint": ValueKind.WHOLE,
    "text": ValueKind.TEXT,
    "character varying": ValueKind.TEXT,
    "double precision": ValueKind.REAL,
    "numeric": ValueKind.DECIMAL,
}
# What a declared type may mean; the other database tells which.
_SQLITE = {
    "CHAR(32)": {ValueKind.UUID},
    "DATETIME": {ValueKind.MOMENT, ValueKind.NAIVE},
    "TIMESTAMP": {ValueKind.MOMENT, ValueKind.NAIVE},
    "DATE": {ValueKind.DATE},
    "BOOLEAN": {ValueKind.FLAG},
    "BIGINT": {ValueKind.WHOLE},
    "INTEGER": {ValueKind.WHOLE},
    "INT": {ValueKind.WHOLE},
    "SMALLINT": {ValueKind.WHOLE},
    "TEXT": {ValueKind.TEXT},
    "CLOB": {ValueKind.TEXT},
    "VARCHAR": {ValueKind.TEXT},
    "REAL": {ValueKind.REAL},
    "FLOAT": {ValueKind.REAL},
    "DOUBLE": {ValueKind.REAL},
    "DOUBLE PRECISION": {ValueKind.REAL},
    "NUMERIC": {ValueKind.DECIMAL},
    "DECIMAL": {ValueKind.DECIMAL},
}
_WITH_LENGTH = re.compile(r"(character varying|numeric)\(.*\)|(VARCHAR|NUMERIC|DECIMAL) ?\(.*\)")

_KINDS: Mapping[EngineName, Mapping[str, Collection[ValueKind]]] = {
    "postgres": {name: {kind} for name, kind in _POSTGRES.items()},
    "sqlite": _SQLITE,
}


def kinds_of(engine: EngineName, full_type: str) -> frozenset[ValueKind]:
    """Return the kinds that a type of this engine may stand for; none if the other has none."""
    words = full_type.upper() if engine == "sqlite" else full_type
    found = _WITH_LENGTH.fullmatch(words)
    return frozenset(_KINDS[engine].get((found[1] or found[2]) if found else words, ()))
