"""The settlements of a group."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from backend.api.blueprint import IDEMPOTENCY_HEADER, protected
from backend.api.messages.common import PageQuery
from backend.api.messages.settlements import SettlementInput, SettlementPage, SettlementSchema
from backend.api.replies import create, listing
from backend.db.transactions import writing
from backend.services import settlements
from backend.services.groups import Membership

blueprint = protected("settlements", "Money that changed hands between members")


@blueprint.get("/groups/<uuid:group_id>/settlements")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, SettlementPage)
def list_settlements(query: dict[str, object], membership: Membership) -> Response:
    """List the settlements of a group, the latest first."""
    return listing(SettlementPage, lambda page: settlements.page_of(membership, page), query)


@blueprint.post("/groups/<uuid:group_id>/settlements")
@blueprint.arguments(SettlementInput)
@blueprint.response(201, SettlementSchema)
@blueprint.doc(**IDEMPOTENCY_HEADER)
def add_settlement(
    body: dict[str, Any],  # Any: checked by the schema
    membership: Membership,
) -> Response:
    """Record a payment between two members."""
    new_settlement = settlements.NewSettlement(**body)
    return create(SettlementSchema, lambda: settlements.add(membership, new_settlement))


@blueprint.delete("/groups/<uuid:group_id>/settlements/<uuid:settlement_id>")
@blueprint.response(204)
def delete_settlement(settlement_id: UUID, membership: Membership) -> Response:
    """Take back a settlement that was recorded by mistake."""
    with writing():
        settlements.delete(membership, settlement_id)
    return Response(status=204)
