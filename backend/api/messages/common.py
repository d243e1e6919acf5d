"""What the messages of the API have in common."""

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


# The services refuse what is longer, with a reason; these only describe.
NOTE = {"maxLength": 1000}


def word(example: str, *, at_most: int) -> fields.String:
    """Return a field for one required line of text."""
    described = {"examples": [example], "minLength": 1, "maxLength": at_most}
    return fields.String(required=True, metadata=described)


def email_field() -> fields.String:
    """Return a field for a required e-mail address."""
    described = {"examples": ["ayse@example.com"], "format": "email", "maxLength": 254}
    return fields.String(required=True, metadata=described)


def password_field(*, at_least: int) -> fields.String:
    """Return a field for a required password, which is never shown."""
    described = {"format": "password", "minLength": at_least, "maxLength": 1000}
    return fields.String(required=True, load_only=True, metadata=described)


def currency_field() -> fields.String:
    """Return a field for a required currency code."""
    described = {"examples": ["TRY"], "pattern": "^[A-Z]{3}$"}
    return fields.String(required=True, metadata=described)


def typed_amount(example: str) -> fields.String:
    """Return a field for an amount as a client writes it."""
    return fields.String(
        required=True,
        error_messages={"invalid": f'must be a string, as "{example}"'},
        metadata={"examples": [example], "pattern": r"^[0-9]{1,15}(\.[0-9]{1,3})?$"},
    )


class OneOf(fields.Nested):
    """A nested object that is described as one of several, and read as all of them together.

    So a client that leaves the other one's list empty is understood as well.
    """

    def __init__(
        self, nested: type[Schema], *shapes: type[Schema], **options: Any
    ) -> None:  # Any: as above
        super().__init__(nested, **options)
        self.shapes = shapes


def one_of(converter: Any, field: fields.Field[Any], ret: Any) -> dict[str, Any]:  # Any: apispec's
    """Describe a `OneOf` field, as apispec asks for it."""
    if not isinstance(field, OneOf):
        return {}
    ret.pop("$ref", None)
    return {"oneOf": [converter.resolve_nested_schema(shape) for shape in field.shapes]}


class PageQuery(Schema):
    """Which page of a list."""

    limit = fields.Integer(load_default=DEFAULT_LIMIT, validate=validate.Range(1, MAX_LIMIT))
    cursor = fields.String(load_default=None, metadata={"description": "`next_cursor` of a page"})


def page_of(item: type[Schema], name: str) -> type[Schema]:
    """Return the message that holds a page of `item`s."""
    return Schema.from_dict(
        {
            "items": fields.List(fields.Nested(item), required=True),
            "next_cursor": fields.String(required=True, allow_none=True),
        },
        name=name,
    )
