"""Orders, as the API takes and gives them."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from backend.api.messages.common import (
    NOTE,
    Amount,
    OneOf,
    currency_field,
    page_of,
    typed_amount,
    word,
)
from backend.services.members import MOST_MEMBERS

_SPLIT_MODES = validate.OneOf(["equal", "exact"])


class PartInput(Schema):
    """A member's part of an order."""

    member_id = fields.UUID(required=True)
    amount = typed_amount("12.50")


class PartSchema(Schema):
    """A member's part of an order."""

    member_id = fields.UUID(required=True)
    amount = Amount(required=True)


class SplitInput(Schema):
    """Equally among `members`, or exactly as in `shares`."""

    mode = fields.String(required=True, validate=_SPLIT_MODES)
    members = fields.List(fields.UUID(), load_default=list)
    shares = fields.List(fields.Nested(PartInput), load_default=list)


class EqualSplit(Schema):
    """Every one of `members` owes the same, to the smallest unit."""

    mode = fields.String(required=True, validate=validate.Equal("equal"))
    members = fields.List(fields.UUID(), required=True, validate=validate.Length(1, MOST_MEMBERS))


class ExactSplit(Schema):
    """Each member owes what `shares` say; together they are the total."""

    mode = fields.String(required=True, validate=validate.Equal("exact"))
    shares = fields.List(
        fields.Nested(PartInput), required=True, validate=validate.Length(1, MOST_MEMBERS)
    )


class OrderInput(Schema):
    """A new order: payers, and shares, each add up to the total."""

    title = word("Dinner", at_most=120)
    currency = currency_field()
    total = typed_amount("211.60")
    ordered_on = fields.Date(required=True)
    payers = fields.List(
        fields.Nested(PartInput),
        required=True,
        metadata={"minItems": 1, "maxItems": MOST_MEMBERS},
    )
    split = OneOf(SplitInput, EqualSplit, ExactSplit, required=True)
    note = fields.String(load_default="", metadata=NOTE)


class OrderSchema(Schema):
    """An order with what was paid and what is owed for it."""

    id = fields.UUID(required=True)
    group_id = fields.UUID(required=True)
    created_by = fields.UUID(required=True, metadata={"description": "A member of the group."})
    title = fields.String(required=True)
    currency = fields.String(required=True)
    total = Amount(required=True)
    ordered_on = fields.Date(required=True)
    split_mode = fields.String(required=True, validate=_SPLIT_MODES)
    payers = fields.List(fields.Nested(PartSchema), required=True)
    shares = fields.List(fields.Nested(PartSchema), required=True)
    note = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)
    version = fields.Integer(required=True)


OrderPage = page_of(OrderSchema, "OrderPage")
