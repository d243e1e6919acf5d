"""The settlements of a group."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from backend.api.blueprint import ONCE, protected
from backend.api.replies import create, listing
from backend.api.schemas.common import PageQuery
from backend.api.schemas.settlements import SettlementInput, SettlementPage, SettlementSchema
from backend.db.transactions import writing
from backend.request.identity import current_membership
from backend.services import settlements

blueprint = protected("settlements", "Money that changed hands between members")


@blueprint.get("/groups/<uuid:group_id>/settlements")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, SettlementPage)
def list_settlements(query: dict[str, object], group_id: UUID) -> Response:
    """List the settlements of a group, the latest first."""
    del group_id
    membership = current_membership()
    return listing(SettlementPage, lambda page: settlements.page_of(membership, page), query)


@blueprint.post("/groups/<uuid:group_id>/settlements")
@blueprint.arguments(SettlementInput)
@blueprint.response(201, SettlementSchema)
@blueprint.doc(**ONCE)
def add_settlement(wish: dict[str, Any], group_id: UUID) -> Response:  # Any: checked by the schema
    """Record a payment between two members."""
    del group_id
    membership = current_membership()
    new_settlement = settlements.NewSettlement(**wish)
    return create(SettlementSchema, lambda: settlements.add(membership, new_settlement))


@blueprint.delete("/groups/<uuid:group_id>/settlements/<uuid:settlement_id>")
@blueprint.response(204)
def delete_settlement(group_id: UUID, settlement_id: UUID) -> Response:
    """Take back a settlement that was recorded by mistake."""
    del group_id
    with writing():
        settlements.delete(current_membership(), settlement_id)
    return Response(status=204)
