"""Adding an order, and taking one back."""

from __future__ import annotations

from uuid import UUID

from flask import Response, flash, make_response, render_template, request, url_for

from backend.db.types import utc_now
from backend.models import SplitMode
from backend.request.identity import current_membership
from backend.services import members, orders
from backend.services.currencies import MINOR_DIGITS
from backend.services.errors import Conflict, InvalidInput
from backend.services.money import normalise_amount
from backend.web.blueprints import members_only
from backend.web.forms import Form, refused, submit
from backend.web.groups import date_field, member_field

_SHARE = "share-"


@members_only.get("/groups/<uuid:group_id>/orders/new")
def new_order(group_id: UUID) -> Response:
    """Show the form for an order."""
    del group_id
    return _show(Form())


@members_only.post("/groups/<uuid:group_id>/orders/new")
def add_order(group_id: UUID) -> Response:
    """Add the order and go back to its group."""

    def act() -> str:
        orders.add(current_membership(), _new_order())
        return url_for("pages.group", group_id=group_id)

    try:
        response = submit(act)
    except (InvalidInput, Conflict) as error:
        return _show(refused(error, _names()), status=422)
    flash("Order added.")
    return response


@members_only.post("/groups/<uuid:group_id>/orders/<uuid:order_id>/delete")
def delete_order(group_id: UUID, order_id: UUID) -> Response:
    """Take an order out of the group."""

    def act() -> str:
        orders.delete(current_membership(), order_id)
        return url_for("pages.group", group_id=group_id)

    response = submit(act)
    flash("Order removed.")
    return response


def _new_order() -> orders.NewOrder:
    sent = request.form
    currency = sent.get("currency", "")
    total = normalise_amount(sent.get("total", ""), currency, field="total")
    exact = sent.get("split_mode") == SplitMode.EXACT
    return orders.NewOrder(
        title=sent.get("title", ""),
        currency=currency,
        total=total,
        ordered_on=date_field("ordered_on"),
        payers=[orders.Part(member_field("payer"), total)],
        among=[] if exact else _chosen(),
        exact=_exact_shares(currency) if exact else [],
        note=sent.get("note", ""),
    )


def _chosen() -> list[UUID]:
    try:
        return [UUID(text) for text in request.form.getlist("among")]
    except ValueError:
        raise InvalidInput("choose who took part", field="split") from None


def _exact_shares(currency: str) -> list[orders.Part]:
    return [
        orders.Part(who, normalise_amount(amount, currency, field=f"{_SHARE}{who}"))
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
    """Say which field of the form holds which amount of the order."""
    try:
        amounts = _amounts()
    except InvalidInput:
        return {}
    shares = {f"split.{place}.amount": f"{_SHARE}{who}" for place, (who, _) in enumerate(amounts)}
    return shares | {"payers": "payer", "payers.0.amount": "total"}


def _show(form: Form, *, status: int = 200) -> Response:
    membership = current_membership()
    body = render_template(
        "order_new.html",
        group=membership.group,
        me=membership.member.id,
        members=members.everyone(membership),
        form=form,
        sent=request.method == "POST",
        chosen=request.form.getlist("among"),
        currencies=sorted(MINOR_DIGITS),
        today=utc_now().date(),
    )
    return make_response(body, status)
