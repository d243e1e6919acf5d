"""The orders of a group."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, url_for

from backend.api.blueprint import ONCE, protected
from backend.api.operations import LOCATION
from backend.api.replies import create, listing
from backend.api.schemas.common import PageQuery
from backend.api.schemas.orders import OrderInput, OrderPage, OrderSchema
from backend.db.transactions import writing
from backend.models import Order, SplitMode
from backend.request.identity import current_membership
from backend.services import orders
from backend.services.errors import InvalidInput

blueprint = protected("orders", "Orders with their payers and shares")


@blueprint.get("/groups/<uuid:group_id>/orders")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, OrderPage)
def list_orders(query: dict[str, object], group_id: UUID) -> Response:
    """List the orders of a group, the latest first."""
    del group_id
    membership = current_membership()
    return listing(OrderPage, lambda page: orders.page_of(membership, page), query)


@blueprint.post("/groups/<uuid:group_id>/orders")
@blueprint.arguments(OrderInput)
@blueprint.response(201, OrderSchema, headers=LOCATION)
@blueprint.doc(**ONCE)
def add_order(wish: dict[str, Any], group_id: UUID) -> Response:  # Any: checked by the schema
    """Add an order.

    Send an `Idempotency-Key`: then a request whose reply was lost can be sent again, and there is
    one order.
    """
    membership = current_membership()
    new_order = _new_order(wish)

    def where(order: Order) -> str:
        return url_for("orders.get_order", group_id=group_id, order_id=order.id)

    return create(OrderSchema, lambda: orders.add(membership, new_order), where)


@blueprint.get("/groups/<uuid:group_id>/orders/<uuid:order_id>")
@blueprint.response(200, OrderSchema)
def get_order(group_id: UUID, order_id: UUID) -> Order:
    """Show one order."""
    del group_id
    return orders.get(current_membership(), order_id)


@blueprint.delete("/groups/<uuid:group_id>/orders/<uuid:order_id>")
@blueprint.response(204)
def delete_order(group_id: UUID, order_id: UUID) -> Response:
    """Take an order out of the lists and the balances."""
    del group_id
    with writing():
        orders.delete(current_membership(), order_id)
    return Response(status=204)


def _new_order(wish: dict[str, Any]) -> orders.NewOrder:  # Any: checked by the schema
    split = wish.pop("split")
    given, other = (
        ("shares", "members") if split["mode"] == SplitMode.EXACT else ("members", "shares")
    )
    if split[other] or not split[given]:
        raise InvalidInput(
            f"mode {split['mode']} needs {given}, and no {other}", field=f"split.{given}"
        )
    return orders.NewOrder(
        **wish | {"payers": _parts(wish["payers"])},
        among=split["members"],
        exact=_parts(split["shares"]),
    )


def _parts(parts: list[dict[str, Any]]) -> list[orders.Part]:  # Any: checked by the schema
    return [orders.Part(**part) for part in parts]
