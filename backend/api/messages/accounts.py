"""Accounts and tokens, as the API takes and gives them."""

from __future__ import annotations

from marshmallow import Schema, fields

from backend.api.messages.common import email_field, page_of, password_field, word


class SignUpInput(Schema):
    """What it takes to get an account."""

    email = email_field()
    password = password_field(at_least=8)
    display_name = word("Ayşe", at_most=80)


class LoginInput(Schema):
    """Credentials, and a name by which their owner will recognise the token."""

    email = email_field()
    password = password_field(at_least=1)
    token_name = fields.String(load_default="login")


class PersonSchema(Schema):
    """An account, as its owner sees it."""

    id = fields.UUID(required=True)
    email = fields.String(required=True)
    display_name = fields.String(required=True)


class TokenInput(Schema):
    """A new token."""

    name = word("phone", at_most=80)


class TokenSchema(Schema):
    """A token that still works, without the token itself."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    prefix = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)
    last_used_at = fields.AwareDateTime(required=True, allow_none=True)


class NewTokenSchema(TokenSchema):
    """A token at its only showing."""

    token = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Shown once; null when the reply is a replay."},
    )


TokenPage = page_of(TokenSchema, "TokenPage")
