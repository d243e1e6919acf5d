"""What the shapes of the API have in common."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from backend.services.money import plain
from backend.services.pagination import DEFAULT_LIMIT, MAX_LIMIT


class Amount(fields.String):
    """Minor units inside, a decimal string in the currency's own digits outside."""

    def __init__(self, **options: Any) -> None:  # Any: what marshmallow's fields take
        options.setdefault("metadata", {"examples": ["12.50"], "pattern": r"^-?[0-9]+(\.[0-9]+)?$"})
        super().__init__(**options)

    def _serialize(
        self, value: Any, attr: str | None, obj: Any, **_: Any
    ) -> str | None:  # Any: theirs
        del attr
        return None if value is None else plain(value, obj.currency)


def word(example: str) -> fields.String:
    """Return a field for one required line of text."""
    return fields.String(required=True, metadata={"examples": [example]})


def typed_amount(example: str) -> fields.String:
    """Return a field for an amount as a client writes it."""
    return fields.String(
        required=True,
        error_messages={"invalid": f'must be a string, as "{example}"'},
        metadata={"examples": [example]},
    )


class PageQuery(Schema):
    """Which page of a list."""

    limit = fields.Integer(load_default=DEFAULT_LIMIT, validate=validate.Range(1, MAX_LIMIT))
    cursor = fields.String(load_default=None, metadata={"description": "`next_cursor` of a page"})


def page_of(item: type[Schema], name: str) -> type[Schema]:
    """Return the shape of a page of `item`s."""
    return Schema.from_dict(
        {
            "items": fields.List(fields.Nested(item), required=True),
            "next_cursor": fields.String(required=True, allow_none=True),
        },
        name=name,
    )
