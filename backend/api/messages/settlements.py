"""Settlements, as the API takes and gives them."""

from __future__ import annotations

from marshmallow import Schema, fields

from backend.api.messages.common import NOTE, Amount, currency_field, page_of, typed_amount


class SettlementInput(Schema):
    """A payment between two members."""

    from_member_id = fields.UUID(required=True)
    to_member_id = fields.UUID(required=True)
    currency = currency_field()
    amount = typed_amount("50.00")
    paid_on = fields.Date(required=True)
    note = fields.String(load_default="", metadata=NOTE)


class SettlementSchema(Schema):
    """A payment between two members."""

    id = fields.UUID(required=True)
    group_id = fields.UUID(required=True)
    created_by = fields.UUID(required=True, metadata={"description": "A member of the group."})
    from_member_id = fields.UUID(required=True)
    to_member_id = fields.UUID(required=True)
    currency = fields.String(required=True)
    amount = Amount(required=True)
    paid_on = fields.Date(required=True)
    note = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)
    version = fields.Integer(required=True)


SettlementPage = page_of(SettlementSchema, "SettlementPage")
