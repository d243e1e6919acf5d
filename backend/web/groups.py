"""The groups of a person, and the page of one group."""

from __future__ import annotations

from flask import Response, flash, make_response, render_template, request, url_for

from backend.db.types import utc_now
from backend.request.identity import require_person
from backend.request.look_up import counted_look_up
from backend.services import balances, members, orders, settlements
from backend.services import groups as group_service
from backend.services.currencies import MINOR_DIGITS
from backend.services.errors import InvalidInput, StateConflict, TryLater
from backend.services.groups import Membership
from backend.services.money import display, normalise_amount
from backend.services.pagination import PageRequest
from backend.web.blueprints import private
from backend.web.forms import (
    Form,
    date_field,
    member_field,
    refused,
    retry_later,
    set_retry_after,
    submit,
)

GROUPS_A_PAGE = 30
ORDERS_A_PAGE = 20
SETTLEMENTS_SHOWN = 5


@private.get("/groups")
def groups() -> Response:
    """List the groups, with a form for another one."""
    return _show_groups(Form())


@private.post("/groups")
def create_group() -> Response:
    """Create a group and redirect to it."""

    def act() -> str:
        sent = request.form
        membership = group_service.create(
            require_person(), sent.get("name", ""), sent.get("currency", "")
        )
        return url_for("private.group", group_id=membership.group.id)

    try:
        return submit(act)
    except InvalidInput as error:
        return _show_groups(refused(error), status=422)


@private.get("/groups/<uuid:group_id>")
def group(membership: Membership) -> Response:
    """Show one group: its balances, orders, members and settlements."""
    return _show_group(membership)


@private.post("/groups/<uuid:group_id>/members")
def add_member(membership: Membership) -> Response:
    """Add a member."""

    def act() -> str:
        sent = request.form
        members.add(membership, sent.get("display_name", ""), email)
        return url_for("private.group", group_id=membership.group.id, _anchor="members")

    email = request.form.get("email", "").strip() or None
    try:
        with counted_look_up(email):
            return submit(act)
    except (InvalidInput, StateConflict) as error:
        return _show_group(membership, member_form=refused(error), status=422)
    except TryLater as error:
        return set_retry_after(_show_group(membership, member_form=retry_later(error)), error)


@private.post("/groups/<uuid:group_id>/settlements")
def settle(membership: Membership) -> Response:
    """Record that one member has paid another."""

    def act() -> str:
        settlements.add(membership, _new_settlement())
        return url_for("private.group", group_id=membership.group.id, _anchor="balances")

    try:
        response = submit(act)
    except (InvalidInput, StateConflict) as error:
        return _show_group(membership, settle_form=refused(error), status=422)
    flash("Payment recorded.")
    return response


def _new_settlement() -> settlements.NewSettlement:
    sent = request.form
    currency = sent.get("currency", "")
    return settlements.NewSettlement(
        from_member_id=member_field("from_member_id"),
        to_member_id=member_field("to_member_id"),
        currency=currency,
        amount=normalise_amount(sent.get("amount", ""), currency, field="amount"),
        paid_on=date_field("paid_on"),
        note=sent.get("note", ""),
    )


def _show_groups(form: Form, *, status: int = 200) -> Response:
    wanted = PageRequest(GROUPS_A_PAGE, request.args.get("cursor"))
    page = group_service.page_of(require_person().id, wanted)
    body = render_template("groups.html", page=page, form=form, currencies=sorted(MINOR_DIGITS))
    return make_response(body, status)


def _show_group(
    membership: Membership,
    *,
    member_form: Form | None = None,
    settle_form: Form | None = None,
    status: int = 200,
) -> Response:
    everyone = members.list_with_removed(membership)
    body = render_template(
        "group.html",
        group=membership.group,
        me=membership.member.id,
        members=[member for member in everyone if member.deleted_at is None],
        removed={member.id for member in everyone if member.deleted_at},
        names={member.id: member.display_name for member in everyone},
        balances=balances.of_group(membership, everyone),
        orders=orders.page_of(membership, PageRequest(ORDERS_A_PAGE, request.args.get("cursor"))),
        settlements=settlements.page_of(membership, PageRequest(SETTLEMENTS_SHOWN)).items,
        member_form=member_form or Form(),
        settle_form=settle_form or Form(),
        currencies=sorted(MINOR_DIGITS),
        today=utc_now().date(),
        display=display,
    )
    return make_response(body, status)
