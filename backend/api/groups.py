"""Groups, their members, and who owes whom."""

from __future__ import annotations

from flask import Response, url_for

from backend.api.blueprint import IDEMPOTENCY_HEADER, protected
from backend.api.messages.common import PageQuery
from backend.api.messages.groups import (
    BalancesSchema,
    GroupChange,
    GroupInput,
    GroupPage,
    GroupSchema,
    MemberInput,
    MemberPage,
    MemberSchema,
)
from backend.api.operations import LOCATION
from backend.api.replies import create, listing
from backend.db.transactions import writing
from backend.models import Group
from backend.request.identity import require_person
from backend.request.look_up import counted_look_up
from backend.services import balances, groups, members
from backend.services.groups import Membership

blueprint = protected("groups", "Groups, members and balances")


@blueprint.get("/groups")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, GroupPage)
def list_groups(query: dict[str, object]) -> Response:
    """List the groups that you belong to, newest first."""
    person = require_person()
    return listing(GroupPage, lambda page: groups.page_of(person.id, page), query)


@blueprint.post("/groups")
@blueprint.arguments(GroupInput)
@blueprint.response(201, GroupSchema, headers=LOCATION)
@blueprint.doc(**IDEMPOTENCY_HEADER)
def create_group(body: dict[str, str]) -> Response:
    """Make a group; you are its first member."""

    def make() -> Group:
        return groups.create(require_person(), body["name"], body["currency"]).group

    return create(GroupSchema, make, lambda group: url_for("groups.get_group", group_id=group.id))


@blueprint.get("/groups/<uuid:group_id>")
@blueprint.response(200, GroupSchema)
def get_group(membership: Membership) -> Group:
    """Show one group."""
    return membership.group


@blueprint.patch("/groups/<uuid:group_id>")
@blueprint.arguments(GroupChange)
@blueprint.response(200, GroupSchema)
def change_group(change: dict[str, str], membership: Membership) -> Group:
    """Rename a group."""
    with writing():
        return groups.rename(membership, change["name"])


@blueprint.get("/groups/<uuid:group_id>/members")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, MemberPage)
def list_members(query: dict[str, object], membership: Membership) -> Response:
    """List the members, newest first."""
    return listing(MemberPage, lambda page: members.page_of(membership, page), query)


@blueprint.post("/groups/<uuid:group_id>/members")
@blueprint.arguments(MemberInput)
@blueprint.response(201, MemberSchema)
@blueprint.alt_response(429, response="TOO_MANY_REQUESTS")
@blueprint.doc(**IDEMPOTENCY_HEADER)
def add_member(body: dict[str, str | None], membership: Membership) -> Response:
    """Add a member by name; no account is needed."""
    name, email = body["display_name"] or "", body["email"]
    with counted_look_up(email):
        return create(MemberSchema, lambda: members.add(membership, name, email))


@blueprint.get("/groups/<uuid:group_id>/balances")
@blueprint.response(200, BalancesSchema)
def get_balances(membership: Membership) -> dict[str, object]:
    """Show what each member is owed or owes, per currency."""
    return {"balances": balances.of_group(membership, members.list_with_removed(membership))}
