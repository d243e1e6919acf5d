"""Groups, members and balances, as the API takes and gives them."""

from __future__ import annotations

from marshmallow import Schema, fields

from backend.api.messages.common import Amount, currency_field, page_of, word


class GroupInput(Schema):
    """A new group."""

    name = word("Flat 7", at_most=80)
    currency = currency_field()


class GroupChange(Schema):
    """What may change about a group."""

    name = word("Flat 7b", at_most=80)


class GroupSchema(Schema):
    """A group."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    currency = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)
    version = fields.Integer(required=True)


class MemberInput(Schema):
    """A new member; with the e-mail of an account, that account sees the group."""

    display_name = word("Mehmet", at_most=80)
    email = fields.String(
        load_default=None, allow_none=True, metadata={"format": "email", "maxLength": 254}
    )


class MemberSchema(Schema):
    """A member of a group."""

    id = fields.UUID(required=True)
    display_name = fields.String(required=True)
    has_account = fields.Function(
        lambda member: member.user_id is not None, required=True, metadata={"type": "boolean"}
    )


class MemberBalanceSchema(Schema):
    """What one member is owed (above zero) or owes (below)."""

    member_id = fields.UUID(required=True)
    display_name = fields.String(required=True)
    paid = Amount(required=True)
    owed = Amount(required=True)
    sent = Amount(required=True)
    received = Amount(required=True)
    balance = Amount(required=True)


class CurrencyBalancesSchema(Schema):
    """All members in one currency; the balances add up to zero."""

    currency = fields.String(required=True)
    members = fields.List(fields.Nested(MemberBalanceSchema), required=True)


class BalancesSchema(Schema):
    """The balances of a group; currencies are never added together."""

    balances = fields.List(fields.Nested(CurrencyBalancesSchema), required=True)


GroupPage = page_of(GroupSchema, "GroupPage")


MemberPage = page_of(MemberSchema, "MemberPage")
