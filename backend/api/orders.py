"""The orders of a group."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, url_for

from backend.api.blueprint import IDEMPOTENCY_HEADER, protected
from backend.api.messages.common import PageQuery
from backend.api.messages.orders import OrderInput, OrderPage, OrderSchema
from backend.api.operations import LOCATION
from backend.api.replies import create, listing
from backend.db.transactions import writing
from backend.models import Order, SplitMode
from backend.services import orders
from backend.services.errors import InvalidInput
from backend.services.groups import Membership

blueprint = protected("orders", "Orders with their payers and shares")


@blueprint.get("/groups/<uuid:group_id>/orders")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, OrderPage)
def list_orders(query: dict[str, object], membership: Membership) -> Response:
    """List the orders of a group, the latest first."""
    return listing(OrderPage, lambda page: orders.page_of(membership, page), query)


@blueprint.post("/groups/<uuid:group_id>/orders")
@blueprint.arguments(OrderInput)
@blueprint.response(201, OrderSchema, headers=LOCATION)
@blueprint.doc(**IDEMPOTENCY_HEADER)
def add_order(
    body: dict[str, Any],  # Any: checked by the schema
    membership: Membership,
) -> Response:
    """Add an order.

    Send an `Idempotency-Key`: then a request whose reply was lost can be sent again, and there is
    one order.
    """
    new_order = _new_order(body)

    def where(order: Order) -> str:
        return url_for("orders.get_order", group_id=membership.group.id, order_id=order.id)

    return create(OrderSchema, lambda: orders.add(membership, new_order), where)


@blueprint.get("/groups/<uuid:group_id>/orders/<uuid:order_id>")
@blueprint.response(200, OrderSchema)
def get_order(order_id: UUID, membership: Membership) -> Order:
    """Show one order."""
    return orders.get(membership, order_id)


@blueprint.delete("/groups/<uuid:group_id>/orders/<uuid:order_id>")
@blueprint.response(204)
def delete_order(order_id: UUID, membership: Membership) -> Response:
    """Take an order out of the lists and the balances."""
    with writing():
        orders.delete(membership, order_id)
    return Response(status=204)


def _new_order(body: dict[str, Any]) -> orders.NewOrder:  # Any: checked by the schema
    parts = {"payers": _amounts(body["payers"]), "split": _split(body["split"])}
    return orders.NewOrder(**body | parts)


def _split(given: dict[str, Any]) -> orders.Split:  # Any: checked by the schema
    mode = SplitMode(given["mode"])
    needed, other = ("shares", "members") if mode is SplitMode.EXACT else ("members", "shares")
    if given[other] or not given[needed]:
        raise InvalidInput(f"mode {mode} needs {needed}, and no {other}", field=f"split.{needed}")
    return orders.Split(mode, members=given["members"], shares=_amounts(given["shares"]))


def _amounts(given: list[dict[str, Any]]) -> list[orders.MemberAmount]:  # Any: as above
    return [orders.MemberAmount(**one) for one in given]
