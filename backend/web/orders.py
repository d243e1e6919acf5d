"""The form of a new order, and deleting an order."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, make_response, render_template, request, url_for

from backend.db.types import utc_now
from backend.models import SplitMode
from backend.services import members, orders
from backend.services.currencies import MINOR_DIGITS
from backend.services.errors import InvalidInput, StateConflict
from backend.services.groups import Membership
from backend.services.money import normalise_amount
from backend.web.blueprints import private
from backend.web.forms import Form, date_field, member_field, refused, submit

_SHARE = "share-"


@private.get("/groups/<uuid:group_id>/orders/new")
def new_order(membership: Membership) -> Response:
    """Show the form of a new order."""
    return _show(membership, Form())


@private.post("/groups/<uuid:group_id>/orders/new")
def add_order(membership: Membership) -> Response:
    """Add the order and redirect to its group."""

    def act() -> str:
        orders.add(membership, _new_order())
        return url_for("private.group", group_id=membership.group.id)

    try:
        response = submit(act)
    except (InvalidInput, StateConflict) as error:
        return _show(membership, refused(error, _names()), status=422)
    flash("Order added.")
    return response


@private.post("/groups/<uuid:group_id>/orders/<uuid:order_id>/delete")
def delete_order(order_id: UUID, membership: Membership) -> Response:
    """Delete an order and redirect to its group."""

    def act() -> str:
        orders.delete(membership, order_id)
        return url_for("private.group", group_id=membership.group.id)

    response = submit(act)
    flash("Order removed.")
    return response


def _new_order() -> orders.NewOrder:
    sent = request.form
    currency = sent.get("currency", "")
    total = normalise_amount(sent.get("total", ""), currency, field="total")
    return orders.NewOrder(
        title=sent.get("title", ""),
        currency=currency,
        total=total,
        ordered_on=date_field("ordered_on"),
        payers=[orders.MemberAmount(member_field("payer"), total)],
        split=_split(currency),
        note=sent.get("note", ""),
    )


def _split(currency: str) -> orders.Split:
    if request.form.get("split_mode") == SplitMode.EXACT:
        return orders.Split(SplitMode.EXACT, shares=_exact_shares(currency))
    return orders.Split(SplitMode.EQUAL, members=_chosen())


def _chosen() -> list[UUID]:
    try:
        return [UUID(text) for text in request.form.getlist("among")]
    except ValueError:
        raise InvalidInput("choose who took part", field="split") from None


def _exact_shares(currency: str) -> list[orders.MemberAmount]:
    return [
        orders.MemberAmount(who, normalise_amount(amount, currency, field=f"{_SHARE}{who}"))
        for who, amount in _amounts()
    ]


def _amounts() -> list[tuple[UUID, str]]:
    """Return the members who have an amount, with what was typed."""
    shares = [(name, text) for name, text in request.form.items() if name.startswith(_SHARE)]
    try:
        return [(UUID(name.removeprefix(_SHARE)), text) for name, text in shares if text.strip()]
    except ValueError:
        raise InvalidInput("choose who took part", field="split") from None


def _names() -> dict[str, str]:
    """Map the fields of the service to those of the form."""
    try:
        amounts = _amounts()
    except InvalidInput:
        return {}
    shares = {f"split.{place}.amount": f"{_SHARE}{who}" for place, (who, _) in enumerate(amounts)}
    return shares | {"payers": "payer", "payers.0.amount": "total"}


def _show(membership: Membership, form: Form, *, status: int = 200) -> Response:
    body = render_template(
        "order_new.html",
        group=membership.group,
        me=membership.member.id,
        members=members.list_members(membership),
        form=form,
        sent=request.method == "POST",
        chosen=request.form.getlist("among"),
        currencies=sorted(MINOR_DIGITS),
        today=utc_now().date(),
    )
    return make_response(body, status)
