"""Keyset pagination: a page costs the same at the end of a list as at its start."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, literal, tuple_

from backend.db.extension import db
from backend.services.errors import InvalidInput

DEFAULT_LIMIT = 50
MAX_LIMIT = 100
# A date and an id take 80. More would let a cursor nest deeper than the JSON parser goes.
_MOST_CHARACTERS = 200

T = TypeVar("T")


@dataclass(frozen=True)
class PageRequest:
    """The limit and the cursor of a page of a list."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


@dataclass(frozen=True)
class Page(Generic[T]):
    """The rows of one page, and the cursor of the next."""

    items: Sequence[T]
    next_cursor: str | None


@dataclass(frozen=True)
class SortKey:
    """One column of the order of a list, and how to read its value back from a cursor."""

    column: ColumnElement[Any]  # Any: a date here, an id there
    read: Callable[[str], object]


def newest_first(query: Select[T], keys: Sequence[SortKey], page: PageRequest) -> Page[T]:
    """Run `query` for one page, in descending order of `keys`, which must be unique together."""
    columns = [key.column for key in keys]
    if page.cursor is not None:
        query = query.where(tuple_(*columns) < _after(page.cursor, keys))
    ordered = query.add_columns(*columns).order_by(*(column.desc() for column in columns))
    rows = db.session.execute(ordered.limit(page.limit + 1)).all()
    items: list[T] = [row[0] for row in rows[: page.limit]]
    more = len(rows) > page.limit
    return Page(items, _encode(rows[page.limit - 1][1:]) if more else None)


def _encode(values: Sequence[object]) -> str:
    text = json.dumps([str(value) for value in values])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _after(cursor: str, keys: Sequence[SortKey]) -> ColumnElement[Any]:  # Any: as in SortKey
    try:
        if len(cursor) > _MOST_CHARACTERS:
            raise ValueError("longer than any cursor of ours")
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        values = [key.read(value) for key, value in zip(keys, json.loads(text), strict=True)]
    except (binascii.Error, ValueError, TypeError, AttributeError) as error:
        raise InvalidInput(
            "is not a cursor of this list", field="cursor", hint="use next_cursor as it was given"
        ) from error
    pairs = zip(keys, values, strict=True)
    return tuple_(*(literal(value, key.column.type) for key, value in pairs))
