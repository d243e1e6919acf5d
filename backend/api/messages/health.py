"""What the health endpoints answer."""

from __future__ import annotations

from marshmallow import Schema, fields, validate


class SchemaStateSchema(Schema):
    """The database's schema, beside what this release needs."""

    state = fields.String(required=True)
    expand_level = fields.Integer(required=True, allow_none=True)
    contract_level = fields.Integer(required=True, allow_none=True)
    needs_expand = fields.Integer(required=True)
    tolerates_contract = fields.Integer(required=True)


class LiveSchema(Schema):
    """The process answers."""

    status = fields.String(required=True, validate=validate.Equal("live"))
    version = fields.String(required=True)
    color = fields.String(required=True, metadata={"description": "Of blue/green; else empty."})


class ReadySchema(Schema):
    """Whether this process may get traffic."""

    status = fields.String(required=True, validate=validate.OneOf(["ready", "not ready"]))
    reason = fields.String(required=True, allow_none=True)
    schema = fields.Nested(SchemaStateSchema, required=True)
    version = fields.String(required=True)
    color = fields.String(required=True)


class HealthSchema(Schema):
    """This process and its database."""

    status = fields.String(required=True, validate=validate.OneOf(["ok", "unavailable"]))
    engine = fields.String(required=True, validate=validate.OneOf(["sqlite", "postgres"]))
    schema = fields.Nested(SchemaStateSchema, required=True)
    db_ms = fields.Float(required=True, allow_none=True)
    version = fields.String(required=True)
    color = fields.String(required=True)
